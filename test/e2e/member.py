"""A member of a room, seen from its client: it keeps what it heard and can wait for more."""

import itertools

import packets
from deadline import PATIENCE, Deadline, TooLate
from endings import read_to_end
from packets import Packet

_moments = itertools.count(1)


class Member:
    """Joins on construction and has read its first packets: `session_id`, `started`, `roster`."""

    def __init__(self, session, user, room):
        self.session = session
        self.user = user
        self.room = room
        self.heard = []
        self.settle = lambda: None  # waits until servers know what happened on others
        assigned = Packet.read(session.receive())
        assert assigned.type == packets.SESSION_ASSIGNED, f"came first: {assigned}"
        self.assigned = assigned
        self.session_id = assigned.session_id
        self.started = Packet.read(session.receive())
        assert self.started.is_meeting(packets.STARTED), f"came second: {self.started}"
        self.roster = self.probe()
        self.heard.clear()

    def send(self, packet):
        self.session.send(packet)

    def say(self, text=b"hello", packet_type=packets.CONNECTION):
        """Sends an ordinary packet, and answers what others receive of it."""
        packet = packets.wrapper(packet_type, self.user, text)
        self.send(packet)
        return packet + packets.stamp(self.session_id)

    def activate(self):
        """Sends its first packet, a health report, which goes no further, and waits for its own
        JOINED."""
        self.send(packets.wrapper(packets.HEALTH, self.user))
        self.hear(lambda packet: packet.raw == self.joined)
        return self

    @property
    def joined(self):
        return packets.joined(self.room, self.user, self.session_id)

    @property
    def left(self):
        return packets.left(self.room, self.user, self.session_id)

    def next(self, within=PATIENCE):
        packet = Packet.read(self.session.receive(within))
        if packet.type == packets.SESSION_ASSIGNED:
            self.session_id = packet.session_id  # the one it waited for has ended
        self.heard.append(packet)
        return packet

    def hear(self, wanted, within=PATIENCE):
        """Reads on until a packet is `wanted` (bytes, or a question about a packet)."""
        question = (lambda packet: packet.raw == wanted) if isinstance(wanted, bytes) else wanted
        deadline = Deadline(within)
        while True:
            try:
                packet = self.next(deadline.left("the wanted packet"))
            except AssertionError as error:
                raise type(error)(f"{error}; heard: {self.heard[-5:]}") from None
            if question(packet):
                return packet

    def probe(self, within=PATIENCE):
        """Everything that was on its way: what comes before the echo of a probe."""
        self.settle()
        probe = packets.rtt_probe(next(_moments) + 0.5, self.user.encode())
        self.send(probe)
        before = []
        deadline = Deadline(within)
        while True:
            packet = self.next(deadline.left("the echo of a probe"))
            if packet.raw == probe:
                self.heard.pop()
                return before
            before.append(packet)

    def wait_to_see(self, users):
        """Until these are known to it, and nobody else. Who joins waits for other servers for a tenth
        of a second, and hears afterwards of whom they name later."""
        seen = {packet.target[0] for packet in self.roster + self.heard
                if packet.is_meeting(packets.JOINED)}
        while not users <= seen:
            seen.add(self.hear(lambda packet: packet.is_meeting(packets.JOINED)).target[0])
        assert seen - {self.user} == users, f"seen: {seen}"

    def listen(self, seconds):
        """Hears whatever comes within this time."""
        deadline = Deadline(seconds)
        try:
            while True:
                self.next(deadline.left())
        except TooLate:
            pass

    def heard_raw(self):
        return [packet.raw for packet in self.heard]

    def end(self, within=PATIENCE):
        """How the server ended the session; what came before is heard."""
        return read_to_end(self.next, within)
