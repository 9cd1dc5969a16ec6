"""One session, one connection after another (decision 31)."""

import os

import packets
import tokens
from endings import Refused
from relay_case import RelayCase
from transport import not_over, only_over


def secret():
    return os.urandom(16).hex()


class Resume(RelayCase):
    def expect_elsewhere(self, member):
        end = member.end()
        self.assertEqual((end.code, end.reason),
                         (member.session.codes["resumed elsewhere"], "resumed elsewhere"))

    def expect_quiet(self, watcher, *never, seconds=2.6):
        """None of these packets reaches `watcher` although its time would have come."""
        watcher.listen(seconds)
        for packet in never:
            self.assertNotIn(packet, watcher.heard_raw())

    def start(self, key):
        (watcher,) = self.join_active("watcher")
        member = self.join("alice", resume=key)
        member.activate()
        watcher.hear(member.joined)
        watcher.heard.clear()
        return watcher, member

    def test_a_lost_connection_is_resumed_unseen(self):
        key = secret()
        watcher, old = self.start(key)
        for go in self.transport.ways_to_go.values():
            go(old.session)
            self.relay.wait_for_metric(1, "parley_sessions")
            new = self.join("alice", resume=key)
            self.assertEqual(new.session_id, old.session_id)
            self.assertEqual(new.started.raw, old.started.raw)
            self.assertEqual([packet.target[0] for packet in new.roster], ["watcher"])
            # Active already: what it says goes out, and it hears no JOINED of itself.
            said = new.say()
            self.assertEqual(watcher.next().raw, said)
            self.assertEqual(new.probe(), [])
            old = new

        self.expect_quiet(watcher, old.left, old.joined)

    def test_a_living_connection_is_taken_over_by_the_first_packet(self):
        key = secret()
        watcher, old = self.start(key)
        new = self.join("alice", resume=key)
        self.assertEqual(new.session_id, old.session_id)
        self.assertEqual([packet.target[0] for packet in new.roster], ["watcher"])
        new.probe()
        self.assertEqual(old.probe(), [])
        self.assertEqual(watcher.hear(old.say(b"still")).session_id, old.session_id)

        said = new.say(b"taking over")

        self.assertEqual(watcher.next().raw, said)
        self.expect_elsewhere(old)
        self.assertEqual(watcher.hear(new.say(b"on")).session_id, old.session_id)
        self.expect_quiet(watcher, old.left, old.joined)

    def test_packets_behind_the_first_one_keep_their_order(self):
        key = secret()
        watcher, old = self.start(key)
        new = self.join("alice", resume=key)

        said = [new.say(b"%d" % i) for i in range(300)]

        self.assertEqual([watcher.next().raw for _ in said], said)
        self.expect_elsewhere(old)

    def test_nothing_is_lost_of_what_the_old_one_said_before(self):
        key = secret()
        watcher, old = self.start(key)
        new = self.join("alice", resume=key)
        said = [old.say(b"%d" % i) for i in range(100)]
        watcher.hear(said[-1])

        new.say()

        self.assertEqual(watcher.heard_raw(), said)

    def test_if_the_waiting_one_goes_nothing_has_happened(self):
        key = secret()
        watcher, old = self.start(key)
        for go in self.transport.ways_to_go.values():
            waiting = self.join("alice", resume=key)
            waiting.probe()
            go(waiting.session)
        self.relay.wait_for_metric(2, "parley_sessions")

        said = old.say()

        self.assertEqual(watcher.next().raw, said)
        self.expect_quiet(watcher, old.left, old.joined, seconds=2.3)

    def test_if_the_old_one_goes_the_waiting_one_takes_its_place_at_once(self):
        key = secret()
        for go in self.transport.ways_to_go.values():
            self.room = secret()
            watcher, old = self.start(key)
            waiting = self.join("alice", resume=key)
            go(old.session)
            self.relay.wait_for_metric(2, "parley_sessions")
            said = waiting.say()

            self.assertEqual(watcher.next().raw, said)
            self.assertEqual(waiting.probe(), [])
            waiting.session.close()
            watcher.session.close()
            self.relay.wait_for_metric(0, "parley_sessions")

    def test_a_waiting_one_hears_no_media_and_a_resumed_one_does(self):
        key = secret()
        watcher, old = self.start(key)
        waiting = self.join("alice", resume=key)
        said = watcher.say()
        old.hear(said)
        waiting.say()
        self.expect_elsewhere(old)
        self.settle()
        waiting.hear(watcher.say(b"after"))

        self.assertNotIn(said, waiting.heard_raw())

    @not_over("fleet", "candidates on different servers wait side by side")
    def test_a_third_connection_replaces_the_waiting_one(self):
        key = secret()
        watcher, old = self.start(key)
        second = self.join("alice", resume=key)
        third = self.join("alice", resume=key)
        self.expect_elsewhere(second)

        said = third.say()

        self.assertEqual(watcher.hear(said).session_id, old.session_id)
        self.expect_elsewhere(old)

    def test_a_testing_session_is_resumed_in_testing(self):
        key = secret()
        (watcher,) = self.join_active("watcher")
        old = self.join("alice", resume=key)
        new = self.join("alice", resume=key)
        self.assertEqual(new.session_id, old.session_id)
        self.assertEqual(watcher.probe(), [])

        said = new.say()

        watcher.hear(said)
        self.assertEqual(watcher.heard_raw(), [new.joined, said])
        self.expect_elsewhere(old)

    @not_over("fleet", "a server ends what is only tested there")
    def test_a_testing_session_whose_connection_ends_leaves_the_waiting_one_testing(self):
        old, new = self.leave_one_that_tests()
        self.assertEqual(new.session_id, old.session_id)

    @only_over("fleet", "on one server the waiting connection has the session")
    def test_a_testing_session_that_ends_on_its_server_leaves_the_waiting_one_a_new_one(self):
        old, new = self.leave_one_that_tests()
        self.assertNotEqual(new.session_id, old.session_id)

    def leave_one_that_tests(self):
        key = secret()
        (watcher,) = self.join_active("watcher")
        old = self.join("alice", resume=key)
        new = self.join("alice", resume=key)
        self.assertEqual(new.session_id, old.session_id)
        old.session.hang_up()
        self.relay.wait_for_metric(2, "parley_sessions")
        new.probe()
        self.assertEqual(watcher.probe(), [])

        watcher.heard.clear()
        said = new.say()
        watcher.hear(said)
        self.assertEqual(watcher.heard_raw(), [new.joined, said])
        return old, new

    def test_who_joined_during_the_departure_hears_joined(self):
        key = secret()
        watcher, old = self.start(key)
        old.session.hang_up()
        self.relay.wait_for_metric(1, "parley_sessions")
        carol = self.join("carol")
        self.assertEqual([packet.target[0] for packet in carol.roster], ["watcher"])

        self.join("alice", resume=key)

        carol.hear(old.joined)
        self.assertNotIn(old.joined, [packet.raw for packet in watcher.probe()])

    def test_another_secret_user_or_room_is_another_session(self):
        key = secret()
        watcher, old = self.start(key)

        for user, room, other in (("alice", self.room, secret()), ("bob", self.room, key),
                                  ("alice", self.room + "2", key), ("alice", self.room, None)):
            member = self.join(user, room, resume=other)
            self.assertNotEqual(member.session_id, old.session_id)
            member.say()
        watcher.hear(old.say())

    def test_an_observer_does_not_resume_a_participant(self):
        key = secret()
        watcher, old = self.start(key)

        observer = self.join_with(tokens.observer_token("alice", self.room), "alice", resume=key)
        self.assertNotEqual(observer.session_id, old.session_id)
        observer.say()
        watcher.hear(old.say())

    @not_over("fleet", "an observer's session is its server's own")
    def test_an_observer_resumes_itself(self):
        key = secret()
        token = tokens.observer_token("eve", self.room)
        old = self.join_with(token, "eve", resume=key)
        new = self.join_with(token, "eve", resume=key)
        self.assertEqual(new.session_id, old.session_id)

        new.send(packets.wrapper(packets.HEALTH, "eve"))

        self.expect_elsewhere(old)

    def test_it_works_on_the_token_endpoint(self):
        key = secret()
        token = tokens.token("al@example.org", self.room)
        old = self.join_with(token, "al@example.org", resume=key)
        old.activate()
        old.session.hang_up()

        self.assertEqual(self.join_with(token, "al@example.org", resume=key).session_id,
                         old.session_id)

    def test_a_secret_in_upper_case_is_the_same(self):
        key = secret()
        watcher, old = self.start(key)

        self.assertEqual(self.join("alice", resume=key.upper()).session_id, old.session_id)

    def test_malformed_secrets_are_refused(self):
        bad = ["", "x", "a" * 31, "a" * 33, "g" * 32, "%61" * 32, "a" * 64, "-" * 32,
               secret() + "&resume=" + secret()]
        refused = self.counted("parley_refusals_total", by=len(bad), reason="bad_resume")
        for key in bad:
            with self.assertRaises(Refused) as refusal:
                self.connect(f"/lobby/alice/room?resume={key}")
            self.assertEqual(refusal.exception.response.status, 400)
        refused()

    def test_guessed_secrets_find_nothing(self):
        watcher, old = self.start(secret())
        for _ in range(50):
            self.assertNotEqual(self.join("alice", resume=secret()).session_id, old.session_id)

    def test_after_left_the_secret_is_forgotten(self):
        key = secret()
        watcher, old = self.start(key)
        old.session.close()
        watcher.hear(old.left)

        self.assertNotEqual(self.join("alice", resume=key).session_id, old.session_id)
