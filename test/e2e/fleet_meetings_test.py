"""Four drop-in servers on one NATS and one PostgreSQL: their meetings have hosts and are recorded,
and what happens to them is said once."""

import itertools

import packets
import tokens
from deadline import wait_for
from fleet_case import FleetCase
from meeting_rows import Meeting, MeetingRows
from packets import Packet
from postgres_server import PostgresServer
from transport import only_over


class RecordedFleetCase(FleetCase):
    @classmethod
    def setUpClass(cls):
        cls.postgres = PostgresServer()
        cls.addClassCleanup(cls.postgres.stop)
        cls.rows = MeetingRows(cls.postgres)
        cls.environment = {"FEATURE_MEETING_MANAGEMENT": "true", "DATABASE_ENABLED": "true",
                           "DATABASE_URL": cls.postgres.url, "JWT_SECRET": tokens.SECRET}

    def setUp(self):
        super().setUp()
        self.watcher = self.listen("room.*.system")

    def come(self, room, server, user, others):
        """A member of whom those who are there have heard, and who is then one of them."""
        token = tokens.token(user, room, is_host=user == "host")
        newcomer = self.enter(server, f"/lobby?token={token}", user, room).activate()
        for other in others:
            other.hear(newcomer.joined)
        others.append(newcomer)

    def come_all(self, room, places):
        """Members, one after another, of [(user, server)]; the last of them is the host."""
        members = []
        for user, server in places:
            self.come(room, server, user, members)
        return members

    def assert_heard(self, member, *notices):
        """He has heard these of the meeting since he came, in their order, and nothing else."""
        member.probe()
        heard = [packet for packet in member.heard if packet.type == packets.MEETING]
        self.assertEqual(heard, [Packet.read(notice) for notice in notices], member.user)

    def assert_said(self, room, *notices):
        """So was this over NATS."""
        said = [payload for subject, payload in self.watcher.heard
                if subject == f"room.{room}.system"]
        self.assertEqual([Packet.read(notice) for notice in said],
                         [Packet.read(notice) for notice in notices], room)

    def next_meeting(self, room, guests, servers):
        """What is heard of it: somebody comes to each server after the end of the one before, and
        the first of them begins it for all. What the servers had asked of the record about the one
        before is answered by then."""
        everybody = list(guests)
        for number, server in enumerate(servers):
            self.come(room, server, f"late{number}", everybody)
        late = everybody[len(guests):]
        self.assertEqual({member.started.raw for member in late}, {late[0].started.raw})
        self.assertEqual(late[0].started.creator, "late0")
        self.assertGreater(late[0].started.start_time, guests[0].started.start_time)
        return late[0].started.raw, [member.joined for member in late]


@only_over("fleet-cross", "it has servers of its own, of each kind")
class MeetingsOfFourServers(RecordedFleetCase):
    def test_are_recorded_from_the_first_who_comes_to_the_last_who_leaves(self):
        """In many rooms at the same time: over each two servers, and over all four."""
        places = {f"pair{number}": pair * 2 for number, pair
                  in enumerate(itertools.permutations(self.servers, 2))}
        places["all"] = self.servers
        rooms = {room: [] for room in places}
        users = [f"user{number}" for number in range(4)]
        for count in range(1, 5):
            for room, members in rooms.items():
                self.come(room, places[room][count - 1], users[count - 1], members)
            self.assertEqual(self.rows.present(*rooms), {room: users[:count] for room in rooms})
        for members in rooms.values():
            self.assertEqual({member.started.raw for member in members}, {members[0].started.raw})

        for count in (3, 2, 1, 0):
            for members in rooms.values():
                members[count].session.close()
            wait_for(lambda: self.rows.present(*rooms), {room: users[:count] for room in rooms})
            self.assertEqual(self.rows.meetings(*rooms), {
                room: Meeting(members[0].started.start_time, "user0", count == 0)
                for room, members in rooms.items()})
            for members in rooms.values():
                for other in members[:count]:
                    other.hear(members[count].left)
                for other in members[count - 1:count]:  # who goes next
                    self.assert_heard(other, *(member.joined for member in members[count - 1:]),
                                      *(member.left for member in members[:count - 1:-1]))
        self.watcher.flush()
        for room, members in rooms.items():
            self.assert_said(room, *(member.joined for member in members),
                             *(member.left for member in members[::-1]))

    def test_end_for_all_when_the_host_leaves_his_server(self):
        """Whichever it is."""
        guests = [(f"guest{number}", server) for number, server in enumerate(self.servers)]
        rooms = {f"room{number}": self.come_all(f"room{number}", [*guests, ("host", server)])
                 for number, server in enumerate(self.servers)}
        for *_, host in rooms.values():
            host.session.close()

        for room, (*others, host) in rooms.items():
            ended = packets.ended(room, "The host has ended the meeting")
            for guest in others:
                guest.hear(ended)
            self.assertEqual(self.rows.present(room), {room: []})
            self.assertEqual(self.rows.meetings(room), {
                room: Meeting(host.started.start_time, "guest0", True)})
            started, late = self.next_meeting(room, others, self.servers)
            came = [member.joined for member in (*others, host)]
            for number, guest in enumerate(others):
                self.assert_heard(guest, *came[number:], host.left, ended, started, *late)
            self.watcher.flush()
            self.assert_said(room, *came, host.left, ended, *late)


@only_over("fleet-cross", "it has servers of its own, of each kind")
class MeetingsOfAServerThatIsKilled(RecordedFleetCase):
    def test_are_ended_in_its_place_by_another(self):
        """So is one whose host was there; one that has its host elsewhere goes on."""
        dying, *living = self.servers
        guests = [(f"guest{number}", server) for number, server in enumerate(living)]
        led = self.come_all("led", [*guests, ("host", dying)])
        visited = self.come_all("visited", [("host", living[0]), *guests, ("visitor", dying)])

        self.kill(dying)
        *others, host = led
        ended = packets.ended("led", "The host has ended the meeting")
        for guest in others:
            guest.hear(host.left, within=20)
            guest.hear(ended)
        *stayed, visitor = visited
        for member in stayed:
            member.hear(visitor.left)

        users = [member.user for member in others]
        wait_for(lambda: self.rows.present("led", "visited"),
                 {"led": [], "visited": [*users, "host"]})
        self.assertEqual(self.rows.meetings("led", "visited"), {
            "led": Meeting(host.started.start_time, "guest0", True),
            "visited": Meeting(visitor.started.start_time, "host", False)})
        started, late = self.next_meeting("led", others, living)
        came = [member.joined for member in led]
        for number, guest in enumerate(others):
            self.assert_heard(guest, *came[number:], host.left, ended, started, *late)
        came = [member.joined for member in visited]
        for number, member in enumerate(stayed):
            self.assert_heard(member, *came[number:], visitor.left)
