"""Joining and leaving as the others see it (decisions 30, 34; spec 4.4, 4.6)."""

import time

import packets
import tokens
from deadline import Deadline, TooLate
from relay_case import RelayCase
from transport import only_over
from websocket_protocol import CLOSE, PING, TEXT, frame


class Joining(RelayCase):
    def test_nothing_is_said_while_testing(self):
        (bob,) = self.join_active("bob")
        alice = self.join("alice")
        alice.probe()

        self.assertEqual(bob.probe(), [])

    def test_testing_members_hear_the_room(self):
        (bob,) = self.join_active("bob")
        alice = self.join("alice")

        alice.hear(bob.say())

    def test_joined_comes_before_the_first_packet_everywhere(self):
        watchers = self.join_active(*[f"watcher{i}" for i in range(6)])
        for i in range(10):
            alice = self.join(f"alice{i}")
            said = alice.say(b"first")
            for watcher in watchers:
                watcher.heard.clear()
                watcher.hear(said)
                self.assertEqual(watcher.heard_raw(), [alice.joined, said])

    def test_a_losing_candidate_leaves_silently(self):
        (bob,) = self.join_active("bob")
        for go in self.transport.ways_to_go.values():
            candidate = self.join("alice")
            candidate.probe()
            go(candidate.session)
        self.relay.wait_for_metric(1, "parley_sessions")

        self.assertEqual(bob.probe(), [])

    def test_of_two_candidates_only_the_winner_is_announced(self):
        (bob,) = self.join_active("bob")
        winner, loser = self.join("alice"), self.join("alice")
        winner.activate()
        loser.session.close()

        self.assertEqual([packet.raw for packet in bob.probe()], [winner.joined])


class Leaving(RelayCase):
    settings = {"limits_idle_timeout": "1s", "limits_ping_after": "300ms"}

    def expect_left(self, watcher, leaver, since, late=0.0):
        """LEFT comes 2.0–3.0 s after `since`, the moment the end was noticed at the earliest."""
        watcher.hear(leaver.left)
        took = time.monotonic() - since
        self.assertGreaterEqual(took, 1.95)
        self.assertLessEqual(took, 3.0 + late)

    def watch(self, go, late=0.0):
        watcher, leaver = self.join_active("watcher", "leaver")
        since = time.monotonic()
        go(leaver)
        self.expect_left(watcher, leaver, since, late)
        self.assertEqual(watcher.heard_raw().count(leaver.left), 1)

    def test_left_after_close(self):
        self.watch(lambda leaver: leaver.session.close())

    def test_left_after_fin(self):
        self.watch(lambda leaver: leaver.session.hang_up())

    def test_left_after_rst(self):
        self.watch(lambda leaver: leaver.session.reset())

    @only_over("websocket", "it is about frames of RFC 6455")
    def test_left_after_a_violation(self):
        self.watch(lambda leaver: leaver.session.send_frame(3))

    @only_over("websocket", "it is about frames of RFC 6455")
    def test_left_after_a_message_too_big(self):
        self.watch(lambda leaver: leaver.session.send_raw(frame(2, length=5_000_000)))

    def test_left_after_silence(self):
        self.relay.wait_for_metric(0, "parley_sessions")  # of the cases before this one
        ended = self.counted("parley_sessions_ended_total", reason="silent")
        self.watch(lambda leaver: None, late=1.5)  # a second until it is noticed
        ended()

    def test_silence_is_told_with_1001(self):
        leaver = self.join("leaver")
        leaver.session.polite = False

        end = leaver.end()

        self.assertEqual((end.code, end.reason),
                         (leaver.session.codes["nothing received"], "nothing received"))

    def test_a_client_that_only_answers_pings_stays(self):
        quiet = self.join("quiet")
        watcher, = self.join_active("watcher")
        until = time.monotonic() + 2.5
        while time.monotonic() < until:
            try:
                quiet.session.receive(0.2)
            except TooLate:
                pass
            watcher.probe()

        self.assertEqual(quiet.probe(), [])

    @only_over("websocket", "it is about frames of RFC 6455")
    def test_a_client_that_sends_is_not_pinged(self):
        alice = self.join("alice")
        until = time.monotonic() + 1.0
        alice.session.polite = False
        deadline = Deadline(5)
        while time.monotonic() < until:
            alice.session.send_frame(TEXT, b"x")
            probe = packets.rtt_probe(9.0)
            alice.send(probe)
            while True:
                opcode, payload = alice.session.receive_frame(deadline)
                self.assertNotEqual(opcode, PING)
                if payload == probe:
                    break


class Departing(RelayCase):
    def test_a_user_who_returns_within_two_seconds_is_not_missed(self):
        self.relay.wait_for_metric(0, "parley_sessions")  # of the cases before this one
        bob, alice = self.join_active("bob", "alice")
        ended = self.relay.metric("parley_sessions_ended_total", reason="connection_lost")
        alice.session.hang_up()
        # On another shard the end may be noticed later than what comes after it.
        self.relay.wait_for_metric(ended + 1, "parley_sessions_ended_total",
                                   reason="connection_lost")
        again = self.join("alice")
        said = again.say()

        bob.hear(said)
        self.assertEqual(bob.heard_raw(), [said])
        since = time.monotonic()
        carol = self.join("carol")
        self.assertEqual([packet.target for packet in carol.roster],
                         [("bob", bob.session_id), ("alice", again.session_id)])
        bob.listen(since + 2.3 - time.monotonic())
        self.assertNotIn(alice.left, bob.heard_raw())

    def test_who_joined_in_between_hears_of_the_successor(self):
        bob, alice = self.join_active("bob", "alice")
        alice.session.hang_up()
        self.relay.wait_for_metric(1, "parley_sessions")
        carol = self.join("carol")
        self.assertEqual([packet.target[0] for packet in carol.roster], ["bob"])
        again = self.join("alice")
        again.say()

        carol.hear(again.joined)
        self.assertNotIn(again.joined, [packet.raw for packet in bob.probe()])

    def test_a_testing_session_of_the_user_holds_the_departure_back(self):
        bob, alice = self.join_active("bob", "alice")
        candidate = self.join("alice")
        since = time.monotonic()
        alice.session.close()
        while time.monotonic() < since + 2.5:
            candidate.probe()
            self.assertEqual(bob.probe(), [])
            with self.assertRaises(TooLate, msg="something was said while the user tests"):
                bob.session.receive(0.2)

        candidate.session.close()
        begun = time.monotonic()
        bob.hear(alice.left)
        self.assertLess(time.monotonic() - begun, 1.0)

    def test_of_two_tabs_each_leaves(self):
        bob, one, other = self.join_active("bob", "alice", "alice")
        one.session.close()
        bob.hear(one.left)
        self.assertNotIn(other.left, bob.heard_raw())
        other.session.close()
        bob.hear(other.left)

    def test_left_carries_session_and_name(self):
        (bob,) = self.join_active("bob")
        alice = self.join_with(tokens.token("al", self.room, display_name="Alice"), "al")
        alice.say()
        bob.hear(packets.joined(self.room, "al", alice.session_id, "Alice"))
        alice.session.close()

        bob.hear(packets.left(self.room, "al", alice.session_id, "Alice"))

    def test_the_roster_does_not_list_who_departs(self):
        alice, bob = self.join_active("alice", "bob")
        alice.session.close()
        alice.end()

        self.assertEqual([p.target[0] for p in self.join("carol").roster], ["bob"])

    @only_over("websocket", "it is about frames of RFC 6455")
    def test_close_is_answered_with_the_same_code_and_reason(self):
        for code, reason in ((1000, b""), (1001, b"leaving"), (3000, b"mine"), (4999, b"x" * 123)):
            member = self.join("alice")
            member.session.close(code, reason)
            end = member.end()
            self.assertEqual((end.code, end.reason), (code, reason.decode()))
            self.assertEqual(member.session.connection.read_end(), "FIN")

    @only_over("websocket", "it is about frames of RFC 6455")
    def test_an_empty_close_is_answered_with_an_empty_one(self):
        member = self.join("alice")
        member.session.send_frame(CLOSE)

        self.assertEqual(member.end().code, None)
