"""What a server tells those who watch, over NATS: connections, their bytes, and clients' health
reports (spec 7.1, 7.2); and what it publishes for each kind of packet (spec 5)."""

import unittest

import packets
from member import Member
from nats_server import NatsPeer, NatsServer
from packets import fields, number, octets, wrapper
from relay import Relay
from transport import chosen_transport, only_over

STARTED, ENDED, TRANSFERRED = 1, 2, 3
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

    def join(self, user, room="room"):
        session = chosen_transport().connect(self.relay, f"/lobby/{user}/{room}")
        self.addCleanup(session.discard)
        return Member(session, user, room)


@only_over("websocket", "what is told does not depend on the transport")
class Diagnostics(NatsCase):
    settings = {**NAMES, "diagnostics_interval": "1s"}

    def test_a_connection_is_told_of_from_its_start_to_its_end(self):
        watcher = self.listen("server.connections.>")
        alice = self.join("alice")
        subject, payload = watcher.next()
        self.assertEqual(subject, "server.connections.eu_west.websocket.box-1")
        event = fields(payload)
        self.assertEqual(event[1], STARTED)
        self.assertEqual(fields(event[3]), {1: str(alice.session_id).encode(), 2: b"alice",
                                            3: b"room", 4: b"websocket", 5: b"box-1",
                                            6: b"eu.west"})
        self.assertNotIn(6, event)

        sent = alice.say()
        _, payload = watcher.hear(lambda _, payload: fields(payload)[1] == TRANSFERRED)
        self.assertGreaterEqual(fields(fields(payload)[4])[2], len(sent) - 11)

        alice.session.close()
        _, payload = watcher.hear(lambda _, payload: fields(payload)[1] == ENDED)
        self.assertEqual(fields(fields(payload)[3])[1], str(alice.session_id).encode())
        self.assertIn(5, fields(payload))
        self.relay.wait_for_metric(0, "parley_sessions")
        self.join("alice")
        _, payload = watcher.hear(lambda _, payload: fields(payload)[1] == STARTED)
        self.assertEqual(fields(payload)[6], 1)

    def test_a_health_report_goes_out_in_its_sessions_name(self):
        watcher = self.listen("health.diagnostics.>")
        alice = self.join("alice").activate()
        lies = octets(1, "session_1") + octets(2, "elsewhere") + octets(3, "mallory") + number(4, 9)
        alice.send(wrapper(packets.HEALTH, "alice", lies))

        def is_it(_, payload):
            return fields(payload).get(4) == 9

        subject, payload = watcher.hear(is_it)
        self.assertEqual(subject, "health.diagnostics.eu_west.websocket.server-7")
        said = fields(payload)
        self.assertEqual((said[2], said[3]), (b"room", b"alice"))
        self.assertGreaterEqual(self.relay.metric("parley_health_reports_total", outcome="sent"), 1)


@only_over("websocket", "what is published does not depend on the transport")
class Published(NatsCase):
    def test_every_kind_of_packet_goes_out_as_its_receivers_get_it(self):
        watcher = self.listen("room.>")
        alice = self.join("alice")
        bob = self.join("bob")
        alice.activate()
        subject, payload = watcher.next()
        self.assertEqual((subject, payload), ("room.room.system", alice.joined))
        bob.hear(alice.joined)

        said = [alice.say(b"x", kind) for kind in (packets.RSA_PUB_KEY, packets.AES_KEY,
                                                   packets.CONNECTION, packets.DIAGNOSTICS)]
        for kind in (packets.VIDEO, packets.AUDIO, packets.SCREEN, packets.HEARTBEAT):
            packet = packets.media(kind, "alice", b"frame", "key")
            alice.send(packet)
            said.append(packet + packets.stamp(alice.session_id))
        request = packets.keyframe_request(b"bob", "alice")
        alice.send(request)
        said.append(request + packets.stamp(alice.session_id))
        alice.send(packets.rtt_probe())
        alice.send(wrapper(packets.HEALTH, "alice"))

        heard = [watcher.next() for _ in said]
        self.assertEqual({subject for subject, _ in heard}, {f"room.room.{alice.session_id}"})
        self.assertEqual(sorted(payload for _, payload in heard), sorted(said))
        self.assertEqual(sorted(bob.next().raw for _ in said), sorted(said))
        alice.session.close()
        self.assertEqual(watcher.next(), ("room.room.system", alice.left))

    def test_packets_of_others_are_relayed_as_they_come(self):
        stranger = self.listen("room.room.*")
        alice = self.join("alice").activate()
        stranger.hear(lambda subject, payload: payload == alice.joined)
        joined = packets.joined("room", "stan", 77)
        audio = packets.media(packets.AUDIO, "stan", b"frame") + packets.stamp(77)
        stranger.publish("room.room.system", joined)
        stranger.publish("room.room.77", audio)
        stranger.publish("room.room.system", packets.left("room", "stan", 77))

        alice.hear(joined)
        self.assertEqual(alice.next().raw, audio)
        self.assertEqual(alice.next().raw, packets.left("room", "stan", 77))

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
