"""A member on another server of a room of the load tool: when do its packets come?"""

import threading
import time

import tokens
from deadline import TooLate
from endings import Ended
from listener import Arrival
from member import Member
from websocket_client import WebSocket

SILENCE_MAX = 120  # seconds without a packet after which it is deaf


def join(relay, user, room):
    return Member(WebSocket(relay.port, f"/lobby?token={tokens.token(user, room)}"), user, room)


class RemoteListener(threading.Thread):
    """Of a call with so many `senders`. Keeps no packet, only what was asked of them."""

    def __init__(self, relay, room, senders):
        super().__init__(daemon=True)
        self._member = join(relay, "listener", room).activate()
        self._senders = senders
        self._lock = threading.Lock()
        self._all_heard = threading.Event()
        self._since = 0.0
        self._first = {}  # under the lock: by sender, of what was sent since
        self.heard = 0  # of what the load tool counts
        self.start()

    def run(self):
        try:
            while True:
                arrival = Arrival.read(self._member.session.receive(SILENCE_MAX))
                # The load tool does not count what it sends to warm up, and so do we.
                if arrival and arrival.phase > 0:
                    self._note(arrival, time.monotonic())
        except (Ended, TooLate, OSError):
            pass

    def _note(self, arrival, moment):
        with self._lock:
            self.heard += 1
            if arrival.sent > self._since:
                self._first.setdefault(arrival.sender, moment)
                if len(self._first) == self._senders:
                    self._all_heard.set()

    def attend(self, since):
        """From now on only what is sent after this moment is of interest."""
        with self._lock:
            self._since, self._first = since, {}
            self._all_heard.clear()

    def hears_all(self, within):
        """The moment at which it had heard every sender; infinity if that does not come."""
        is_complete = self._all_heard.wait(within)
        with self._lock:
            return max(self._first.values()) if is_complete else float("inf")

    def discard(self):
        self._member.session.hang_up()
        self.join()
