"""What only WebTransport has: two channels, more ways to go, addresses that change. What HTTP/3 and
QUIC demand beyond that is in test/webtransport."""

import time

import packets
from deadline import PATIENCE, Deadline
from member import Member
from packets import AUDIO, VIDEO, media, rtt_probe, stamp, wrapper
from relay_case import RelayCase
from transport import only_over, webtransport_session
from udp_link import UdpLink


@only_over("webtransport", "it is about streams and datagrams")
class Channels(RelayCase):
    def hear_from(self, member, packet):
        """The channel by which this packet comes."""
        deadline = Deadline()
        while True:
            channel, heard = member.session.receive_from(deadline.left("the wanted packet"))
            if heard == packet:
                return channel

    def test_a_probe_comes_back_on_the_channel_it_came_by(self):
        alice = self.join("alice")
        # Before the server sees that its 200 was read it sends no datagrams: browsers lose them.
        for _ in range(200):
            alice.session.send_datagram(rtt_probe(0.25))
            if alice.session.receive_from()[0] == "datagram":
                break
        else:
            self.fail("no probe comes back as a datagram")
        for moment in range(10):
            probe = rtt_probe(moment + 0.5)
            alice.session.send_datagram(probe)
            self.assertEqual(alice.session.receive_from(), ("datagram", probe))
            alice.send(probe)
            self.assertEqual(alice.session.receive_from(), ("stream", probe))

    def test_what_is_relayed_goes_on_streams_whatever_it_came_by(self):
        alice, bob = self.join_active("alice", "bob")
        packet = wrapper(packets.CONNECTION, "alice", b"x")
        alice.session.send_datagram(packet)

        self.assertEqual(self.hear_from(bob, packet + stamp(alice.session_id)), "stream")

    def test_a_datagram_activates(self):
        (bob,) = self.join_active("bob")
        alice = self.join("alice")
        alice.session.send_datagram(wrapper(packets.HEALTH, "alice"))

        bob.hear(alice.joined)

    def test_the_first_packets_come_on_streams(self):
        session = self.connect(f"/lobby/alice/{self.room}")

        self.assertEqual([session.receive_from()[0] for _ in range(2)], ["stream"] * 2)

    def test_a_ping_is_no_packet(self):
        (bob,) = self.join_active("bob")
        alice = self.join("alice")
        for _ in range(5):
            alice.session.send_datagram(b"ping")
        alice.probe()

        self.assertEqual(bob.probe(), [])

    def test_frames_larger_than_a_window_pass(self):
        alice, bob = self.join_active("alice", "bob")
        for i in range(3):
            frame = media(VIDEO, "alice", b"%d" % i + b"v" * 2_500_000, "key")
            alice.send(frame)
            self.assertEqual(bob.next().raw, frame + stamp(alice.session_id))

    def test_a_thousand_packets_find_streams(self):
        alice, bob = self.join_active("alice", "bob")
        said = [media(AUDIO, "alice", b"%d" % i) for i in range(1000)]
        for packet in said:
            alice.send(packet)
        left = {packet + stamp(alice.session_id) for packet in said}
        while left:
            left.discard(bob.next().raw)


@only_over("webtransport", "it is about streams and datagrams")
class Going(RelayCase):
    settings = {"limits_idle_timeout": "1s", "limits_ping_after": "300ms"}

    def watch(self, go, late=0.0):
        """The others hear LEFT 2.0–3.0 s after `go`, or after it was noticed."""
        watcher, leaver = self.join_active("watcher", "leaver")
        since = time.monotonic()
        go(leaver.session)
        watcher.hear(leaver.left)
        took = time.monotonic() - since
        self.assertTrue(1.95 <= took <= 3.0 + late, took)

    def test_left_after_connection_close(self):
        self.watch(lambda session: session.disconnect())

    def test_left_after_connection_close_with_a_code_of_ones_own(self):
        self.watch(lambda session: session.close_connection(0x52E4A40FA8DB + 7, "seven"))

    def test_left_after_a_close_with_code_and_reason(self):
        self.watch(lambda session: session.close(4_000_000_000, b"r" * 1024))

    def test_left_after_vanishing(self):
        self.watch(lambda session: session.vanish(), late=1.5)

    def test_acknowledgements_alone_are_no_sign_of_life(self):
        watcher, quiet = self.join_active("watcher", "quiet")
        quiet.session.polite = False
        until = time.monotonic() + 5
        while time.monotonic() < until:
            watcher.say()  # which the other one's QUIC acknowledges
            if quiet.left in watcher.heard_raw() + [packet.raw for packet in watcher.probe()]:
                return
        self.fail("it is still there")

    def test_pings_alone_keep_a_session(self):
        quiet = self.join("quiet")
        quiet.listen(2.5)

        self.assertEqual(quiet.probe(), [])

    def test_a_close_is_answered_with_fin(self):
        for code, reason in ((0, b""), (7, b"bye"), (2**32 - 1, b"x" * 1024)):
            member = self.join("alice")
            member.session.close(code, reason)
            self.assertEqual(member.end().how, "FIN")


@only_over("webtransport", "it is about QUIC")
class Moving(RelayCase):
    def test_a_client_whose_port_changes_is_heard_on(self):
        alice, bob = self.join_active("alice", "bob")
        for _ in range(3):
            alice.session.move()
            bob.hear(alice.say())
            alice.hear(bob.say())

    def test_a_client_whose_address_changes_is_heard_on(self):
        alice, bob = self.join_active("alice", "bob")
        alice.session.move("127.0.0.2")
        bob.hear(alice.say())
        alice.hear(bob.say())

    def test_many_join_at_once(self):
        members = [self.join(f"user{i}") for i in range(60)]
        for member in members:
            member.activate()
        said = members[0].say()
        for member in members[1:]:
            member.hear(said)


@only_over("webtransport", "it is about the path of UDP")
class Path(RelayCase):
    settings = {"limits_idle_timeout": "1s", "limits_ping_after": "300ms"}

    def setUp(self):
        super().setUp()
        self.relay.wait_for_metric(0, "parley_sessions")  # of the cases before this one
        self.link = UdpLink(self.relay.webtransport_port)
        self.addCleanup(self.link.stop)
        (self.near,) = self.join_active("near")
        session = webtransport_session(self.link.port, f"/lobby/far/{self.room}")
        self.addCleanup(session.discard)
        self.far = Member(session, "far", self.room).activate()
        self.near.hear(self.far.joined)

    def is_left_within(self, seconds):
        """Both show all the while that they live."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and self.far.left not in self.near.heard_raw():
            self.far.session.send_datagram(b"ping")
            self.near.listen(0.1)
        return self.far.left in self.near.heard_raw()

    def test_left_when_it_falls_silent(self):
        ended = self.counted("parley_sessions_ended_total", reason="silent")
        self.assertFalse(self.is_left_within(3.5))
        since = time.monotonic()

        self.link.silence()

        self.assertTrue(self.is_left_within(PATIENCE))
        self.assertTrue(2.5 <= time.monotonic() - since <= 4.5, time.monotonic() - since)
        ended()

    def test_what_is_said_in_a_short_silence_comes_behind_it(self):
        self.link.silence()
        said = [self.far.say(b"%d" % i) for i in range(10)]
        deadline = Deadline()
        while self.link.traffic()[0].silenced == 0:
            deadline.left("what is lost in the silence")
        self.link.silence(up=False, down=False)

        self.assertCountEqual([self.near.next().raw for _ in said], said)
