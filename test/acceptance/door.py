"""Who comes while the record of meetings is away: is he told why he may not come in?"""

import time

import tokens
from endings import Ended
from packets import ENDED, SESSION_ASSIGNED, Packet
from websocket_client import WebSocket

REFUSAL = (1008, "Session rejected",
           "Session rejected: The meeting cannot be recorded at the moment; try again soon")
KNOCK_SECONDS = 0.05


class Door:
    """Of one room. Everybody who knocks is somebody else; the first who is let in stays."""

    def __init__(self, relay, room):
        self._relay = relay
        self.room = room
        self.knocks = 0
        self.refusals = []  # (code, reason, message)
        self.guest = None
        self._session = None

    @property
    def explains_itself(self):
        return set(self.refusals) == {REFUSAL}

    def knock(self):
        """True if he is let in."""
        self.knocks += 1
        user = f"guest{self.knocks}"
        session = WebSocket(self._relay.port, f"/lobby?token={tokens.token(user, self.room)}")
        first = Packet.read(session.receive())
        if first.type == SESSION_ASSIGNED:
            self.guest, self._session = user, session
            return True
        message = first.message if first.is_meeting(ENDED) else repr(first)
        try:
            while True:
                session.receive()
        except Ended as end:
            self.refusals.append((end.code, end.reason, message))
        session.discard()
        return False

    def opens(self, within):
        """The moment at which somebody was let in; infinity if nobody was."""
        until = time.monotonic() + within
        while not self.knock():
            if time.monotonic() > until:
                return float("inf")
            time.sleep(KNOCK_SECONDS)
        return time.monotonic()

    def leave(self):
        """Who was let in, if anybody was."""
        if self._session:
            self._session.hang_up()
            self._session = None
