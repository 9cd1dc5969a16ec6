"""Four processes on one NATS, two of each of the drop-in servers, act as one."""

import itertools
import re
import time

import packets
from fleet_case import GRACE, SILENCE, FleetCase
from transport import only_over

ALIVE_PERIOD = 3.0  # how often a server says that it lives, unasked
INQUIRY_PERIOD = 1.0  # how often all rosters are asked for, at most


def alive(server, *, asks=False):
    """As a server says it on parley.servers."""
    return b"\x09" + server.to_bytes(8, "little") + packets.number(10, 1) + packets.number(14, asks)


def is_question(saying):
    """Whether it is a roster that asks for the others'."""
    return re.match(rb"\x09.{8}[\x12\x6a][\x80-\xff]*[\x00-\x7f]\x08\x01", saying, re.DOTALL)


@only_over("fleet-cross", "it has servers of its own, of each kind")
class FourServers(FleetCase):
    def test_packets_reach_every_other_server_and_no_other_room(self):
        for number, (here, there) in enumerate(itertools.permutations(self.servers, 2)):
            room = f"room{number}"
            alice = self.join(here, "alice", room).activate()
            bob = self.join(there, "bob", room).activate()
            other = self.join(there, "other", room + "x").activate()
            alice.hear(bob.joined)

            bob.hear(alice.say())
            alice.hear(bob.say())
            self.assertEqual(other.probe(), [])

    def test_a_newcomer_that_asks_who_is_there_is_answered_at_once(self):
        newcomer = self.listen("parley.servers")
        question = alive(77, asks=True)
        rounds = 4
        begun = time.monotonic()
        for _ in range(rounds):
            newcomer.publish("parley.servers", question)
            answered = set()
            while len(answered) < len(self.servers):
                answered.add(newcomer.next()[1][:9])
        # Unasked, each round would take a period.
        self.assertLess(time.monotonic() - begun, rounds * ALIVE_PERIOD / 2)

    def test_all_see_one_meeting_with_the_same_people(self):
        watcher = self.listen("room.room.system")
        members = []
        for number, server in enumerate(self.servers):
            member = self.join(server, f"user{number}", "room").activate()
            self.assertEqual({packet.target[0] for packet in member.roster},
                             {other.user for other in members})
            self.assertEqual(member.started.raw, (members + [member])[0].started.raw)
            for other in members:
                other.hear(member.joined)
            members.append(member)
        self.assertEqual([watcher.next()[1] for _ in members],
                         [member.joined for member in members])
        members[0].session.close()
        for other in members[1:]:
            other.hear(members[0].left)
        self.assertEqual(watcher.next()[1], members[0].left)

    def test_a_session_moves_from_server_to_server_unseen(self):
        key = "0123456789abcdef" * 2
        witness = self.join(self.servers[3], "witness", "room").activate()
        alice = self.join(self.servers[0], "alice", "room", resume=key).activate()
        witness.hear(alice.joined)
        witness.heard.clear()
        for server in (self.servers[2], self.servers[1]):
            before, alice = alice, self.join(server, "alice", "room", resume=key)
            self.assertEqual(alice.session_id, before.session_id)
            self.assertEqual(alice.started.raw, before.started.raw)
            said = alice.say()
            self.assertEqual(before.end().reason, "resumed elsewhere")
            witness.hear(said)
        witness.listen(GRACE + 0.5)
        self.assertEqual([packet for packet in witness.heard if packet.type == packets.MEETING], [])

    def test_who_was_lost_while_nats_stood_still_is_seen_again(self):
        alice, bob = [self.join(server, user, "room").activate()
                      for server, user in ((self.servers[0], "alice"), (self.servers[2], "bob"))]
        alice.hear(bob.joined)
        ears = self.listen("parley.presence.room")
        ears.publish("parley.servers", alive(77))
        for server in self.servers:
            server.wait_for_metric(4, "parley_bus_servers")
        self.nats.pause()
        alice.hear(bob.left, within=20)
        bob.hear(alice.left, within=20)
        for server in self.servers:
            server.wait_for_metric(0, "parley_bus_servers")

        self.nats.go_on()
        alice.hear(bob.joined)
        bob.hear(alice.joined)
        # Each asks once, however many are back, and nobody on account of one who asks himself.
        alice.listen(INQUIRY_PERIOD + 0.2)
        ears.publish("parley.servers", alive(77, asks=True))
        alice.listen(0.5)
        ears.flush()
        askers = [payload[:9] for _, payload in ears.heard if is_question(payload)]
        self.assertEqual((len(askers), len(set(askers))), (2, 2))
        for number, server in enumerate(self.servers):
            self.join(server, f"late{number}", "room").wait_to_see({"alice", "bob"})
        bob.hear(alice.say())

    def test_the_members_of_a_server_that_is_killed_leave_once(self):
        dying, *living = self.servers
        lost = [self.join(dying, f"lost{i}", "room").activate() for i in range(2)]
        others = [self.join(server, f"user{i}", "room").activate()
                  for i, server in enumerate(living)]
        for other in others:
            for later in others[others.index(other) + 1:]:
                other.hear(later.joined)

        self.kill(dying)
        begun = time.monotonic()
        for other in others:
            other.heard.clear()
            for member in lost:
                if member.left not in other.heard_raw():
                    other.hear(member.left, within=20)
        self.assertLess(time.monotonic() - begun, 15)
        self.assertGreater(time.monotonic() - begun, SILENCE - 3 + GRACE - 0.5)

        late = self.join(living[0], "late", "room")
        self.assertEqual({packet.target[0] for packet in late.roster},
                         {other.user for other in others})
        for other in others:
            other.listen(GRACE + 0.5)
            for member in lost:
                self.assertEqual(other.heard_raw().count(member.left), 1)
