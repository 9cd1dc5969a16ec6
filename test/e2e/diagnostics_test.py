"""What a server tells those who watch, over NATS: connections, their bytes, and clients' health
reports (spec 7.1, 7.2); and what it publishes for each kind of packet (spec 5)."""

import time
import unittest

import packet_kinds
import packets
from member import Member
from nats_server import NatsPeer, NatsServer
from packets import fields, number, octets, wrapper
from relay import Relay
from transport import chosen_transport, only_over

STARTED, ENDED, TRANSFERRED = 1, 2, 3
ACTIVATED, ADMITTED, REJECTED, WAITING_ROOM_UPDATED = 5, 6, 7, 8  # said by meeting-api
BOTH = "websocket", "webtransport"
NAMES = {"diagnostics_region": "eu.west", "diagnostics_instance": "box-1",
         "diagnostics_server_id": "server-7"}


class NatsCase(unittest.TestCase):
    settings = {}

    def setUp(self):
        self.nats = NatsServer("max_payload: 8MB")
        self.addCleanup(self.nats.stop)
        self.relay = Relay(bus_url=self.nats.url, **self.settings)
        self.addCleanup(self.relay.stop)
        self.relay.wait_for_metric(1, "parley_bus_connected")

    def listen(self, *subjects):
        peer = NatsPeer(self.nats, *subjects)
        self.addCleanup(peer.close)
        return peer

    def join(self, user, room="room", wrap=lambda session: session):
        session = chosen_transport().connect(self.relay, f"/lobby/{user}/{room}")
        self.addCleanup(session.discard)
        return Member(wrap(session), user, room)


class Metered:
    """A session whose packets are counted, in bytes."""

    def __init__(self, session):
        self._session = session
        self.sent = self.received = 0

    def send(self, packet):
        self._session.send(packet)
        self.sent += len(packet)

    def receive(self, *how):
        packet = self._session.receive(*how)
        self.received += len(packet)
        return packet

    def __getattr__(self, name):
        return getattr(self._session, name)


@only_over(BOTH, "what is told does not depend on anything else of the transport")
class Diagnostics(NatsCase):
    settings = {**NAMES, "diagnostics_interval": "1s"}

    def connection_event(self, kind, member, like, rest=b""):
        """A ServerConnectionPacket, of the time that `like` has."""
        connection = (octets(1, str(member.session_id)) + octets(2, member.user) + octets(3, "room")
                      + octets(4, chosen_transport().name) + octets(5, "box-1")
                      + octets(6, "eu.west"))
        at = fields(like)[2]
        self.assertLess(abs(at / 1000 - time.time()), 30)
        return number(1, kind) + number(2, at) + octets(3, connection) + rest

    def test_a_connection_is_told_of_from_its_start_to_its_end(self):
        begun = time.monotonic()
        watcher = self.listen("server.connections.>")
        alice = self.join("alice", wrap=Metered)
        subject, payload = watcher.next()
        self.assertEqual(subject, "server.connections.eu_west.websocket.box-1")
        self.assertEqual(payload, self.connection_event(STARTED, alice, payload))

        alice.activate()
        alice.say()
        alice.probe()
        meter = alice.session
        data = octets(4, number(1, meter.received) + number(2, meter.sent))
        watcher.hear(lambda _, payload: payload == self.connection_event(
            TRANSFERRED, alice, payload, data))

        alice.session.close()
        _, payload = watcher.hear(lambda _, payload: fields(payload)[1] == ENDED)
        duration = fields(payload)[5]
        self.assertEqual(payload, self.connection_event(ENDED, alice, payload,
                                                        data + number(5, duration)))
        self.assertLess(duration / 1000, time.monotonic() - begun)
        self.relay.wait_for_metric(0, "parley_sessions")
        again = self.join("alice")
        _, payload = watcher.hear(lambda _, payload: fields(payload)[1] == STARTED)
        self.assertEqual(payload, self.connection_event(STARTED, again, payload, number(6, 1)))

    def test_a_health_report_goes_out_in_its_sessions_name(self):
        watcher = self.listen("health.diagnostics.>")
        alice = self.join("alice").activate()
        url = "https://relay.example:4433/lobby"
        alice.send(wrapper(packets.HEALTH, "alice", packet_kinds.health_report(
            "session_1770163200", "elsewhere", "mallory", url + "?token=secret", "carrier pigeon")))

        subject, payload = watcher.hear(lambda _, payload: 4 in fields(payload))
        self.assertEqual(subject, "health.diagnostics.eu_west.websocket.server-7")
        self.assertEqual(payload, packet_kinds.health_report(
            str(alice.session_id), "room", "alice", url, chosen_transport().name))
        self.assertGreaterEqual(self.relay.metric("parley_health_reports_total", outcome="sent"), 1)


@only_over(BOTH, "what is published does not depend on anything else of the transport")
class Published(NatsCase):
    def test_every_kind_of_packet_goes_out_as_its_receivers_get_it(self):
        watcher = self.listen("room.>")
        alice, bob = self.join("alice"), self.join("bob")
        alice.activate()
        self.assertEqual(watcher.next(), ("room.room.system", alice.joined))
        bob.hear(alice.joined)

        for kind, packet in packet_kinds.KEPT.items():
            alice.send(packet)
            if kind == "RTT":
                alice.hear(packet)
            self.assertEqual(alice.probe(), [], kind)
        relayed = {**packet_kinds.RELAYED,
                   "KEYFRAME_REQUEST": packets.keyframe_request(b"bob", "alice")}
        for kind, packet in relayed.items():
            alice.send(packet)
            said = packet + packets.stamp(alice.session_id)
            self.assertEqual(watcher.next(), (f"room.room.{alice.session_id}", said), kind)
            self.assertEqual(bob.next().raw, said, kind)

        alice.session.close()
        self.assertEqual(watcher.next(), ("room.room.system", alice.left))
        self.assertEqual(bob.next().raw, alice.left)

    def test_packets_of_others_are_relayed_as_they_come(self):
        """Of the original's servers, and of its meeting-api."""
        stranger = self.listen("room.room.*")
        alice, bob = self.join("alice").activate(), self.join("bob").activate()
        alice.hear(bob.joined)
        stranger.hear(lambda _, payload: payload == bob.joined)
        said = [packets.joined("room", "stan", 77),
                packets.meeting(packets.STARTED, "room", start=1770163200000, creator="stan"),
                packets.ended("room", "The host has ended the meeting")]
        said += [packets.meeting(event, "room", target=target) for event, target in (
            (ACTIVATED, ""), (ADMITTED, "alice"), (REJECTED, "bob"), (WAITING_ROOM_UPDATED, ""))]
        stranger.publish_all([("room.room.system", notice) for notice in said])
        said.append(packets.media(packets.AUDIO, "stan", b"frame") + packets.stamp(77))
        stranger.publish("room.room.77", said[-1])
        congestion = wrapper(packets.CONGESTION, "stan", session_id=alice.session_id)
        stranger.publish(f"room.room.{alice.session_id}", congestion)

        self.assertEqual(sorted(bob.next().raw for _ in said), sorted(said))
        said.append(congestion)
        self.assertEqual(sorted(alice.next().raw for _ in said), sorted(said))
        left = packets.left("room", "stan", 77)
        stranger.publish("room.room.system", left)
        self.assertEqual([member.next().raw for member in (alice, bob)], [left, left])

    def test_a_broker_that_dies_costs_a_local_room_nothing(self):
        alice, bob = self.join("alice").activate(), self.join("bob").activate()
        alice.hear(bob.joined)
        self.relay.wait_for_metric(1, "parley_bus_connected")
        for _ in range(3):
            self.nats.kill()
            self.relay.wait_for_metric(0, "parley_bus_connected")
            bob.hear(alice.say())
            alice.hear(bob.say())
            self.nats.start()
            self.relay.wait_for_metric(1, "parley_bus_connected")
        bob.hear(alice.say())


@only_over("websocket", "what comes over NATS does not depend on the transport")
class Strangers(NatsCase):
    """Whoever can publish on NATS can say anything."""

    def test_pretended_servers_are_bounded(self):
        stranger = self.listen()
        refused = self.relay.metric("parley_bus_lost_total", reason="unreadable")
        for number_of_it in range(1, 1101):
            says_who = b"\x09" + number_of_it.to_bytes(8, "little")
            stranger.publish("parley.servers", says_who + number(10, 1))
        self.relay.wait_for_metric(refused + 100, "parley_bus_lost_total", reason="unreadable")
        self.relay.wait_for_metric(1000, "parley_bus_servers")

    def test_garbage_on_every_subject_costs_nobody_anything(self):
        stranger = self.listen()
        alice, bob = self.join("alice").activate(), self.join("bob").activate()
        alice.hear(bob.joined)
        refused = self.relay.metric("parley_discards_total")
        puzzles = self.relay.metric("parley_bus_lost_total", reason="unreadable")
        for garbage in (b"\xff", b"\x12\x7f", bytes(1000), b"\x08\x07\x1a\x02\x12\x7f"):
            for subject in ("room.room.system", "room.room.1", "room.room.x"):
                stranger.publish(subject, garbage)
            stranger.publish("parley.presence.room", garbage)
            stranger.publish("parley.servers", garbage)
        self.relay.wait_for_metric(puzzles + 8, "parley_bus_lost_total", reason="unreadable")

        bob.hear(alice.say())
        alice.hear(bob.say())
        self.relay.wait_for_metric(refused + 12, "parley_discards_total")


@only_over("websocket", "it is about the start of the server")
class Unreachable(unittest.TestCase):
    def test_the_drop_in_server_says_so_and_ends(self):
        with self.assertRaisesRegex(AssertionError, "cannot connect to NATS at 127.0.0.1:1: "):
            Relay(program="websocket_server", server_host=None, server_port=None,
                  environment={"NATS_URL": "user:secret@127.0.0.1:1", "ACTIX_PORT": "0"})

    def test_parley_starts_alone_and_joins_later(self):
        nats = NatsServer()
        self.addCleanup(nats.stop)
        nats.kill()
        relay = Relay(bus_url=nats.url)
        self.addCleanup(relay.stop)
        self.assertEqual(relay.metric("parley_bus_connected"), 0)
        nats.start()
        relay.wait_for_metric(1, "parley_bus_connected")
