"""Observers hear of the meeting and take no part in it (spec 4.7; decisions 6, 39)."""

import time

import packets
import tokens
from relay_case import RelayCase


class Observers(RelayCase):
    def observe(self, user="watcher"):
        return self.join_with(tokens.observer_token(user, self.room), user)

    def test_before_the_meeting_they_get_the_time_and_no_creator_then_the_real_start(self):
        before = int(time.time() * 1000)
        observer = self.observe()
        self.assertGreaterEqual(observer.started.inner[3], before)
        self.assertNotIn(5, observer.started.inner)

        alice = self.join("alice")

        self.assertEqual(observer.next().raw, alice.started.raw)

    def test_during_the_meeting_they_get_its_start_and_creator(self):
        (alice,) = self.join_active("alice")

        observer = self.observe()

        self.assertEqual(observer.started.raw, alice.started.raw)

    def test_they_get_no_roster(self):
        self.join_active("alice", "bob")

        self.assertEqual(self.observe().roster, [])

    def test_they_hear_who_comes_and_goes_and_what_is_no_media(self):
        observer = self.observe()
        (alice,) = self.join_active("alice")
        observer.hear(alice.joined)
        for packet_type in (0, 1, 2, 4, 5, 77):
            said = alice.say(b"x", packet_type)
            self.assertEqual(observer.next().raw, said)
        alice.session.close()

        self.assertEqual(observer.next().raw, alice.left)

    def test_they_get_no_media(self):
        alice, bob = self.join_active("alice", "bob")
        observer = self.observe()
        for media_type in range(9):
            if media_type != packets.RTT:
                alice.send(packets.media(media_type, "alice", b"x", "key"))
        alice.send(packets.wrapper(packets.MEDIA, "alice", b"\xff" * 500))
        said = alice.say()
        bob.hear(said)

        self.assertEqual([packet.raw for packet in observer.probe()], [said])

    def test_nothing_they_send_is_relayed_and_nobody_hears_of_them(self):
        (alice,) = self.join_active("alice")
        observer = self.observe()
        dropped = self.counted("parley_discards_total", by=3, reason="observer")
        observer.say()
        observer.send(packets.media(packets.VIDEO, "watcher", b"x"))
        observer.send(packets.keyframe_request("alice", b"watcher"))
        observer.send(packets.wrapper(packets.HEALTH, "watcher"))
        dropped()
        self.assertEqual(observer.probe(), [])
        observer.session.close()
        bob = self.join("bob")
        bob.activate()

        alice.hear(bob.joined)
        self.assertEqual(alice.heard_raw(), [bob.joined])
        self.assertEqual([packet.target[0] for packet in bob.roster], ["alice"])

    def test_their_probes_are_answered_verbatim(self):
        observer = self.observe()
        observer.send(packets.rtt_probe(3.25))

        self.assertEqual(observer.next().raw, packets.rtt_probe(3.25))

    def test_they_neither_hold_a_departure_back_nor_succeed_it(self):
        alice, bob = self.join_active("alice", "bob")
        observer = self.observe("bob")
        since = time.monotonic()
        bob.session.close()
        observer.say()

        alice.hear(bob.left)
        self.assertTrue(1.95 <= time.monotonic() - since <= 3.0)

    def test_a_meeting_ends_although_they_stay(self):
        observer = self.observe()
        first = self.join("alice")
        first.session.close()
        first.end()

        bob = self.join("bob")

        self.assertEqual(bob.started.inner[5], b"bob")
        observer.hear(bob.started.raw)
