#include "server/bus_cells.h"

namespace parley {

std::vector<NamedCell> bus_cells(const NatsBusStats& bus) {
  std::vector<NamedCell> cells;
  cells.push_back({"parley_bus_connected",
                   "1 while NATS can be reached.",
                   &bus.connected,
                   {},
                   {},
                   /*is_gauge=*/true});
  cells.push_back({"parley_bus_servers",
                   "Other Parley servers that live.",
                   &bus.servers,
                   {},
                   {},
                   /*is_gauge=*/true});
  cells.push_back({"parley_bus_waiting",
                   "What waits on its way to NATS.",
                   &bus.waiting,
                   {},
                   {},
                   /*is_gauge=*/true});
  cells.push_back(
      {"parley_bus_reconnects_total", "Connections to NATS found again.", &bus.reconnects});
  for (std::size_t i = 0; i < packet_class_count; ++i)
    cells.push_back({"parley_bus_published_total", "Packets given to NATS.", &bus.published[i],
                     "class", name_of(static_cast<PacketClass>(i))});
  constexpr std::string_view messages = "parley_bus_messages_total";
  constexpr std::string_view messages_help = "Messages over NATS, packets included.";
  cells.push_back({messages, messages_help, &bus.messages_out, "direction", "out"});
  cells.push_back({messages, messages_help, &bus.messages_in, "direction", "in"});

  constexpr std::string_view lost = "parley_bus_lost_total";
  constexpr std::string_view lost_help = "What did not get to NATS, or not from there to a room.";
  cells.push_back({lost, lost_help, &bus.queue_full, "reason", "queue_full"});
  cells.push_back({lost, lost_help, &bus.dropped_disconnected, "reason", "disconnected"});
  cells.push_back({lost, lost_help, &bus.dropped_too_large, "reason", "too_large"});
  cells.push_back({lost, lost_help, &bus.dropped_failed, "reason", "failed"});
  cells.push_back({lost, lost_help, &bus.refused, "reason", "mailbox_full"});
  cells.push_back({lost, lost_help, &bus.unreadable, "reason", "unreadable"});
  cells.push_back({lost, lost_help, &bus.lost_at_nats, "reason", "slow_consumer"});
  return cells;
}

std::vector<NamedCell> health_cells(const HealthProcessor& health) {
  std::vector<NamedCell> cells;
  for (std::size_t i = 0; i < health_outcome_count; ++i) {
    const auto outcome = static_cast<HealthOutcome>(i);
    cells.push_back({"parley_health_reports_total",
                     "Health reports of clients by what became of them.", &health.count(outcome),
                     "outcome", name_of(outcome)});
  }
  return cells;
}

}  // namespace parley
