#include "server/meeting_recorder.h"

#include <utility>

namespace parley {
namespace {

StoreThreadRules store_rules(std::string instance) {
  StoreThreadRules rules;
  rules.instance = std::move(instance);
  return rules;
}

}  // namespace

MeetingRecorder::MeetingRecorder(std::unique_ptr<Database> database, std::string instance,
                                 std::size_t connections, Bus& bus)
    : database_(std::move(database)),
      bus_(bus),
      threads_(std::make_unique<StoreThreads>(*database_, store_rules(std::move(instance)),
                                              connections)) {}

void MeetingRecorder::start(const RoomName& room, ConnectionAt from, const Identity& who) {
  if (threads_ == nullptr) return;
  SessionStart start{*room, who.user_id, {}, who.is_host, unix_now()};
  threads_->start(std::move(start), [this, room, from, user_id = who.user_id](
                                        Result<Started, SessionRefusal> answer) {
    reply(RecordedNote{room, from, user_id, std::move(answer)});
  });
}

void MeetingRecorder::end(const RoomName& room, const std::string& user_id, bool everywhere) {
  if (threads_ == nullptr) return;
  if (is_let_go_.load(std::memory_order_relaxed)) return reply(EndedNote{room, Ending::continues});
  SessionEnd end{*room, user_id, {}, everywhere, unix_now()};
  threads_->end(std::move(end), [this, room](const StoreResult<Ended>& ended) {
    reply(EndedNote{room, ended ? ended->ending : Ending::continues});
  });
}

template <class Answer>
void MeetingRecorder::reply(Answer answer) {
  const ShardIndex home = home_of(*answer.room, bus_.shards());
  bus_.tell(home, std::move(answer));
}

std::vector<NamedCell> MeetingRecorder::cells() const {
  constexpr std::string_view recorded = "parley_store_recorded_total";
  constexpr std::string_view recorded_help = "Comings and goings of participants, written down.";
  constexpr std::string_view lost = "parley_store_lost_total";
  constexpr std::string_view lost_help =
      "Comings that were refused, and goings that will not be written, by the reason.";
  std::vector<NamedCell> cells;
  for (const StoreStats* const store : threads_->stats()) {
    const auto gauge = [&](std::string_view name, std::string_view help, const Cell& cell) {
      cells.push_back({name, help, &cell, {}, {}, /*is_gauge=*/true});
    };
    gauge("parley_store_connections", "Connections to the store that answer.", store->is_up);
    gauge("parley_store_waiting", "What waits for the store.", store->waiting);
    cells.push_back({recorded, recorded_help, &store->starts, "what", "start"});
    cells.push_back({recorded, recorded_help, &store->ends, "what", "end"});
    cells.push_back({lost, lost_help, &store->refused_down, "reason", "start_unavailable"});
    cells.push_back({lost, lost_help, &store->refused_full, "reason", "start_queue_full"});
    cells.push_back({lost, lost_help, &store->ends_lost, "reason", "end_lost"});
    cells.push_back({"parley_store_failures_total",
                     "How often the store did not do what it was asked.", &store->failures});
  }
  return cells;
}

}  // namespace parley
