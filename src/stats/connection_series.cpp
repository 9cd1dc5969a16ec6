#include "stats/connection_series.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <tuple>

#include "stats/family_text.h"

namespace parley {
namespace {

using Kind = ConnectionEvent::Kind;
using prometheus::MetricType;

/// No event is larger: six names, each of a length that a label may have, and some numbers.
constexpr std::size_t event_bytes_max = 16 * 1024;

std::uint64_t milliseconds(Duration duration) {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<Millis>(duration).count());
}

bool is_stale(UnixMillis said, UnixMillis now) {
  return said.count < now.count && now.count - said.count > milliseconds(connection_event_age_max);
}

}  // namespace

ConnectionSeries::Names ConnectionSeries::names_of(const ConnectionEvent& event) {
  return {label_value(event.session_id),      label_value(event.protocol),
          label_value(event.user_id),         label_value(event.meeting_id),
          label_value(event.server_instance), label_value(event.region)};
}

MessageOutcome ConnectionSeries::on_event(Bytes payload, Now now) {
  if (payload.size() > event_bytes_max) return MessageOutcome::too_large;
  const auto event = decode_connection_event(payload);
  if (!event || event->kind == Kind::unknown) return MessageOutcome::malformed;
  if (is_stale(event->at, now.unix)) return MessageOutcome::stale;
  const Names names = names_of(*event);
  if (event->kind == Kind::ended) {
    end(names, *event, now);
    ++events_;
    return MessageOutcome::taken;
  }

  if (!has_room(names, now.monotonic)) return MessageOutcome::table_full;
  ++events_;
  const auto [place, is_new] = connections_.try_emplace(names);
  Connection& connection = place->second;
  if (event->kind == Kind::started) {
    connection = {};
    connection.started = event->at;
    connection.gone_at = now.monotonic + connection_event_age_max;
  } else {
    const Duration pace = is_new ? Duration{} : now.monotonic - connection.heard_at;
    connection.gone_at =
        now.monotonic + std::clamp<Duration>(2 * pace, connection_memory, connection_memory_max);
    connection.data = event->data.value_or(DataTransfer{});
    connection.has_data = true;
    connection.has_ended = false;
  }
  connection.heard_at = now.monotonic;
  return MessageOutcome::taken;
}

// A session that resumes on the same server begins its second connection before the first one ends:
// the end of a connection that began earlier does not end this one.
void ConnectionSeries::end(const Names& names, const ConnectionEvent& event, Now now) {
  constexpr std::uint64_t tolerance_ms = 500;
  const auto found = connections_.find(names);
  if (found == connections_.end()) return;
  Connection& connection = found->second;
  const auto began =
      event.at.count -
      std::min<std::uint64_t>(static_cast<std::uint64_t>(event.duration.count()), event.at.count);
  if (connection.started.count > began + tolerance_ms) return;
  connection.has_ended = true;
  connection.has_data = connection.has_data || event.data.has_value();
  if (event.data) connection.data = *event.data;
  connection.gone_at = now.monotonic + connection_memory;
}

bool ConnectionSeries::has_room(const Names& names, TimePoint now) {
  if (connections_.size() < connections_max || connections_.contains(names)) return true;
  if (now >= full_until_) {
    full_until_ = now + 1s;
    forget(now);
  }
  return connections_.size() < connections_max;
}

void ConnectionSeries::forget(TimePoint now) {
  std::erase_if(connections_, [now](const auto& entry) { return entry.second.gone_at < now; });
}

void ConnectionSeries::render(std::ostream& out, TimePoint now) {
  forget(now);
  render_living(out);
  render_data(out);
  FamilyText(out, MetricType::Counter, "videocall_server_connection_events_total",
             "Events about connections that servers have sent.")
      .put(static_cast<double>(events_));
}

void ConnectionSeries::render_living(std::ostream& out) const {
  using Three = std::tuple<std::string_view, std::string_view, std::string_view>;
  using Four = std::tuple<std::string_view, std::string_view, std::string_view, std::string_view>;
  std::set<Three> users;
  std::set<Four> protocols;
  {
    FamilyText family(out, MetricType::Gauge, "videocall_server_connections_active",
                      "Connections that servers have; 1 each.");
    for (const auto& [names, connection] : connections_) {
      if (connection.has_ended) continue;
      users.insert({names.user, names.meeting, names.region});
      protocols.insert({names.protocol, names.user, names.meeting, names.region});
      family.put(1, {{"session_id", names.session},
                     {"protocol", names.protocol},
                     {"customer_email", names.user},
                     {"meeting_id", names.meeting},
                     {"server_instance", names.server},
                     {"region", names.region}});
    }
  }
  {
    FamilyText family(out, MetricType::Gauge, "videocall_server_unique_users_active",
                      "Users who are connected; 1 for each in each meeting and region.");
    for (const auto& [user, meeting, region] : users)
      family.put(1, {{"customer_email", user}, {"meeting_id", meeting}, {"region", region}});
  }
  FamilyText family(out, MetricType::Gauge, "videocall_server_protocol_connections",
                    "Protocols by which users are connected; 1 for each user, meeting and region.");
  for (const auto& [protocol, user, meeting, region] : protocols)
    family.put(1, {{"protocol", protocol},
                   {"customer_email", user},
                   {"meeting_id", meeting},
                   {"region", region}});
}

void ConnectionSeries::render_data(std::ostream& out) const {
  FamilyText family(out, MetricType::Gauge, "videocall_server_data_bytes_total",
                    "Bytes of packets since a connection began.");
  for (const auto& [names, connection] : connections_) {
    if (!connection.has_data) continue;
    for (const auto& [direction, bytes] :
         {std::pair{"sent", connection.data.sent}, std::pair{"received", connection.data.received}})
      family.put(static_cast<double>(bytes), {{"direction", direction},
                                              {"session_id", names.session},
                                              {"protocol", names.protocol},
                                              {"customer_email", names.user},
                                              {"meeting_id", names.meeting},
                                              {"server_instance", names.server},
                                              {"region", names.region}});
  }
}

}  // namespace parley
