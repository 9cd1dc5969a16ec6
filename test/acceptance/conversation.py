"""Two who talk, one on WebSocket and one on WebTransport behind a link: fifty packets a second each
way, every one accounted for."""

import select
import struct
import time
from dataclasses import dataclass

import packets
import tokens
from member import Member
from websocket_client import WebSocket
from webtransport_client import WebTransport

EVERY = 0.02
LOOK_EVERY = 0.005
PATIENCE = 5.0


@dataclass
class Figures:
    expected: int
    delivered: int
    latest: float


class Conversation:
    def __init__(self, relay, link, room):
        def target(user):
            return f"/lobby?token={tokens.token(user, room)}"

        near = WebSocket(relay.port, target("near"))
        far = WebTransport(link.port, target("far"))
        self._near = Member(near, "near", room).activate()
        self._far = Member(far, "far", room).activate()
        self._next = 0
        self._sent = {}
        self._took = []

    def talk(self, seconds):
        """Speaks for this long; what is on its way then stays on its way."""
        due = time.monotonic()
        until = due + seconds
        while time.monotonic() < until:
            self._listen(min(LOOK_EVERY, max(0.0, due - time.monotonic())))
            if time.monotonic() >= due:
                due += EVERY
                self._speak(self._near)
                self._speak(self._far)

    def _speak(self, member):
        number = struct.pack(">Q", self._next)
        self._next += 1
        self._sent[number] = time.monotonic()
        member.send(packets.media(packets.AUDIO, member.user, number + b"x" * 140))

    def _listen(self, wait):
        connection = self._near.session.connection
        if select.select([connection.socket], [], [], wait)[0]:
            self._note(self._near.session.receive())
            while len(connection.received) > 2:
                self._note(self._near.session.receive())
        session = self._far.session
        with session.lock:
            heard = [packet for _, packet in session.packets]
            session.packets.clear()
        for packet in heard:
            self._note(packet)

    def _note(self, data):
        begun = self._sent.pop(packets.Packet.read(data).inner.get(3, b"")[:8], None)
        if begun is not None:
            self._took.append(time.monotonic() - begun)

    def finish(self):
        until = time.monotonic() + PATIENCE
        while self._sent and time.monotonic() < until:
            self._listen(LOOK_EVERY)
        for member in (self._near, self._far):
            member.session.discard()
        return Figures(self._next, len(self._took), max(self._took, default=0.0))
