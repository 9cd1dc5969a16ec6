"""A WebTransport session (draft-ietf-webtrans-http3-02) with the face of websocket_client's: the
cases of this folder do not notice which of the two they have. HTTP/3 is aioquic's, which checks
what the server says of it."""

import time
from collections import deque

import venv_packages  # noqa: F401  (before aioquic)

from aioquic.buffer import Buffer, BufferReadError, encode_uint_var
from aioquic.h3 import events as h3_events
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.quic import events as quic_events

from deadline import PATIENCE, Deadline, TooLate
from endings import Ended, Refused, read_to_end
from quic_client import DATAGRAM_BYTES_MAX, QuicClient

CLOSE_CAPSULE, DRAIN_CAPSULE = 0x2843, 0x78AE
H3_REQUEST_CANCELLED = 0x10C
# How often a polite client shows that it lives, while it reads; the tests' idle time-outs are 1 s.
SECONDS_BETWEEN_PINGS = 0.3
STREAM_HEAD_BYTES = 3
# Streams that wait for the server's credit before send() waits too.
WAITING_STREAMS_MAX = 64
FIRST_APPLICATION_CODE = 0x52E4A40FA8DB


def stream_code(code):
    """The HTTP/3 code that stands for an application's (§4.3 of the draft)."""
    return FIRST_APPLICATION_CODE + code + code // 30


def application_code(code):
    """The other way round; None for what is no application's."""
    if not FIRST_APPLICATION_CODE <= code <= stream_code(0xFFFFFFFF) or (code - 0x21) % 31 == 0:
        return None
    distance = code - FIRST_APPLICATION_CODE
    return distance - distance // 31


def capsule(kind, payload):
    return encode_uint_var(kind) + encode_uint_var(len(payload)) + payload


def close_capsule(code, reason=b""):
    return capsule(CLOSE_CAPSULE, code.to_bytes(4, "big") + reason)


def read_capsules(data):
    """Takes the whole capsules off the front of a bytearray: [(kind, payload)]."""
    found = []
    while data:
        buffer = Buffer(data=bytes(data))
        try:
            kind, length = buffer.pull_uint_var(), buffer.pull_uint_var()
            payload = buffer.pull_bytes(length)
        except BufferReadError:
            break
        found.append((kind, payload))
        del data[: buffer.tell()]
    return found


def connect_headers(target, *, authority="localhost", **changed):
    """The fields of the CONNECT; None leaves one out, a leading _ stands for :, another for -."""
    fields = {
        ":method": "CONNECT", ":protocol": "webtransport", ":scheme": "https",
        ":authority": authority, ":path": target, "sec-webtransport-http3-draft02": "1",
    }
    for name, value in changed.items():
        name = name.lower()
        name = ":" + name[1:] if name.startswith("_") else name
        fields[name.replace("_", "-")] = value
    return [(name.encode(), value.encode("latin-1"))
            for name, value in fields.items() if value is not None]


class Http3Response:
    """What the server answered to a request."""

    def __init__(self, headers):
        self.headers = {name.decode(): value.decode("latin-1") for name, value in headers}
        self.status = int(self.headers[":status"])
        self.body = b""
        self.is_complete = False

    @property
    def text(self):
        return self.body.decode()


class WebTransport(QuicClient):
    """One session on a connection of its own. A packet is a stream, or a datagram. While something
    is received a `polite` one sends the datagram `ping` every 0.3 s."""

    # The code with which a session ends, by its reason (docs/PROTOCOL.md).
    codes = {
        "resumed elsewhere": 0,
        "Session rejected": 1,
        "too slow": 2,
        "nothing received": 3,
        "server shutting down": 4,
    }

    def __init__(self, port, target, *, early=(), polite=True, headers=None, **quic):
        """`quic` is QuicClient's."""
        self.polite = polite
        self.http3 = None
        self.response = None
        self.session_end = None
        self.packets = deque()  # (channel, packet), a channel being "stream" or "datagram"
        self.resets = []  # codes of the streams that the server gave up
        self.draining = False
        self._pinged_at = time.monotonic()
        self._parts = {}  # stream → what has come of it
        self._capsules = bytearray()
        self._close = None  # (code, reason) of the server's capsule
        super().__init__(port, alpn=H3_ALPN, **quic)
        try:
            self._begin(target, headers or {}, early)
        except BaseException:
            self.discard()
            raise

    def _begin(self, target, headers, early):
        self.wait_for(lambda: self.http3.received_settings, what="the server's SETTINGS")
        self.session = self.open_stream(is_unidirectional=False)

        def connect():
            self.http3.send_headers(self.session, connect_headers(
                target, authority=f"127.0.0.1:{self.address[1]}", **headers))
            for packet in early:
                self._write_packet(packet)

        self.act(connect)
        self.wait_for(lambda: self.response or self.session_end, what="the answer to CONNECT")
        if self.response is None:
            raise self.session_end
        self.head = self.response.headers
        if not 200 <= self.response.status < 300:
            self.wait_for(lambda: self.response.is_complete or self.session_end,
                          what="the end of a refusal")
            raise Refused(self.response)

    # What comes.

    def on_event(self, event):
        if isinstance(event, quic_events.ProtocolNegotiated):
            self.http3 = H3Connection(self.quic, enable_webtransport=True)
        if self.http3 is None:
            return
        if isinstance(event, quic_events.StreamReset):
            self._on_reset(event)
        had_closed = self.quic._close_event
        for one in self.http3.handle_event(event):
            self._on_http3(one)
        if self.quic._close_event and not had_closed:
            self.fault = f"the server broke HTTP/3: {self.quic._close_event}"

    def _on_reset(self, event):
        if event.stream_id == self.session:
            self._end_session(Ended(None, "", f"reset {event.error_code:#x}"))
        elif self._parts.pop(event.stream_id, None) is not None or event.stream_id % 4 == 3:
            self.resets.append(event.error_code)

    def _on_http3(self, event):
        if isinstance(event, h3_events.HeadersReceived) and event.stream_id == self.session:
            if self.response is None:
                self.response = Http3Response(event.headers)
            if event.stream_ended:
                self._on_fin()
        elif isinstance(event, h3_events.DataReceived) and event.stream_id == self.session:
            if 200 <= self.response.status < 300:
                self._capsules += event.data
                self._on_capsules()
            else:
                self.response.body += event.data
            if event.stream_ended:
                self._on_fin()
        elif isinstance(event, h3_events.WebTransportStreamDataReceived):
            if event.session_id != self.session or event.stream_id % 4 != 3:
                self.fault = f"the server opened stream {event.stream_id} of {event.session_id}"
            parts = self._parts.setdefault(event.stream_id, bytearray())
            parts += event.data
            if event.stream_ended:
                self.packets.append(("stream", bytes(self._parts.pop(event.stream_id))))
        elif isinstance(event, h3_events.DatagramReceived):
            if event.stream_id != self.session:
                self.fault = f"the server sent a datagram of session {event.stream_id}"
            self.packets.append(("datagram", event.data))

    def _on_capsules(self):
        for kind, payload in read_capsules(self._capsules):
            if self._close is not None:
                self.fault = f"the server sent capsule {kind:#x} after its close capsule"
            if kind == CLOSE_CAPSULE:
                if len(payload) < 4:
                    self.fault = f"a close capsule of {len(payload)} bytes"
                self._close = (int.from_bytes(payload[:4], "big"), payload[4:].decode())
            elif kind == DRAIN_CAPSULE:
                self.draining = True

    def _on_fin(self):
        self.response.is_complete = True
        if self._capsules:
            self.fault = f"the server's last capsule is cut: {bytes(self._capsules[:20])!r}"
        if self._close is not None:
            self._end_session(Ended(*self._close, "capsule"))
        else:
            self._end_session(Ended(0, "", "FIN"))

    def on_end(self):
        self._end_session(Ended(self.end.code, self.end.reason, self.end.how))

    def _end_session(self, end):
        if self.session_end is None:
            self.session_end = end

    session = None

    # What a test does.

    def _write_packet(self, packet):
        stream = self.http3.create_webtransport_stream(self.session, is_unidirectional=True)
        self.quic.send_stream_data(stream, packet, end_stream=True)
        return stream

    def send(self, packet):
        """Sends a packet on a stream of its own; waits while many wait for the server's credit."""
        with self.lock:
            self._require_session()
            self._wait_for_credit()
            return self.act(lambda: self._write_packet(packet))

    def send_all(self, packets):
        """The same for several, in as few datagrams of UDP as they fit in."""
        with self.lock:
            self._require_session()
            self.act(lambda: [self._write_packet(packet) for packet in packets])
            self._wait_for_credit()

    def _require_session(self):
        if self.session_end:
            raise BrokenPipeError(f"the session has ended: {self.session_end}")

    def _wait_for_credit(self, within=PATIENCE):
        deadline = Deadline(within)
        while len(self.quic._streams_blocked_uni) > WAITING_STREAMS_MAX and not self.end:
            self.lock.wait(deadline.left("credit for a stream"))

    def send_datagram(self, packet):
        assert len(packet) <= DATAGRAM_BYTES_MAX, "aioquic would never get rid of it"
        with self.lock:
            self._require_session()
            self.act(lambda: self.http3.send_datagram(self.session, packet))

    def pour(self, packet, *, reads=True):
        """As WebSocket.pour."""
        together = [packet] * max(1, 16384 // (len(packet) + 100))
        try:
            while True:
                with self.lock:
                    if self._unsent() < 1 << 20:
                        self.send_all(together)
                        sent = len(together) * (len(packet) + STREAM_HEAD_BYTES)
                    else:
                        self.lock.wait(0.05)
                        sent = 0
                    if reads:
                        self.packets.clear()
                yield sent
        except (OSError, TooLate):
            pass

    def _unsent(self):
        return sum(stream.sender._buffer_stop - stream.sender._buffer_start
                   for stream in self.quic._streams.values())

    def receive_from(self, within=PATIENCE):
        """(channel, packet) of the next packet. Raises Ended when there is none any more."""
        deadline = Deadline(within)
        while not self.packets and not self.session_end:
            left = deadline.left("a packet")
            if self.polite:
                self._show_life()
            try:
                self.wait_for(lambda: self.packets or self.session_end,
                              min(left, SECONDS_BETWEEN_PINGS), "a packet")
            except (TooLate, Ended):
                continue
        if self.fault:
            raise AssertionError(self.fault)
        if self.packets:
            return self.packets.popleft()
        raise self.session_end

    def _show_life(self):
        if time.monotonic() - self._pinged_at >= SECONDS_BETWEEN_PINGS:
            self._pinged_at = time.monotonic()
            try:
                self.send_datagram(b"ping")
            except OSError:
                pass  # whoever reads will hear of it

    def receive(self, within=PATIENCE):
        return self.receive_from(within)[1]

    def receive_end(self, within=PATIENCE):
        """Reads on until the session ends, and answers how: an Ended."""
        return read_to_end(self.receive, within)

    # Ways to go.

    def close(self, code=0, reason=b""):
        """CLOSE_WEBTRANSPORT_SESSION and FIN."""
        self._try(lambda: self.http3.send_data(self.session, close_capsule(code, reason),
                                               end_stream=True))

    def hang_up(self):
        """FIN of the CONNECT stream, without a capsule."""
        self._try(lambda: self.quic.send_stream_data(self.session, b"", end_stream=True))

    def reset(self):
        """RESET_STREAM of the CONNECT stream."""
        self._try(lambda: self.quic.reset_stream(self.session, H3_REQUEST_CANCELLED))

    def disconnect(self):
        """CONNECTION_CLOSE, as a browser's tab that is closed."""
        self.close_connection()

    def _try(self, action):
        """As closing a socket does, it does not fail when the other side was first."""
        try:
            self.act(action)
        except Exception:
            if not self.session_end:
                raise
