#include "wire/fleet_message.h"

#include <algorithm>
#include <utility>

#include "wire/parse_message.h"
#include "wire/proto/fleet.pb.h"

namespace parley {
namespace {

constexpr std::uint32_t departing_for_max_ms = 60'000;
/// What a session needs on the wire beside its names, at most.
constexpr std::size_t session_bytes_max = 80;
constexpr std::size_t wanted_bytes = sizeof(SessionId);

std::size_t bytes_of(const FleetSession& session) {
  return session_bytes_max + session.user_id.size() + session.display_name.size();
}

void write(const FleetSession& session, proto::FleetSession& out) {
  out.set_session_id(session.session.value);
  out.set_user_id(session.user_id);
  out.set_display_name(session.display_name);
  out.set_state(static_cast<std::uint32_t>(session.state));
  out.set_departing_for_ms(static_cast<std::uint32_t>(session.departing_for.count()));
  out.set_is_unannounced(session.is_unannounced);
  if (session.resume)
    out.set_resume_key(session.resume->sha256.data(), session.resume->sha256.size());
}

void write(const FleetMeeting& meeting, proto::FleetMeeting& out) {
  out.set_start_ms(meeting.start.count);
  out.set_creator_id(meeting.creator_id);
  out.set_claimant(meeting.claimant.value);
}

template <class Succession>
void write_succession(const Succession& succession, proto::FleetSuccession& out) {
  out.set_departed(succession.departed.value);
  out.set_successor(succession.successor.value);
}

struct Writer {
  proto::FleetMessage& out;

  void operator()(const fleet::Roster& roster) const {
    proto::FleetRoster& message = roster.is_whole() ? *out.mutable_roster() : *out.mutable_part();
    message.set_is_question(roster.is_question);
    if (roster.meeting) write(*roster.meeting, *message.mutable_meeting());
    for (const FleetSession& session : roster.sessions) write(session, *message.add_sessions());
    for (const InstanceId other : roster.others) message.add_others(other.value);
    for (const SessionId wanted : roster.wanted) message.add_wanted(wanted.value);
    message.set_after(roster.after.value);
    if (!roster.is_last_part()) message.set_through(roster.through.value);
  }
  void operator()(const fleet::Changed& changed) const {
    write(changed.session, *out.mutable_changed());
  }
  void operator()(const fleet::Removed& removed) const { out.set_removed(removed.session.value); }
  void operator()(const fleet::Left& /*left*/) const { out.set_left(true); }
  void operator()(const fleet::Claims& claims) const {
    write_succession(claims, *out.mutable_claims());
    out.mutable_claims()->set_asked(claims.asked.value);
  }
  void operator()(const fleet::Succeeded& succeeded) const {
    write_succession(succeeded, *out.mutable_succeeded());
  }
  void operator()(const fleet::Denied& denied) const {
    write_succession(denied, *out.mutable_denied());
  }
  void operator()(const fleet::Wanted& wanted) const { out.set_wanted(wanted.session.value); }
  void operator()(const fleet::Given& given) const {
    out.mutable_given()->set_session_id(given.session.value);
    out.mutable_given()->set_to(given.to.value);
    out.mutable_given()->set_state(static_cast<std::uint32_t>(given.state));
  }
  void operator()(const fleet::Congestion& congestion) const {
    out.mutable_congestion()->set_session_id(congestion.session.value);
    out.mutable_congestion()->set_packet(congestion.packet.data(), congestion.packet.size());
  }
  void operator()(const fleet::Alive& alive) const {
    out.set_alive(true);
    out.set_asks(alive.is_question);
  }
};

bool is_name(const std::string& name) { return !name.empty() && name.size() <= id_bytes_max; }

std::optional<FleetState> state_of(std::uint32_t number) {
  if (number < 1 || number > 3) return std::nullopt;
  return static_cast<FleetState>(number);
}

std::optional<FleetSession> read(const proto::FleetSession& in) {
  const auto state = state_of(in.state());
  if (!state || in.session_id() == 0 || !is_name(in.user_id()) ||
      in.display_name().size() > id_bytes_max)
    return std::nullopt;
  FleetSession session{{in.session_id()}, in.user_id(), in.display_name(), *state, {}, {}, false};
  session.is_unannounced = in.is_unannounced();
  session.departing_for = Millis(std::min(in.departing_for_ms(), departing_for_max_ms));
  if (in.resume_key().empty()) return session;
  ResumeKey key;
  if (in.resume_key().size() != key.sha256.size()) return std::nullopt;
  std::ranges::copy(as_bytes(in.resume_key()), key.sha256.begin());
  session.resume = key;
  return session;
}

std::optional<fleet::What> read(const proto::FleetRoster& in) {
  if (static_cast<std::size_t>(in.others_size()) > fleet_servers_max) return std::nullopt;
  fleet::Roster roster;
  roster.is_question = in.is_question();
  roster.after = {in.after()};
  if (in.through() != 0) roster.through = {in.through()};
  if (in.has_meeting()) {
    if (in.meeting().creator_id().size() > id_bytes_max) return std::nullopt;
    roster.meeting = FleetMeeting{
        {in.meeting().start_ms()}, in.meeting().creator_id(), {in.meeting().claimant()}};
  }
  for (const proto::FleetSession& one : in.sessions()) {
    auto session = read(one);
    if (!session || !roster.covers(session->session)) return std::nullopt;
    roster.sessions.push_back(std::move(*session));
  }
  for (const std::uint64_t other : in.others()) roster.others.push_back({other});
  for (const std::uint64_t wanted : in.wanted()) {
    if (!roster.covers({wanted})) return std::nullopt;
    roster.wanted.push_back({wanted});
  }
  return roster;
}

std::optional<fleet::What> read(const proto::FleetMessage& in) {
  using proto::FleetMessage;
  switch (in.what_case()) {
    case FleetMessage::kRoster:
      return read(in.roster());
    case FleetMessage::kPart:
      return read(in.part());
    case FleetMessage::kChanged: {
      auto session = read(in.changed());
      if (!session) return std::nullopt;
      return fleet::Changed{std::move(*session)};
    }
    case FleetMessage::kRemoved:
      return fleet::Removed{{in.removed()}};
    case FleetMessage::kLeft:
      return fleet::Left{};
    case FleetMessage::kSucceeded:
      return fleet::Succeeded{{in.succeeded().departed()}, {in.succeeded().successor()}};
    case FleetMessage::kDenied:
      return fleet::Denied{{in.denied().departed()}, {in.denied().successor()}};
    case FleetMessage::kClaims:
      return fleet::Claims{
          {in.claims().departed()}, {in.claims().successor()}, {in.claims().asked()}};
    case FleetMessage::kWanted:
      return fleet::Wanted{{in.wanted()}};
    case FleetMessage::kGiven: {
      const auto state = state_of(in.given().state());
      if (!state || *state == FleetState::departing) return std::nullopt;
      return fleet::Given{{in.given().session_id()}, {in.given().to()}, *state};
    }
    case FleetMessage::kCongestion: {
      const Bytes packet = as_bytes(in.congestion().packet());
      return fleet::Congestion{{in.congestion().session_id()}, {packet.begin(), packet.end()}};
    }
    case FleetMessage::kAlive:
      return fleet::Alive{in.asks()};
    case FleetMessage::WHAT_NOT_SET:
      break;
  }
  return std::nullopt;
}

}  // namespace

std::vector<fleet::Roster> in_parts(fleet::Roster roster, std::size_t sessions_bytes_max) {
  std::vector<std::pair<SessionId, std::size_t>> sizes;
  sizes.reserve(roster.sessions.size() + roster.wanted.size());
  for (const FleetSession& session : roster.sessions)
    sizes.emplace_back(session.session, bytes_of(session));
  for (const SessionId wanted : roster.wanted) sizes.emplace_back(wanted, wanted_bytes);
  std::ranges::sort(sizes);

  std::vector<fleet::Roster> parts{{false, roster.meeting, {}, {}}};
  std::size_t bytes = 0;
  SessionId last;
  for (const auto& [session, size] : sizes) {
    if (bytes > 0 && bytes + size > sessions_bytes_max) {
      parts.back().through = last;
      parts.push_back({false, roster.meeting, {}, {}, last});
      bytes = 0;
    }
    bytes += size;
    last = session;
  }
  parts.back().is_question = roster.is_question;
  parts.back().others = std::move(roster.others);
  const auto part_of = [&parts](SessionId session) {
    return std::ranges::lower_bound(parts, session, {}, &fleet::Roster::through);
  };
  // Within a part they stay in order of joining.
  for (FleetSession& session : roster.sessions)
    part_of(session.session)->sessions.push_back(std::move(session));
  for (const SessionId wanted : roster.wanted) part_of(wanted)->wanted.push_back(wanted);
  return parts;
}

std::vector<std::uint8_t> encode(const FleetMessage& message) {
  proto::FleetMessage out;
  out.set_from(message.from.value);
  std::visit(Writer{out}, message.what);
  std::vector<std::uint8_t> bytes(out.ByteSizeLong());
  out.SerializeToArray(bytes.data(), static_cast<int>(bytes.size()));
  return bytes;
}

std::optional<FleetMessage> decode_fleet_message(Bytes bytes) {
  proto::FleetMessage in;
  if (bytes.size() > fleet_message_bytes_max || !parse_message(bytes, in) || in.from() == 0)
    return std::nullopt;
  auto what = read(in);
  if (!what) return std::nullopt;
  return FleetMessage{{in.from()}, std::move(*what)};
}

}  // namespace parley
