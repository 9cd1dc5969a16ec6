#include "store/queries.h"

#include <utility>

#include "base/check.h"

namespace parley {
namespace {

// In the order of the enum; the first argument is the room unless another is named.
constexpr auto texts = std::to_array<std::pair<Query, std::string_view>>({
    {Query::enter,
     "INSERT INTO @session_participants (room_id, user_id, joined_at) VALUES ($1, $2, $3ms) "
     "ON CONFLICT (room_id, user_id) DO UPDATE SET joined_at = excluded.joined_at, left_at = NULL"},
    {Query::hold,
     "INSERT INTO @holders (room_id, user_id, instance_id, since) VALUES ($1, $2, $3, $4ms) "
     "ON CONFLICT (room_id, user_id, instance_id) DO NOTHING"},
    {Query::present,
     "SELECT count(*) FROM @session_participants WHERE room_id = $1 AND left_at IS NULL"},
    {Query::meeting,
     "SELECT ms(started_at), ms(ended_at), creator_id FROM @meetings WHERE room_id = $1"},
    {Query::begin_meeting,
     "INSERT INTO @meetings (room_id, creator_id, started_at) VALUES ($1, $2, $3ms) "
     "ON CONFLICT (room_id) DO UPDATE SET started_at = excluded.started_at, ended_at = NULL, "
     "creator_id = excluded.creator_id, updated_at = excluded.started_at"},
    {Query::end_meeting,
     "UPDATE @meetings SET ended_at = later(started_at, $2ms), updated_at = $2ms "
     "WHERE room_id = $1 AND ended_at IS NULL"},
    {Query::add_host,
     "INSERT INTO @hosts (room_id, user_id) VALUES ($1, $2) "
     "ON CONFLICT (room_id, user_id) DO NOTHING"},
    {Query::hosts,
     "SELECT count(*), count(p.user_id), count(CASE WHEN h.user_id = $2 THEN 1 END) "
     "FROM @hosts AS h LEFT JOIN @session_participants AS p "
     "ON p.room_id = h.room_id AND p.user_id = h.user_id AND p.left_at IS NULL "
     "WHERE h.room_id = $1"},
    {Query::clear_hosts, "DELETE FROM @hosts WHERE room_id = $1"},
    {Query::release,
     "DELETE FROM @holders WHERE room_id = $1 AND user_id = $2 AND instance_id = $3"},
    {Query::release_everywhere, "DELETE FROM @holders WHERE room_id = $1 AND user_id = $2"},
    {Query::release_if_since,
     "DELETE FROM @holders WHERE room_id = $1 AND user_id = $2 AND instance_id = $3 "
     "AND since = $4ms RETURNING user_id"},
    {Query::leave_if_released,
     "UPDATE @session_participants AS p SET left_at = later(joined_at, $3ms) "
     "WHERE room_id = $1 AND user_id = $2 AND left_at IS NULL AND NOT EXISTS (SELECT 1 "
     "FROM @holders AS h WHERE h.room_id = p.room_id AND h.user_id = p.user_id) "
     "RETURNING user_id"},
    {Query::leave_all,
     "UPDATE @session_participants SET left_at = later(joined_at, $2ms) "
     "WHERE room_id = $1 AND left_at IS NULL"},
    {Query::release_all, "DELETE FROM @holders WHERE room_id = $1"},

    // The instance, now, and since when it must have been seen for its life to be one piece.
    {Query::renew,
     "INSERT INTO @instances AS i (instance_id, since, seen_at) VALUES ($1, $2ms, $2ms) "
     "ON CONFLICT (instance_id) DO UPDATE SET seen_at = excluded.seen_at, since = CASE WHEN "
     "i.seen_at BETWEEN $3ms AND excluded.seen_at THEN i.since ELSE excluded.since END "
     "RETURNING ms(since)"},
    // Before when an instance is lost, and before when a participant whom nobody holds is.
    {Query::lost_rooms,
     "SELECT h.room_id FROM @holders AS h LEFT JOIN @instances AS i "
     "ON i.instance_id = h.instance_id WHERE i.seen_at IS NULL OR i.seen_at < $1ms "
     "UNION SELECT p.room_id FROM @session_participants AS p "
     "WHERE p.left_at IS NULL AND p.joined_at < $2ms AND NOT EXISTS (SELECT 1 "
     "FROM @holders AS h WHERE h.room_id = p.room_id AND h.user_id = p.user_id) LIMIT 64"},
    // The room, the same two times, and now.
    {Query::leave_lost,
     "UPDATE @session_participants AS p SET left_at = later(p.joined_at, coalesce((SELECT "
     "max(i.seen_at) FROM @holders AS h JOIN @instances AS i ON i.instance_id = h.instance_id "
     "WHERE h.room_id = p.room_id AND h.user_id = p.user_id), $4ms)) "
     "WHERE p.room_id = $1 AND p.left_at IS NULL AND NOT EXISTS (SELECT 1 "
     "FROM @holders AS h JOIN @instances AS i ON i.instance_id = h.instance_id "
     "WHERE h.room_id = p.room_id AND h.user_id = p.user_id AND i.seen_at >= $2ms) "
     "AND (p.joined_at < $3ms OR EXISTS (SELECT 1 "
     "FROM @holders AS h WHERE h.room_id = p.room_id AND h.user_id = p.user_id))"},
    {Query::release_lost,
     "DELETE FROM @holders AS h WHERE h.room_id = $1 AND NOT EXISTS (SELECT 1 "
     "FROM @instances AS i WHERE i.instance_id = h.instance_id AND i.seen_at >= $2ms)"},
    {Query::last_left, "SELECT ms(max(left_at)) FROM @session_participants WHERE room_id = $1"},
    {Query::forget_instances,
     "DELETE FROM @instances AS i WHERE i.seen_at < $1ms AND NOT EXISTS (SELECT 1 "
     "FROM @holders AS h WHERE h.instance_id = i.instance_id)"},
});
static_assert(texts.size() == query_count);

bool is_word(char c) { return (c >= 'a' && c <= 'z') || c == '_'; }

/// Writes a text over, one piece after the other.
class Translator {
 public:
  Translator(std::string_view text, const Dialect& dialect) : rest_(text), dialect_(dialect) {}

  std::string translate() {
    bool after_word = false;
    while (!rest_.empty()) {
      const char c = rest_.front();
      if (c == '@')
        table();
      else if (c == '$')
        argument();
      else if (!after_word && rest_.starts_with("ms("))
        milliseconds();
      else if (!after_word && rest_.starts_with("later("))
        later();
      else
        out_ += take(1);
      after_word = is_word(c);
    }
    return std::move(out_);
  }

 private:
  std::string_view take(std::size_t bytes) {
    const std::string_view taken = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return taken;
  }

  void table() {
    take(1);
    std::size_t length = 0;
    while (length < rest_.size() && is_word(rest_[length])) ++length;
    const std::string_view name = take(length);
    const bool of_record = name == "meetings" || name == "session_participants";
    out_ += (of_record ? dialect_.record : dialect_.own);
    out_ += name;
  }

  void argument() {
    take(1);
    const std::string number(take(1));  // there are never ten
    const bool is_time = rest_.starts_with("ms");
    if (is_time) take(2);
    if (!dialect_.is_postgres)
      out_ += "?" + number;
    else if (is_time)
      out_ += "to_timestamp($" + number + "::bigint / 1000.0)";
    else
      out_ += "$" + number;
  }

  void milliseconds() {
    take(2);
    std::size_t length = 0;
    int depth = 0;
    do {
      if (rest_[length] == '(') ++depth;
      if (rest_[length] == ')') --depth;
      ++length;
    } while (depth > 0);
    const std::string inner = Translator(take(length), dialect_).translate();
    out_ +=
        dialect_.is_postgres ? "floor(extract(epoch from " + inner + ") * 1000)::bigint" : inner;
  }

  void later() {
    take(5);
    out_ += dialect_.is_postgres ? "greatest" : "max";
  }

  std::string_view rest_;
  const Dialect& dialect_;
  std::string out_;
};

}  // namespace

std::string_view text_of(Query query) {
  const auto& [named, text] = texts[static_cast<std::size_t>(query)];
  check(named == query, "the texts of the queries stand in the order of their names");
  return text;
}

std::string in_dialect(std::string_view text, const Dialect& dialect) {
  return Translator(text, dialect).translate();
}

}  // namespace parley
