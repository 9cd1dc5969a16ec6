"""QUIC connections as tests use them: on top of aioquic, which knows no socket.

One thread serves the sockets and timers of all connections of this process, as the kernel does for
TCP: a connection acknowledges and keeps its timers while its test looks elsewhere. What a test does
leaves within its call, in its own thread."""

import os
import selectors
import socket
import threading
import time

import venv_packages  # noqa: F401  (before aioquic)

from aioquic.quic import events
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import END_STATES, QuicConnection, QuicConnectionState

from deadline import PATIENCE, Deadline
from endings import Ended

RECEIVED_AT_ONCE = 64
SOCKET_BUFFER = 4 << 20
SO_RCVBUFFORCE = 33  # the module has no name for it
# With their length fields more does not fit into the smallest packet.
DATAGRAM_BYTES_MAX = 1100


class Service(threading.Thread):
    """Serves every connection of this process."""

    _current = None
    _guard = threading.Lock()

    @classmethod
    def of_this_process(cls):
        with cls._guard:
            if cls._current is None or cls._current.pid != os.getpid():
                cls._current = cls()
                cls._current.start()
            return cls._current

    def __init__(self):
        super().__init__(daemon=True, name="quic")
        self.pid = os.getpid()
        self._clients = set()
        self._selector = selectors.DefaultSelector()
        self._alarm, self._wake = socket.socketpair()
        self._alarm.setblocking(False)
        self._wake.setblocking(False)
        self._selector.register(self._alarm, selectors.EVENT_READ)
        self._sleeps_until = 0.0

    def add(self, client):
        self._clients.add(client)
        self._selector.register(client.socket, selectors.EVENT_READ, client)
        self.mind(client.due)

    def remove(self, client):
        if client in self._clients:
            self._clients.discard(client)
            self._selector.unregister(client.socket)

    def mind(self, due):
        """Something is due at this moment, perhaps earlier than all that was known."""
        if due < self._sleeps_until:
            try:
                self._wake.send(b"x")
            except BlockingIOError:
                pass  # it is awake enough

    def run(self):
        while True:
            due = min((client.due for client in list(self._clients)), default=float("inf"))
            self._sleeps_until = due
            # Whoever has got an earlier timer in between was not heard.
            due = min((client.due for client in list(self._clients)), default=due)
            wait = None if due == float("inf") else max(0.0, due - time.monotonic())
            ready = self._selector.select(wait)
            self._sleeps_until = 0.0
            for key, _ in ready:
                if key.data is None:
                    self._alarm.recv(4096)
                else:
                    key.data.serve()
            now = time.monotonic()
            for client in list(self._clients):
                if client.due <= now:
                    client.serve()


class InOrder(QuicConnection):
    """Sends the streams in the order in which they were opened, as far as the server's windows let
    it; aioquic itself puts one that did not fit into a packet behind all others."""

    def _write_stream_frame(self, *given, **how):
        self._remote_max_data_used += super()._write_stream_frame(*given, **how)
        return 0  # as if nothing had been sent, which leaves the stream where it is


class HoldingBack(InOrder):
    """Grants the server `window` bytes beyond what its user has taken, as a TCP socket with a small
    buffer does; aioquic itself grants more whenever something has come."""

    window = 0
    taken = 0

    def _write_connection_limits(self, builder, space):
        limit = self._local_max_data
        wanted = self.taken + self.window
        if wanted - limit.value >= self.window // 2:
            limit.value = wanted
        used, limit.used = limit.used, 0  # or it would double the limit
        super()._write_connection_limits(builder, space)
        limit.used = used

    def take(self):
        """True if that grants the server more."""
        self.taken = self._local_max_data.used
        return self.taken + self.window - self._local_max_data.value >= self.window // 2


class GivingBack(HoldingBack):
    """Grants the server `window` bytes beyond what has come, as a browser does whose page keeps up;
    what aioquic itself grants has no bound after a while."""

    def _write_connection_limits(self, builder, space):
        self.taken = self._local_max_data.used
        super()._write_connection_limits(builder, space)


class TakingTurns(QuicConnection):
    """Its streams share the way: aioquic's own order, the worst for a frame of many packets."""


class QuicClient:
    """One connection, up from its construction. `events` are told to on_event(), under the lock, in
    whichever thread they come up."""

    def __init__(self, port, *, source=None, receive_buffer=None, alpn=("h3",), datagrams=65536,
                 host="127.0.0.1", connection=InOrder, window=None, uni_streams=None):
        """`receive_buffer`: bytes granted beyond what a test has taken; `window`: bytes granted
        beyond what has come; `uni_streams`: how many of the server's may be open at once."""
        self.lock = threading.Condition(threading.RLock())
        self.end = None  # an Ended of the connection
        self.fault = None  # what the server did wrong
        self.due = float("inf")
        self.handshaken = False
        self.datagrams_lost = 0
        configuration = QuicConfiguration(
            is_client=True, alpn_protocols=list(alpn), idle_timeout=30.0, server_name="localhost",
            verify_mode=0, max_datagram_frame_size=datagrams, max_data=16 << 20,
            max_stream_data=6 << 20, max_datagram_size=1350)
        if receive_buffer:
            connection = HoldingBack
            configuration.max_data = receive_buffer
        elif window:
            connection = GivingBack
            configuration.max_data = configuration.max_stream_data = window
        self.quic = connection(configuration=configuration)
        if receive_buffer or window:
            self.quic.window = receive_buffer or window
        if uni_streams:
            limit = self.quic._local_max_streams_uni
            limit.value = limit.sent = uni_streams
        self._readers = 0  # threads that wait for something to come

        self.address = (host, port)
        self.socket = self._new_socket(source)
        self._service = Service.of_this_process()
        with self.lock:
            self.quic.connect(self.address, now=time.monotonic())
            self._send_and_tell()
            self._service.add(self)
        self.wait_for(lambda: self.handshaken, what="the end of the QUIC handshake")

    def _new_socket(self, source):
        new = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        new.setblocking(False)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF, SO_RCVBUFFORCE):
            try:
                new.setsockopt(socket.SOL_SOCKET, option, SOCKET_BUFFER)
            except PermissionError:
                pass  # the system's limit holds for users; a datagram may be lost then
        if source:
            new.bind((source, 0))
        new.connect(self.address)
        return new

    # What a connection does by itself.

    def serve(self):
        """What has come, and what is due."""
        with self.lock:
            try:
                self._serve()
            except Exception as error:  # the others must be served all the same
                self.fault = f"the client itself failed: {error!r}"
                self._finish(Ended(None, "", self.fault))

    def _serve(self):
        if self.end:
            return
        is_refused = False
        for _ in range(RECEIVED_AT_ONCE):
            try:
                data = self.socket.recv(65536)
            except BlockingIOError:
                break
            except ConnectionRefusedError:
                # Nobody listens there any more. That is told before what was said till then.
                is_refused = True
                continue
            self.quic.receive_datagram(data, self.address, now=time.monotonic())
        now = time.monotonic()
        if self.due <= now:
            self.quic.handle_timer(now)
        if self._readers:
            self._take()
        self._send_and_tell()
        if is_refused and not self.end:
            self._finish(Ended(None, "", "nobody there"))

    def _take(self):
        return isinstance(self.quic, HoldingBack) and self.quic.take()

    def _send_and_tell(self):
        """Hands out events, sends what there is to send, and sets the timer."""
        self._tell()
        for data, _ in self.quic.datagrams_to_send(now=time.monotonic()):
            try:
                self.socket.send(data)
            except (BlockingIOError, ConnectionRefusedError):
                self.datagrams_lost += 1  # a lost packet like any other
        self._tell()
        close = self.quic._close_event
        if close and self.quic._state in END_STATES:
            # aioquic itself tells only when it has finished draining.
            is_local = self.quic._state == QuicConnectionState.CLOSING
            idle = close.reason_phrase == "Idle timeout"
            how = "idle" if idle else "closed here" if is_local else (
                "CONNECTION_CLOSE" if close.frame_type is None else "QUIC error")
            self._finish(Ended(close.error_code, close.reason_phrase, how))
            return
        self.due = self.quic.get_timer() or float("inf")
        self._service.mind(self.due)
        self.lock.notify_all()

    def _tell(self):
        while (event := self.quic.next_event()) is not None:
            if isinstance(event, events.HandshakeCompleted):
                self.handshaken = True
            self.on_event(event)

    def on_event(self, event):
        """For those who build on this."""

    def _finish(self, end):
        if self.end is None:
            self.end = end
            self.on_end()
        self.due = float("inf")
        self._service.remove(self)
        self.socket.close()
        self.lock.notify_all()

    def on_end(self):
        """For those who build on this."""

    # What a test does.

    def act(self, action):
        """Does something to `quic`, and what follows leaves at once. A connection that has ended is
        a broken pipe."""
        with self.lock:
            if self.end:
                raise BrokenPipeError(f"the connection has ended: {self.end}")
            result = action()
            self._send_and_tell()
            return result

    def wait_for(self, question, within=PATIENCE, what="something"):
        """Until it answers something; its answer. Raises Ended if the connection ends before."""
        deadline = Deadline(within)
        with self.lock:
            self._readers += 1
            try:
                if self._take() and not self.end:
                    self._send_and_tell()
                while not (answer := question()):
                    if self.fault:
                        raise AssertionError(self.fault)
                    if self.end:
                        raise self.end
                    self.lock.wait(deadline.left(what))
                return answer
            finally:
                self._readers -= 1

    def wait_for_end(self, within=PATIENCE):
        """How the connection ends: an Ended."""
        return self.wait_for(lambda: self.end, within, "the end of the connection")

    def open_stream(self, is_unidirectional=True):
        """The id of the stream that is opened with the first byte."""
        return self.quic.get_next_available_stream_id(is_unidirectional=is_unidirectional)

    def close_connection(self, code=0x100, reason=""):
        """CONNECTION_CLOSE of the application; 0x100 is H3_NO_ERROR."""
        with self.lock:
            if not self.end:
                self.quic.close(error_code=code, reason_phrase=reason)
                self._send_and_tell()

    def move(self, source=None):
        """Goes on from another port, and from another address if one is named, as behind a router
        that has forgotten it."""
        with self.lock:
            self._service.remove(self)
            self.socket.close()
            self.socket = self._new_socket(source)
            self._service.add(self)

    def vanish(self):
        """Is heard of no more, and says nothing."""
        with self.lock:
            self._finish(Ended(None, "", "vanished"))

    def discard(self):
        self.close_connection()
