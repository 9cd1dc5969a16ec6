"""Meetings that have hosts and are recorded: in PostgreSQL, over each transport."""

import signal
import tempfile
import unittest
from pathlib import Path

import packets
import tokens
from deadline import wait_for
from endings import Ended
from meeting_rows import MeetingRows
from member import Member
from packets import Packet
from postgres_server import PostgresServer
from relay import Relay
from relay_case import RelayCase
from transport import not_over, only_over, over_websocket

MEETINGS = {"FEATURE_MEETING_MANAGEMENT": "true"}
SHORT = "it is about the store, and the transport makes no difference"


class RecordedCase(RelayCase):
    """A server whose meetings are recorded in PostgreSQL."""

    @classmethod
    def setUpClass(cls):
        cls.postgres = PostgresServer()
        cls.rows = MeetingRows(cls.postgres)
        cls.settings = {**cls.settings, "environment": {**MEETINGS, "DATABASE_URL": cls.postgres.url}}
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.postgres.stop()

    def come(self, user, *, is_host=False, **how):
        token = tokens.token(user, self.room, is_host=is_host)
        return self.join_with(token, user, **how).activate()

    def refusal_of(self, user):
        """What the server tells somebody whom it does not let in."""
        session = self.connect(f"/lobby?token={tokens.token(user, self.room)}")
        notice = Packet.read(session.receive())
        self.assertTrue(notice.is_meeting(packets.ENDED), notice)
        with self.assertRaises(Ended) as end:
            session.receive()
        self.assertEqual(end.exception.reason, "Session rejected")
        self.assertIn(end.exception.code, (1008, 1))  # over WebSocket, over WebTransport
        return notice.message

    def meeting(self):
        return self.rows.meetings(self.room)[self.room]

    def present(self):
        return self.rows.present(self.room)[self.room]


class Meetings(RecordedCase):
    def test_is_recorded_from_the_first_who_comes_to_the_last_who_leaves(self):
        members = []
        for count, user in enumerate(("alice", "bob", "carol"), 1):
            members.append(self.come(user))
            self.assertEqual(len(self.present()), count)  # before he is welcome
            self.assertEqual(self.meeting(), (members[0].started.start_time, "alice", False))
            self.assertEqual(members[-1].started.raw, members[0].started.raw)
        for left, member in enumerate(members[:0:-1], 1):
            member.session.close()
            wait_for(lambda: len(self.present()), 3 - left)
            self.assertFalse(self.meeting().has_ended)
        members[0].session.close()
        wait_for(self.present, [])
        wait_for(lambda: self.meeting().has_ended, True)

    def test_ends_for_all_when_the_host_leaves(self):
        guest, host = self.come("guest"), self.come("host", is_host=True)
        guest.hear(host.joined)

        host.session.close()

        guest.hear(host.left)
        ended = guest.hear(lambda packet: packet.is_meeting(packets.ENDED))
        self.assertEqual(ended.raw, packets.ended(self.room, "The host has ended the meeting"))
        self.assertEqual(self.present(), [])
        self.assertTrue(self.meeting().has_ended)
        # Nobody is sent away; who comes next begins another meeting.
        first = self.come("next")
        self.assertEqual(first.started.creator, "next")
        self.assertGreater(first.started.start_time, guest.started.start_time)
        guest.hear(first.joined)

    def test_goes_on_while_the_host_has_another_tab(self):
        guest = self.come("guest")
        tabs = [self.come("host", is_host=True) for _ in range(2)]

        tabs[0].session.close()
        guest.hear(tabs[0].left)
        self.assertEqual(guest.probe(), [])
        self.assertEqual(self.present(), ["guest", "host"])
        tabs[1].session.close()

        guest.hear(lambda packet: packet.is_meeting(packets.ENDED))

    def test_goes_on_when_the_host_loses_his_connection_for_a_moment(self):
        key = "fedcba9876543210" * 2
        guest = self.come("guest")
        host = self.come("host", is_host=True, resume=key)
        guest.hear(host.joined)

        host.session.reset()
        again = self.join_with(tokens.token("host", self.room, is_host=True), "host", resume=key)
        guest.hear(again.say())
        reloaded = self.come("host", is_host=True)
        again.session.close()
        guest.listen(3)

        ended = [packet for packet in guest.heard if packet.is_meeting(packets.ENDED)]
        self.assertEqual(ended, [])
        self.assertEqual(reloaded.started.raw, guest.started.raw)
        self.assertEqual(self.present(), ["guest", "host"])

    def test_observers_are_not_recorded(self):
        token = tokens.observer_token("watcher", self.room)
        self.join_with(token, "watcher")

        self.assertIsNone(self.meeting())

    def test_the_reserved_name_is_refused(self):
        self.assertEqual(self.refusal_of("system-&^%$#@!"),
                         "Session rejected: Cannot use reserved system user ID")
        self.assertIsNone(self.meeting())


@not_over("wss", SHORT)
@not_over("cross", SHORT)
class MeetingsOverAKilledDatabase(RecordedCase):
    def test_nobody_new_is_let_in_and_who_is_in_goes_on(self):
        alice, bob = self.come("alice"), self.come("bob")
        wait_for(self.present, ["alice", "bob"])
        refused = self.counted("parley_store_lost_total", reason="start_unavailable")

        self.postgres.kill()
        self.assertEqual(
            self.refusal_of("carol"),
            "Session rejected: The meeting cannot be recorded at the moment; try again soon")
        alice.hear(bob.say())
        bob.hear(alice.say())
        refused()
        bob.session.close()
        alice.hear(bob.left)

        self.postgres.start()
        wait_for(self.present, ["alice"])  # what was missed is written
        connections = 4 * (2 if self.relay.other else 1)
        self.relay.wait_for_metric(connections, "parley_store_connections")
        dave = self.come("dave")
        self.assertEqual(dave.started.raw, alice.started.raw)


@only_over("websocket", SHORT)
class MeetingsInAFile(unittest.TestCase):
    """They are kept in a file of the server's own, and outlive it."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def start(self, **settings):
        relay = Relay(auth_jwt_secret=tokens.SECRET, **settings,
                      environment={**MEETINGS, "XDG_STATE_HOME": self.folder})
        self.addCleanup(lambda: relay.process.returncode is None and relay.stop())
        return relay

    def come(self, relay, user, **claims):
        target = f"/lobby?token={tokens.token(user, 'room', **claims)}"
        session = over_websocket(relay, target)
        self.addCleanup(session.discard)
        return Member(session, user, "room").activate()

    def test_go_on_when_the_server_starts_again(self):
        started = []
        for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGTERM):
            relay = self.start()
            started.append(self.come(relay, "host", is_host=True).started.raw)
            relay.signal(number)
            relay.wait()

        self.assertEqual(started, started[:1] * 3)
        self.assertTrue((Path(self.folder) / "parley/meetings.db").exists())

    def test_send_everybody_away_at_their_end_if_they_are_to(self):
        relay = self.start(auth_close_ended_meetings="true")
        guest, host = self.come(relay, "guest"), self.come(relay, "host", is_host=True)

        host.session.close()

        end = guest.end()
        self.assertEqual((end.code, end.reason), (1000, "The host has ended the meeting"))
        self.assertTrue(guest.heard[-1].is_meeting(packets.ENDED))
