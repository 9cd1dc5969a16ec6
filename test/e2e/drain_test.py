"""The end of the server: everybody is told, nobody new is let in (decision 40)."""

import json
import signal
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

from deadline import Deadline
from endings import Refused
from http_client import Connection, request, request_bytes
from member import Member
from relay import Relay
from transport import chosen_transport, not_over, only_over
from websocket_client import WebSocket


@not_over("fleet", "one server of two is drained")
class Drain(unittest.TestCase):
    def setUp(self):
        self.transport = chosen_transport()

    def start(self, **settings):
        relay = Relay(**settings)
        self.addCleanup(relay.stop)
        return relay

    def join(self, relay, user, room="room"):
        session = self.transport.connect(relay, f"/lobby/{user}/{room}")
        self.addCleanup(session.discard)
        return Member(session, user, room)

    def expect_told(self, member):
        end = member.end()
        self.assertEqual((end.code, end.reason),
                         (member.session.codes["server shutting down"], "server shutting down"))

    def wait_until_it_drains(self, relay):
        deadline = Deadline()
        while request(relay.ops_port, "/readyz").status == 200:
            deadline.left("the beginning of the drain")

    def test_both_signals_tell_everybody_and_end_with_0(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            relay = self.start(server_drain_time="1s")
            members = [self.join(relay, f"user{i}").activate() for i in range(20)]
            relay.signal(number)
            for member in members:
                self.expect_told(member)
                member.session.close(1001)
                member.session.discard()

            self.assertEqual(relay.wait(), 0)

    def test_sessions_are_closed_one_after_another(self):
        relay = self.start(server_drain_time="2s")
        # Each shard spreads its sessions over the time by itself, and those of each transport. In
        # rooms of their own they have nothing else to hear.
        members = [self.join(relay, f"user{i}", room=f"room{i}").activate()
                   for i in range(20 * self.transport.ways)]
        relay.signal()

        # Nobody answers the Close: who has been told is not told again, the next one is.
        with ThreadPoolExecutor(len(members)) as waiting:
            moments = sorted(waiting.map(lambda member: (self.expect_told(member),
                                                         time.monotonic())[1], members))
        spread = [moment - moments[0] for moment in moments]
        self.assertGreater(spread[-1], 0.3)
        # A busy machine lets some steps be heard together, hardly most of them.
        steps = 1 + sum(later - earlier > 0.02 for earlier, later in pairwise(spread))
        self.assertGreaterEqual(steps, 5, spread)
        self.assertEqual(relay.wait(), 0)

    def test_clients_that_do_not_answer_do_not_hold_it_beyond_the_drain_time(self):
        relay = self.start(server_drain_time="500ms")
        members = [self.join(relay, f"user{i}") for i in range(5)]
        begun = time.monotonic()
        relay.signal()

        self.assertEqual(relay.wait(), 0)
        self.assertLess(time.monotonic() - begun, 3)
        for member in members:
            self.expect_told(member)

    @only_over("websocket", "it needs no session")
    def test_an_idle_server_ends_at_once(self):
        relay = self.start()
        begun = time.monotonic()
        relay.signal()

        self.assertEqual(relay.wait(), 0)
        self.assertLess(time.monotonic() - begun, 3)

    @only_over("websocket", "it is about HTTP over TCP")
    def test_idle_connections_do_not_hold_it(self):
        relay = self.start()
        with Connection(relay.port) as asked, Connection(relay.ops_port) as scraper, \
                Connection(relay.port) as silent:
            for connection in (asked, scraper):
                connection.send(request_bytes("/healthz"))
                connection.response()
            begun = time.monotonic()
            relay.signal()
            self.assertEqual(asked.read_end(), "FIN")
            self.assertEqual(silent.read_end(), "FIN")
            for connection in (asked, silent):
                connection.socket.close()

            self.assertEqual(relay.wait(), 0)
            self.assertLess(time.monotonic() - begun, 5)

    def test_joins_are_refused_and_readiness_fails_meanwhile(self):
        relay = self.start(server_drain_time="20s")
        member = self.join(relay, "alice").activate()
        refusals = relay.metric("parley_refusals_total", reason="draining")
        # Twenty seconds for one session: it is told at the end only when the time is long enough.
        relay.signal()
        self.wait_until_it_drains(relay)

        ready = request(relay.ops_port, "/readyz")
        self.assertEqual((ready.status, json.loads(ready.text)),
                         (503, {"ready": False, "reasons": ["draining"]}))
        self.assertEqual(relay.get("/readyz").status, 503)
        self.assertEqual(request(relay.ops_port, "/healthz").status, 200)
        with self.assertRaises(Refused) as refusal:
            self.transport.connect(relay, "/lobby/bob/room")
        self.assertEqual(refusal.exception.response.status, 503)
        self.assertEqual(relay.metric("parley_refusals_total", reason="draining"), refusals + 1)
        member.session.discard()

    def test_a_second_signal_stops_at_once(self):
        for first, second in ((signal.SIGTERM, signal.SIGINT), (signal.SIGINT, signal.SIGINT)):
            relay = self.start(server_drain_time="1m")
            silent = [self.join(relay, f"user{i}", room=f"room{i}") for i in range(20)]
            begun = time.monotonic()
            relay.signal(first)
            self.wait_until_it_drains(relay)
            relay.signal(second)

            self.assertEqual(relay.wait(), 0)
            self.assertLess(time.monotonic() - begun, 5)
            for member in silent:
                if isinstance(member.session, WebSocket):
                    self.expect_told(member)
                else:
                    # Browsers would otherwise notice at their own time-out.
                    self.assertNotEqual(member.end().how, "nobody there")

    def test_the_port_is_free_afterwards(self):
        relay = self.start(server_drain_time="100ms")
        member = self.join(relay, "alice")
        relay.signal()
        self.assertEqual(relay.wait(), 0)
        member.session.discard()

        again = self.start(server_port=relay.port)
        self.assertEqual(again.port, relay.port)
