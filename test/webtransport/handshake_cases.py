"""Cases about the beginning: TLS, SETTINGS, requests and how they are refused."""

import time

from conformance_case import Session, case
from raw_http3 import (BROWSER_SETTINGS, CONTROL_STREAM, DATA, DECODER_STREAM, ENABLE_CONNECT,
                       ENABLE_WT, ENCODER_STREAM, EXCESSIVE_LOAD, FRAME_ERROR, FRAME_UNEXPECTED,
                       GOAWAY, H3_DATAGRAM, HEADERS, MAX_PUSH_ID, MESSAGE_ERROR, MISSING_SETTINGS,
                       NO_ERROR, PRIORITY_UPDATE, REQUEST_INCOMPLETE, REQUEST_REJECTED, SETTINGS,
                       SETTINGS_ERROR, Answer, frame, grease, literal_section,
                       packed_section, read_varint, request_fields, settings_payload, varint)

from conformance_suite import Failure
from deadline import TooLate
from endings import Ended

# What the server must say of itself (webtransport.md §1.3), and what it must not.
SERVER_SETTINGS = {0x01: 0, 0x07: 0, ENABLE_CONNECT: 1, H3_DATAGRAM: 1, 0xFFD277: 1, ENABLE_WT: 1,
                   0x2B603743: 1, 0xC671706A: 1}
UNWANTED_SETTINGS = (0x00, 0x02, 0x03, 0x04, 0x05, 0x14E9CD29, 0x2B61, 0x2B64, 0x2B65)


@case("settings", "the server's come first, on its first stream, and are right")
def server_settings(place):
    raw = place.raw()
    control = raw.server_control_stream()
    raw.wait_for(lambda: control.data and Frames(control).all, what="the server's SETTINGS")
    kind, payload = Frames(control).all[0]
    if kind != SETTINGS:
        raise Failure(f"its first frame is {kind:#x}")
    pairs, at = [], 0
    while at < len(payload):
        name, at = read_varint(payload, at)
        value, at = read_varint(payload, at)
        pairs.append((name, value))
    settings = dict(pairs)
    if len(settings) != len(pairs):
        raise Failure("a setting comes twice")
    for name, value in SERVER_SETTINGS.items():
        if settings.get(name, 0) != value:
            raise Failure(f"setting {name:#x} is {settings.get(name)}, not {value}")
    for name in UNWANTED_SETTINGS:
        if name in settings:
            raise Failure(f"setting {name:#x} is there")


class Frames:
    """The frames of a control stream."""

    def __init__(self, stream):
        if stream.data[:1] != varint(CONTROL_STREAM):
            raise Failure(f"the server's first stream begins with {bytes(stream.data[:4])!r}")
        inner = type(stream)()
        inner.data = stream.data[1:]
        self.all = inner.frames()


@case("settings", "the server takes datagrams and grants streams and data before it is asked")
def transport_parameters(place):
    quic = place.raw().quic
    if not (quic._remote_max_datagram_frame_size or 0) >= 1200:
        raise Failure(f"datagrams up to {quic._remote_max_datagram_frame_size}")
    if quic._remote_max_streams_uni < 16 or quic._remote_max_streams_bidi < 1:
        raise Failure(f"{quic._remote_max_streams_uni} streams one way, "
                      f"{quic._remote_max_streams_bidi} both ways")
    if quic._remote_max_data < 1 << 16 or quic._remote_max_stream_data_uni < 1 << 14:
        raise Failure(f"windows {quic._remote_max_data}, {quic._remote_max_stream_data_uni}")
    if not 0 < (quic._remote_max_idle_timeout or 0) <= 60:
        raise Failure(f"an idle time-out of {quic._remote_max_idle_timeout}")


@case("tls", "another application protocol is refused by TLS")
def other_alpn(place):
    no_application_protocol = 0x178
    try:
        place.raw(alpn=["hq-29"])
    except Ended as end:
        if end.code == no_application_protocol:
            return
        raise Failure(f"it ended so: {end}") from None
    raise Failure("it was accepted")


@case("tls", "h3 is chosen among others")
def several_alpns(place):
    Session(place.client(alpn=["h3-29", "h3", "hq-29"]), place.target()).expect_alive()


def accepted(place, raw):
    Session(raw, place.target()).expect_alive()


def expect_200(raw, asked):
    if raw.status(asked) != 200:
        raise Failure(f"it got {raw.status(asked)}")


EVERY_DRAFT = {ENABLE_CONNECT: 1, 0x2B603743: 1, 0xC671706A: 16, 0x2C7CF000: 1, 0x14E9CD29: 1}
UNKNOWN_SETTINGS = {**{grease(number): number for number in range(60)},
                    **{0x7000 + number: (1 << 62) - 1 for number in range(40)}}


@case("settings", "of a browser are enough", BROWSER_SETTINGS)
@case("settings", "without any for WebTransport are enough (webtransport-go 0.10)",
      {0x06: 4096, H3_DATAGRAM: 1})
@case("settings", "a hundred unknown and reserved ones are ignored",
      {**BROWSER_SETTINGS, **UNKNOWN_SETTINGS})
@case("settings", "and reserved transport parameters aside, all drafts at once are accepted",
      {**BROWSER_SETTINGS, **EVERY_DRAFT})
def good_settings(place, settings):
    accepted(place, place.client(settings))


@case("settings", "byte by byte, behind a stream type byte by byte")
def settings_in_pieces(place):
    raw = place.raw()
    whole = varint(CONTROL_STREAM, 4) + frame(SETTINGS, settings_payload(BROWSER_SETTINGS))
    control = raw.open_uni(whole[:1])
    raw.send_in_pieces(control, whole[1:])
    accepted(place, raw)


@case("settings", "after the CONNECT: it is answered only then")
def late_settings(place):
    raw = place.raw()
    asked = raw.ask(request_fields(place.target()))
    try:
        raw.wait_for(lambda: Answer(raw.stream(asked)).status, 0.4, "an answer")
    except TooLate:
        pass
    else:
        raise Failure("it was answered before the client said what it is")
    raw.send_settings()
    expect_200(raw, asked)


@case("settings", "never, though a CONNECT waits: the connection ends within its five seconds",
      slow=True)
def no_settings(place):
    raw = place.raw()
    raw.ask(request_fields(place.target()))
    raw.expect_connection_error(MISSING_SETTINGS, within=9)


@case("settings", "and no CONNECT: the connection ends within its ten seconds", slow=True)
def no_connect(place):
    raw = place.client()
    begun = time.monotonic()
    raw.expect_connection_error(NO_ERROR, within=14)
    if time.monotonic() - begun < 6:
        raise Failure(f"it ended at once, though Firefox opens a spare connection: {raw.end}")


@case("settings", "one of them twice: refused or ignored")
def duplicate_setting(place):
    raw = place.client([*BROWSER_SETTINGS.items(), (H3_DATAGRAM, 1)])
    try:
        accepted(place, raw)
    except Exception:
        raw.expect_connection_error(SETTINGS_ERROR)


@case("settings", "cut within a value", frame(SETTINGS, settings_payload({0x33: 1}) + b"\x08"),
      FRAME_ERROR, SETTINGS_ERROR)
@case("settings", "0x2 of HTTP/2", frame(SETTINGS, settings_payload({**BROWSER_SETTINGS, 0x02: 1})),
      SETTINGS_ERROR)
@case("settings", "0x3 of HTTP/2", frame(SETTINGS, settings_payload({**BROWSER_SETTINGS, 0x03: 1})),
      SETTINGS_ERROR)
@case("settings", "0x4 of HTTP/2", frame(SETTINGS, settings_payload({**BROWSER_SETTINGS, 0x04: 1})),
      SETTINGS_ERROR)
@case("settings", "0x5 of HTTP/2", frame(SETTINGS, settings_payload({**BROWSER_SETTINGS, 0x05: 1})),
      SETTINGS_ERROR)
@case("settings", "datagrams of 2, which is no truth value",
      frame(SETTINGS, settings_payload({H3_DATAGRAM: 2, ENABLE_WT: 1})), SETTINGS_ERROR)
@case("settings", "of a megabyte are not kept",
      frame(SETTINGS, b"\x21\x00" * 5000, length=1 << 20),
      EXCESSIVE_LOAD, SETTINGS_ERROR, FRAME_ERROR)
@case("settings", "missing: GOAWAY comes first", frame(GOAWAY, varint(0)), MISSING_SETTINGS)
@case("settings", "missing: MAX_PUSH_ID comes first", frame(MAX_PUSH_ID, varint(1)),
      MISSING_SETTINGS)
@case("settings", "missing: a reserved frame comes first", frame(grease(3), b"xyz"),
      MISSING_SETTINGS)
def bad_settings(place, data, *codes):
    raw = place.raw()
    raw.open_uni(varint(CONTROL_STREAM) + data)
    raw.expect_connection_error(*codes)


@case("streams", "the control stream comes after reserved and QPACK streams")
def control_not_first(place):
    raw = place.raw()
    raw.open_uni(varint(grease(7)) + b"whatever")
    raw.open_uni(varint(ENCODER_STREAM))
    raw.open_uni(varint(DECODER_STREAM))
    raw.send_settings()
    accepted(place, raw)


@case("connect", "{} fields", "Huffman-coded", packed_section)
@case("connect", "{} fields", "literal", literal_section)
def connect_encodings(place, _, section):
    Session(place.client(), place.target(), section=section).expect_alive()


BROWSER_FIELDS = [(b"origin", b"https://call.example"), (b"user-agent", b"Mozilla/5.0"),
                  (b"accept", b"*/*"), (b"sec-fetch-mode", b"no-cors"), (b"priority", b"u=4"),
                  (b"te", b"trailers"), (b"wt-available-protocols", b'"moq-1", "moq-2"')]


@case("connect", "what browsers say of themselves is no obstacle", {"more": BROWSER_FIELDS})
@case("connect", "the protocol may be called webtransport-h3", {"protocol": b"webtransport-h3"})
def other_fields(place, changed):
    raw = place.client()
    expect_200(raw, raw.ask(request_fields(place.target(), **changed)))


@case("connect", "pseudo-header fields in another order")
def reversed_fields(place):
    raw = place.client()
    expect_200(raw, raw.ask(request_fields(place.target())[::-1]))


@case("connect", "a field of draft 02 is answered with its field")
def draft_header(place):
    raw = place.client()
    asked = raw.ask(request_fields(place.target(),
                                   more=[(b"sec-webtransport-http3-draft02", b"1")]))
    expect_200(raw, asked)
    answer = Answer(raw.stream(asked))
    if answer.values.get(b"sec-webtransport-http3-draft") != b"draft02":
        raise Failure(f"it got {answer.fields}")


@case("connect", "byte by byte")
def connect_in_pieces(place):
    raw = place.client()
    whole = frame(HEADERS, packed_section(request_fields(place.target())))
    asked = raw.open_bidi(whole[:1])
    raw.send_in_pieces(asked, whole[1:])
    expect_200(raw, asked)


@case("connect", "behind reserved and unknown frames")
def frames_before_connect(place):
    Session(place.client(), place.target(), before=frame(grease(1), b"x" * 50) + frame(
        grease(100), b"") + frame(0xABCDE, b"y" * 3000)).expect_alive()


def refused(place, fields, *statuses, section=packed_section):
    """The request is answered so, or reset as malformed, and the connection goes on."""
    raw = place.client()
    asked = raw.ask(fields, section=section)
    answer = raw.answer(asked)
    if answer is None:
        if 400 not in statuses:
            raise Failure(f"it was reset with {raw.stream(asked).reset:#x}")
        raw.expect_reset(asked, MESSAGE_ERROR, REQUEST_REJECTED)
    elif answer.status not in statuses:
        raise Failure(f"it got {answer.status}, not {statuses}")
    raw.expect_alive()


@case("refusal", "an unknown path", "/nothing/a/b", 404)
@case("refusal", "a lobby of another shape", "/lobby/a/b/c", 404)
@case("refusal", "a bad user", "/lobby/a.b/room", 400)
@case("refusal", "a bad room", "/lobby/alice/*", 400)
@case("refusal", "no token", "/lobby", 400)
@case("refusal", "a bad secret to resume with", "/lobby/alice/room?resume=x", 400)
@case("refusal", "an asterisk for a path", "*", 400)
def bad_target(place, target, status):
    refused(place, request_fields(target), status)


@case("refusal", "a token that is none", needs="secret")
def bad_token(place):
    refused(place, request_fields("/lobby?token=a.b.c"), 403)


@case("refusal", "an expired token", needs="secret")
def expired_token(place):
    refused(place, request_fields("/lobby?token=" + place.token("alice", exp=1)), 401)


@case("refusal", "a refusal says why, and ends")
def refusal_text(place):
    raw = place.client()
    answer = raw.answer(raw.ask(request_fields("/lobby/a.b/room")))
    if answer.body != b"Invalid user_id or room format":
        raise Failure(f"it said {answer.body!r}")


@case("refusal", "method {}", b"POST", 405)
@case("refusal", "method {}", b"DELETE", 405)
@case("refusal", "method {}", b"get", 405)
def bad_method(place, method, status):
    refused(place, request_fields("/lobby/alice/room", method=method, without=["protocol"]), status)


@case("refusal", "GET of a lobby", {"method": b"GET", "without": ["protocol"]}, 400, 404, 426)
@case("refusal", "GET with a protocol", {"method": b"GET"}, 400)
@case("refusal", "CONNECT without a protocol, which asks for a tunnel", {"without": ["protocol"]},
      400, 404, 405, 501)
@case("refusal", "CONNECT for another protocol", {"protocol": b"websocket"}, 400, 404, 501)
@case("malformed", "no :method", {"without": ["method"]}, 400)
@case("malformed", "no :scheme", {"without": ["scheme"]}, 400)
@case("malformed", "no :authority", {"without": ["authority"]}, 400)
@case("malformed", "no :path", {"without": ["path"]}, 400)
def bad_request(place, changed, *statuses):
    refused(place, request_fields(place.target(), **changed), *statuses)


@case("malformed", "{}", "an empty path", {"path": b""}, ())
@case("malformed", "{}", "another scheme", {"scheme": b"http"}, ())
@case("malformed", "{}", "an unknown pseudo-header field", {"future": b"1"}, ())
@case("malformed", "{}", "a pseudo-header field behind others", {},
      [(b"a", b"b"), (b":path", b"/lobby/a/b")])
@case("malformed", "{}", "a pseudo-header field twice", {}, [(b":method", b"CONNECT")])
@case("malformed", "{}", "the status of a response", {"status": b"200"}, ())
@case("malformed", "{}", "a capital letter in a name", {}, [(b"Origin", b"x")])
@case("malformed", "{}", "an empty name", {}, [(b"", b"x")])
@case("malformed", "{}", "a space in a name", {}, [(b"a b", b"x")])
@case("malformed", "{}", "a line break in a value", {}, [(b"a", b"x\r\ny: z")])
@case("malformed", "{}", "a NUL in a value", {}, [(b"a", b"x\x00y")])
@case("malformed", "{}", "a field of HTTP/1.1", {}, [(b"connection", b"upgrade")])
@case("malformed", "{}", "an encoding of HTTP/1.1", {}, [(b"transfer-encoding", b"chunked")])
@case("malformed", "{}", "te other than trailers", {}, [(b"te", b"gzip")])
def malformed(place, _, changed, more):
    refused(place, request_fields(place.target(), more=more, **changed), 400,
            section=literal_section)


def too_much(place, raw, asked):
    """Refused in whichever way: by a status, the stream's end, or the connection's."""
    try:
        answer = raw.answer(asked)
    except Ended as end:
        if end.code != EXCESSIVE_LOAD:
            raise Failure(f"the connection ended so: {end}") from None
        return
    if answer is not None and answer.status not in (400, 431):
        raise Failure(f"it got {answer.status}")
    if answer is None:
        raw.expect_reset(asked, EXCESSIVE_LOAD, MESSAGE_ERROR, REQUEST_REJECTED)


@case("headers", "one field of 100 kB", [(b"x", b"y" * 100_000)])
@case("headers", "a name of 100 kB", [(b"x" * 100_000, b"y")])
@case("headers", "a thousand fields of 100 B", [(b"x-%d" % i, b"y" * 95) for i in range(1000)])
@case("headers", "fifty thousand fields of nothing", [(b"x", b"")] * 50_000)
def large_headers(place, more):
    raw = place.client()
    too_much(place, raw, raw.ask(request_fields(place.target(), more=more),
                                 section=literal_section))


@case("headers", "a path of 60 kB")
def long_path(place):
    raw = place.client()
    too_much(place, raw, raw.ask(request_fields("/lobby/alice/" + "r" * 60_000)))


@case("headers", "a frame that announces 2^62 - 1 bytes")
def endless_headers(place):
    raw = place.client()
    asked = raw.open_bidi(varint(HEADERS) + varint((1 << 62) - 1) + b"x" * 20_000)
    too_much(place, raw, asked)


@case("headers", "that never end are given up within their five seconds", slow=True)
def unfinished_headers(place):
    raw = place.client()
    asked = raw.open_bidi(frame(HEADERS, packed_section(request_fields(place.target())))[:9])
    raw.expect_reset(asked, REQUEST_INCOMPLETE, within=9)


@case("request", "{} before the headers", "DATA", DATA, b"x", FRAME_UNEXPECTED)
@case("request", "{} on a request", "SETTINGS", SETTINGS, b"", FRAME_UNEXPECTED)
@case("request", "{} on a request", "GOAWAY", GOAWAY, b"\x00", FRAME_UNEXPECTED)
@case("request", "{} on a request", "MAX_PUSH_ID", MAX_PUSH_ID, b"\x00", FRAME_UNEXPECTED)
@case("request", "{} on a request", "CANCEL_PUSH", 0x03, b"\x00", FRAME_UNEXPECTED)
@case("request", "{} on a request", "PUSH_PROMISE", 0x05, b"\x00\x00\x00", FRAME_UNEXPECTED)
@case("request", "frame {} of HTTP/2", "0x02", 0x02, b"12345", FRAME_UNEXPECTED)
@case("request", "frame {} of HTTP/2", "0x06", 0x06, b"12345678", FRAME_UNEXPECTED)
@case("request", "frame {} of HTTP/2", "0x08", 0x08, b"1234", FRAME_UNEXPECTED)
@case("request", "frame {} of HTTP/2", "0x09", 0x09, b"12", FRAME_UNEXPECTED)
def wrong_frame_first(place, _, kind, payload, code):
    raw = place.client()
    raw.open_bidi(frame(kind, payload))
    raw.expect_connection_error(code)


@case("request", "{} cut by the end of its stream", "HEADERS",
      frame(HEADERS, packed_section(request_fields("/lobby/a/b")))[:-1])
@case("request", "{} cut by the end of its stream", "a reserved frame",
      frame(grease(2), b"abc", length=10))
def cut_frame(place, _, data):
    raw = place.client()
    raw.open_bidi(data, fin=True)
    raw.expect_connection_error(FRAME_ERROR)


@case("request", "a stream that ends before it asks for anything")
def empty_request(place):
    raw = place.client()
    asked = raw.open_bidi(b"", fin=True)
    raw.expect_reset(asked, REQUEST_INCOMPLETE)
    raw.expect_alive()


@case("request", "a stream that is reset before it asks for anything")
def reset_request(place):
    raw = place.client()
    for cut in (1, 5, 20):
        asked = raw.open_bidi(frame(HEADERS, packed_section(request_fields(place.target())))[:cut])
        raw.reset(asked)
    raw.expect_alive()


@case("request", "a second CONNECT on the connection is rejected, the first goes on")
def second_connect(place):
    session = place.session()
    second = session.raw.ask(request_fields(place.target("second")))
    session.raw.expect_reset(second, REQUEST_REJECTED)
    session.expect_alive()


@case("request", "plain requests are answered beside a session")
def requests_beside(place):
    session = place.session()
    for _ in range(20):
        session.raw.expect_alive()
    session.expect_alive()


@case("request", "a priority update is ignored")
def priority_update(place):
    raw = place.client()
    raw.send(raw.control, frame(PRIORITY_UPDATE, varint(0) + b"u=1"))
    Session(raw, place.target()).expect_alive()
