"""Cases about what stands beside the session: control, QPACK, push and unknown streams."""

from conformance_case import Session, case
from raw_http3 import (BROWSER_SETTINGS, CANCEL_PUSH, CLOSED_CRITICAL, CONTROL_STREAM, DATA,
                       DECODER_STREAM, ENCODER_STREAM, FRAME_ERROR, FRAME_UNEXPECTED, GOAWAY,
                       HEADERS, ID_ERROR, MAX_PUSH_ID, PUSH_PROMISE, PUSH_STREAM,
                       QPACK_DECODER_ERROR, QPACK_ENCODER_ERROR, QPACK_FAILED, SETTINGS,
                       STREAM_CREATION, frame, grease, packed_section, prefixed_integer,
                       request_fields, settings_payload, varint)

ENCODER, DECODER = varint(ENCODER_STREAM), varint(DECODER_STREAM)


def with_session(place):
    return place.session().raw


# What ends the connection, whatever is on it.


@case("control", "SETTINGS twice", frame(SETTINGS), FRAME_UNEXPECTED)
@case("control", "DATA", frame(DATA, b"x"), FRAME_UNEXPECTED)
@case("control", "HEADERS", frame(HEADERS, packed_section(request_fields("/lobby/a/b"))),
      FRAME_UNEXPECTED)
@case("control", "PUSH_PROMISE", frame(PUSH_PROMISE, b"\x00\x00\x00"), FRAME_UNEXPECTED)
@case("control", "frame 0x02 of HTTP/2", frame(0x02, b"12345"), FRAME_UNEXPECTED)
@case("control", "frame 0x06 of HTTP/2", frame(0x06, b"12345678"), FRAME_UNEXPECTED)
@case("control", "frame 0x08 of HTTP/2", frame(0x08, b"1234"), FRAME_UNEXPECTED)
@case("control", "frame 0x09 of HTTP/2", frame(0x09), FRAME_UNEXPECTED)
@case("control", "the header of a wrong frame is enough", frame(DATA, length=1_000_000),
      FRAME_UNEXPECTED)
@case("control", "GOAWAY grows", frame(GOAWAY, varint(4)) + frame(GOAWAY, varint(8)), ID_ERROR)
@case("push", "MAX_PUSH_ID shrinks", frame(MAX_PUSH_ID, varint(5)) + frame(MAX_PUSH_ID, varint(4)),
      ID_ERROR)
@case("push", "MAX_PUSH_ID without a number", frame(MAX_PUSH_ID), FRAME_ERROR)
@case("push", "MAX_PUSH_ID with half a number", frame(MAX_PUSH_ID, b"\x40"), FRAME_ERROR)
@case("push", "MAX_PUSH_ID with more than a number", frame(MAX_PUSH_ID, b"\x01\x01"), FRAME_ERROR)
@case("push", "a push that was never promised is cancelled",
      frame(MAX_PUSH_ID, varint(9)) + frame(CANCEL_PUSH, varint(3)), ID_ERROR)
def wrong_on_control(place, data, code):
    raw = with_session(place)
    raw.send(raw.control, data)
    raw.expect_connection_error(code)


@case("control", "a second control stream",
      varint(CONTROL_STREAM) + frame(SETTINGS, settings_payload(BROWSER_SETTINGS)), STREAM_CREATION)
@case("push", "a push stream of the client", varint(PUSH_STREAM) + varint(0), STREAM_CREATION)
@case("qpack", "the encoder sets a capacity of 1", ENCODER + b"\x21", QPACK_ENCODER_ERROR)
@case("qpack", "the encoder inserts a field", ENCODER + b"\x41x\x01y", QPACK_ENCODER_ERROR)
@case("qpack", "the encoder inserts a field with a known name", ENCODER + b"\xc0\x01y",
      QPACK_ENCODER_ERROR)
@case("qpack", "the encoder duplicates an entry", ENCODER + b"\x00", QPACK_ENCODER_ERROR)
@case("qpack", "the encoder sends an integer without an end", ENCODER + b"\x3f" + b"\xff" * 20,
      QPACK_ENCODER_ERROR)
@case("qpack", "the decoder acknowledges what was never sent", DECODER + b"\x80",
      QPACK_DECODER_ERROR)
@case("qpack", "the decoder counts no insert", DECODER + b"\x00", QPACK_DECODER_ERROR)
@case("qpack", "the decoder counts inserts that never were", DECODER + b"\x05", QPACK_DECODER_ERROR)
def wrong_stream(place, data, code):
    raw = with_session(place)
    raw.open_uni(data)
    raw.expect_connection_error(code)


@case("control", "a second {} stream", "encoder", ENCODER)
@case("control", "a second {} stream", "decoder", DECODER)
def second_qpack(place, _, head):
    raw = with_session(place)
    raw.open_uni(head)
    raw.open_uni(head)
    raw.expect_connection_error(STREAM_CREATION)


@case("control", "the control stream ends")
def control_ends(place):
    raw = with_session(place)
    raw.send(raw.control, b"", fin=True)
    raw.expect_connection_error(CLOSED_CRITICAL)


@case("control", "the control stream is reset")
def control_reset(place):
    raw = with_session(place)
    raw.reset(raw.control)
    raw.expect_connection_error(CLOSED_CRITICAL)


@case("control", "the control stream ends right behind its type")
def control_ends_at_once(place):
    raw = place.raw()
    raw.open_uni(varint(CONTROL_STREAM), fin=True)
    raw.expect_connection_error(CLOSED_CRITICAL)


@case("control", "the {} stream ends", "encoder", ENCODER)
@case("control", "the {} stream ends", "decoder", DECODER)
def qpack_ends(place, _, head):
    raw = with_session(place)
    raw.open_uni(head, fin=True)
    raw.expect_connection_error(CLOSED_CRITICAL)


@case("control", "the encoder stream is reset")
def qpack_reset(place):
    raw = with_session(place)
    stream = raw.open_uni(ENCODER)
    raw.barrier()
    raw.reset(stream)
    raw.expect_connection_error(CLOSED_CRITICAL)


@case("control", "the server's own control stream is stopped")
def stop_control(place):
    raw = with_session(place)
    raw.stop(3)
    raw.expect_connection_error(CLOSED_CRITICAL)


@case("qpack", "fields {}", "of a dynamic table", b"\x02\x00\x80")
@case("qpack", "fields {}", "of a dynamic table, behind the base", b"\x02\x00\x10")
@case("qpack", "fields {}", "beyond the static table", b"\x00\x00" + prefixed_integer(0xC0, 6, 99))
@case("qpack", "fields {}", "that are cut", b"\x00\x00\x23abc\x05x")
@case("qpack", "fields {}", "without a head", b"")
@case("qpack", "fields {}", "with a Huffman code that is none", b"\x00\x00\x2b\xff\xff\xff\x01x")
@case("qpack", "fields {}", "with a length of 2^63", b"\x00\x00\x27" + b"\xff" * 9 + b"\x01")
@case("qpack", "fields {}", "with an integer without an end", b"\x00\x00\xff" + b"\xff" * 30)
def bad_section(place, _, section):
    raw = place.client()
    raw.open_bidi(frame(HEADERS, section))
    raw.expect_connection_error(QPACK_FAILED)


# What ends nothing.


@case("control", "reserved and unknown frames are skipped, of whatever length")
def unknown_frames(place):
    session = place.session()
    raw = session.raw
    for number, size in ((0, 0), (1, 1), (77, 300), (1 << 50, 5)):
        raw.send(raw.control, frame(grease(number), b"x" * size))
    raw.send(raw.control, frame(0x0FACADE, b"y" * 400_000))
    raw.send_in_pieces(raw.control, frame(grease(5), b"slowly"))
    raw.send(raw.control, frame(MAX_PUSH_ID, varint(1)))
    session.expect_alive()
    raw.send(raw.control, frame(DATA, b""))
    raw.expect_connection_error(FRAME_UNEXPECTED)


@case("push", "MAX_PUSH_ID grows")
def push_id_grows(place):
    session = place.session()
    for value in (0, 0, 5, 1 << 20, (1 << 62) - 1):
        session.raw.send(session.raw.control, frame(MAX_PUSH_ID, varint(value)))
    session.expect_alive()


@case("control", "GOAWAY of the client ends nothing")
def goaway(place):
    session = place.session()
    session.raw.send(session.raw.control, frame(GOAWAY, varint(4)) + frame(GOAWAY, varint(0)))
    session.expect_alive()


@case("unknown streams", "of type {:#x}", grease(0))
@case("unknown streams", "of type {:#x}", grease(12345))
@case("unknown streams", "of type {:#x}", 0x3F)
@case("unknown streams", "of type {:#x}", 0x7777)
@case("unknown streams", "of type {:#x}", (1 << 62) - 1)
def unknown_stream(place, kind):
    session = place.session()
    for fin in (True, False):
        session.raw.open_uni(varint(kind) + b"z" * 5000, fin)
    session.raw.reset(session.raw.open_uni(varint(kind) + b"z"))
    session.expect_alive()


@case("unknown streams", "two hundred of them, 50 kB each, use nothing up")
def many_unknown_streams(place):
    session = place.session()
    for number in range(200):
        session.raw.open_uni(varint(grease(number)) + b"z" * 50_000, fin=True)
    session.raw.barrier()
    session.expect_alive()


@case("unknown streams", "whose type is cut {}", "by their end", True)
@case("unknown streams", "whose type is cut {}", "by a reset", False)
def cut_type(place, _, fin):
    session = place.session()
    for data in (b"", b"\x40", b"\x80\x00\x00", b"\xc0"):
        stream = session.raw.open_uni(data, fin)
        if not fin:
            session.raw.reset(stream)
    session.expect_alive()


@case("qpack", "an encoder stream that sets a capacity of 0")
def capacity_0(place):
    raw = place.client()
    raw.open_uni(ENCODER + b"\x20")
    Session(raw, place.target()).expect_alive()


@case("qpack", "the decoder cancels a stream")
def cancellation(place):
    session = place.session()
    session.raw.open_uni(DECODER + b"\x40\x44")
    session.expect_alive()
