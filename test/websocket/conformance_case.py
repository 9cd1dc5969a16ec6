"""What a conformance case is here, and how one is run against an echo endpoint or against a relay.

A Case sends steps over one connection and lists what must come of them. Every binary message is a
valid PacketWrapper, so that the same bytes serve both kinds of endpoint: an echo sends a message
back on the same connection; a relay hands a binary one to the other member of the room, with the
sender's session id appended, and ignores text.
"""

import random

from raw_websocket import RawConnection, Url  # first: it says where the modules of test/e2e are

from conformance_suite import Case as FreeCase, Failure
from packets import varint
from websocket_protocol import BINARY, CLOSE, PING, PONG, TEXT, close, frame

# Steps other than bytes, which are sent at once.


class Pieces:
    """Sends `data` in pieces of the given sizes, the last of which repeats."""

    def __init__(self, data, *sizes, pause=0.0005):
        self.data, self.sizes, self.pause = data, sizes, pause

    def run(self, connection):
        connection.send_in_pieces(self.data, self.sizes, self.pause)


class Case(FreeCase):
    """`expect` holds ("text" | "binary" | "pong", payload) and at most one ("close", codes) at its
    end; without that the client says goodbye itself. `first` goes out with the request."""

    def __init__(self, group, name, steps, expect, *, first=b"", **marks):
        super().__init__(group, name, lambda endpoint: endpoint.run(self), **marks)
        self.steps, self.expect, self.first = steps, expect, first


def closed(*codes):
    return ("close", codes)


def envelope(size, data=None):
    """A PacketWrapper of exactly `size` bytes (2 or at least 4; 0 is the empty one), of a type
    that a relay hands on whatever is in it. `data` instead of a size: one that carries it."""
    start = b"\x08\x01"
    if data is not None:
        return start + b"\x1a" + varint(len(data)) + data
    if size in (0, 2):
        return start[:size]
    # A user id of 0 or 1 bytes fills what no length of data alone could.
    for user_id in (b"", b"\x12\x00", b"\x12\x01u"):
        for length_bytes in range(1, 5):
            length = size - len(start) - len(user_id) - 1 - length_bytes
            if length >= 0 and len(varint(length)) == length_bytes:
                filling = random.Random(size).randbytes(length)
                return start + user_id + b"\x1a" + varint(length) + filling
    raise ValueError(f"no envelope has {size} bytes")


def is_close_code(payload, codes):
    if not payload:
        return None in codes
    return len(payload) >= 2 and int.from_bytes(payload[:2], "big") in codes


def brief(item):
    kind, content = item
    if kind == "close":
        return f"close {content}"
    if len(content) > 24:
        return f"{kind} of {len(content)} bytes"
    return f"{kind} {content!r}"


def next_item(connection):
    """The next frame but pings, as an item; None at the end."""
    kinds = {TEXT: "text", BINARY: "binary", CLOSE: "close", PONG: "pong"}
    while True:
        read = connection.read_frame()
        if read is None:
            return None
        if read[0] != PING:
            return kinds[read[0]], read[1]


def expect_items(connection, expected, is_ours=lambda item: True):
    """Reads until all of `expected` has come, in this order and with nothing between; what
    `is_ours` denies is passed over."""
    for wanted in expected:
        item = next_item(connection)
        while item is not None and not is_ours(item):
            item = next_item(connection)
        if item is None:
            raise Failure(f"the connection ended before {brief(wanted)}")
        fits = item == wanted
        if item[0] == wanted[0] == "close":
            fits = is_close_code(item[1], wanted[1])
        if not fits:
            raise Failure(f"{brief(item)} came instead of {brief(wanted)}")
        connection.progress()


def send_steps(connection, steps):
    for step in steps:
        if isinstance(step, bytes):
            connection.send(step)
        else:
            step.run(connection)


class EchoEndpoint:
    """Sends text and binary messages back."""

    def __init__(self, url):
        self.url = Url(url)

    def connect(self):
        """A TCP connection on which nothing has been said."""
        return RawConnection(self.url)

    def expect_alive(self):
        """A new connection gets its answer."""
        self.run(Case("", "", [frame(BINARY, envelope(20))], [("binary", envelope(20))]))

    def run(self, case):
        expected, steps = list(case.expect), list(case.steps)
        if not expected or expected[-1][0] != "close":
            steps.append(close(1000))
            expected.append(closed(1000))
        with self.connect() as connection:
            connection.handshake(case.first)
            send_steps(connection, steps)
            expect_items(connection, expected)
            connection.expect_end()


def type_of_packet(packet):
    return packet[1] if packet[:1] == b"\x08" and len(packet) > 1 else 0


MEETING, SESSION_ASSIGNED, CONGESTION = 7, 8, 9


def is_from_member(item):
    """False for what a relay says of itself."""
    return item[0] != "binary" or type_of_packet(item[1]) not in (
        MEETING, SESSION_ASSIGNED, CONGESTION)


class RelayEndpoint:
    """Hands binary messages to the other members of a room. `pattern` is an address in which
    <user> and <room> stand for names."""

    def __init__(self, pattern):
        if "<room>" not in pattern:
            pattern = pattern.rstrip("/") + "/lobby/<user>/<room>"
        self._pattern = pattern
        self._rooms = 0

    def _url(self, user):
        room = f"conformance-{self._rooms}"
        return Url(self._pattern.replace("<user>", user).replace("<room>", room))

    def connect(self):
        self._rooms += 1
        return RawConnection(self._url("conf-a"))

    def expect_alive(self):
        self.run(Case("", "", [frame(BINARY, envelope(20))], [("binary", envelope(20))]))

    def run(self, case):
        to_sender = [item for item in case.expect if item[0] in ("pong", "close")]
        to_other = [item for item in case.expect if item[0] == "binary"]
        steps = list(case.steps)
        if not to_sender or to_sender[-1][0] != "close":
            steps.append(close(1000))
            to_sender.append(closed(1000))
        sender = self.connect()
        with sender, RawConnection(self._url("conf-b")) as other:
            other.handshake()
            while type_of_packet(next_packet(other)) != SESSION_ASSIGNED:
                pass
            sender.handshake(case.first)
            send_steps(sender, steps)
            expect_items(sender, to_sender, is_from_member)
            sender.expect_end()
            for _, packet in to_other:
                other.progress()
                expect_stamped(other, packet)
            # Whatever else came of it stands before the answer to this.
            other.send(frame(PING, b"nothing else"))
            expect_items(other, [("pong", b"nothing else")], is_from_member)


def next_packet(connection):
    item = next_item(connection)
    if item is None or item[0] != "binary":
        raise Failure(f"{item and brief(item)} came instead of a packet")
    return item[1]


def expect_stamped(connection, packet):
    """The packet with field 4, a non-zero varint, appended (and nothing else)."""
    while not is_from_member(("binary", got := next_packet(connection))):
        pass
    stamp = got[len(packet):]
    if not got.startswith(packet):
        raise Failure(f"a packet of {len(got)} bytes came instead of one of {len(packet)}")
    is_varint = 2 <= len(stamp) <= 11 and stamp[-1] < 0x80 and all(b >= 0x80 for b in stamp[1:-1])
    if stamp[:1] != b"\x20" or not is_varint or stamp[1:] == b"\x00":
        raise Failure(f"the packet's stamp is {stamp.hex()}")
