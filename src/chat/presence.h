#pragma once
// Presence: when a room is told that somebody came or went. One table per room and process, on the
// room's home shard; pure: no clock, no I/O. Observers never enter it.

#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/time.h"

namespace parley {

/// How long a lost session may come back before the others are told.
inline constexpr Duration departure_grace = 2s;
/// A session that tests longer than this no longer holds back the departures of its user.
inline constexpr Duration testing_grace = 15s;

/// testing: receives, has said nothing yet (browsers open several connections and keep one).
/// active: announced. departing: its connection is gone, the others have not been told.
enum class Presence : std::uint8_t { testing, active, departing };

/// What the room is to be told, in this order.
struct Announcement {
  enum class Kind : std::uint8_t {
    joined,           ///< to everybody in the room, the subject included
    left,             ///< to everybody in the room
    joined_silently,  ///< JOINED, to those only who joined at or after `since`
    claims,           ///< to nobody: whose the departure is must say whether it is succeeded
  };
  Kind kind;
  SessionId session;
  std::string user_id;
  std::string display_name;
  TimePoint since{};
  SessionId departed{};  ///< whom it succeeds or would; itself when it has resumed
};

/// The sessions of one room, over all shards and transports. Two tabs of a user are two sessions,
/// each announced, each leaving.
///
/// | in state  | when                        | becomes   | announce                               |
/// |-----------|-----------------------------|-----------|----------------------------------------|
/// | –         | join                        | testing   | nothing; departures of the same user   |
/// |           |                             |           | are suspended                          |
/// | testing   | first packet                | active    | JOINED; or, if a departure of the same |
/// |           |                             |           | user waits, nothing: the oldest one is |
/// |           |                             |           | dropped, and those who joined since it |
/// |           |                             |           | began get JOINED                       |
/// | testing   | gone                        | –         | nothing; if it was the user's last     |
/// |           |                             |           | testing one, departures go on          |
/// | active    | gone                        | departing | nothing yet                            |
/// | departing | 2 s, no session of the user | –         | LEFT                                   |
/// |           | testing (for up to 15 s)    |           |                                        |
/// | departing | resumed                     | active    | nothing; those who joined since it     |
/// |           |                             |           | began get JOINED                       |
///
/// Sessions of other servers are rows, too, and hold back or succeed departures like ours; but what
/// becomes of them is their server's to say.
class PresenceTable {
 public:
  struct Row {
    SessionId session;
    std::string user_id;
    std::string display_name;
    Presence state;
    TimePoint joined_at;
    /// Of a departing row: when its connection went.
    TimePoint departing_since;
    bool is_ours = true;
    /// It is no more testing, and the room has not been told of it yet: another server still has to
    /// say whether it succeeds a departure there.
    bool is_unannounced = false;
  };

  void join(SessionId session, std::string_view user_id, std::string_view display_name,
            TimePoint now);
  void first_packet(SessionId session, std::vector<Announcement>& announcements);
  void gone(SessionId session, TimePoint now, std::vector<Announcement>& announcements);
  /// Only of a departing session; a living one that resumes changes nothing here.
  void resumed(SessionId session, std::vector<Announcement>& announcements);

  /// A session that lives elsewhere is so from now on; one that becomes active is announced.
  void heard(const Row& theirs, std::vector<Announcement>& announcements);
  /// `departed` departs no more: `successor` has come in its place.
  void succeeded(SessionId departed, SessionId successor, std::vector<Announcement>& announcements);
  /// A session that would have succeeded another one does not.
  void denied(SessionId session, std::vector<Announcement>& announcements);
  /// A session that lives elsewhere has ended.
  void remove(SessionId session);
  /// Whose the session is from now on.
  void set_ours(SessionId session, bool is_ours);

  /// When on_deadline() next has something to do; `never` if nobody of ours departs.
  [[nodiscard]] TimePoint deadline() const;
  void on_deadline(TimePoint now, std::vector<Announcement>& announcements);

  [[nodiscard]] const Row* find(SessionId session) const;
  [[nodiscard]] const std::vector<Row>& rows() const { return rows_; }
  [[nodiscard]] bool empty() const { return rows_.empty(); }

 private:
  Row* row(SessionId session);
  void erase(const Row& row);
  /// When this departing row is due, as long as nothing changes.
  [[nodiscard]] TimePoint due(const Row& departing) const;

  std::vector<Row> rows_;
};

}  // namespace parley
