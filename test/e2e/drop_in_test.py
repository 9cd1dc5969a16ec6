"""webtransport_server in the place of the original of that name: its environment, its health port,
its certificate and its end (spec 1.3, 1.6)."""

import json
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

from child import quiet_environment
import tokens
from deadline import Deadline
from endings import Refused
from http_client import request
from member import Member
from quic_client import QuicClient
from relay import BIN, Relay
from transport import chosen_transport, only_over

REFUSAL = 2  # the exit code of a start with wrong settings


@only_over("webtransport", "it is about webtransport_server")
class WebTransportServer(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.make_certificate()
        self.environment = {
            "LISTEN_URL": "127.0.0.1:0", "HEALTH_LISTEN_URL": "127.0.0.1:0",
            "CERT_PATH": str(self.folder / "certificate.pem"),
            "KEY_PATH": str(self.folder / "key.pem"), "JWT_SECRET": tokens.SECRET}

    def make_certificate(self):
        """Its SHA-256 as `parley cert` says it."""
        made = subprocess.run([str(BIN / "parley"), "cert", "create", "--replace", "--out",
                               str(self.folder)], capture_output=True, text=True, check=True,
                              timeout=20, env=quiet_environment())
        return next(line.split()[1] for line in made.stdout.splitlines() if "sha-256" in line)

    def start(self, **environment):
        relay = Relay(program="webtransport_server", webtransport=False, server_host=None,
                      server_port=None, environment={**self.environment, **environment})
        self.addCleanup(relay.stop)
        return relay

    def join(self, relay, user, target=None):
        session = chosen_transport().connect(relay, target or f"/lobby/{user}/room")
        self.addCleanup(session.discard)
        return Member(session, user, "room")

    def published_hash(self, relay):
        answer = json.loads(request(relay.port, "/transports").text)
        return answer["webtransport"]["certificate_hashes"]

    def test_relays_between_its_members(self):
        relay = self.start()
        alice = self.join(relay, "alice")
        bob = self.join(relay, "bob", "/lobby?token=" + tokens.token("bob", "room"))
        alice.activate()
        bob.hear(alice.joined)

    def test_answers_on_its_health_port(self):
        relay = self.start()
        health, version = request(relay.port, "/healthz"), request(relay.port, "/version")

        self.assertEqual((health.status, health.text), (200, "Ok"))
        self.assertEqual(json.loads(version.text)["service"], "webtransport-relay")
        self.assertIsNone(json.loads(request(relay.port, "/transports").text)["websocket"])

    def test_takes_no_websocket(self):
        relay = self.start()
        answer = request(relay.port, "/lobby/alice/room")

        self.assertEqual(answer.status, 404)
        self.assertIn(str(relay.webtransport_port), answer.text)

    def test_refuses_the_path_when_meetings_are_managed(self):
        relay = self.start(FEATURE_MEETING_MANAGEMENT="true")

        with self.assertRaises(Refused) as refused:
            self.join(relay, "alice")
        self.assertEqual(refused.exception.response.status, 410)

    def test_drains_on_both_signals(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            relay = self.start()
            alice = self.join(relay, "alice")
            relay.signal(number)
            end = alice.end()

            self.assertTrue(alice.session.draining, "it was told before")
            self.assertEqual(end.reason, "server shutting down")
            self.assertEqual(relay.wait(), 0)

    def test_says_what_is_missing(self):
        for name in ("CERT_PATH", "KEY_PATH"):
            environment = {**self.environment, name: ""}
            ended = subprocess.run([str(BIN / "webtransport_server")], capture_output=True,
                                   text=True, timeout=20, env=quiet_environment(**environment))
            self.assertEqual(ended.returncode, REFUSAL, ended.stderr)
            self.assertIn("tls.key", ended.stderr)

    def test_shows_the_new_certificate_after_sighup_and_keeps_the_good_one(self):
        relay = self.start()
        before = self.published_hash(relay)
        new = self.make_certificate()
        self.assertNotEqual(before, [new])
        relay.signal(signal.SIGHUP)
        deadline = Deadline()
        while self.published_hash(relay) != [new]:
            deadline.left("the new certificate")
        shown = self.shown_certificate(relay)

        (self.folder / "certificate.pem").write_text("no certificate")
        relay.signal(signal.SIGHUP)
        relay.wait_for_metric(1, "parley_certificate_changes_total", outcome="failed")
        self.assertEqual(self.published_hash(relay), [new])
        self.assertEqual(self.shown_certificate(relay), shown)

    def shown_certificate(self, relay):
        """What the QUIC port shows to a client that comes now."""
        client = QuicClient(relay.webtransport_port)
        self.addCleanup(client.discard)
        return client.quic.tls._peer_certificate
