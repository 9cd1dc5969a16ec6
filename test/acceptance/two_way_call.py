"""The call beside an attack: two members, fifty packets a second each way, every delay noted."""

import itertools
import select
import struct
import time
from dataclasses import dataclass

import packets
from member import Member
from websocket_client import WebSocket

ROOM = "bystanders"
EVERY = 0.02
PATIENCE = 10.0


@dataclass
class Figures:
    expected: int
    delivered: int
    p99: float


class BystanderCall:
    def __init__(self, port):
        self._port = port
        self._members = [self._join(user).activate() for user in ("early", "bird")]
        self._members[0].probe()
        self._next = 0
        self._sent = {}
        self._delays = []
        self._expected = 0
        self._newcomers = itertools.count()

    def _join(self, user):
        return Member(WebSocket(self._port, f"/lobby/{user}/{ROOM}"), user, ROOM)

    def talk(self, seconds):
        """Speaks for this long, then waits until everything said is heard, or for PATIENCE."""
        now = time.monotonic()
        until, due = now + seconds, now
        while now < until or (self._sent and now < until + PATIENCE):
            if now < until and now >= due:
                self._speak()
                due += EVERY
            self._wait(max(0.0, (due if now < until else now + 0.1) - now))
            now = time.monotonic()

    def _wait(self, seconds):
        sockets = {member.session.connection.socket: member for member in self._members}
        for socket in select.select(list(sockets), [], [], seconds)[0]:
            self._listen(sockets[socket])

    def _speak(self):
        for member in self._members:
            number = struct.pack(">Q", self._next)
            self._sent[number] = time.monotonic()
            member.send(packets.media(packets.AUDIO, member.user, number + b"x" * 80))
            self._next += 1
            self._expected += 1

    def _listen(self, member):
        member.session.connection.socket.settimeout(PATIENCE)
        packet = member.next()
        while True:
            self._note(packet)
            if len(member.session.connection.received) < 2:
                return
            packet = member.next()

    def _note(self, packet):
        begun = self._sent.pop(packet.inner.get(3, b"")[:8], None)
        if packet.is_media(packets.AUDIO) and begun is not None:
            self._delays.append(time.monotonic() - begun)

    def join_another(self):
        """How long a newcomer takes, from connecting to its complete roster."""
        begun = time.monotonic()
        newcomer = self._join(f"newcomer{next(self._newcomers)}")
        took = time.monotonic() - begun
        newcomer.session.close()
        newcomer.session.discard()
        return took

    def take_figures(self):
        delays = sorted(self._delays)
        figures = Figures(self._expected, len(delays),
                          delays[int(len(delays) * 0.99)] if delays else float("inf"))
        self._delays, self._expected = [], 0
        return figures

    def finish(self):
        for member in self._members:
            member.session.discard()
