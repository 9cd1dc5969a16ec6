#include "store/sql_store.h"

#include <charconv>

#include "store/meeting_rules.h"

namespace parley {
namespace {

/// How long a process waits, after it has come to the store, before it clears up after others: when
/// the store itself was away, they need a moment, too, to say that they live.
constexpr Millis settled_after = 5s;

std::uint64_t ago(UnixMillis clock, Millis time) {
  const auto milliseconds = static_cast<std::uint64_t>(time.count());
  return clock.count > milliseconds ? clock.count - milliseconds : 0;
}

/// The number in the first row, if there is one.
std::optional<std::uint64_t> number_in(const SqlRows& rows, std::size_t column = 0) {
  if (rows.empty() || !rows.front()[column]) return std::nullopt;
  const std::string& text = *rows.front()[column];
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

/// The rows of a room as queries. The first that fails is the last that is asked.
class SqlStore::Transaction final : public RoomRows {
 public:
  Transaction(SqlSession& session, const RoomId* room)
      : session_(session), room_(room != nullptr ? std::string_view(room->value) : "") {}

  [[nodiscard]] const std::optional<StoreError>& error() const { return error_; }

  SqlRows run(Query query, SqlArguments arguments) {
    if (error_) return {};
    auto rows = session_.run(query, arguments);
    if (rows) return std::move(*rows);
    error_ = std::move(rows.error());
    return {};
  }
  UnixMillis shared_clock(UnixMillis now) {
    if (error_) return now;
    auto clock = session_.shared_clock(now);
    if (clock) return *clock;
    error_ = std::move(clock.error());
    return now;
  }

  void enter(std::string_view user, std::string_view instance, UnixMillis now) override {
    run(Query::enter, {room_, user, now.count});
    run(Query::hold, {room_, user, instance, now.count});
  }
  std::uint64_t present() override { return number_in(run(Query::present, {room_})).value_or(0); }
  std::optional<Meeting> meeting() override {
    SqlRows rows = run(Query::meeting, {room_});
    const auto started_at = number_in(rows);
    if (!started_at) return std::nullopt;
    Meeting meeting{.started_at = {*started_at}, .ended_at = {}, .creator_id = {}};
    if (const auto ended_at = number_in(rows, 1)) meeting.ended_at = UnixMillis{*ended_at};
    meeting.creator_id = std::move(rows.front()[2]).value_or("");
    return meeting;
  }
  void begin_meeting(std::string_view creator, UnixMillis now) override {
    run(Query::begin_meeting, {room_, creator, now.count});
    run(Query::clear_hosts, {room_});
  }
  void end_meeting(UnixMillis now) override {
    run(Query::end_meeting, {room_, now.count});
    run(Query::clear_hosts, {room_});
  }
  void add_host(std::string_view user) override { run(Query::add_host, {room_, user}); }
  Hosts hosts(std::string_view user) override {
    const SqlRows rows = run(Query::hosts, {room_, user});
    return {.all = number_in(rows, 0).value_or(0),
            .present = number_in(rows, 1).value_or(0),
            .include_user = number_in(rows, 2).value_or(0) > 0};
  }

  void release(std::string_view user, std::string_view instance) override {
    run(Query::release, {room_, user, instance});
  }
  void release_everywhere(std::string_view user) override {
    run(Query::release_everywhere, {room_, user});
  }
  bool release_if_since(std::string_view user, std::string_view instance,
                        UnixMillis since) override {
    return !run(Query::release_if_since, {room_, user, instance, since.count}).empty();
  }
  bool leave_if_released(std::string_view user, UnixMillis now) override {
    return !run(Query::leave_if_released, {room_, user, now.count}).empty();
  }
  void leave_all(UnixMillis now) override {
    run(Query::leave_all, {room_, now.count});
    run(Query::release_all, {room_});
  }

  /// Marks as having left whom only lost processes held, and whom nobody has held for a day.
  void leave_lost(UnixMillis clock) {
    const std::uint64_t lost_before = ago(clock, lost_instance_grace);
    run(Query::leave_lost, {room_, lost_before, ago(clock, unheld_grace), clock.count});
    run(Query::release_lost, {room_, lost_before});
    if (present() > 0) return;
    const auto last_left = number_in(run(Query::last_left, {room_}));
    end_meeting(last_left ? UnixMillis{*last_left} : clock);
  }

 private:
  SqlSession& session_;
  std::string_view room_;
  std::optional<StoreError> error_;
};

StoreResult<void> SqlStore::begin(const RoomId* room) {
  if (session_) {
    auto begun = session_->begin(room);
    if (begun) return begun;
    const bool was_cut = !session_->is_connected();
    session_.reset();
    if (!was_cut) return begun;
    // The server was restarted, or somebody cut an idle connection: nobody needs to notice.
  }
  auto connected = connect_();
  if (!connected) return tl::unexpected(std::move(connected.error()));
  session_ = std::move(*connected);
  auto begun = session_->begin(room);
  if (!begun) session_.reset();
  return begun;
}

template <class Work>
auto SqlStore::transact(const RoomId* room, Work work) {
  using Answer = StoreResult<decltype(work(std::declval<Transaction&>()))>;
  if (auto begun = begin(room); !begun) return Answer(tl::unexpected(std::move(begun.error())));
  Transaction transaction(*session_, room);
  auto answer = work(transaction);
  if (const auto& error = transaction.error()) {
    const bool works = error->kind == StoreError::Kind::refused;
    if (works)
      session_->roll_back();
    else
      session_.reset();
    return Answer(tl::unexpected(*error));
  }
  if (auto committed = session_->commit(); !committed) {
    session_.reset();
    return Answer(tl::unexpected(std::move(committed.error())));
  }
  return Answer(std::move(answer));
}

StoreResult<Started> SqlStore::start(const SessionStart& start) {
  return transact(&start.room, [&](Transaction& rows) { return start_session(rows, start); });
}

StoreResult<Ended> SqlStore::end(const SessionEnd& end) {
  return transact(&end.room, [&](Transaction& rows) { return end_session(rows, end); });
}

StoreResult<void> SqlStore::withdraw(const SessionStart& start) {
  const auto done = transact(&start.room, [&](Transaction& rows) {
    withdraw_session(rows, start);
    return true;
  });
  return done.map([](bool) {});
}

StoreResult<void> SqlStore::renew(const std::string& instance, UnixMillis now) {
  struct Life {
    UnixMillis clock, since;
  };
  const auto life = transact(nullptr, [&](Transaction& rows) {
    const UnixMillis clock = rows.shared_clock(now);
    const auto since = number_in(
        rows.run(Query::renew, {instance, clock.count, ago(clock, 3 * Millis(instance_renewal))}));
    return Life{clock, {since.value_or(clock.count)}};
  });
  if (!life) return tl::unexpected(life.error());
  if (life->since.count > ago(life->clock, settled_after)) return {};
  return clear_up(life->clock);
}

StoreResult<void> SqlStore::clear_up(UnixMillis clock) {
  const std::uint64_t lost_before = ago(clock, lost_instance_grace);
  const auto rooms = transact(nullptr, [&](Transaction& rows) {
    return rows.run(Query::lost_rooms, {lost_before, ago(clock, unheld_grace)});
  });
  if (!rooms) return tl::unexpected(rooms.error());
  for (const auto& row : *rooms) {
    const RoomId room{row.front().value_or("")};
    const auto done = transact(&room, [&](Transaction& rows) {
      rows.leave_lost(clock);
      return true;
    });
    if (!done) return tl::unexpected(done.error());
  }
  const auto done = transact(
      nullptr, [&](Transaction& rows) { return rows.run(Query::forget_instances, {lost_before}); });
  return done.map([](const SqlRows&) {});
}

}  // namespace parley
