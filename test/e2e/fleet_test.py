"""Four processes on one NATS, two of each of the drop-in servers, act as one."""

import itertools
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from child import quiet_environment
import packets
from member import Member
from nats_server import NatsPeer, NatsServer
from relay import BIN, Relay
from transport import only_over, over_websocket, over_webtransport

SILENCE, GRACE = 9.0, 2.0  # until a server counts as dead, and until its members have left


@only_over("fleet", "it is about several servers")
class FourServers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        subprocess.run([str(BIN / "parley"), "cert", "create", "--out", folder.name],
                       capture_output=True, check=True, timeout=20, env=quiet_environment())
        self.nats = NatsServer("max_payload: 8MB")
        self.addCleanup(self.nats.stop)
        certificate = {"CERT_PATH": str(Path(folder.name) / "certificate.pem"),
                       "KEY_PATH": str(Path(folder.name) / "key.pem"),
                       "LISTEN_URL": "127.0.0.1:0", "HEALTH_LISTEN_URL": "127.0.0.1:0"}
        self.servers = [self.start("websocket_server", {}), self.start("websocket_server", {}),
                        self.start("webtransport_server", certificate),
                        self.start("webtransport_server", certificate)]
        for server in self.servers:
            server.wait_for_metric(3, "parley_bus_servers")

    def start(self, program, environment):
        own = {"server_host": None, "server_port": None} if environment else {}
        relay = Relay(program=program, webtransport=False,
                      environment={"NATS_URL": self.nats.url, **environment}, **own)
        relay.way = over_webtransport if environment else over_websocket
        self.addCleanup(lambda: relay.process.returncode is None and relay.stop())
        return relay

    def join(self, server, user, room, *, resume=None):
        target = f"/lobby/{user}/{room}" + (f"?resume={resume}" if resume else "")
        session = server.way(server, target)
        self.addCleanup(session.discard)
        return Member(session, user, room)

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

    def test_all_see_one_meeting_with_the_same_people(self):
        watcher = NatsPeer(self.nats, "room.room.system")
        self.addCleanup(watcher.close)
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
        self.nats.pause()
        alice.hear(bob.left, within=20)
        bob.hear(alice.left, within=20)

        self.nats.go_on()
        alice.hear(bob.joined)
        bob.hear(alice.joined)
        for number, server in enumerate(self.servers):
            late = self.join(server, f"late{number}", "room")
            self.assertEqual({packet.target[0] for packet in late.roster}, {"alice", "bob"})
        bob.hear(alice.say())

    def test_the_members_of_a_server_that_is_killed_leave_once(self):
        dying, *living = self.servers
        lost = [self.join(dying, f"lost{i}", "room").activate() for i in range(2)]
        others = [self.join(server, f"user{i}", "room").activate()
                  for i, server in enumerate(living)]
        for other in others:
            for later in others[others.index(other) + 1:]:
                other.hear(later.joined)

        dying.process.send_signal(signal.SIGKILL)
        dying.wait()
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
