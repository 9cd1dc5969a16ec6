"""Two members who talk, fifty packets a second each way, every one accounted for and its delay
noted."""

import select
import struct
import time
from dataclasses import dataclass

import packets
from websocket_client import WebSocket

EVERY = 0.02
LOOK_EVERY = 0.005
PATIENCE = 10.0


@dataclass
class Figures:
    expected: int
    delivered: int
    p99: float
    latest: float


class TwoWayCall:
    """The session of each member is a WebSocket, which is listened to here, or a Speaker."""

    def __init__(self, *members):
        self._members = [member.activate() for member in members]
        self._members[0].probe()
        self._next = 0
        self._sent = {}
        self._delays = []
        self._expected = 0
        self._by_socket = {member.session.connection.socket: member for member in self._members
                           if isinstance(member.session, WebSocket)}
        self._speakers = [member.session for member in self._members
                          if member not in self._by_socket.values()]
        for speaker in self._speakers:
            speaker.on_heard = self._note

    def talk(self, seconds):
        """Speaks for this long, then waits until everything said is heard, or for PATIENCE."""
        self.speak(seconds)
        until = time.monotonic() + PATIENCE
        while self._sent and time.monotonic() < until:
            self._wait(LOOK_EVERY)

    def speak(self, seconds):
        """Speaks for this long; what is on its way then stays on its way."""
        due = time.monotonic()
        until = due + seconds
        while (now := time.monotonic()) < until:
            if now >= due:
                self._say()
                due += EVERY
            self._wait(max(0.0, due - time.monotonic()))

    def _say(self):
        for member in self._members:
            number = struct.pack(">Q", self._next)
            self._next += 1
            self._expected += 1
            self._sent[number] = time.monotonic()
            member.send(packets.media(packets.AUDIO, member.user, number + b"x" * 80))

    def _wait(self, seconds):
        for socket in select.select(list(self._by_socket), [], [], seconds)[0]:
            self._listen(self._by_socket[socket])
        for speaker in self._speakers:
            if speaker.session_end:
                raise speaker.session_end

    def _listen(self, member):
        self._note(member.next())
        while len(member.session.connection.received) >= 2:
            self._note(member.next())

    def _note(self, packet):
        begun = self._sent.pop(packet.inner.get(3, b"")[:8], None)
        if packet.is_media(packets.AUDIO) and begun is not None:
            self._delays.append(time.monotonic() - begun)

    def take_figures(self):
        delays = sorted(self._delays) or [float("inf")]
        figures = Figures(self._expected, len(self._delays), delays[int(len(delays) * 0.99)],
                          delays[-1])
        self._delays, self._expected = [], 0
        return figures

    def finish(self):
        for member in self._members:
            member.session.discard()
