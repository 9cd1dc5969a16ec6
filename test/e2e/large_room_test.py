"""A room of two thousand members with long names, on a NATS that takes no more than 64 KB at once:
what its server says of it to others goes in parts."""

import re
import resource
import unittest

import packets
from member import Member
from nats_server import NatsPeer, NatsServer
from relay import Relay
from transport import only_over, over_websocket

MEMBERS, ACTIVE = 2000, 40


@only_over("fleet", "it is about several servers")
class LargeRoom(unittest.TestCase):
    def setUp(self):
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, before)
        resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
        self.nats = NatsServer("max_payload: 64KB")
        self.addCleanup(self.nats.stop)
        self.here, self.there = self.start(), self.start()
        self.here.wait_for_metric(1, "parley_bus_servers")

    def start(self):
        # Nobody answers the pings of two thousand clients.
        relay = Relay(bus_url=self.nats.url, webtransport=False, limits_idle_timeout="5m",
                      tls_tcp="false")
        self.addCleanup(lambda: relay.process.returncode is None and relay.stop())
        return relay

    def connect(self, relay, user):
        session = over_websocket(relay, f"/lobby/{user}/room")
        self.addCleanup(session.discard)
        return session

    def join(self, relay, user):
        return Member(self.connect(relay, user), user, "room")

    def test_its_members_are_known_elsewhere_and_stay_known_when_nats_comes_back(self):
        ears = NatsPeer(self.nats, "parley.presence.room")
        self.addCleanup(ears.close)
        active = [self.join(self.here, name(i)) for i in range(ACTIVE)]
        for i in range(ACTIVE, MEMBERS):
            self.connect(self.here, name(i))  # tests, and is in the roster, too
        for member in active:
            member.activate()
        ears.flush()
        ears.heard.clear()

        late = self.join(self.there, "late")
        people = {member.user for member in active}
        late.wait_to_see(people)
        said = set()
        while len(said) < MEMBERS:
            said.update(re.findall(rb"user\d{4}", ears.next()[1]))
        self.assertGreater(sum(len(payload) for _, payload in ears.heard), 1_000_000)

        late.activate()
        self.nats.kill()
        self.nats.start()
        for relay in (self.here, self.there):
            relay.wait_for_metric(1, "parley_bus_reconnects_total")
            relay.wait_for_metric(1, "parley_bus_connected")
        # Behind the rosters that are said anew, both ways.
        later = self.join(self.there, "later").activate()
        later.wait_to_see(people | {"late"})
        active[0].hear(later.joined)
        late.hear(active[0].say())
        self.assertEqual([heard for heard in late.heard if heard.is_meeting(packets.LEFT)], [])
        for relay in (self.here, self.there):
            self.assertEqual(relay.metric("parley_bus_lost_total", reason="too_large"), 0)


def name(number):
    return f"user{number:04}" + "x" * 247
