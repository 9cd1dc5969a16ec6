"""Keyframe requests reach whom they mean, at most two a second (decisions 6, 25)."""

import time

import packets
from relay_case import RelayCase


class KeyframeRequests(RelayCase):
    def ask(self, member, wanted):
        packet = packets.keyframe_request(wanted, member.user)
        member.send(packet)
        return packet + packets.stamp(member.session_id)

    def test_only_the_sessions_of_the_wanted_user_are_asked(self):
        alice, bob, tab, carol = self.join_active("alice", "bob", "bob", "carol")

        asked = self.ask(alice, "bob")

        bob.hear(asked)
        tab.hear(asked)
        self.assertEqual(carol.probe(), [])
        self.assertEqual(alice.probe(), [])

    def test_everybody_is_asked_when_the_user_is_not_there(self):
        alice, bob, carol = self.join_active("alice", "bob", "carol")

        asked = self.ask(alice, "somebody")

        bob.hear(asked)
        carol.hear(asked)
        self.assertEqual(alice.probe(), [])

    def test_a_session_is_never_asked_by_itself(self):
        alice, tab, bob = self.join_active("alice", "alice", "bob")

        asked = self.ask(alice, "alice")

        tab.hear(asked)
        self.assertEqual(bob.probe(), [])
        self.assertEqual(alice.probe(), [])

    def test_one_for_oneself_costs_nobody_else_anything(self):
        alice, bob, carol = self.join_active("alice", "bob", "carol")

        self.ask(alice, "alice")
        said = alice.say()

        for other in (bob, carol):
            other.hear(said)
            self.assertEqual(other.probe(), [])
            self.assertEqual(other.heard_raw(), [said])
        self.assertEqual(alice.probe(), [])

    def test_a_third_one_within_a_second_is_dropped_and_counted(self):
        alice, bob = self.join_active("alice", "bob")
        dropped = self.counted("parley_discards_total", by=18, reason="keyframe_limit")
        begun = time.monotonic()
        for _ in range(20):
            asked = self.ask(alice, "bob")
        self.assertLess(time.monotonic() - begun, 0.9, "the machine is too slow for this case")
        dropped()
        said = alice.say()

        bob.hear(said)
        self.assertEqual(bob.heard_raw(), [asked, asked, said])

    def test_after_a_second_two_more_pass(self):
        alice, bob = self.join_active("alice", "bob")
        asked = self.ask(alice, "bob")
        bob.hear(asked)
        bob.heard.clear()
        until = time.monotonic() + 1.05
        while time.monotonic() < until:
            alice.probe()
            self.ask(alice, "bob") if time.monotonic() > until - 0.05 else None
        for _ in range(3):
            self.ask(alice, "bob")

        bob.hear(asked)
        bob.hear(asked)

    def test_the_limit_is_each_sessions_own(self):
        alice, carol, bob = self.join_active("alice", "carol", "bob")
        for _ in range(5):
            self.ask(alice, "bob")

        bob.hear(self.ask(carol, "bob"))

    def test_nobody_else_is_asked_while_a_user_departs(self):
        alice, bob, carol = self.join_active("alice", "bob", "carol")
        bob.session.close()
        bob.end()

        self.ask(alice, "bob")
        carol.hear(bob.left)

        self.assertEqual(carol.heard_raw(), [bob.left])

    def test_a_user_who_has_left_is_asked_of_everybody(self):
        alice, bob, carol = self.join_active("alice", "bob", "carol")
        bob.session.close()
        bob.end()
        carol.hear(bob.left)

        carol.hear(self.ask(alice, "bob"))
