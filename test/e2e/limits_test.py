"""The limits of the process, which are settings: who comes beyond them hears why (decision 35)."""

import websocket_protocol
from deadline import Deadline
from endings import Refused
from http_client import Connection, request, request_bytes
from relay import Relay
from relay_case import RelayCase
from transport import not_over, only_over


@not_over("fleet", "each server has its own limit")
class SessionsMax(RelayCase):
    settings = {"limits_sessions_max": 3}

    def setUp(self):
        super().setUp()
        self.relay.wait_for_metric(0, "parley_sessions")  # of the cases before this one

    def test_the_fourth_session_gets_503_until_one_leaves(self):
        members = [self.join(f"user{i}") for i in range(3)]
        refused = self.counted("parley_refusals_total", reason="sessions_max")

        with self.assertRaises(Refused) as refusal:
            self.connect("/lobby/late/room")

        self.assertEqual(refusal.exception.response.status, 503)
        refused()
        members[0].session.close()
        self.relay.wait_for_metric(2, "parley_sessions")
        self.join("late")

    def test_version_is_still_answered(self):
        for i in range(3):
            self.join(f"other{i}")

        self.assertEqual(self.relay.get("/version").status, 200)


@only_over("websocket", "it is about HTTP over TCP")
class ConnectionsMax(RelayCase):
    settings = {"limits_connections_max": 4, "server_shards": 1}

    def setUp(self):
        super().setUp()
        # Those of the cases before this one are gone: the scrape is the only one.
        self.relay.wait_for_metric(1, "parley_connections")

    def test_the_fifth_connection_gets_503(self):
        refused = self.counted("parley_refusals_total", reason="connections_max")
        open_ones = [Connection(self.relay.port) for _ in range(4)]
        for connection in open_ones:
            connection.send(request_bytes("/healthz"))
            self.assertEqual(connection.response().status, 200)

        with Connection(self.relay.port) as late:
            self.assertEqual(late.response().status, 503)
            self.assertEqual(late.read_end(), "FIN")
        refused()
        for connection in open_ones:
            connection.socket.close()

    def test_sessions_are_connections(self):
        members = [self.join(f"user{i}") for i in range(4)]
        with Connection(self.relay.port) as late:
            self.assertEqual(late.response().status, 503)
        for member in members:
            member.session.discard()


@only_over("websocket", "it is about HTTP over TCP")
class PerAddress(RelayCase):
    settings = {"limits_connections_per_address": 3}

    def test_a_fourth_connection_of_one_address_gets_503_and_another_address_does_not(self):
        members = [self.join(f"user{i}", source="127.0.0.2") for i in range(2)]
        refused = self.counted("parley_refusals_total", reason="connections_per_address")
        silent = Connection(self.relay.port, source="127.0.0.2")

        with Connection(self.relay.port, source="127.0.0.2") as late:
            self.assertIn(late.response().status, (429, 503))
            self.assertEqual(late.read_end(), "FIN")

        refused()
        self.join("elsewhere", source="127.0.0.3")
        silent.socket.close()
        members[0].session.discard()
        self.relay.wait_for_metric(3, "parley_connections")  # two members, and who asks
        self.join("again", source="127.0.0.2")

    def test_what_a_refused_client_sends_is_nobody_elses(self):
        """A client beyond its limit is refused while others are being read."""
        victims = self.join_active("alice", "bob")
        others = [Connection(self.relay.port, source="127.0.0.4") for _ in range(3)]
        forged = websocket_protocol.close(4000, b"attacker")
        for _ in range(100):
            with Connection(self.relay.port, source="127.0.0.4") as late:
                for victim in victims:
                    victim.say()
                late.send(forged)
                self.assertIn(late.response().status, (429, 503))
        said = victims[0].say(b"the last")
        victims[1].hear(said)
        for other in others:
            other.socket.close()


class SmallMailbox(RelayCase):
    settings = {"mailbox_bytes": "64KiB"}

    def test_a_packet_above_its_bound_still_reaches_every_shard(self):
        alice, *others = self.join_active(*[f"user{i}" for i in range(5)])
        said = alice.say(b"x" * 300_000)

        for other in others:
            other.hear(said)


@not_over("fleet", "it counts one server's")
class Descriptors(RelayCase):
    def test_a_thousand_connects_and_disconnects_leave_nothing_behind(self):
        self.join("warm", "warm").session.discard()
        self.relay.wait_for_metric(0, "parley_sessions")
        self.relay.wait_for_metric(1, "parley_connections")  # the scrape itself
        before = self.relay.open_files()
        for i in range(250):
            member = self.join(f"user{i}", f"room{i % 7}")
            way = list(self.transport.ways_to_go.values())[i % len(self.transport.ways_to_go)]
            way(member.session)
            if i % len(self.transport.ways_to_go) == 0:
                member.session.discard()
        for _ in range(250):
            request(self.relay.port, "/version")
            Connection(self.relay.port).socket.close()

        self.relay.wait_for_metric(0, "parley_sessions")
        self.relay.wait_for_metric(0, "parley_rooms")
        self.relay.wait_for_metric(1, "parley_connections")
        deadline = Deadline()
        while (now := self.relay.open_files()) > before:
            deadline.left(f"{before} open files instead of {now}")


@only_over("websocket", "it needs no session")
class OneListener(RelayCase):
    def test_a_second_process_on_the_same_port_fails_and_says_so(self):
        with self.assertRaises(AssertionError) as failure:
            Relay(server_port=self.relay.port)
        self.assertIn(str(self.relay.port), str(failure.exception))
        self.assertEqual(self.relay.get("/healthz").status, 200)
