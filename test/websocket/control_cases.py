"""Cases about control frames and endings: ping, pong, close, and a peer that just goes."""

import socket
import struct
import time

from conformance_case import (Case, FreeCase, Pieces, closed, envelope, expect_items,
                              is_from_member)
from framing_cases import letters, message, refused
from conformance_suite import Failure
from websocket_protocol import BINARY, CLOSE, PING, PONG, TEXT, close, frame, header


def pings():
    for payload, name in ((b"", "nothing"), (b"x", "one byte"), (b"hello", "five bytes"),
                          (letters(125), "125 bytes"), (b"\0\xff\xfe\x80", "what is no text")):
        yield Case("ping", f"a ping of {name}", [frame(PING, payload)], [("pong", payload)])
    good, answer = message()
    yield Case("ping", "ten pings, answered in order",
               [b"".join(frame(PING, b"%d" % i) for i in range(10))],
               [("pong", b"%d" % i) for i in range(10)])
    yield Case("ping", "pings and messages in turn", [(frame(PING, b"p") + good) * 5],
               [("pong", b"p"), answer] * 5)
    yield Case("ping", "a ping in two pieces", [Pieces(frame(PING, b"hello"), 8, 99, pause=0.002)],
               [("pong", b"hello")])
    for payload, name in ((b"", "nothing"), (b"x", "one byte"), (letters(125), "125 bytes")):
        yield Case("ping", f"a pong of {name} that nobody asked for",
                   [frame(PONG, payload), good], [answer])
    yield Case("ping", "a hundred pongs and a ping", [frame(PONG, b"x") * 100, frame(PING, b"y")],
               [("pong", b"y")])
    for opcode, name in ((PING, "ping"), (PONG, "pong"), (CLOSE, "close")):
        for size in (126, 127, 65535, 65536):
            yield refused("ping", f"a {name} of {size} bytes",
                          frame(opcode, b"\x03\xe8" + letters(size - 2)), 1002)
        yield Case("ping", f"a long {name} is refused from its second byte",
                   [good, bytes([0x80 | opcode, 0x80 | 126])], [answer, closed(1002)])


LEGAL_CODES = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999,
               4000, 4999)
ILLEGAL_CODES = (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2999, 5000, 32767,
                 65535)


def closes():
    for code in LEGAL_CODES:
        yield Case("close", f"the code {code}", [close(code)], [closed(code)])
    for code in ILLEGAL_CODES:
        yield Case("close", f"the code {code}, which must not be sent", [close(code)],
                   [closed(1002)])
    yield Case("close", "no code", [close(None)], [closed(None, 1000)])
    yield Case("close", "half a code", [frame(CLOSE, b"\x03")], [closed(1002)])
    for reason, name in ((b"bye", "three bytes"), (letters(123), "123 bytes"),
                         ("\u00e4\u20ac\U0001f642".encode(), "two, three and four byte characters")):
        yield Case("close", f"a reason of {name}", [close(1000, reason)], [closed(1000)])
    yield Case("close", "a reason of 124 bytes", [close(1000, letters(124))], [closed(1002)])
    for reason, name in ((b"\xff", "a byte that begins nothing"), (b"bye \xe2\x82", "a cut character"),
                         (b"\xed\xa0\x80", "a surrogate"), (b"\xc0\x80", "a longer form")):
        yield Case("close", f"a reason with {name}", [close(1000, reason)], [closed(1007)])
    yield Case("close", "a close byte by byte", [Pieces(close(1001, b"going"), 1)], [closed(1001)])


def order():
    good, answer = message()
    yield Case("order", "what stands before a close is answered first", [good * 50 + close(1000)],
               [answer] * 50 + [closed(1000)])
    yield Case("order", "a ping before a close is answered first", [frame(PING, b"p") + close(1000)],
               [("pong", b"p"), closed(1000)])
    for late, name in ((good, "a message"), (frame(TEXT, b"x"), "a text"),
                       (frame(PING, b"p"), "a ping"), (close(1001), "a second close"),
                       (b"\xff" * 100, "garbage"), (frame(BINARY, b"x", mask=False), "an unmasked frame"),
                       (frame(BINARY, letters(300_000)), "300 000 bytes")):
        yield Case("order", f"{name} after a close is not looked at", [close(1000) + late],
                   [closed(1000)])
        yield Case("order", f"{name} after a violation is not looked at", [frame(3) + late],
                   [closed(1002)])
    yield Case("order", "half a message before a close", [
        frame(BINARY, b"\x08", fin=False), frame(PING, b"p"), close(1000)],
        [("pong", b"p"), closed(1000)])

    def close_after_a_while(endpoint):
        with endpoint.connect() as connection:
            connection.handshake()
            connection.send(close(1000))
            time.sleep(0.3)
            connection.send(good)
            expect_items(connection, [closed(1000)], is_from_member)
            connection.expect_end()

    yield FreeCase("order", "a message some time after a close", close_after_a_while)


def ending(name, data, *, with_half_close):
    """The TCP connection ends where no close frame stands."""

    def run(endpoint):
        with endpoint.connect() as connection:
            connection.handshake()
            connection.send(data)
            if with_half_close:
                connection.socket.shutdown(socket.SHUT_WR)
                wait_for_end(connection)
            else:
                reset = struct.pack("ii", 1, 0)
                connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        endpoint.expect_alive()

    kind = "ends" if with_half_close else "is reset"
    return FreeCase("end", f"the connection {kind} {name}", run)


def wait_for_end(connection):
    """The server lets the connection go in its own time; an orderly end or a reset both do."""
    try:
        while connection.socket.recv(1 << 16):
            pass
    except ConnectionResetError:
        pass
    except socket.timeout:
        raise Failure("the server keeps a connection whose peer has gone") from None


def endings():
    places = (("after the handshake", b""),
              ("within a header", frame(BINARY, envelope(300))[:3]),
              ("within a payload", frame(BINARY, envelope(300))[:100]),
              ("between two fragments", frame(BINARY, b"\x08", fin=False)),
              ("within a ping", frame(PING, b"hello")[:8]),
              ("after a message", frame(BINARY, envelope(60))),
              ("behind an announced megabyte", header(BINARY, 1_000_000) + b"\0" * 5000))
    for name, data in places:
        for with_half_close in (True, False):
            yield ending(name, data, with_half_close=with_half_close)


def cases():
    for group in (pings, closes, order, endings):
        yield from group()
