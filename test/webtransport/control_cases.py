"""Cases about what stands beside the session: control, QPACK, push and unknown streams."""

from conformance_case import Session, case
from raw_http3 import (CANCEL_PUSH, CLOSED_CRITICAL, CONTROL_STREAM, DATA, DECODER_STREAM,
                       ENCODER_STREAM, FRAME_ERROR, FRAME_UNEXPECTED, GOAWAY, HEADERS, ID_ERROR,
                       MAX_PUSH_ID, PUSH_PROMISE, PUSH_STREAM, QPACK_DECODER_ERROR,
                       QPACK_ENCODER_ERROR, QPACK_FAILED, SETTINGS, STREAM_CREATION, frame, grease,
                       packed_section, prefixed_integer, request_fields, varint)


def with_session(place):
    return place.session().raw


@case("control", "a second control stream")
def second_control(place):
    raw = with_session(place)
    raw.send_settings()
    raw.expect_connection_error(STREAM_CREATION)


@case("control", "a second {} stream", "encoder", ENCODER_STREAM)
@case("control", "a second {} stream", "decoder", DECODER_STREAM)
def second_qpack(place, _, kind):
    raw = with_session(place)
    raw.open_uni(varint(kind))
    raw.open_uni(varint(kind))
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


@case("control", "the {} stream ends", "encoder", ENCODER_STREAM)
@case("control", "the {} stream ends", "decoder", DECODER_STREAM)
def qpack_ends(place, _, kind):
    raw = with_session(place)
    raw.open_uni(varint(kind), fin=True)
    raw.expect_connection_error(CLOSED_CRITICAL)


@case("control", "the encoder stream is reset")
def qpack_reset(place):
    raw = with_session(place)
    stream = raw.open_uni(varint(ENCODER_STREAM))
    raw.barrier()
    raw.reset(stream)
    raw.expect_connection_error(CLOSED_CRITICAL)


@case("control", "the server's own control stream is stopped")
def stop_control(place):
    raw = with_session(place)
    raw.stop(3)
    raw.expect_connection_error(CLOSED_CRITICAL)


@case("control", "{}", "SETTINGS twice", SETTINGS, b"")
@case("control", "{}", "DATA", DATA, b"x")
@case("control", "{}", "HEADERS", HEADERS, packed_section(request_fields("/lobby/a/b")))
@case("control", "{}", "PUSH_PROMISE", PUSH_PROMISE, b"\x00\x00\x00")
@case("control", "frame {} of HTTP/2", "0x02", 0x02, b"12345")
@case("control", "frame {} of HTTP/2", "0x06", 0x06, b"12345678")
@case("control", "frame {} of HTTP/2", "0x08", 0x08, b"1234")
@case("control", "frame {} of HTTP/2", "0x09", 0x09, b"")
def wrong_frame(place, _, kind, payload):
    raw = with_session(place)
    raw.send(raw.control, frame(kind, payload))
    raw.expect_connection_error(FRAME_UNEXPECTED)


@case("control", "the header of a wrong frame is enough")
def wrong_frame_header(place):
    raw = with_session(place)
    raw.send(raw.control, frame(DATA, b"", length=1_000_000))
    raw.expect_connection_error(FRAME_UNEXPECTED)


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


@case("push", "MAX_PUSH_ID shrinks")
def push_id_shrinks(place):
    raw = with_session(place)
    raw.send(raw.control, frame(MAX_PUSH_ID, varint(5)) + frame(MAX_PUSH_ID, varint(4)))
    raw.expect_connection_error(ID_ERROR)


@case("push", "MAX_PUSH_ID {}", "without a number", b"")
@case("push", "MAX_PUSH_ID {}", "with half a number", b"\x40")
@case("push", "MAX_PUSH_ID {}", "with more than a number", b"\x01\x01")
def bad_push_id(place, _, payload):
    raw = with_session(place)
    raw.send(raw.control, frame(MAX_PUSH_ID, payload))
    raw.expect_connection_error(FRAME_ERROR)


@case("push", "a push that was never promised is cancelled")
def cancel_push(place):
    raw = with_session(place)
    raw.send(raw.control, frame(MAX_PUSH_ID, varint(9)) + frame(CANCEL_PUSH, varint(3)))
    raw.expect_connection_error(ID_ERROR)


@case("push", "a push stream of the client")
def push_stream(place):
    raw = with_session(place)
    raw.open_uni(varint(PUSH_STREAM) + varint(0))
    raw.expect_connection_error(STREAM_CREATION)


@case("control", "GOAWAY of the client ends nothing")
def goaway(place):
    session = place.session()
    session.raw.send(session.raw.control, frame(GOAWAY, varint(4)) + frame(GOAWAY, varint(0)))
    session.expect_alive()


@case("control", "GOAWAY grows")
def goaway_grows(place):
    raw = with_session(place)
    raw.send(raw.control, frame(GOAWAY, varint(4)) + frame(GOAWAY, varint(8)))
    raw.expect_connection_error(ID_ERROR)


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
    raw.open_uni(varint(ENCODER_STREAM) + b"\x20")
    Session(raw, place.target()).expect_alive()


@case("qpack", "the encoder {}", "sets a capacity of 1", b"\x21")
@case("qpack", "the encoder {}", "inserts a field", b"\x41x\x01y")
@case("qpack", "the encoder {}", "inserts a field with a known name", b"\xc0\x01y")
@case("qpack", "the encoder {}", "duplicates an entry", b"\x00")
@case("qpack", "the encoder {}", "sends an integer without an end", b"\x3f" + b"\xff" * 20)
def encoder_error(place, _, instructions):
    raw = with_session(place)
    raw.open_uni(varint(ENCODER_STREAM) + instructions)
    raw.expect_connection_error(QPACK_ENCODER_ERROR)


@case("qpack", "the decoder {}", "acknowledges what was never sent", b"\x80")
@case("qpack", "the decoder {}", "counts no insert", b"\x00")
@case("qpack", "the decoder {}", "counts inserts that never were", b"\x05")
def decoder_error(place, _, instructions):
    raw = with_session(place)
    raw.open_uni(varint(DECODER_STREAM) + instructions)
    raw.expect_connection_error(QPACK_DECODER_ERROR)


@case("qpack", "the decoder cancels a stream")
def cancellation(place):
    session = place.session()
    session.raw.open_uni(varint(DECODER_STREAM) + b"\x40\x44")
    session.expect_alive()


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
