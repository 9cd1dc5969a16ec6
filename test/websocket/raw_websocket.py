"""A WebSocket client that can do everything wrong: raw frames over a plain socket (RFC 6455)."""

import base64
import hashlib
import os
import random
import socket
import struct
import time
from urllib.parse import urlsplit

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

_keys = random.Random(6455)


class Failure(Exception):
    """The server did something else than it must; the text says what."""


def masked(payload, key):
    """The exclusive-or of RFC 6455 §5.3."""
    if not payload:
        return b""
    pattern = (key * (len(payload) // 4 + 1))[: len(payload)]
    mixed = int.from_bytes(payload, "big") ^ int.from_bytes(pattern, "big")
    return mixed.to_bytes(len(payload), "big")


def header(opcode, length, *, fin=True, rsv=0, mask=True, form=None):
    """A frame's header without its masking key. `form` forces a length of 7, 16 or 64 bits."""
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    if form is None:
        form = 7 if length <= 125 else 16 if length <= 0xFFFF else 64
    mask_bit = 0x80 if mask else 0
    if form == 7:
        return bytes([first, mask_bit | length])
    if form == 16:
        return bytes([first, mask_bit | 126]) + struct.pack(">H", length)
    return bytes([first, mask_bit | 127]) + struct.pack(">Q", length)


def frame(opcode, payload=b"", *, key=None, mask=True, **how):
    """One frame as a client sends it, or with whatever is wrong with it."""
    if isinstance(payload, str):
        payload = payload.encode()
    start = header(opcode, len(payload), mask=mask, **how)
    if not mask:
        return start + payload
    if key is None:
        key = _keys.randbytes(4)
    return start + key + masked(payload, key)


def fragments(opcode, *payloads):
    """The frames of one message in as many fragments as payloads, as a list."""
    last = len(payloads) - 1
    return [
        frame(CONTINUATION if i else opcode, payload, fin=i == last)
        for i, payload in enumerate(payloads)
    ]


def close(code=1000, reason=b""):
    """A close frame; `code` None leaves it empty."""
    if code is None:
        return frame(CLOSE)
    return frame(CLOSE, struct.pack(">H", code) + reason)


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
        guid = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode() + guid).digest()).decode()
        if response.headers.get("sec-websocket-accept") != accept:
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
