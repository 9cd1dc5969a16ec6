"""The packets, encoded and decoded by hand: a second opinion about the wire."""

import struct
from dataclasses import dataclass, field

SYSTEM_USER = b"system-&^%$#@!"

(UNKNOWN, RSA_PUB_KEY, AES_KEY, MEDIA, CONNECTION, DIAGNOSTICS, HEALTH, MEETING, SESSION_ASSIGNED,
 CONGESTION) = range(10)
NO_MEDIA, VIDEO, AUDIO, SCREEN, HEARTBEAT, RTT, KEYFRAME_REQUEST = range(7)
STARTED, ENDED, JOINED, LEFT = 1, 2, 3, 4


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def number(field_number, value):
    return varint(field_number << 3) + varint(value) if value else b""


def octets(field_number, value):
    value = value.encode() if isinstance(value, str) else value
    return varint(field_number << 3 | 2) + varint(len(value)) + value if value else b""


def double(field_number, value):
    return varint(field_number << 3 | 1) + struct.pack("<d", value) if value else b""


def single(field_number, value):
    return varint(field_number << 3 | 5) + struct.pack("<f", value) if value else b""


def wrapper(packet_type, user_id=b"", data=b"", session_id=0):
    """A PacketWrapper."""
    return (number(1, packet_type) + octets(2, user_id) + octets(3, data)
            + number(4, session_id))


def media(media_type, user_id=b"", data=b"", frame_type="", timestamp=0.0, of=b""):
    """A MEDIA packet; `of` is the inner user."""
    inner = (number(1, media_type) + octets(2, of) + octets(3, data) + octets(4, frame_type)
             + double(5, timestamp))
    return wrapper(MEDIA, user_id, inner)


def rtt_probe(timestamp=1.5, user_id=b"alice"):
    return media(RTT, user_id, timestamp=timestamp, of=user_id)


def keyframe_request(wanted, user_id=b"alice"):
    return media(KEYFRAME_REQUEST, user_id, b"VIDEO", of=wanted)


def stamp(session_id):
    """What the server appends to a packet."""
    return b"\x20" + varint(session_id)


def session_assigned(session_id):
    return wrapper(SESSION_ASSIGNED, SYSTEM_USER, session_id=session_id)


def meeting(event, room, *, start=0, message="", creator=b"", target=b"", session_id=0, name=b""):
    inner = (number(1, event) + octets(2, room) + number(3, start) + octets(4, message)
             + octets(5, creator) + octets(7, target) + number(9, session_id) + octets(10, name))
    return wrapper(MEETING, SYSTEM_USER, inner)


def ended(room, message):
    return meeting(ENDED, room, message=message)


def joined(room, user, session_id, name=None):
    return meeting(JOINED, room, message=f"{user} has joined the meeting", target=user,
                   session_id=session_id, name=user if name is None else name)


def left(room, user, session_id, name=None):
    return meeting(LEFT, room, message=f"{user} has left the meeting", target=user,
                   session_id=session_id, name=user if name is None else name)


def read_varint(data, place):
    value = shift = 0
    while True:
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value & (1 << 64) - 1, place


def fields(data):
    """The fields of a message as {number: last value}."""
    found, place = {}, 0
    while place < len(data):
        tag, place = read_varint(data, place)
        kind = tag & 7
        if kind == 0:
            value, place = read_varint(data, place)
        elif kind == 2:
            length, place = read_varint(data, place)
            value, place = data[place : place + length], place + length
            assert len(value) == length, "a field ends behind its message"
        else:
            size = {1: 8, 5: 4}[kind]
            value, place = data[place : place + size], place + size
        found[tag >> 3] = value
    return found


@dataclass
class Packet:
    """A packet as it came."""

    raw: bytes
    type: int = 0
    user_id: bytes = b""
    session_id: int = 0
    data: bytes = b""
    inner: dict = field(default_factory=dict)

    @classmethod
    def read(cls, raw):
        found = fields(raw)
        packet = cls(raw, found.get(1, 0), found.get(2, b""), found.get(4, 0), found.get(3, b""))
        if packet.type in (MEETING, MEDIA):
            try:
                packet.inner = fields(packet.data)
            except (IndexError, KeyError, AssertionError):
                packet.inner = {}
        return packet

    def is_meeting(self, event):
        return self.type == MEETING and self.inner.get(1, 0) == event

    def is_media(self, media_type):
        return self.type == MEDIA and self.inner.get(1, 0) == media_type

    @property
    def start_time(self):
        """Of a meeting, in milliseconds since 1970."""
        return self.inner.get(3, 0)

    @property
    def message(self):
        return self.inner.get(4, b"").decode()

    @property
    def creator(self):
        return self.inner.get(5, b"").decode()

    @property
    def target(self):
        """Whom a meeting event is about: (user, session)."""
        return self.inner.get(7, b"").decode(), self.inner.get(9, 0)
