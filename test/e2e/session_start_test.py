"""What a client sees when it connects (spec 3.5, 3.8; decisions 5, 23)."""

import time

import packets
import tokens
from packets import Packet
from relay_case import RelayCase


class SessionStart(RelayCase):
    def test_first_packets_are_byte_exact(self):
        before = int(time.time() * 1000)
        member = self.join("alice", "room1")

        self.assertEqual(member.assigned.raw, packets.session_assigned(member.session_id))
        self.assertEqual(len(member.assigned.raw), 29)
        start = member.started.inner[3]
        self.assertTrue(before - 5 <= start <= time.time() * 1000 + 5)
        self.assertEqual(member.started.raw, packets.meeting(packets.STARTED, "room1", start=start,
                                                             creator="alice"))
        self.assertEqual(len(member.started.raw), 43)

    def test_session_ids_are_large_and_differ(self):
        ids = {self.join("alice").session_id for _ in range(10)}

        self.assertEqual(len(ids), 10)
        self.assertTrue(all(value >> 63 for value in ids))

    def test_the_first_word_brings_ones_own_joined(self):
        member = self.join("alice")
        member.say()

        self.assertEqual(member.next().raw, packets.joined(self.room, "alice", member.session_id))
        self.assertEqual(member.probe(), [])

    def test_joined_is_said_once(self):
        (alice,) = self.join_active("alice")
        for _ in range(5):
            alice.say()

        self.assertEqual(alice.probe(), [])

    def test_a_roster_of_forty_is_complete(self):
        members = [self.join(f"user{i}") for i in range(40)]
        for member in members:
            member.activate()

        newcomer = self.join("newcomer")

        self.assertCountEqual([packet.raw for packet in newcomer.roster],
                              [member.joined for member in members])

    def test_a_roster_lists_only_who_is_active(self):
        self.join_active("alice")
        self.join("candidate")

        roster = self.join("bob").roster

        self.assertEqual([packet.target[0] for packet in roster], ["alice"])

    def test_a_roster_lists_other_sessions_of_the_same_user(self):
        (alice,) = self.join_active("alice")

        self.assertEqual([packet.raw for packet in self.join("alice").roster], [alice.joined])

    def test_start_and_creator_are_the_same_for_everybody(self):
        first = self.join("alice")
        others = [self.join(user) for user in ("bob", "carol", "dave")]

        for other in others:
            self.assertEqual(other.started.raw, first.started.raw)

    def test_another_room_is_another_meeting(self):
        self.join("alice", self.room)
        bob = self.join("bob", self.room + "2")

        self.assertEqual(bob.started.inner[5], b"bob")
        self.assertEqual(bob.roster, [])

    def test_the_meeting_starts_anew_when_all_are_gone(self):
        first = self.join("alice")
        first.session.close()
        first.end()

        self.assertEqual(self.join("bob").started.inner[5], b"bob")

    def test_a_departing_member_keeps_the_meeting(self):
        (alice,) = self.join_active("alice")
        alice.session.close()
        alice.end()

        self.assertEqual(self.join("bob").started.raw, alice.started.raw)

    def test_a_packet_behind_the_request_in_the_same_segment_counts(self):
        (bob,) = self.join_active("bob")
        alice = self.join("alice", early=[packets.wrapper(packets.AES_KEY, "alice", b"early")])

        bob.hear(packets.wrapper(packets.AES_KEY, "alice", b"early")
                 + packets.stamp(alice.session_id))
        self.assertEqual(bob.heard_raw()[0],
                         packets.joined(self.room, "alice", alice.session_id))

    def test_a_probe_behind_the_request_is_answered_after_the_first_packets(self):
        for attempt in range(20):
            probe = packets.rtt_probe(attempt + 0.25)
            session = self.connect(f"/lobby/alice/{self.room}{attempt}", early=[probe])
            heard = [session.receive() for _ in range(3)]
            self.assertEqual([Packet.read(raw).type for raw in heard],
                             [packets.SESSION_ASSIGNED, packets.MEETING, packets.MEDIA])
            self.assertEqual(heard[2], probe)

    def test_the_reserved_user_is_told_and_closed(self):
        ended = self.counted("parley_sessions_ended_total", reason="rejected")
        token = tokens.token(packets.SYSTEM_USER.decode(), self.room)
        session = self.connect(f"/lobby?token={token}")

        self.assertEqual(session.receive(), packets.meeting(
            packets.ENDED, self.room,
            message="Session rejected: Cannot use reserved system user ID"))
        end = session.receive_end()
        self.assertEqual((end.code, end.reason),
                         (session.codes["Session rejected"], "Session rejected"))
        ended()
        self.assertEqual(self.join("alice").roster, [])
