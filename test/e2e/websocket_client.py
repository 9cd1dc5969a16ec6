"""A WebSocket client with full control over its bytes (RFC 6455)."""

import base64
import os
import selectors
import socket
import ssl
import struct

from deadline import PATIENCE, Deadline
from endings import Ended, Refused, read_to_end
from http_client import Connection, request_bytes
from websocket_protocol import BINARY, CLOSE, PING, PONG, accept_of, close, frame


def upgrade_headers(**changed):
    """The headers of an opening request; None leaves one out, and _ stands for -."""
    headers = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
    }
    headers.update({name.replace("_", "-"): value for name, value in changed.items()})
    return headers


class WebSocket:
    """One connection. Pings are answered while something is received, if `polite`. `early` packets
    go out with the request."""

    # The code with which a session ends, by its reason (docs/PROTOCOL.md).
    codes = {
        "resumed elsewhere": 1000,
        "Session rejected": 1008,
        "too slow": 1008,
        "nothing received": 1001,
        "server shutting down": 1001,
    }

    def __init__(self, port, target, *, early=(), behind=b"", polite=True, source=None,
                 receive_buffer=None, headers=None, tls=None):
        self.connection = Connection(port, source=source, receive_buffer=receive_buffer, tls=tls)
        self.polite = polite
        headers = upgrade_headers(**(headers or {}))
        behind += b"".join(frame(BINARY, packet) for packet in early)
        self.connection.send(request_bytes(target, headers=headers) + behind)
        response = self.connection.response()
        if response.status != 101:
            self.connection.socket.close()
            raise Refused(response)
        self.head = response.headers
        accept = self.head.get("sec-websocket-accept")
        assert accept == accept_of(headers["Sec-WebSocket-Key"]), f"it accepted with {accept}"

    def send_raw(self, data):
        self.connection.send(data)

    def send_frame(self, opcode, payload=b"", **how):
        self.send_raw(frame(opcode, payload, **how))

    def send(self, packet):
        self.send_frame(BINARY, packet)

    def send_all(self, packets):
        self.send_raw(b"".join(frame(BINARY, packet) for packet in packets))

    def receive_frame(self, deadline):
        """(opcode, payload) of the next frame, which must be whole, unmasked and unextended."""
        data = self.connection.received
        while True:
            if len(data) >= 2:
                short, size = data[1], 2
                assert data[0] & 0x70 == 0 and short < 0x80, f"no frame of a server: {data[:2]!r}"
                size += 2 if short == 126 else 8 if short == 127 else 0
                if len(data) >= size:
                    length = short if short < 126 else int.from_bytes(data[2:size], "big")
                    if len(data) >= size + length:
                        assert data[0] & 0x80, "the server fragmented a message"
                        opcode, payload = data[0] & 0xF, bytes(data[size : size + length])
                        del data[: size + length]
                        return opcode, payload
            if not self.connection.read_some(deadline):
                raise Ended(None, "", self.connection.ended)

    def receive(self, within=PATIENCE):
        """The next binary message. Raises Ended when there is none any more."""
        deadline = Deadline(within)
        while True:
            opcode, payload = self.receive_frame(deadline)
            if opcode == BINARY:
                return payload
            if opcode == PING and self.polite:
                self.send_frame(PONG, payload)
            if opcode == CLOSE:
                code = int.from_bytes(payload[:2], "big") if payload else None
                raise Ended(code, payload[2:].decode(), "Close")
            assert opcode in (PING, PONG), f"the server sent a frame of opcode {opcode}"

    def receive_pong(self, within=PATIENCE):
        deadline = Deadline(within)
        while True:
            opcode, payload = self.receive_frame(deadline)
            if opcode == PONG:
                return payload

    def receive_end(self, within=PATIENCE):
        """Reads on until the session ends, and answers how: an Ended."""
        return read_to_end(self.receive, within)

    def close(self, code=1000, reason=b""):
        self.send_raw(close(code, reason))

    def hang_up(self):
        """FIN, without a Close frame."""
        self.connection.socket.shutdown(socket.SHUT_RDWR)
        self.connection.socket.close()

    def reset(self):
        """RST."""
        linger = struct.pack("ii", 1, 0)
        self.connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.socket.close()

    disconnect = hang_up

    def pour(self, packet, *, reads=True):
        """Sends the same packet as fast as the server takes it, as long as it is asked for more;
        yields how many bytes were sent since the last time. What comes is thrown away, or left."""
        self.connection.socket.setblocking(False)
        ready = selectors.DefaultSelector()
        ready.register(self.connection.socket,
                       selectors.EVENT_WRITE | (selectors.EVENT_READ if reads else 0))
        one = frame(BINARY, packet)
        chunk = one * max(1, 65536 // len(one))
        rest = memoryview(chunk)
        try:
            while True:
                sent = 0
                for _, events in ready.select(0.1):
                    try:
                        if (events & selectors.EVENT_READ
                                and not self.connection.socket.recv(1 << 18)):
                            return
                        if events & selectors.EVENT_WRITE:
                            sent = self.connection.socket.send(rest)
                            rest = rest[sent:] or memoryview(chunk)
                    except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                        pass  # half a record: another time
                yield sent
        except OSError:
            pass

    def discard(self):
        self.connection.socket.close()
