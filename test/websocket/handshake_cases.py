"""Cases about the opening handshake (RFC 6455 §4) and what stands around it."""

from conformance_case import Case, FreeCase, closed, expect_items, is_from_member
from framing_cases import message
from raw_websocket import upgrade_request

from conformance_suite import Failure
from websocket_protocol import BINARY, PING, close, frame


def opens(name, **changed):
    """The server opens the WebSocket, with no extension and no protocol, and it works."""

    def run(endpoint):
        with endpoint.connect() as connection:
            connection.send(upgrade_request(connection.url, **changed))
            connection.expect_opened("dGhlIHNhbXBsZSBub25jZQ==")
            connection.send(frame(PING, b"?") + close(1000))
            expect_items(connection, [("pong", b"?"), closed(1000)], is_from_member)
            connection.expect_end()

    return FreeCase("handshake", name, run)


def refuses(name, *statuses, header=None, raw=None, **changed):
    """The server answers with one of `statuses` and, when it closes, does so cleanly."""

    def run(endpoint):
        with endpoint.connect() as connection:
            request = raw if raw is not None else upgrade_request(connection.url, **changed)
            connection.send(request)
            response = connection.read_response()
            if response.status not in statuses:
                raise Failure(f"the answer is {response.status} instead of {statuses}")
            if header is not None and response.headers.get(header[0]) != header[1]:
                raise Failure(f"the answer has no {header[0]}: {header[1]}")

    return FreeCase("handshake", name, run)


def cases():
    yield from opening()
    yield from pipelined()
    yield from refusals()


def opening():
    yield opens("the sample of the RFC")
    yield opens("the token websocket in capitals", upgrade="WebSocket")
    yield opens("the token upgrade among others", connection="keep-alive, Upgrade")
    yield opens("the token upgrade in small letters", connection="upgrade")
    yield opens("the header Connection twice", connection=["keep-alive", "Upgrade"])
    yield opens("the token websocket among others", upgrade="h2c, websocket")
    yield opens("version 8", sec_websocket_version="8")
    yield opens("version 7", sec_websocket_version="7")
    yield opens("protocols are offered, none is taken", sec_websocket_protocol="chat, superchat")
    yield opens("compression is offered, none is taken",
                sec_websocket_extensions="permessage-deflate; client_max_window_bits")
    yield opens("an origin and cookies", origin="http://localhost:3001", cookie="email=a@b.c")
    yield opens("blanks around the values", sec_websocket_version="  13  ", upgrade="\twebsocket ")
    yield opens("a long cookie", cookie="a=" + "x" * 4000)


def pipelined():
    good, answer = message()
    yield Case("handshake", "a message together with the request", [], [answer], first=good)
    yield Case("handshake", "ten messages together with the request", [], [answer] * 10,
               first=good * 10)
    yield Case("handshake", "half a message together with the request", [good[5:]], [answer],
               first=good[:5])
    yield Case("handshake", "one byte together with the request", [good[1:]], [answer],
               first=good[:1])
    yield Case("handshake", "a close together with the request", [], [closed(1000)],
               first=close(1000))
    yield Case("handshake", "an unmasked frame together with the request", [], [closed(1002)],
               first=frame(BINARY, b"\x08\x01", mask=False))

    def in_pieces(*sizes):
        def run(endpoint):
            with endpoint.connect() as connection:
                request = upgrade_request(connection.url) + frame(PING, b"?") + close(1000)
                connection.send_in_pieces(request, sizes)
                connection.expect_opened("dGhlIHNhbXBsZSBub25jZQ==")
                expect_items(connection, [("pong", b"?"), closed(1000)], is_from_member)
                connection.expect_end()

        return run

    yield FreeCase("handshake", "the request byte by byte", in_pieces(1))
    yield FreeCase("handshake", "the request in pieces of 50 bytes", in_pieces(50))


def refusals():
    yield refuses("the method POST", 405, method="POST")
    yield refuses("the method HEAD", 400, 405, method="HEAD")
    yield refuses("no Upgrade", 400, without=("upgrade",))
    yield refuses("an Upgrade to something else", 400, upgrade="h2c")
    yield refuses("an Upgrade to websockets", 400, upgrade="websockets")
    yield refuses("no Connection", 400, without=("connection",))
    yield refuses("a Connection that is kept alive only", 400, connection="keep-alive")
    yield refuses("no key", 400, without=("sec-websocket-key",))
    yield refuses("an empty key", 400, sec_websocket_key="")
    yield refuses("a key of 15 bytes", 400, sec_websocket_key="AAAAAAAAAAAAAAAAAAAA")
    yield refuses("a key of 17 bytes", 400, sec_websocket_key="AAAAAAAAAAAAAAAAAAAAAAA=")
    yield refuses("a key that is not base64", 400, sec_websocket_key="!!!!!!!!!!!!!!!!!!!!!!==")
    yield refuses("a key given twice", 400,
                  sec_websocket_key=["dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ=="])
    yield refuses("no version", 400, without=("sec-websocket-version",))
    yield refuses("a version that is no number", 400, sec_websocket_version="thirteen")
    for version in ("0", "6", "12", "14", "255"):
        yield refuses(f"version {version}", 426, header=("sec-websocket-version", "13"),
                      sec_websocket_version=version)
    yield refuses("HTTP/1.0", 400, 426, 505, version="HTTP/1.0")
    yield refuses("HTTP/3.7", 400, 505, version="HTTP/3.7")
    yield refuses("no Host", 400, without=("host",))
    yield refuses("garbage instead of a request", 400, raw=b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\r\n\r\n")
    yield refuses("a frame instead of a request", 400, raw=frame(BINARY, b"hello\r\n\r\n"))
    yield refuses("words instead of a request", 400, raw=b"hello world\r\n\r\n")
    yield refuses("a head of 100 kB", 431, cookie="a=" + "x" * 100_000)
    yield refuses("a head of 2 000 lines", 431, x_filler=["y" * 40] * 2000)
