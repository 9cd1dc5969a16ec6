#include "server/bench_command.h"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <optional>
#include <string_view>
#include <utility>

#include "auth/room_token.h"
#include "base/result.h"
#include "bench/bench.h"
#include "server/config.h"
#include "server/config_values.h"

namespace parley {
namespace {

using bench::BenchPlan;
using bench::Shape;

constexpr int usage_error = 2;
// Long enough for any measurement.
constexpr std::int64_t token_seconds = 24 * 3600;
// What a receiver gets per second when one of them stalls, unless another rate is asked for.
constexpr double stall_mbit = 30;

/// The flags as they were given; what was not given changes nothing in a shape.
struct Flags {
  std::vector<std::string> shapes;
  std::optional<int> rooms, participants, senders, receivers, size, sessions;
  std::optional<double> rate, audio_rate, video_rate, mbit;
  std::optional<std::string> duration, warmup, spread;
  std::uint32_t seed = 1;

  bool self = false;
  std::vector<std::string> urls;
  std::string transport;
  std::vector<std::string> tokens;
  std::string jwt_secret;
  std::vector<int> pids;
  std::string program;
  int shards = 1;
  std::vector<std::string> serve_arguments;

  double loss = 0;
  std::optional<std::string> delay;
  double rate_mbit = 0;

  int stall = 0;
  double stall_seconds = 40;
  double churn = 0;

  int floor_runs = 5;
  bool json = false;
  bool enforce = false;
};

/// Flags that stand together in --help.
class FlagGroup {
 public:
  FlagGroup(CLI::App& app, const char* name) : app_(app), name_(name) {}

  /// `type` also names the default.
  template <class Value>
  void add(const char* flag, Value& value, const char* help, const char* type) {
    app_.add_option(flag, value, help)->type_name(type)->group(name_);
  }
  /// Repeatable: one value for each time.
  template <class Value>
  void add(const char* flag, std::vector<Value>& values, const char* help, const char* type) {
    app_.add_option(flag, values, help)->type_name(type)->allow_extra_args(false)->group(name_);
  }
  void add(const char* flag, bool& value, const char* help) {
    app_.add_flag(flag, value, help)->group(name_);
  }

 private:
  CLI::App& app_;
  const char* name_;
};

void add_target_flags(CLI::App& app, Flags& flags) {
  FlagGroup group(app, "Target");
  group.add("--self", flags.self, "Start a server of its own for each shape (the default)");
  group.add(
      "--url", flags.urls,
      "Measure this relay instead, over WebSocket (ws, wss) or WebTransport (https); for both, "
      "give both. Certificates are not verified.",
      "ws|wss|https://HOST:PORT");
  group.add("--transport", flags.transport,
            "How participants connect; mixed: half of them so, half so, in broadcast the senders "
            "over WebSocket",
            "websocket|wss|webtransport|mixed [as --url]");
  group.add("--pid", flags.pids,
            "Process of that relay, or its bus, whose time and memory count (repeatable)", "PID");
  group.add("--token", flags.tokens,
            "Room token to join with; the connections take them in turn (repeatable)", "TOKEN");
  group.add("--jwt-secret", flags.jwt_secret,
            "Join with tokens signed with this secret instead of by path", "TEXT");
  group.add("--shards", flags.shards, "Shards of its own server", "NUMBER [1]");
  group.add("--program", flags.program, "Program to start as its own server", "FILE [this one]");
  group.add("--serve-arg", flags.serve_arguments,
            "Further argument for its own server (repeatable)", "TEXT");
}

void add_shape_flags(CLI::App& app, Flags& flags) {
  app.add_option("shapes", flags.shapes,
                 "meeting-20, pairs, broadcast, idle; without any: all of them, broadcast at 100, "
                 "2000 and 6000 packets/s, over WebTransport at 100 and 800")
      ->type_name("")
      ->group("Shapes");
  FlagGroup group(app, "Shape");
  group.add("--rooms", flags.rooms, "Rooms", "NUMBER");
  group.add("--participants", flags.participants, "Members of each room, all of whom send",
            "NUMBER");
  group.add("--senders", flags.senders, "Members of each room who send", "NUMBER");
  group.add("--receivers", flags.receivers, "Members of each room who only receive", "NUMBER");
  group.add("--rate", flags.rate, "pairs, broadcast: packets per second of each sender", "NUMBER");
  group.add("--size", flags.size, "pairs, broadcast: size of a packet", "BYTES");
  group.add("--audio-rate", flags.audio_rate, "meeting-20: audio packets per second",
            "NUMBER [50]");
  group.add("--video-rate", flags.video_rate, "meeting-20: video packets per second",
            "NUMBER [30]");
  group.add("--mbit", flags.mbit,
            "meeting-20: size video so that a receiver gets this much per second", "MBIT");
  group.add("--sessions", flags.sessions, "idle: sessions", "NUMBER [1000, webtransport 500]");
  group.add("--spread", flags.spread,
            "When senders send: on a common 1 ms tick, or each packet at its own moment",
            "tick|even [tick]");
  group.add("--seed", flags.seed, "Order of the sizes of video packets", "NUMBER [1]");
  group.add("--duration", flags.duration, "How long to measure (idle: to watch)",
            "DURATION [10s, idle 60s, churn 3m]");
  group.add("--warmup", flags.warmup, "How long to send before measuring",
            "DURATION [1s, churn 20s]");
}

void add_link_flags(CLI::App& app, Flags& flags) {
  FlagGroup group(app, "Network between the participants and the relay, made up by this tool");
  group.add("--loss", flags.loss,
            "Share of the UDP datagrams that are lost each way; TCP stalls for a round trip "
            "instead",
            "PERCENT [0]");
  group.add("--delay", flags.delay, "How long everything is under way, each way", "DURATION [0]");
  group.add("--link-rate", flags.rate_mbit, "What each participant's line carries, each way",
            "MBIT [unlimited]");
}

void add_trial_flags(CLI::App& app, Flags& flags) {
  FlagGroup group(app, "Trials instead of plain load");
  group.add("--stall", flags.stall,
            "So many receivers of a meeting stop reading for a while; what does it cost?",
            "NUMBER");
  group.add("--stall-seconds", flags.stall_seconds, "How long they do not read", "SECONDS [40]");
  group.add("--churn", flags.churn,
            "So many participants a minute come, say one thing and go; what is left behind?",
            "PER_MINUTE");
}

void add_output_flags(CLI::App& app, Flags& flags) {
  FlagGroup group(app, "Output");
  group.add("--json", flags.json, "Print one JSON document instead of text");
  group.add("--enforce", flags.enforce, "Exit with 3 when a bar is missed");
  group.add("--floor-runs", flags.floor_runs,
            "Runs of the machine's floor before and after each shape; 0 leaves it out",
            "NUMBER [5]");
}

/// "10s", "3m", and a bare number as seconds.
Result<Millis> to_duration(std::string_view flag, const std::string& text) {
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error == std::errc{} && end == text.data() + text.size())
    return Millis(static_cast<std::int64_t>(seconds * 1000));
  const auto duration = parse_duration(text);
  if (!duration) return fail(fmt::format("{} must be a duration such as 10s or 3m", flag));
  return std::chrono::duration_cast<Millis>(*duration);
}

template <class Value, class Given>
void take(Value& value, const std::optional<Given>& given) {
  if (given) value = static_cast<Value>(*given);
}

Result<void> apply_members(Shape& shape, const Flags& flags) {
  if (flags.participants && (flags.senders || flags.receivers))
    return fail("--participants all send; give either it or --senders and --receivers");
  if (flags.participants) shape.members = shape.senders = *flags.participants;
  if (!flags.senders && !flags.receivers) return {};
  const int receivers = flags.receivers.value_or(shape.members - shape.senders);
  take(shape.senders, flags.senders);
  shape.members = shape.senders + receivers;
  return {};
}

Result<void> apply_times(Shape& shape, const Flags& flags) {
  if (flags.duration) {
    auto duration = to_duration("--duration", *flags.duration);
    if (!duration) return fail(duration.error().message);
    shape.duration = *duration;
  }
  if (flags.warmup) {
    auto warmup = to_duration("--warmup", *flags.warmup);
    if (!warmup) return fail(warmup.error().message);
    shape.warmup = *warmup;
  }
  return {};
}

/// Scales the delta frames so that a receiver of all senders gets `mbit`.
Result<void> apply_mbit(Shape& shape, double mbit) {
  shape.video_scale = 1;
  const double base = shape.receiver_mbit_per_second();
  shape.video_scale = 2;
  const double per_scale = shape.receiver_mbit_per_second() - base;
  shape.video_scale = 1 + (mbit - base) / per_scale;
  if (shape.video_scale <= 0)
    return fail(fmt::format("--mbit: audio and keyframes alone are more than {} Mbit/s", mbit));
  return {};
}

Result<void> apply(Shape& shape, const Flags& flags) {
  take(shape.rooms, flags.rooms);
  take(shape.rate, flags.rate);
  take(shape.bytes, flags.size);
  take(shape.audio_rate, flags.audio_rate);
  take(shape.video_rate, flags.video_rate);
  take(shape.sessions, flags.sessions);
  shape.seed = flags.seed;
  if (auto members = apply_members(shape, flags); !members) return members;
  if (auto times = apply_times(shape, flags); !times) return times;
  if (flags.spread && *flags.spread != "tick" && *flags.spread != "even")
    return fail("--spread is tick or even");
  if (flags.spread == "even") shape.pacing = bench::Pacing::even;
  if (flags.stall > 0) {
    if (shape.traffic != bench::Traffic::call) return fail("--stall goes with meeting-20");
    if (flags.stall >= shape.members - 1) return fail("--stall: nobody would be left to read");
    shape.senders = std::min(shape.senders, shape.members - flags.stall);
  }
  if (flags.mbit || flags.stall > 0)
    if (auto scaled = apply_mbit(shape, flags.mbit.value_or(stall_mbit)); !scaled) return scaled;
  return validate(shape);
}

/// What is asked for, or what the addresses allow.
Result<bench::Transports> transports_of(const Flags& flags, const bench::Target& target) {
  using bench::Transports;
  const auto over_websocket = target.websocket.is_tls ? Transports::wss : Transports::websocket;
  if (!flags.transport.empty()) {
    const auto named = bench::find_transports(flags.transport);
    if (!named) return fail(fmt::format("--transport is one of {}", bench::transports_names));
    return flags.urls.empty() || *named != Transports::websocket ? *named : over_websocket;
  }
  if (target.webtransport.port == 0) return over_websocket;
  return target.websocket.port == 0 ? Transports::webtransport : Transports::mixed;
}

Result<void> check_addresses(bench::Transports transports, const bench::Target& target) {
  using bench::Transport;
  if (includes(transports, Transport::websocket) && target.websocket.port == 0)
    return fail("WebSocket needs a --url ws://HOST:PORT");
  if (transports == bench::Transports::wss && !target.websocket.is_tls)
    return fail("WebSocket over TLS needs a --url wss://HOST:PORT");
  if (includes(transports, Transport::webtransport) && target.webtransport.port == 0)
    return fail("WebTransport needs a --url https://HOST:PORT");
  return {};
}

Result<std::vector<Shape>> shapes_of(const Flags& flags, bench::Transports transports) {
  std::vector<Shape> shapes;
  std::vector<std::string> names = flags.shapes;
  if (names.empty() && flags.stall > 0) names = {"meeting-20"};
  for (const std::string& name : names) {
    auto shape = bench::find_shape(name, transports);
    if (!shape)
      return fail(fmt::format("there is no shape \"{}\"; there are {}", name, bench::shape_names));
    shapes.push_back(std::move(*shape));
  }
  if (names.empty()) shapes = bench::default_shapes(transports);
  for (Shape& shape : shapes)
    if (auto applied = apply(shape, flags); !applied)
      return fail(fmt::format("{}: {}", shape.name, applied.error().message));
  return shapes;
}

Result<bench::ChurnPlan> churn_of(const Flags& flags, bench::Transports transports) {
  if (!flags.shapes.empty() || flags.stall > 0) return fail("--churn stands alone");
  bench::ChurnPlan churn;
  churn.per_minute = flags.churn;
  churn.transports = transports;
  take(churn.rooms, flags.rooms);
  Shape times;
  times.warmup = churn.warmup;
  times.duration = churn.duration;
  if (auto applied = apply_times(times, flags); !applied) return fail(applied.error().message);
  churn.warmup = times.warmup;
  churn.duration = times.duration;
  if (churn.rooms < 1 || churn.duration <= 0ms) return fail("--churn needs rooms and time");
  return churn;
}

/// How connections introduce themselves: nothing, the given tokens, or tokens of our own.
void add_tokens(bench::Target& target, const Flags& flags) {
  target.tokens = flags.tokens;
  if (flags.jwt_secret.empty()) return;
  target.make_token = [secret = flags.jwt_secret](std::string_view user, std::string_view room) {
    const auto now = static_cast<std::int64_t>(unix_now().count / 1000);
    RoomTokenClaims claims;
    claims.user_id = claims.display_name = user;
    claims.room = room;
    claims.expires_at = now + token_seconds;
    TokenRules rules;
    rules.secret = secret;
    return make_room_token(claims, rules).value_or("");
  };
}

Result<void> check_ranges(const Flags& flags) {
  if (flags.shards < 1 || flags.shards > 64) return fail("--shards is 1 to 64");
  if (flags.floor_runs < 0 || flags.floor_runs > 100) return fail("--floor-runs is 0 to 100");
  if (flags.stall < 0) return fail("--stall is a number of receivers");
  if (flags.stall_seconds <= 0 || flags.stall_seconds > 3600)
    return fail("--stall-seconds is above 0 and at most 3600");
  if (flags.churn < 0 || flags.churn > 1e6) return fail("--churn is 1 to 1000000 a minute");
  return {};
}

/// The load: shapes, or churn.
Result<void> add_load(BenchPlan& plan, const Flags& flags, bench::Transports transports) {
  if (flags.churn > 0) {
    auto churn = churn_of(flags, transports);
    if (!churn) return fail(churn.error().message);
    plan.churn = std::move(*churn);
  } else {
    auto shapes = shapes_of(flags, transports);
    if (!shapes) return fail(shapes.error().message);
    plan.shapes = std::move(*shapes);
  }
  if (flags.stall > 0) {
    plan.stall = bench::StallPlan{.receivers = flags.stall};
    plan.stall->duration = Millis(static_cast<std::int64_t>(flags.stall_seconds * 1000));
  }
  return {};
}

Result<bench::LinkPlan> link_of(const Flags& flags) {
  bench::LinkPlan link;
  if (flags.loss < 0 || flags.loss > 50) return fail("--loss is 0 to 50 percent");
  if (flags.rate_mbit < 0) return fail("--link-rate is a number of Mbit/s; 0 is no limit");
  link.loss = flags.loss / 100;
  link.bits_per_second = flags.rate_mbit * 1e6;
  if (flags.delay) {
    const auto delay = to_duration("--delay", *flags.delay);
    if (!delay) return fail(delay.error().message);
    if (*delay < 0ms || *delay > 10s) return fail("--delay is 0s to 10s");
    link.delay = *delay;
  }
  return link;
}

/// A relay of somebody's.
Result<void> add_target(BenchPlan& plan, const Flags& flags, bench::Target target,
                        bench::Transports transports) {
  if (flags.self) return fail("either --self or --url");
  if (auto checked = check_addresses(transports, target); !checked) return checked;
  add_tokens(target, flags);
  plan.target = std::move(target);
  plan.pids.assign(flags.pids.begin(), flags.pids.end());
  return {};
}

/// A relay of our own.
Result<void> add_server(BenchPlan& plan, const Flags& flags, bench::Transports transports) {
  if (!flags.pids.empty()) return fail("--pid goes with --url; its own server is known");
  bench::Target tokens;
  add_tokens(tokens, flags);
  plan.token_source = tokens;
  plan.server = {.program = flags.program,
                 .shards = flags.shards,
                 .takes_webtransport = includes(transports, bench::Transport::webtransport),
                 .takes_wss = transports == bench::Transports::wss,
                 .arguments = flags.serve_arguments,
                 .cpus = {}};
  if (!flags.jwt_secret.empty())
    plan.server.arguments.insert(plan.server.arguments.end(),
                                 {"--auth.jwt_secret", flags.jwt_secret});
  return {};
}

Result<BenchPlan> plan_of(const Flags& flags) {
  if (auto checked = check_ranges(flags); !checked) return fail(checked.error().message);
  bench::Target target;
  for (const std::string& url : flags.urls)
    if (auto added = bench::add_url(target, url); !added) return fail(added.error().message);
  const auto transports = transports_of(flags, target);
  if (!transports) return fail(transports.error().message);

  const auto link = link_of(flags);
  if (!link) return fail(link.error().message);

  BenchPlan plan;
  if (auto added = add_load(plan, flags, *transports); !added) return fail(added.error().message);
  for (Shape& shape : plan.shapes) shape.link = *link;
  if (plan.churn) plan.churn->link = *link;
  auto added = flags.urls.empty() ? add_server(plan, flags, *transports)
                                  : add_target(plan, flags, std::move(target), *transports);
  if (!added) return fail(added.error().message);
  plan.floor_runs = static_cast<std::size_t>(flags.floor_runs);
  plan.is_enforced = flags.enforce;
  plan.is_json = flags.json;
  return plan;
}

int complain(const std::string& sentence) {
  fmt::print(stderr, "parley bench: {}\nSee parley bench --help.\n", sentence);
  return usage_error;
}

std::string describe_unknown(const CLI::App& app, std::string word) {
  word = word.substr(0, word.find('='));
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  const auto nearest = nearest_name(word, names);
  return fmt::format("unknown flag \"{}\"{}", word,
                     nearest ? fmt::format("; did you mean {}?", *nearest) : "");
}

}  // namespace

int run_bench_command(const std::vector<std::string>& args) {
  Flags flags;
  CLI::App app(
      "Puts load on a relay and measures: what is delivered, in which order, how late, and for how "
      "much processor time and memory.",
      "parley bench");
  app.get_formatter()->column_width(44);
  app.footer(
      "Processor time is given in µs and as a multiple of the machine's floor: one send of a 1204 "
      "B "
      "frame,\nmeasured in the same run. Server and load tool run on different processors. Ctrl-C "
      "prints what there is.");
  add_shape_flags(app, flags);
  add_target_flags(app, flags);
  add_link_flags(app, flags);
  add_trial_flags(app, flags);
  add_output_flags(app, flags);

  std::vector<std::string> words(args.rbegin(), args.rend());  // taken from the back
  try {
    app.parse(words);
  } catch (const CLI::CallForHelp&) {
    fmt::print("{}", app.help());
    return 0;
  } catch (const CLI::ExtrasError&) {
    const auto rest = app.remaining();
    return complain(describe_unknown(app, rest.empty() ? "" : rest.front()));
  } catch (const CLI::ParseError& error) {
    return complain(error.what());
  }
  auto plan = plan_of(flags);
  if (!plan) return complain(plan.error().message);
  return bench::run_bench(*plan);
}

}  // namespace parley
