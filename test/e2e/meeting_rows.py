"""What PostgreSQL has of meetings."""

from collections import namedtuple

Meeting = namedtuple("Meeting", "started_at creator has_ended")  # milliseconds since 1970


class MeetingRows:
    """Of many rooms in one question."""

    def __init__(self, postgres):
        self._postgres = postgres

    def meetings(self, *rooms):
        """{room: Meeting}; None where there never was one."""
        rows = self._postgres.query(
            "SELECT room_id, (extract(epoch FROM started_at) * 1000)::bigint, creator_id, "
            "ended_at IS NOT NULL FROM parley.meetings")
        found = {room: Meeting(int(began), creator, ended == "t")
                 for room, began, creator, ended in rows}
        return {room: found.get(room) for room in rooms}

    def present(self, *rooms):
        """{room: its users}."""
        rows = self._postgres.query("SELECT room_id, user_id FROM parley.session_participants "
                                    "WHERE left_at IS NULL ORDER BY user_id")
        return {room: [user for where, user in rows if where == room] for room in rooms}
