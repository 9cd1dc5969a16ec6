"""One packet of each kind that a client may send, with every field that there is (spec 3)."""

import packets
from packets import double, number, octets, single, wrapper

USER = "alice"


def media(media_type, data=b"", *, frame_type="", of=b"", metadata=b""):
    """A MediaPacket; `metadata` are its last fields."""
    return (number(1, media_type) + octets(2, of) + octets(3, data) + octets(4, frame_type)
            + double(5, 1770163200123.5) + double(6, 33333.0) + metadata)


AUDIO_METADATA = octets(7, octets(1, "opus-red") + number(2, 2) + number(3, 960) + single(4, 48000)
                        + number(5, 7))
VIDEO_METADATA = octets(8, number(1, 9) + number(2, 2))
HEARTBEAT_METADATA = octets(9, number(1, 1) + number(2, 1) + number(3, 1) + number(4, 1))
METRICS = single(1, 29.5) + number(2, 2500)
DIAGNOSTICS = (octets(1, "stream") + octets(2, USER) + octets(3, "bob") + number(4, 1770163200123)
               + number(5, packets.VIDEO) + octets(6, METRICS) + octets(7, METRICS))

# To everybody else in the room.
RELAYED = {
    "of no type": wrapper(packets.UNKNOWN, USER, b"junk"),
    "empty": b"",
    "RSA_PUB_KEY": wrapper(packets.RSA_PUB_KEY, USER, octets(1, b"\x30\x82" * 9) + octets(2, USER)),
    "AES_KEY": wrapper(packets.AES_KEY, USER, octets(1, b"\x80" * 32) + octets(2, b"\x81" * 16)),
    "VIDEO, a keyframe": wrapper(packets.MEDIA, USER, media(
        packets.VIDEO, b"frame" * 400, frame_type="key", metadata=VIDEO_METADATA)),
    "VIDEO, a delta": wrapper(packets.MEDIA, USER, media(
        packets.VIDEO, b"delta", frame_type="delta", metadata=VIDEO_METADATA)),
    "AUDIO": wrapper(packets.MEDIA, USER, media(
        packets.AUDIO, b"opus", frame_type="key", metadata=AUDIO_METADATA)),
    "SCREEN": wrapper(packets.MEDIA, USER, media(
        packets.SCREEN, b"screen", frame_type="key", metadata=VIDEO_METADATA)),
    "HEARTBEAT": wrapper(packets.MEDIA, USER, media(
        packets.HEARTBEAT, of=USER, metadata=HEARTBEAT_METADATA)),
    "MEDIA of no type": wrapper(packets.MEDIA, USER, media(packets.NO_MEDIA, b"what")),
    "MEDIA of the future": wrapper(packets.MEDIA, USER, media(19, b"what")),
    "MEDIA, encrypted": wrapper(packets.MEDIA, USER, bytes(range(255, 191, -1))),
    "CONNECTION": wrapper(packets.CONNECTION, USER, octets(1, "room")),
    "DIAGNOSTICS": wrapper(packets.DIAGNOSTICS, USER, DIAGNOSTICS),
    "of the future": wrapper(77, USER, b"what") + octets(99, "an unknown field"),
    "in another's name": wrapper(packets.CONNECTION, "mallory", b"x", session_id=1 << 63),
}
# To nobody in the room: answered, consumed, or only for the server to say.
KEPT = {
    "RTT": packets.rtt_probe(),
    "HEALTH": wrapper(packets.HEALTH, USER),
    "MEETING": packets.joined("room", "mallory", 1 << 63),
    "SESSION_ASSIGNED": packets.session_assigned(1 << 63),
    "CONGESTION": wrapper(packets.CONGESTION, USER, session_id=1 << 63),
}

COUNTERS = b"".join(double(operation, operation + 0.5) for operation in range(1, 10))
NETEQ = double(1, 80.5) + double(2, 4) + octets(3, octets(1, COUNTERS)) + double(4, 50)
PEER = (number(1, 1) + number(2, 1) + number(3, 1) + number(4, 1) + octets(5, NETEQ)
        + octets(6, double(1, 29.5) + double(2, 3) + number(3, 900) + number(4, 2500)))


def health_report(session, meeting, user, url, transport):
    """A HealthPacket about two peers."""
    peers = b"".join(octets(7, octets(1, peer) + octets(2, PEER)) for peer in ("1001", "1002"))
    return (octets(1, session) + octets(2, meeting) + octets(3, user) + number(4, 1770163200123)
            + number(5, 1) + number(6, 1) + peers + octets(8, url) + octets(9, transport)
            + double(10, 12.5) + octets(99, "an unknown field"))
