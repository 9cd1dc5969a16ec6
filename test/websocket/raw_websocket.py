"""A WebSocket client that can do everything wrong: any bytes over a plain socket (RFC 6455)."""

import base64
import os
import pathlib
import socket
import struct
import sys
import time
from urllib.parse import urlsplit

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))

from conformance_suite import Failure  # noqa: E402
from websocket_protocol import BINARY, CLOSE, PING, PONG, TEXT, accept_of  # noqa: E402


class Url:
    """Where a WebSocket is, as ws://host:port/path?query."""

    def __init__(self, text):
        parts = urlsplit(text)
        if parts.scheme != "ws" or not parts.hostname:
            raise SystemExit(f"'{text}' is not a ws:// address")
        self.address = (parts.hostname, parts.port or 80)
        self.host = parts.netloc
        self.target = (parts.path or "/") + ("?" + parts.query if parts.query else "")


def upgrade_request(url, *, method="GET", version="HTTP/1.1", without=(), **changed):
    """The opening request (RFC 6455 §4.1). `changed` replaces or adds headers by their lower-case
    name with _ for -; `without` leaves some out. A list makes a header several lines."""
    headers = {
        "host": url.host,
        "upgrade": "websocket",
        "connection": "Upgrade",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        "sec-websocket-version": "13",
    }
    headers.update({name.replace("_", "-"): value for name, value in changed.items()})
    lines = [f"{method} {url.target} {version}"]
    for name, value in headers.items():
        if name not in without:
            values = value if isinstance(value, list) else [value]
            lines += [f"{name.title()}: {one}" for one in values]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class Response:
    """The head of the server's answer."""

    def __init__(self, head):
        lines = head.decode("latin-1").split("\r\n")
        try:
            self.status = int(lines[0].split(" ")[1])
        except (IndexError, ValueError):
            raise Failure(f"the answer is not HTTP: {lines[0][:80]!r}") from None
        pairs = [line.partition(":") for line in lines[1:] if line]
        self.headers = {name.strip().lower(): value.strip() for name, _, value in pairs}


class RawConnection:
    """One TCP connection. Reading fails with Failure when `patience` seconds have passed since the
    last thing that was expected (or sent): pings alone keep nobody waiting."""

    patience = 8.0

    def __init__(self, url):
        self.url = url
        self.socket = socket.create_connection(url.address, timeout=self.patience)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = bytearray()
        self.progress()

    def progress(self):
        """What was expected has come: patience begins anew."""
        self._deadline = time.monotonic() + self.patience

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.settimeout(self.patience)
        self.socket.sendall(data)
        self.progress()

    def send_in_pieces(self, data, sizes, pause=0.0005):
        """Sends `data` cut into pieces of the given sizes; the last size repeats."""
        sizes = iter(sizes)
        size = 1
        while data:
            size = next(sizes, size)
            self.send(data[:size])
            data = data[size:]
            time.sleep(pause)

    def handshake(self, with_it=b""):
        """Opens the WebSocket; `with_it` goes out together with the request."""
        key = base64.b64encode(os.urandom(16)).decode()
        self.send(upgrade_request(self.url, sec_websocket_key=key) + with_it)
        self.expect_opened(key)

    def expect_opened(self, key):
        response = self.read_response()
        if response.status != 101:
            raise Failure(f"the handshake was answered with {response.status}")
        if response.headers.get("sec-websocket-accept") != accept_of(key):
            raise Failure("Sec-WebSocket-Accept is wrong")
        if response.headers.get("upgrade", "").lower() != "websocket":
            raise Failure("the answer does not say Upgrade: websocket")
        if "upgrade" not in response.headers.get("connection", "").lower():
            raise Failure("the answer does not say Connection: Upgrade")
        for name in ("sec-websocket-protocol", "sec-websocket-extensions"):
            if name in response.headers:
                raise Failure(f"the answer has {name}, which nobody speaks")

    def read_response(self):
        while b"\r\n\r\n" not in self._received:
            if not self._read_more():
                raise Failure("the connection ended before a whole answer")
        head, _, rest = bytes(self._received).partition(b"\r\n\r\n")
        self._received = bytearray(rest)
        return Response(head)

    def read_frame(self):
        """The next frame as (opcode, payload), or None when the server has closed. Checks what
        every frame of a server must be: final, unmasked, of minimal length, nothing reserved."""
        if not self._have(2):
            return None
        first, second = self._received[0], self._received[1]
        if first & 0x70:
            raise Failure("the server set a reserved bit")
        if not first & 0x80:
            raise Failure("the server fragmented a message")
        if second & 0x80:
            raise Failure("the server masked a frame")
        length, start = second & 0x7F, 2
        if length == 126:
            self._need(4)
            length, start = struct.unpack(">H", self._received[2:4])[0], 4
            minimal = length > 125
        elif length == 127:
            self._need(10)
            length, start = struct.unpack(">Q", self._received[2:10])[0], 10
            minimal = length > 0xFFFF
        else:
            minimal = True
        if not minimal:
            raise Failure("the server's length is not minimal")
        opcode = first & 0x0F
        if opcode not in (TEXT, BINARY, CLOSE, PING, PONG):
            raise Failure(f"the server sent the opcode {opcode}")
        if opcode >= CLOSE and length > 125:
            raise Failure("the server sent a long control frame")
        self._need(start + length)
        payload = bytes(self._received[start : start + length])
        del self._received[: start + length]
        return opcode, payload

    def expect_end(self):
        """The server closes; nothing may come before that."""
        if self._received or self._read_more():
            raise Failure(f"{len(self._received)} bytes came where the end was expected")

    def _have(self, size):
        while len(self._received) < size:
            if not self._read_more():
                if self._received:
                    raise Failure("the connection ended within a frame")
                return False
        return True

    def _need(self, size):
        if not self._have(size):
            raise Failure("the connection ended within a frame")

    def _read_more(self):
        try:
            self.socket.settimeout(max(0.001, self._deadline - time.monotonic()))
            piece = self.socket.recv(1 << 18)
        except socket.timeout:
            raise Failure(f"nothing more came within {self.patience:g} s") from None
        except ConnectionResetError:
            raise Failure("the connection was reset") from None
        self._received += piece
        return bool(piece)
