"""What is no request, or too late, or too much: each with its answer and its counter."""

import time

from bystander import BadInputCase
from endings import Refused
from http_client import Connection, request_bytes
from transport import only_over
from websocket_client import upgrade_headers
from websocket_protocol import BINARY, frame


class BadHttp(BadInputCase):
    settings = {"limits_handshake_timeout": "500ms", "limits_keep_alive": "700ms"}

    def expect(self, data, status, reason, within=10.0):
        refused = self.counted("parley_refusals_total", reason=reason)
        with Connection(self.relay.port) as connection:
            connection.send(data)
            answer = connection.response(within=within)
            self.assertEqual(answer.status, status, data[:60])
            self.assertEqual(connection.read_end(), "FIN")
        refused()

    @only_over("websocket", "it is about HTTP over TCP")
    def test_garbage(self):
        for data in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\r\n\r\n", b"hello\r\n\r\n",
                     b"\x00" * 50, b"GET\r\n\r\n", b"GET /\r\n\r\n", b"GET / HTTP/2.0\r\n\r\n",
                     b"GET / HTTP/1.1\nHost: x\n\n", b"GET / HTTP/1.1\r\nHost x\r\n\r\n",
                     b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n",
                     b"GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n",
                     b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
                     b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"):
            self.expect(data, 400, "bad_request")

    @only_over("websocket", "it is about HTTP over TCP")
    def test_a_hundred_kilobytes_of_headers(self):
        lines = b"".join(b"X-%d: %s\r\n" % (i, b"x" * 990) for i in range(100))
        self.expect(b"GET /version HTTP/1.1\r\nHost: x\r\n" + lines + b"\r\n", 431,
                    "headers_too_large")

    @only_over("websocket", "it is about HTTP over TCP")
    def test_one_header_of_a_hundred_kilobytes(self):
        self.expect(b"GET /version HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", 431,
                    "headers_too_large")

    @only_over("websocket", "it is about HTTP over TCP")
    def test_a_target_of_a_hundred_kilobytes(self):
        self.expect(request_bytes("/lobby/a/" + "b" * 100_000), 431, "headers_too_large")

    @only_over("websocket", "it is about HTTP over TCP")
    def test_a_request_that_never_comes(self):
        begun = time.monotonic()
        self.expect(b"", 408, "request_too_late")
        self.assertGreaterEqual(time.monotonic() - begun, 0.45)

    @only_over("websocket", "it is about HTTP over TCP")
    def test_a_request_that_never_ends(self):
        self.expect(b"GET /lobby/a/b HTTP/1.1\r\nHost: x\r\n", 408, "request_too_late")

    @only_over("websocket", "it is about HTTP over TCP")
    def test_a_request_that_trickles(self):
        refused = self.counted("parley_refusals_total", reason="request_too_late")
        with Connection(self.relay.port) as connection:
            connection.socket.settimeout(0.02)
            begun = time.monotonic()
            for byte in request_bytes("/lobby/a/b" * 20):
                connection.send(bytes([byte]))
                connection.socket.settimeout(0.02)
                try:
                    connection.received += connection.socket.recv(1000)
                    break
                except TimeoutError:
                    pass
            self.assertEqual(connection.response().status, 408)
            self.assertLess(time.monotonic() - begun, 3)
        refused()

    @only_over("websocket", "it is about HTTP over TCP")
    def test_a_second_request_that_never_comes_is_no_refusal(self):
        refused = self.counted("parley_refusals_total", by=0, reason="request_too_late")
        with Connection(self.relay.port) as connection:
            connection.send(request_bytes("/version"))
            self.assertEqual(connection.response().status, 200)
            self.assertEqual(connection.read_end(), "FIN")
            self.assertEqual(connection.received, b"")
        refused()

    @only_over("websocket", "it is about HTTP over TCP")
    def test_a_body(self):
        self.expect(request_bytes("/version", "POST", {"Content-Length": "5"}) + b"12345", 413,
                    "body")
        self.expect(request_bytes("/version", "POST", {"Transfer-Encoding": "chunked"}), 413,
                    "body")

    @only_over("websocket", "it is about HTTP over TCP")
    def test_bytes_after_a_refusal_do_not_destroy_the_answer(self):
        with Connection(self.relay.port) as connection:
            connection.send(b"\x00" * 20_000)
            self.assertEqual(connection.response().status, 400)

    @only_over("websocket", "it is about HTTP over TCP")
    def test_a_handshake_byte_by_byte_is_let_in(self):
        request = request_bytes(f"/lobby/alice/{self.room}", headers=upgrade_headers())
        with Connection(self.relay.port) as connection:
            for byte in request:
                connection.send(bytes([byte]))
            self.assertEqual(connection.response().status, 101)

    def test_ids_that_would_be_patterns_or_too_long(self):
        bad = ["", ".", "*", ">", "a.b", "a*", "%2A", "%3E", "%2E", "%FF", "%00", "%2F", "a%0Ab",
               "%", "%4", "%zz", "a@b", "a+b", "x" * 256, "\u00e4", "%C3%A4", "a;b", "a%25b"]
        refused = self.counted("parley_refusals_total", by=2 * len(bad), reason="bad_id")

        for segment in bad:
            target = segment.encode().decode("latin-1")
            for path in (f"/lobby/{target}/room", f"/lobby/alice/{target}"):
                with self.assertRaises(Refused) as refusal:
                    self.connect(path)
                answer = refusal.exception.response
                self.assertEqual((answer.status, answer.text),
                                 (400, "Invalid user_id or room format"), path)
        refused()

    def test_ids_of_255_bytes_are_let_in(self):
        self.join("u" * 255, "r" * 255)

    def test_the_same_user_twenty_times(self):
        members = [self.join("alice") for _ in range(20)]
        for member in members:
            member.activate()

        self.assertEqual(len({member.session_id for member in members}), 20)
        self.assertEqual(len(self.join("bob").roster), 20)

    @only_over("websocket", "it is about HTTP over TCP")
    def test_upgrades_that_are_refused_leave_the_connection_usable(self):
        with Connection(self.relay.port) as connection:
            connection.send(request_bytes("/lobby/a.b/c", headers=upgrade_headers()))
            self.assertEqual(connection.response().status, 400)
            connection.send(request_bytes("/version"))
            self.assertEqual(connection.response().status, 200)

    @only_over("websocket", "it is about HTTP over TCP")
    def test_many_connections_that_say_nothing(self):
        silent = [Connection(self.relay.port) for _ in range(200)]
        for connection in silent:
            self.assertEqual(connection.response().status, 408)
            connection.socket.close()

        self.relay.wait_for_metric(3, "parley_connections")  # the bystanders and the scrape


@only_over("websocket", "it is about HTTP over TCP")
class BadHttpBehindUpgrade(BadInputCase):
    def test_bytes_behind_the_upgrade_are_frames(self):
        alice, = self.join_active("alice")
        behind = frame(BINARY, b"") + frame(3, b"")
        session = self.connect(f"/lobby/bob/{self.room}", behind=behind)

        self.assertEqual(session.receive_end().code, 1002)

    def test_a_second_request_behind_the_upgrade_is_no_frame(self):
        session = self.connect(f"/lobby/bob/{self.room}", behind=request_bytes("/version"))

        self.assertEqual(session.receive_end().code, 1002)

    def test_a_reason_is_told_behind_a_long_roster(self):
        members = [self.join(f"user{i}") for i in range(150)]
        for member in members:
            member.activate()
        for data in (frame(3, b""), frame(BINARY, b"x", mask=False)):
            session = self.connect(f"/lobby/late/{self.room}", behind=data)
            end = session.receive_end()
            self.assertEqual((end.code, end.how), (1002, "Close"))
