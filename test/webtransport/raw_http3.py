"""An HTTP/3 client that can do everything wrong: raw bytes on raw streams (RFC 9114, RFC 9204,
RFC 9297, draft-ietf-webtrans-http3-02). QUIC is aioquic's."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))

import venv_packages  # noqa: E402, F401  (before aioquic and pylsqpack)

import pylsqpack  # noqa: E402
from aioquic.quic import events  # noqa: E402

from conformance_suite import Failure  # noqa: E402
from deadline import PATIENCE, Deadline, TooLate  # noqa: E402
from endings import Ended  # noqa: E402
from quic_client import QuicClient  # noqa: E402

# Frames, unidirectional streams, settings.
(DATA, HEADERS, CANCEL_PUSH, SETTINGS, PUSH_PROMISE, GOAWAY, MAX_PUSH_ID) = (0, 1, 3, 4, 5, 7, 13)
CONTROL_STREAM, PUSH_STREAM, ENCODER_STREAM, DECODER_STREAM, WT_STREAM = 0, 1, 2, 3, 0x54
WT_BIDI = 0x41
PRIORITY_UPDATE = 0xF0700
ENABLE_CONNECT, H3_DATAGRAM, H3_DATAGRAM_04, ENABLE_WT = 0x08, 0x33, 0xFFD277, 0x2B603742

# Errors.
DATAGRAM_ERROR = 0x33
(NO_ERROR, GENERAL, INTERNAL, STREAM_CREATION, CLOSED_CRITICAL, FRAME_UNEXPECTED, FRAME_ERROR,
 EXCESSIVE_LOAD, ID_ERROR, SETTINGS_ERROR, MISSING_SETTINGS, REQUEST_REJECTED, REQUEST_CANCELLED,
 REQUEST_INCOMPLETE, MESSAGE_ERROR) = range(0x100, 0x10F)
QPACK_FAILED, QPACK_ENCODER_ERROR, QPACK_DECODER_ERROR = 0x200, 0x201, 0x202
BUFFERED_STREAM_REJECTED, SESSION_GONE = 0x3994BD84, 0x170D7B68


def varint(value, form=None):
    """RFC 9000 §16; `form` forces a length of 1, 2, 4 or 8 bytes."""
    if form is None:
        form = 1 if value < 1 << 6 else 2 if value < 1 << 14 else 4 if value < 1 << 30 else 8
    return (value | (form.bit_length() - 1) << (8 * form - 2)).to_bytes(form, "big")


def read_varint(data, place=0):
    """(value, place behind it); raises IndexError when it is cut."""
    form = 1 << (data[place] >> 6)
    if len(data) < place + form:
        raise IndexError("a cut varint")
    value = int.from_bytes(data[place : place + form], "big") & ((1 << (8 * form - 2)) - 1)
    return value, place + form


def frame(kind, payload=b"", *, length=None):
    return varint(kind) + varint(len(payload) if length is None else length) + payload


def grease(number):
    """A reserved identifier of frames, streams and settings."""
    return 0x1F * number + 0x21


def settings_payload(settings):
    pairs = settings.items() if isinstance(settings, dict) else settings
    return b"".join(varint(name) + varint(value) for name, value in pairs)


# What Chromium sends, without its QPACK table: nothing of ours needs one.
BROWSER_SETTINGS = {0x01: 0, 0x06: 16384, 0x07: 0, H3_DATAGRAM: 1, H3_DATAGRAM_04: 1, ENABLE_WT: 1}


def prefixed_integer(first, bits, value):
    """RFC 7541 §5.1, with the upper bits of its first byte."""
    most = (1 << bits) - 1
    if value < most:
        return bytes([first | value])
    out, value = bytearray([first | most]), value - most
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out) + bytes([value])


def literal_section(fields):
    """A QPACK field section of nothing but literals, names included."""
    out = b"\x00\x00"
    for name, value in fields:
        out += prefixed_integer(0x20, 3, len(name)) + name
        out += prefixed_integer(0x00, 7, len(value)) + value
    return out


def packed_section(fields):
    """The same with the static table and Huffman codes, as a library does it."""
    encoder = pylsqpack.Encoder()
    return encoder.encode(0, list(fields))[1]


def request_fields(target, *, method=b"CONNECT", without=(), more=(), **changed):
    """The fields of a CONNECT. `changed` are pseudo-header fields, by their names."""
    fields = {b"method": method, b"protocol": b"webtransport", b"scheme": b"https",
              b"authority": b"localhost", b"path": target.encode()}
    fields.update({name.encode(): value for name, value in changed.items()})
    return [(b":" + name, value) for name, value in fields.items()
            if name.decode() not in without] + list(more)


class Stream:
    """What the server has done on one stream."""

    def __init__(self):
        self.data = bytearray()
        self.is_over = False
        self.reset = None  # its code of RESET_STREAM
        self.stopped = None  # its code of STOP_SENDING

    def frames(self):
        """[(kind, payload)] of the whole frames so far."""
        found, place = [], 0
        try:
            while place < len(self.data):
                kind, after = read_varint(self.data, place)
                length, after = read_varint(self.data, after)
                if len(self.data) < after + length:
                    break
                found.append((kind, bytes(self.data[after : after + length])))
                place = after + length
        except IndexError:
            pass
        return found


class Answer:
    """A response as far as it has come."""

    def __init__(self, stream):
        self.fields = []
        self.body = b""
        for kind, payload in stream.frames():
            if kind == HEADERS and not self.fields:
                self.fields = pylsqpack.Decoder(0, 0).feed_header(0, payload)[1]
            elif kind == DATA:
                self.body += payload
        self.values = dict(self.fields)
        status = self.values.get(b":status")
        self.status = int(status) if status else None


class RawHttp3(QuicClient):
    """A connection on which nothing has been said."""

    def __init__(self, port, *, host="127.0.0.1", **how):
        self.streams = {}
        self.datagrams = []
        super().__init__(port, host=host, **how)

    def on_event(self, event):
        if isinstance(event, events.StreamDataReceived):
            stream = self.stream(event.stream_id)
            stream.data += event.data
            stream.is_over = stream.is_over or event.end_stream
        elif isinstance(event, events.StreamReset):
            self.stream(event.stream_id).reset = event.error_code
        elif isinstance(event, events.StopSendingReceived):
            self.stream(event.stream_id).stopped = event.error_code
        elif isinstance(event, events.DatagramFrameReceived):
            self.datagrams.append(event.data)

    def stream(self, number):
        return self.streams.setdefault(number, Stream())

    # What is said.

    def send(self, stream, data, fin=False):
        self.act(lambda: self.quic.send_stream_data(stream, data, fin))

    def _open(self, is_unidirectional, data, fin):
        def open_it():
            stream = self.open_stream(is_unidirectional)
            self.quic.send_stream_data(stream, data, fin)
            return stream

        return self.act(open_it)

    def open_uni(self, data, fin=False):
        return self._open(True, data, fin)

    def open_bidi(self, data, fin=False):
        return self._open(False, data, fin)

    def send_in_pieces(self, stream, data, size=1, fin=False):
        """Each piece leaves in a datagram of its own."""
        for place in range(0, len(data), size):
            self.send(stream, data[place : place + size], fin and place + size >= len(data))

    def credit(self):
        """How many more unidirectional streams the server grants."""
        return self.quic._remote_max_streams_uni - self.open_stream() // 4

    def reset(self, stream, code=REQUEST_CANCELLED):
        # aioquic would send a reset beyond the server's credit.
        state = self.quic._streams.get(stream)
        self.wait_for(lambda: state is None or not state.is_blocked, what="credit for the stream")
        self.act(lambda: self.quic.reset_stream(stream, code))

    def stop(self, stream, code=REQUEST_CANCELLED):
        self.act(lambda: self.quic.stop_stream(stream, code))

    def send_datagram(self, data):
        self.act(lambda: self.quic.send_datagram_frame(data))

    def send_settings(self, settings=None, behind=b""):
        """Opens the control stream; its id."""
        payload = settings_payload(BROWSER_SETTINGS if settings is None else settings)
        return self.open_uni(varint(CONTROL_STREAM) + frame(SETTINGS, payload) + behind)

    def ask(self, fields, *, fin=False, before=b"", behind=b"", section=packed_section):
        """A request; its stream."""
        return self.open_bidi(before + frame(HEADERS, section(fields)) + behind, fin)

    def barrier(self, within=PATIENCE):
        """Until everything sent so far has been acknowledged (or the connection has ended)."""
        self.wait_for(lambda: self.end or all(
            stream.sender.buffer_is_empty or stream.is_blocked
            for stream in self.quic._streams.values()), within, "acknowledgements")

    # What is answered.

    def answer(self, stream, within=PATIENCE):
        """The whole answer to a request, which is none that goes on; None if it was reset."""
        state = self.stream(stream)
        self.wait_for(lambda: state.is_over or state.reset is not None, within,
                      f"the answer on stream {stream}")
        return Answer(state) if Answer(state).status else None

    def status(self, stream, within=PATIENCE):
        """The status of an answer, as soon as it is there; None if the stream was reset before."""
        state = self.stream(stream)
        self.wait_for(lambda: Answer(state).status or state.reset is not None or state.is_over,
                      within, f"the answer on stream {stream}")
        return Answer(state).status

    def expect_connection_error(self, *codes, within=PATIENCE):
        """The server ends the connection with one of these codes of HTTP/3."""
        try:
            end = self.wait_for_end(within)
        except TooLate:
            raise Failure(f"the connection lives, instead of ending with {named(codes)}") from None
        if end.how != "CONNECTION_CLOSE" or end.code not in codes:
            code = end.code if end.code is None else hex(end.code)
            raise Failure(f"the connection ended with {code} ({end.how}, {end.reason!r}) "
                          f"instead of {named(codes)}")

    def expect_reset(self, stream, *codes, within=PATIENCE):
        """RESET_STREAM of the server with one of these codes."""
        state = self.stream(stream)
        self._await_stream(stream, lambda: state.reset is not None, "a reset", within)
        if codes and state.reset not in codes:
            raise Failure(f"stream {stream} was reset with {state.reset:#x}, not {named(codes)}")

    def expect_stopped(self, stream, *codes, within=PATIENCE):
        """STOP_SENDING of the server with one of these codes."""
        state = self.stream(stream)
        self._await_stream(stream, lambda: state.stopped is not None, "STOP_SENDING", within)
        if codes and state.stopped not in codes:
            raise Failure(f"stream {stream} was stopped with {state.stopped:#x}, "
                          f"not {named(codes)}")

    def _await_stream(self, stream, question, what, within):
        try:
            self.wait_for(question, within, f"{what} on stream {stream}")
        except Ended as end:
            raise Failure(f"the connection ended ({end}) before {what} on {stream}") from None

    def expect_alive(self, within=PATIENCE):
        """The connection still answers requests."""
        deadline = Deadline(within)
        stream = self.ask(request_fields("/healthz", method=b"GET", without=["protocol"]), fin=True)
        try:
            answer = self.answer(stream, deadline.left())
        except Ended as end:
            raise Failure(f"the connection has ended: {end}") from None
        if answer is None or answer.status != 200:
            raise Failure(f"a request beside it gets {answer and answer.status}")

    def server_control_stream(self):
        """Its first unidirectional stream."""
        return self.stream(3)


def named(codes):
    return " or ".join(f"{code:#x}" for code in codes)
