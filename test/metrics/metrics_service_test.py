#!/usr/bin/env python3
"""`parley metrics` shows what relays say on NATS, through whatever NATS goes through."""

import subprocess
import unittest

from metrics_service import MetricsService

from nats_server import NatsPeer, NatsServer
from recording import (ANN, ENDED, STARTED, TRANSFERRED, connection_event, health_packet, meeting,
                       meeting_series, subject, unix_ms)

EVENTS = "videocall_server_connection_events_total"


class MetricsServiceCase(unittest.TestCase):
    def setUp(self):
        self.nats = NatsServer()
        self.addCleanup(self.nats.stop)

    def start(self):
        service = MetricsService(self.nats.url)
        self.addCleanup(service.process.communicate)  # reads what is left, and waits
        self.addCleanup(service.process.kill)
        return service

    def start_listening(self):
        service = self.start()
        service.wait_for_value(1, "parley_metrics_bus_connected")
        return service

    def say(self, *messages):
        peer = NatsPeer(self.nats)
        for where, payload in messages:
            peer.publish(where, payload)
        peer.flush()
        peer.close()


class MetricsServiceTest(MetricsServiceCase):
    def test_a_recorded_meeting_has_all_its_series_with_their_values(self):
        service = self.start_listening()

        self.say(*meeting())
        service.wait_for_value(2, "parley_metrics_messages_total", kind="health", outcome="taken")
        series = service.series()

        started = "videocall_metrics_service_startup_timestamp_seconds"
        self.assertAlmostEqual(series.pop((started, frozenset())), unix_ms() / 1000, delta=60)
        seen = {key: value for key, value in series.items() if key[0].startswith("videocall_")}
        self.assertEqual(seen, meeting_series())

    def test_the_page_is_what_prometheus_reads(self):
        service = self.start_listening()
        self.say(*meeting())
        service.wait_for_value(2, "parley_metrics_messages_total", kind="health", outcome="taken")

        done = subprocess.run(["promtool", "check", "metrics"], input=service.text(), text=True,
                              capture_output=True)

        # The names are the original's, whose gauges were called totals and whose units were short.
        bearable = ('non-counter metrics should not have "_total" suffix',
                    "metric names should not contain abbreviated units")
        objections = [line for line in done.stderr.splitlines() if not line.endswith(bearable)]
        self.assertEqual(objections, [])
        self.assertIn(done.returncode, (0, 3))

    def test_who_has_left_is_no_connection_any_more(self):
        service = self.start_listening()
        self.say(*meeting())
        service.wait_for_value(5, EVENTS)

        self.say((subject("server.connections", ANN),
                  connection_event(ENDED, ANN, sent=4000, received=800, lived_ms=1)))
        series = service.wait_for(lambda now: now.get((EVENTS, frozenset())) == 6, "six events")

        def users(name):
            return [dict(labels)["customer_email"] for key, labels in series if key == name]

        self.assertEqual(users("videocall_server_connections_active"), ["bob"])
        self.assertEqual(users("videocall_server_unique_users_active"), ["bob"])
        self.assertEqual(users("videocall_server_protocol_connections"), ["bob"])
        self.assertEqual(sorted(users("videocall_server_data_bytes_total")),
                         ["ann@example.org"] * 2 + ["bob"] * 2)

    def test_what_is_stale_or_garbage_or_a_flood_is_counted_and_not_shown(self):
        service = self.start_listening()
        long_ago = unix_ms() - 60_000
        crowd = {str(i): b"" for i in range(10_000)}

        self.say(("health.diagnostics.a.b.c", b"\xff\xff"),
                 ("health.diagnostics.a.b.c", health_packet(ANN, {}, at=long_ago)),
                 ("health.diagnostics.a.b.c", health_packet(ANN, crowd)),
                 ("health.diagnostics.a.b.c", b"x" * 300_000),
                 ("server.connections.a.b.c", b"\xff\xff"),
                 ("server.connections.a.b.c", connection_event(STARTED, ANN, at=long_ago)),
                 ("server.connections.a.b.c",
                  connection_event(TRANSFERRED, ANN, sent=1, received=1)),
                 ("server.other", connection_event(STARTED, ANN)))
        series = service.wait_for(lambda now: now.get((EVENTS, frozenset())) == 1, "one event")

        counted = {(dict(labels)["kind"], dict(labels)["outcome"]): value
                   for (name, labels), value in series.items()
                   if name == "parley_metrics_messages_total" and value}
        self.assertEqual(counted, {("health", "malformed"): 1, ("health", "stale"): 1,
                                   ("health", "too_many_peers"): 1, ("health", "too_large"): 1,
                                   ("connection", "malformed"): 1, ("connection", "stale"): 1,
                                   ("connection", "taken"): 1})
        self.assertNotIn("videocall_active_sessions_total", {name for name, _ in series})

    def test_it_lives_before_nats_does_and_through_its_death(self):
        self.nats.kill()
        service = self.start()
        self.assertEqual(service.get("/health").text, "OK")
        self.assertEqual(service.value("parley_metrics_bus_connected"), 0)

        self.nats.start()
        service.wait_for_value(1, "parley_metrics_bus_connected")
        self.say(*meeting())
        service.wait_for_value(5, EVENTS)

        for round_of_three in range(3):
            self.nats.kill()
            service.wait_for_value(0, "parley_metrics_bus_connected")
            self.nats.start()
            service.wait_for_value(1, "parley_metrics_bus_connected")
            self.say(*meeting())
            service.wait_for_value(10 + 5 * round_of_three, EVENTS)

        said = service.stop()
        self.assertIn("NATS cannot be reached", said)
        self.assertIn("NATS is back", said)

    def test_it_answers_as_the_originals_did(self):
        service = self.start()

        health = service.get("/health")
        self.assertEqual((health.status, health.text), (200, "OK"))
        metrics = service.get("/metrics")
        self.assertEqual(metrics.status, 200)
        self.assertTrue(metrics.headers["content-type"].startswith("text/plain; version=0.0.4"))
        self.assertEqual(service.get("/lobby").status, 404)
        refused = service.get("/metrics", "POST")
        self.assertEqual((refused.status, refused.headers["allow"]), (405, "GET, HEAD"))

    def test_a_password_in_the_address_of_nats_is_not_told(self):
        service = MetricsService(f"nats://user:secret-word@127.0.0.1:{self.nats.port}")
        service.wait_for_value(1, "parley_metrics_bus_connected")

        self.assertNotIn("secret-word", service.text())
        self.assertNotIn("secret-word", service.stop())


if __name__ == "__main__":
    unittest.main()
