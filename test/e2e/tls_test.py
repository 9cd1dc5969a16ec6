"""https and wss on the TCP port: the certificate, the handshake, and what is no handshake. That the
relay does over wss what it does over ws is shown by all other cases (run.py --transport wss)."""

import os
import select
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import packets
from bystander import BadInputCase
from deadline import PATIENCE, Deadline
from http_client import Connection, request, request_bytes, trusting_tls
from member import Member
from relay import Relay
from relay_case import RelayCase
from transport import only_over
from websocket_client import WebSocket

WHY = "it is about TLS over TCP"


@only_over("websocket", WHY)
class Secure(RelayCase):
    settings = {"tls_tcp": "true"}

    def test_members_hear_each_other(self):
        alice, bob = self.join_active("alice", "bob")

        bob.hear(alice.say())
        alice.hear(bob.say())

        self.assertEqual(alice.session.connection.socket.version(), "TLSv1.3")
        self.assertEqual(alice.session.connection.socket.cipher()[0], "TLS_AES_128_GCM_SHA256")

    def test_packets_of_every_size_arrive_whole(self):
        alice, bob = self.join_active("alice", "bob")
        for size in (0, 1, 16_000, 16_384, 16_385, 70_000, 300_000, 3_000_000):
            bob.hear(alice.say(os.urandom(size)))

    def test_tls_1_2_is_spoken_too(self):
        tls = trusting_tls(maximum_version=ssl.TLSVersion.TLSv1_2)
        alice, bob = self.join("alice", tls=tls), self.join("bob", tls=tls)
        bob.hear(alice.say(b"x" * 100_000))
        alice.hear(bob.say(b"y" * 100_000))

        self.assertEqual(alice.session.connection.socket.version(), "TLSv1.2")

    def test_the_endpoints_answer_over_https(self):
        for path in ("/version", "/healthz", "/readyz", "/transports"):
            self.assertEqual(self.relay.get(path).status, 200)
        with Connection(self.relay.port, tls=self.relay.tls) as connection:
            connection.send(request_bytes("/healthz") * 3)
            self.assertEqual([connection.response().status for _ in range(3)], [200] * 3)
            self.assertEqual(connection.socket.selected_alpn_protocol(), "http/1.1")

    def test_the_numbers_stay_on_plain_http(self):
        self.assertEqual(request(self.relay.ops_port, "/metrics").status, 200)

    def test_the_end_is_announced(self):
        # Without close_notify this socket raises instead of answering b"".
        raw = socket.create_connection(("127.0.0.1", self.relay.port), PATIENCE)
        with trusting_tls().wrap_socket(raw, suppress_ragged_eofs=False) as connection:
            connection.sendall(request_bytes("/healthz", headers={"Connection": "close"}))
            while connection.recv(65536):
                pass

    def test_a_session_that_is_closed_ends_in_order(self):
        alice = self.join("alice")
        alice.session.close()

        end = alice.end()
        self.assertEqual((end.code, end.how), (1000, "Close"))
        self.assertEqual(alice.session.connection.read_end(), "FIN")

    def test_a_protocol_of_somebody_else_is_refused(self):
        refused = self.counted("parley_refusals_total", reason="tls_handshake")
        tls = trusting_tls()
        tls.set_alpn_protocols(["h2"])

        with self.assertRaises(ssl.SSLError):
            Connection(self.relay.port, tls=tls)
        refused()

    def test_old_versions_are_refused(self):
        refused = self.counted("parley_refusals_total", reason="tls_handshake")
        with Connection(self.relay.port) as connection:
            # A ClientHello of TLS 1.1: 34 bytes of version and random, no session, one suite.
            hello = b"\x03\x02" + bytes(32) + b"\x00" + b"\x00\x02\xc0\x13" + b"\x01\x00"
            message = b"\x01" + len(hello).to_bytes(3, "big") + hello
            connection.send(b"\x16\x03\x01" + len(message).to_bytes(2, "big") + message)
            self.assertEqual(connection.read_end(), "FIN")
            self.assertEqual(connection.received[:1], b"\x15")
        refused()


@only_over("websocket", WHY)
class WithoutCertificate(unittest.TestCase):
    def test_there_is_nothing_to_read_again_and_the_server_goes_on(self):
        relay = Relay(log_level="info")
        relay.signal(signal.SIGHUP)  # of the signals that wait the first is taken first
        said = relay.stop()

        self.assertIn("nothing to read again", said)
        self.assertNotIn("SIGHUP", said)


@only_over("websocket", WHY)
class BadTls(BadInputCase):
    settings = {"tls_tcp": "true", "limits_handshake_timeout": "500ms"}

    def greeting(self):
        """The first bytes of a good client."""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        try:
            trusting_tls().wrap_bio(incoming, outgoing).do_handshake()
        except ssl.SSLWantReadError:
            return outgoing.read()

    def test_plain_http_is_told_so(self):
        asked = [request_bytes("/healthz"), request_bytes("/lobby/a/b", "OPTIONS"),
                 request_bytes("/" + "x" * 100_000), b"hello".upper()]
        refused = self.counted("parley_refusals_total", by=len(asked), reason="plain_http")
        for data in asked:
            with Connection(self.relay.port) as connection:
                connection.send(data)
                answer = connection.response()
                self.assertEqual((answer.status, answer.text), (400, "This port speaks https"))
                self.assertTrue(answer.headers["content-type"].startswith("text/plain"))
                self.assertEqual(connection.read_end(), "FIN")
        refused()

    def test_garbage_costs_its_sender_only(self):
        garbage = [b"\x00" * 50, b"\x16" * 50, b"\x16\x03\x01\x00\x05hello", os.urandom(20_000),
                   b"\x80\x2e\x01\x00\x02" + b"\x00" * 60, self.greeting()[:100] + b"\x00" * 5000,
                   b"\x15\x03\x01\x00\x02\x02\x28", b"\x17\x03\x03\x40\x00" + b"x" * 16384]
        garbage = [data for data in garbage if not 65 <= data[0] <= 90]
        refused = self.counted("parley_refusals_total", by=len(garbage), reason="tls_handshake")
        for data in garbage:
            with Connection(self.relay.port) as connection:
                connection.send(data)
                self.assertEqual(connection.read_end(), "FIN", data[:20])
        refused()

    def test_a_handshake_that_never_ends(self):
        refused = self.counted("parley_refusals_total", by=3, reason="tls_handshake")
        for data in (b"", b"\x16\x03\x01", self.greeting()):
            begun = time.monotonic()
            with Connection(self.relay.port) as connection:
                connection.send(data)
                self.assertEqual(connection.read_end(), "FIN")
            self.assertTrue(0.45 < time.monotonic() - begun < 3)
        refused()

    def test_a_handshake_that_trickles(self):
        refused = self.counted("parley_refusals_total", reason="tls_handshake")
        with Connection(self.relay.port) as connection:
            begun = time.monotonic()
            for byte in self.greeting():
                connection.send(bytes([byte]))
                connection.socket.settimeout(0.02)
                try:
                    if not connection.socket.recv(1000):
                        break
                except TimeoutError:
                    pass
            self.assertLess(time.monotonic() - begun, 3)
        refused()

    def test_a_greeting_that_is_far_too_long(self):
        refused = self.counted("parley_refusals_total", reason="tls_handshake")
        record = b"\x16\x03\x01\x40\x00"
        with Connection(self.relay.port) as connection:
            connection.send(record + b"\x01\x01\xfb\xd0\x03\x03" + b"x" * 16378)
            for _ in range(7):
                connection.send(record + b"x" * 16384)
            self.assertEqual(connection.read_end(), "FIN")
        refused()

    def test_a_request_that_never_comes_behind_a_good_handshake(self):
        refused = self.counted("parley_refusals_total", reason="request_too_late")
        with Connection(self.relay.port, tls=self.relay.tls) as connection:
            self.assertEqual(connection.response().status, 408)
        refused()

    def test_a_record_that_is_forged_ends_its_session(self):
        mallory, alice = self.join_active("mallory", "alice")
        under_tls = mallory.session.connection.socket
        with socket.socket(fileno=os.dup(under_tls.fileno())) as below:
            below.sendall(b"\x17\x03\x03\x00\x20" + b"x" * 32)
        self.assertIsNone(mallory.end().code)
        alice.hear(mallory.left)

    def test_a_second_handshake_over_tls_1_2_is_refused(self):
        # Python cannot ask for one; what matters is that a handshake record does no harm.
        tls = trusting_tls(maximum_version=ssl.TLSVersion.TLSv1_2)
        alice = self.join("alice", tls=tls)
        with socket.socket(fileno=os.dup(alice.session.connection.socket.fileno())) as below:
            below.sendall(self.greeting())
        self.assertIsNone(alice.end().code)


@only_over("websocket", WHY)
class FullOverTls(RelayCase):
    settings = {"tls_tcp": "true", "limits_connections_per_address": 2}

    def test_who_comes_too_late_hears_why(self):
        refused = self.counted("parley_refusals_total", reason="connections_per_address")
        members = [self.join(f"user{i}", source="127.0.0.2") for i in range(2)]

        with Connection(self.relay.port, source="127.0.0.2", tls=self.relay.tls) as late:
            self.assertIn(late.response().status, (429, 503))
            self.assertEqual(late.read_end(), "FIN")
        refused()
        members[0].probe()


@only_over("websocket", WHY)
class Certificates(unittest.TestCase):
    """SIGHUP brings a new certificate to new connections; a broken one changes nothing."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.install("first")
        self.relay = Relay(tls_tcp="true", tls_cert=self.folder / "chain.pem",
                           tls_key=self.folder / "key.pem", log_level="info", log_format="json")
        self.log = ""
        self.addCleanup(self.relay.stop)

    def install(self, name):
        """Writes a certificate for this name into the files of the server."""
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "10", "-subj", f"/CN={name}",
                        "-keyout", self.folder / "key.pem", "-out", self.folder / "chain.pem"],
                       check=True, capture_output=True)

    def shown(self):
        """The names in the certificate that a new connection is shown."""
        with Connection(self.relay.port, tls=trusting_tls()) as connection:
            return connection.socket.getpeercert(binary_form=True)

    def reload(self, says):
        """Until the server's log has said this."""
        self.relay.signal(signal.SIGHUP)
        stream, deadline = self.relay.process.stderr, Deadline()
        while says not in self.log:
            if select.select([stream], [], [], deadline.left(f"'{says}' in the log"))[0]:
                self.log += os.read(stream.fileno(), 65536).decode()
        self.log = ""

    def join(self, user):
        session = WebSocket(self.relay.port, f"/lobby/{user}/room", tls=trusting_tls())
        self.addCleanup(session.discard)
        return Member(session, user, "room").activate()

    def test_sighup_brings_a_new_certificate_to_new_connections(self):
        alice = self.join("alice")
        first = self.shown()
        self.install("second")
        self.assertIn(b"first", self.shown())

        self.reload("the certificate was read again")

        self.assertIn(b"first", first)
        self.assertIn(b"second", self.shown())
        bob = self.join("bob")
        bob.hear(alice.say(packet_type=packets.CONNECTION))

    def test_a_broken_certificate_changes_nothing(self):
        alice = self.join("alice")
        for broken in ("chain.pem", "key.pem"):
            self.install("broken")
            (self.folder / broken).write_text("nonsense")

            self.reload("the certificate stays as it was")

            self.assertIn(b"first", self.shown())
        self.install("second")
        self.reload("the certificate was read again")
        self.assertIn(b"second", self.shown())
        bob = self.join("bob")
        bob.hear(alice.say())

    def test_a_broken_certificate_at_the_start_ends_it(self):
        (self.folder / "key.pem").write_text("nonsense")
        with self.assertRaises(AssertionError) as failure:
            Relay(tls_tcp="true", tls_cert=self.folder / "chain.pem",
                  tls_key=self.folder / "key.pem")
        self.assertIn("key", str(failure.exception))


if __name__ == "__main__":
    unittest.main()
