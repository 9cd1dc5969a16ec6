"""Cases about datagrams, capsules and the ends of sessions."""

import time

from conformance_case import Session, case, early_packet, expect_heard, together
from raw_http3 import (DATAGRAM_ERROR, FRAME_UNEXPECTED, GOAWAY, HEADERS, MESSAGE_ERROR, NO_ERROR,
                       REQUEST_CANCELLED, SETTINGS, frame, grease, packed_section,
                       request_fields, varint)

import packets
from conformance_suite import Failure
from deadline import TooLate
from packets import rtt_probe, wrapper
from webtransport_client import CLOSE_CAPSULE, DRAIN_CAPSULE, capsule, close_capsule, stream_code


# Datagrams in which something is wrong.


@case("datagram", "without a session: {}", "nothing at all", b"")
@case("datagram", "without a session: {}", "half a number", b"\x40")
@case("datagram", "without a session: {}", "a number that is too large", varint(1 << 60))
def bad_datagram(place, _, data):
    session = place.session()
    session.raw.send_datagram(data)
    session.raw.expect_connection_error(DATAGRAM_ERROR)


@case("datagram", "of sessions that do not exist")
def homeless_datagrams(place):
    listener, session = together(place)
    for number in (1, 7, 100, (1 << 60) - 1):
        session.raw.send_datagram(varint(number) + early_packet(number))
    session.expect_alive("datagram")
    if heard := [packet for packet in listener.probe() if packet.session_id == session.session_id]:
        raise Failure(f"one was heard: {heard}")


@case("datagram", "that is empty behind its session, or no packet")
def odd_datagrams(place):
    listener, session = together(place)
    for data in (b"", b"\xff", b"PING", b"pin", b"ping ", b"\x00" * 1000):
        session.send_datagram(data)
    session.expect_alive("datagram")
    expect_heard(listener, session)


@case("datagram", "with its session's number in every length")
def long_quarters(place):
    session = place.session().await_datagrams()
    for form in (1, 2, 4, 8):
        probe = rtt_probe(form + 0.125, b"culprit")
        session.raw.send_datagram(varint(session.id // 4, form) + probe)
        if session.datagram() != probe:
            raise Failure("another datagram came")


@case("datagram", "five thousand as fast as they go")
def many_datagrams(place):
    listener, session = together(place)
    packet = wrapper(packets.CONNECTION, "culprit", b"flood")
    for _ in range(50):
        session.raw.act(lambda: [session.raw.quic.send_datagram_frame(session.quarter + packet)
                                 for _ in range(100)])
        session.raw.wait_for(lambda: len(session.raw.quic._datagrams_pending) < 100, 30, "room")
    session.expect_alive()
    expect_heard(listener, session)


# Capsules.


@case("capsule", "reserved and unknown ones are skipped, of whatever length")
def unknown_capsules(place):
    session = place.session()
    for kind, size in ((0x17, 0), (0x29 * 5 + 0x17, 60), (0x1234, 2000), (0x5EED, 300_000),
                       ((1 << 62) - 1, 1)):
        session.send_capsule(capsule(kind, b"c" * size))
    session.expect_alive()
    session.send_capsule(close_capsule(0), fin=True)
    session.expect_over()


@case("capsule", "right behind the CONNECT, as Chromium sends it")
def capsule_at_once(place):
    raw = place.client()
    session = Session(raw, place.target(),
                      behind=frame(0, capsule(0x29 * 7 + 0x17, b"g" * 40)) + frame(grease(3)))
    session.expect_alive()


@case("capsule", "byte by byte, each in a frame of its own")
def capsules_in_pieces(place):
    session = place.session()
    for byte in capsule(0x1234, b"abc") + close_capsule(7, b"bye"):
        session.send_capsule(bytes([byte]))
    session.expect_over()


@case("capsule", "many in a frame, and empty frames between")
def many_capsules(place):
    session = place.session()
    session.send_capsule(capsule(0x1234, b"abc") * 500)
    session.send_capsule(b"")
    session.expect_alive()


@case("capsule", "of flow control, which was not agreed upon, and DRAIN")
def flow_capsules(place):
    session = place.session()
    for kind in (0x190B4D3F, 0x190B4D40, 0x190B4D3D, 0x190B4D41, 0x190B4D43, 0x190B4D44):
        session.send_capsule(capsule(kind, varint(1)))
    session.send_capsule(capsule(DRAIN_CAPSULE, b""))
    session.expect_alive()


@case("capsule", "a datagram in a capsule is delivered or ignored")
def datagram_capsule(place):
    session = place.session()
    session.send_capsule(capsule(0, rtt_probe(3.0, b"culprit")))
    session.expect_alive()


@case("capsule", "cut by the end of the stream")
def cut_capsule(place):
    session = place.session()
    session.send_capsule(close_capsule(0, b"bye")[:-1], fin=True)
    session.expect_over(MESSAGE_ERROR, None)


@case("capsule", "a close capsule of 3 bytes", capsule(CLOSE_CAPSULE, b"\0\0\0"))
@case("capsule", "a close capsule of nothing", capsule(CLOSE_CAPSULE, b""))
@case("capsule", "a close capsule of 1029 bytes", close_capsule(0, b"r" * 1025))
@case("capsule", "a close capsule of a gigabyte",
      frame(CLOSE_CAPSULE, b"\0" * 500, length=1 << 30))  # capsules look like frames
@case("capsule", "a close capsule of no UTF-8", close_capsule(0, b"bye \xff"))
@case("capsule", "bytes behind a close capsule",
      close_capsule(0, b"bye") + capsule(0x1234, b"still here"))
def bad_close(place, data):
    session = place.session()
    session.send_capsule(data)
    session.expect_over(MESSAGE_ERROR)


@case("capsule", "HEADERS on an accepted CONNECT",
      frame(HEADERS, packed_section([(b"x", b"y")])))
@case("capsule", "frame SETTINGS on an accepted CONNECT", frame(SETTINGS))
@case("capsule", "frame GOAWAY on an accepted CONNECT", frame(GOAWAY))
@case("capsule", "frame 0x06 of HTTP/2 on an accepted CONNECT", frame(0x06))
def wrong_frame(place, data):
    session = place.session()
    session.on_connect(data)
    session.raw.expect_connection_error(FRAME_UNEXPECTED)


@case("capsule", "reserved frames between")
def frames_between(place):
    session = place.session()
    session.on_connect(frame(grease(9), b"x" * 100) + frame(0, capsule(0x1234, b"a"))
                       + frame(0xFACADE, b"y" * 100_000))
    session.expect_alive()


# Endings.


@case("end", "a close of code {}", 0, b"")
@case("end", "a close of code {}", 7, b"bye")
@case("end", "a close of code {}", 0xFFFFFFFF, b"r" * 1024)
@case("end", "a close of code {} with a reason of several alphabets", 255,
      "\u00e4\u20ac\U0001f642".encode())
def client_close(place, code, reason):
    session = place.session()
    session.send_capsule(close_capsule(code, reason), fin=True)
    session.expect_over()
    if session.capsules():
        raise Failure(f"it was answered by {session.capsules()}")
    end = session.raw.wait_for_end(8)
    if end.how != "CONNECTION_CLOSE" or end.code != NO_ERROR:
        raise Failure(f"the connection ended so: {end}")


@case("end", "a close capsule whose FIN comes later")
def close_then_fin(place):
    session = place.session()
    session.send_capsule(close_capsule(0, b"bye"))
    session.expect_over()
    session.on_connect(b"", fin=True)


@case("end", "FIN of the CONNECT stream", b"")
@case("end", "a close capsule without DATA around it, as an old client sends it",
      close_capsule(3, b"bare"))
def last_words(place, data):
    session = place.session()
    session.on_connect(data, fin=True)
    session.expect_over()


@case("end", "FIN right behind the CONNECT")
def fin_at_once(place):
    raw = place.client()
    raw.ask(request_fields(place.target()), fin=True)
    raw.expect_connection_error(NO_ERROR)  # whether or not there is an answer first


@case("end", "the CONNECT stream is reset")
def connect_reset(place):
    session = place.session()
    session.raw.reset(session.id)
    session.expect_over()


@case("end", "the CONNECT stream is stopped")
def connect_stopped(place):
    session = place.session()
    session.raw.stop(session.id)
    session.expect_over(REQUEST_CANCELLED)


@case("end", "{}: the others hear of it two seconds later", "a close",
      lambda session: session.send_capsule(close_capsule(0), fin=True), slow=True)
@case("end", "{}: the others hear of it two seconds later", "FIN",
      lambda session: session.on_connect(b"", fin=True), slow=True)
@case("end", "{}: the others hear of it two seconds later", "a reset",
      lambda session: session.raw.reset(session.id), slow=True)
@case("end", "{}: the others hear of it two seconds later", "STOP_SENDING",
      lambda session: session.raw.stop(session.id), slow=True,
      known_limit="ngtcp2 1.11 does not tell that our side of a bidirectional stream was stopped: "
                  "the session lives until its client has been silent for 30 s")
@case("end", "{}: the others hear of it two seconds later", "CONNECTION_CLOSE",
      lambda session: session.raw.close_connection(NO_ERROR), slow=True)
@case("end", "{}: the others hear of it two seconds later", "CONNECTION_CLOSE of code 7",
      lambda session: session.raw.close_connection(stream_code(7), "seven"), slow=True)
@case("end", "{}: the others hear of it two seconds later", "a violation",
      lambda session: session.raw.send(session.raw.control, frame(0, b"")), slow=True)
def left(place, _, go):
    listener, session = together(place)
    expect_heard(listener, session)
    begun = time.monotonic()
    go(session)
    listener.hear(packets.left(place.room, "culprit", session.session_id))
    if not 1.9 <= time.monotonic() - begun <= 3.5:
        raise Failure(f"they heard it after {time.monotonic() - begun:.1f} s")


def expect_server_close(session, code, reason):
    """A close capsule of the server, FIN behind it, and nothing more of the session's."""
    session.expect_over()
    closes = [payload for kind, payload in session.capsules() if kind == CLOSE_CAPSULE]
    wanted = code.to_bytes(4, "big") + reason.encode()
    if closes != [wanted]:
        raise Failure(f"the close capsules are {closes}, not {wanted}")


def taken_over(place, key):
    """(a session that the server closes, the one that has taken its place)."""
    target = place.target() + f"?resume={key}"
    old = Session(place.client(), target)
    new = Session(place.client(), target)
    if new.session_id != old.session_id:
        raise Failure("the session was not resumed")
    new.say(b"taking over")
    expect_server_close(old, 0, "resumed elsewhere")
    return old, new


@case("end", "the server closes with code and reason, and lets the client answer")
def server_close(place):
    old, new = taken_over(place, "0123456789abcdef" * 2)
    old.on_connect(b"", fin=True)
    old.raw.expect_connection_error(NO_ERROR)
    new.expect_alive()


@case("end", "the server closes, the client does not answer: the connection ends all the same",
      slow=True)
def unanswered_close(place):
    old, _ = taken_over(place, "fedcba9876543210" * 2)
    begun = time.monotonic()
    old.raw.expect_connection_error(NO_ERROR, within=6)
    if time.monotonic() - begun < 1.0:
        raise Failure("it did not wait for the answer")


@case("end", "a session is rejected: it is told why, then closed with code 1", needs="secret")
def rejected(place):
    token = place.token(packets.SYSTEM_USER.decode())
    session = Session(place.client(), "/lobby?token=" + token, is_told=False)
    told = packets.Packet.read(session.packet())
    if not told.is_meeting(packets.ENDED):
        raise Failure(f"it was told {told}")
    expect_server_close(session, 1, "Session rejected")


@case("end", "silent for long: nothing but time ends it", slow=True)
def quiet_client(place):
    session = place.session()
    try:
        end = session.raw.wait_for_end(6)
    except TooLate:
        session.expect_alive()
    else:
        raise Failure(f"it ended: {end}")
