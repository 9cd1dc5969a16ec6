"""Cases about streams in which something is wrong, and of those before and after their session."""

from conformance_case import Session, case, early_packet, expect_heard, together
from raw_http3 import (BUFFERED_STREAM_REJECTED, EXCESSIVE_LOAD, FRAME_ERROR, FRAME_UNEXPECTED,
                       ID_ERROR, NO_ERROR, REQUEST_CANCELLED, SESSION_GONE, WT_BIDI, WT_STREAM,
                       frame, grease, request_fields, varint)

import packets
from conformance_suite import Failure
from endings import Ended
from packets import VIDEO, media, stamp, wrapper
from webtransport_client import close_capsule, stream_code

TOO_LARGE = 4_200_000
# What the server grants at once is enough for none of these.
MANY = 10_000


# Streams in which something is wrong.


@case("stream", "its head cut at each byte {}", "by its end", True)
@case("stream", "its head cut at each byte {}", "by a reset", False)
def cut_heads(place, _, fin):
    listener, session = together(place)
    head = varint(WT_STREAM, 4) + varint(session.id, 4)
    for cut in range(len(head)):
        stream = session.raw.open_uni(head[:cut], fin)
        if not fin:
            session.raw.barrier()
            session.raw.reset(stream)
    expect_heard(listener, session)


@case("stream", "that ends right behind its head is an empty packet")
def empty_stream(place):
    listener, session = together(place)
    session.raw.open_uni(session.head, fin=True)
    listener.hear(stamp(session.session_id))


@case("stream", "reset half-way, with every kind of code: nothing of it is heard")
def reset_streams(place):
    listener, session = together(place)
    packet = wrapper(packets.CONNECTION, "culprit", b"h" * 3000)
    for code in (stream_code(0), stream_code(29), stream_code(30), stream_code(255),
                 stream_code(0xFFFFFFFF), 0, NO_ERROR, REQUEST_CANCELLED, SESSION_GONE,
                 (1 << 62) - 1):
        for cut in (0, 1, len(packet) // 2, len(packet)):
            stream = session.raw.open_uni(session.head + packet[:cut])
            session.raw.reset(stream, code)
    expect_heard(listener, session)


def expect_heard_or_overload(listener, session):
    """Firefox resets streams before they have begun; nobody needs to do so thousands of times."""
    try:
        expect_heard(listener, session)
    except (Ended, BrokenPipeError):
        session.raw.expect_connection_error(EXCESSIVE_LOAD)


@case("stream", "reset before a byte of it was sent, {} times", 300, expect_heard)
@case("stream", "reset before a byte of it was sent, {} times", MANY, expect_heard_or_overload)
def reset_unseen(place, count, expect):
    listener, session = together(place)
    raw = session.raw
    done = 0
    try:
        while done < count:
            batch = min(raw.wait_for(lambda: max(0, raw.credit()), what="credit"), count - done)
            raw.act(lambda: [raw.quic.reset_stream(raw.open_stream(), 0) for _ in range(batch)])
            done += batch
    except (Ended, BrokenPipeError):
        pass
    expect(listener, session)


@case("stream", "of 4.2 MB: it is stopped, and the session lives")
def too_large(place):
    listener, session = together(place)
    stream = session.raw.open_uni(session.head + b"\x08\x04\x1a" + b"x" * TOO_LARGE)
    session.raw.expect_stopped(stream, within=30)
    session.raw.barrier(30)
    expect_heard(listener, session)


@case("stream", "ten of 4.2 MB, one after another")
def too_large_again(place):
    listener, session = together(place)
    for _ in range(10):
        # Without an end: one that has come whole before it is too long needs no stopping.
        stream = session.raw.open_uni(session.head + b"x" * TOO_LARGE)
        session.raw.expect_stopped(stream, within=30)
    expect_heard(listener, session)


@case("stream", "of session {}, which does not exist", 4)
@case("stream", "of session {}, which does not exist", 400)
@case("stream", "of session {}, which does not exist", (1 << 62) - 4)
def unknown_session(place, number):
    listener, session = together(place)
    stream = session.raw.open_uni(varint(WT_STREAM) + varint(number) + b"x" * 100)
    session.raw.expect_stopped(stream, BUFFERED_STREAM_REJECTED, SESSION_GONE)
    expect_heard(listener, session)


@case("stream", "of session {}, which is no request", 1)
@case("stream", "of session {}, which is no request", 2)
@case("stream", "of session {}, which is no request", 3)
def impossible_session(place, number):
    session = place.session()
    session.raw.open_uni(varint(WT_STREAM) + varint(number) + b"x")
    session.raw.expect_connection_error(ID_ERROR)


@case("stream", "ten thousand opened and left: datagrams still pass")
def streams_left_open(place):
    session = place.session()
    raw = session.raw

    def open_many():
        for _ in range(MANY // 100):
            raw.quic.send_stream_data(raw.open_stream(), session.head + b"x")

    for _ in range(100):
        raw.act(open_many)
    session.expect_alive("datagram")


@case("stream", "ten thousand begun and reset: the session lives")
def streams_reset(place):
    listener, session = together(place)
    raw = session.raw
    done = 0
    while done < MANY:
        batch = min(raw.wait_for(lambda: max(0, raw.credit()), what="credit"), 50)
        begun = [raw.open_uni(session.head + b"x") for _ in range(batch)]
        raw.act(lambda: [raw.quic.reset_stream(stream, REQUEST_CANCELLED) for stream in begun])
        done += batch
    expect_heard(listener, session)


@case("stream", "every one of the server's is stopped: the session lives")
def stop_server_streams(place):
    listener, session = together(place)
    raw = session.raw
    session.expect_alive()
    for i in range(50):
        listener.send(media(VIDEO, "listener", b"%d" % i + b"v" * 20_000, "key"))
    stopped = set()

    def some_to_stop():
        return [number for number, stream in raw.streams.items() if number % 4 == 3 and number > 3
                and number not in stopped and stream.data[:2] == varint(WT_STREAM)]

    while len(stopped) < 20:
        for number in raw.wait_for(some_to_stop, what="a stream"):
            stopped.add(number)
            try:
                raw.stop(number, stream_code(0))
            except ValueError:
                pass  # it is over already
    session.expect_alive()
    expect_heard(listener, session)


@case("stream", "both ways: refused, and the session lives")
def bidirectional(place):
    listener, session = together(place)
    raw = session.raw
    for number in range(30):
        stream = raw.open_bidi(varint(WT_BIDI) + varint(session.id) + b"hello %d" % number)
        raw.expect_stopped(stream)
        raw.expect_reset(stream)
    expect_heard(listener, session)


@case("stream", "the mark of one both ways stands behind other frames")
def late_mark(place):
    session = place.session()
    session.raw.open_bidi(frame(grease(1), b"x") + varint(WT_BIDI) + varint(session.id))
    session.raw.expect_connection_error(FRAME_ERROR, FRAME_UNEXPECTED)


# Before the session, and after it.


@case("early", "streams before the CONNECT are kept for it")
def early_streams(place):
    listener = place.member()
    raw = place.client()
    for number in range(10):
        raw.open_uni(varint(WT_STREAM) + varint(0) + early_packet(number), fin=True)
    raw.barrier()
    session = Session(raw, place.target())
    wanted = {early_packet(number) + stamp(session.session_id) for number in range(10)}
    while wanted:
        wanted.discard(listener.next().raw)


@case("early", "half a stream before the CONNECT, half behind it")
def early_half(place):
    listener = place.member()
    raw = place.client()
    packet = early_packet(1)
    stream = raw.open_uni(varint(WT_STREAM) + varint(0) + packet[:5])
    raw.barrier()
    session = Session(raw, place.target())
    raw.send(stream, packet[5:], fin=True)
    listener.hear(packet + stamp(session.session_id))


@case("early", "of ninety streams too many are rejected, and the session comes about")
def too_many_early_streams(place):
    listener = place.member()
    raw = place.client()
    for number in range(90):
        raw.open_uni(varint(WT_STREAM) + varint(0) + early_packet(number))
    raw.wait_for(lambda: any(stream.stopped for stream in raw.streams.values()),
                 what="STOP_SENDING")
    for number, stream in raw.streams.items():
        if stream.stopped not in (None, BUFFERED_STREAM_REJECTED):
            raise Failure(f"stream {number} was stopped with {stream.stopped:#x}")
    expect_heard(listener, Session(raw, place.target()))


@case("early", "datagrams before the CONNECT are kept for it, or lost")
def early_datagrams(place):
    listener = place.member()
    raw = place.client()
    for number in range(300):
        raw.send_datagram(varint(0) + early_packet(number))
    raw.barrier()
    expect_heard(listener, Session(raw, place.target()))


@case("early", "streams and datagrams of a session that is refused go nowhere")
def early_refused(place):
    raw = place.client()
    for number in range(10):
        raw.open_uni(varint(WT_STREAM) + varint(0) + early_packet(number))
        raw.send_datagram(varint(0) + early_packet(number))
    raw.barrier()
    if raw.status(raw.ask(request_fields("/nothing"))) != 404:
        raise Failure("it was not refused")
    raw.expect_alive()


@case("late", "streams and datagrams behind the close go nowhere")
def after_close(place):
    listener, session = together(place)
    session.expect_alive()
    session.send_capsule(close_capsule(0), fin=True)
    for number in range(20):
        try:
            session.send(early_packet(number))
            session.send_datagram(early_packet(number))
        except BrokenPipeError:
            break
    session.expect_over()
    if heard := listener.probe():
        raise Failure(f"something was heard: {heard}")
