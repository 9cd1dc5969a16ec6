"""One room over both transports: whoever is in it is told of everybody, whichever way they came,
go or move."""

import os
import time
from collections import Counter

from deadline import Deadline
from member import Member
from relay_case import RelayCase
from transport import only_over, over_websocket, over_webtransport
from websocket_client import WebSocket

SIZE = 25


@only_over("cross", "it is about both transports in one room")
class MixedRoom(RelayCase):
    # Long enough for a round through the room on a busy machine.
    settings = {"limits_idle_timeout": "4s", "limits_ping_after": "1s"}

    def fill(self):
        """Active members who joined over both transports in turn, and know of one another."""
        members = self.join_active(*[f"user{i}" for i in range(SIZE)])
        over = Counter(isinstance(member.session, WebSocket) for member in members)
        self.assertEqual(sorted(over.values()), [SIZE // 2, SIZE - SIZE // 2])
        return members

    def hear(self, members):
        """A round in which they all show that they live; what they have heard by now."""
        for member in members:
            member.probe()
        members[0].listen(0.1)
        return [member.heard_raw() for member in members]

    def test_everybody_has_the_whole_roster_and_the_same_start(self):
        members = self.fill()

        for place, member in enumerate(members):
            self.assertCountEqual([packet.raw for packet in member.roster],
                                  [earlier.joined for earlier in members[:place]])
            self.assertEqual(member.started.raw, members[0].started.raw)
            self.assertEqual(member.probe(), [], "somebody was announced twice")

    def test_each_way_to_go_is_told_to_everybody_once(self):
        members = self.fill()
        ways = list(self.transport.ways_to_go.values())
        over_tcp = [member for member in members if isinstance(member.session, WebSocket)]
        over_quic = [member for member in members if member not in over_tcp]
        leavers = [*zip(over_tcp, ways),
                   *zip(over_quic, [*ways, lambda session: session.vanish()])]
        for member, go in leavers:
            go(member.session)
        left = [member.left for member, _ in leavers]
        staying = [member for member in members if member.left not in left]

        deadline = Deadline(20)
        while not all(set(left) <= set(heard) for heard in self.hear(staying)):
            deadline.left("LEFT of everybody who went")

        for heard in self.hear(staying):
            self.assertCountEqual(heard, left)

    def test_a_move_to_the_other_transport_is_no_leaving(self):
        watchers = self.fill()
        movers, said = [], []
        for user in ("mover", "shaker"):  # who begin on different ones
            key = os.urandom(16).hex()
            old = self.join(user, resume=key).activate()
            new = self.move(old, key)
            said += [old.joined, new.say(b"while the old one lives")]
            self.assertEqual(old.end().reason, "resumed elsewhere")
            watchers[0].hear(said[-1])  # a reset may take along what is still on its way
            new.session.reset()
            again = self.move(new, key)
            said.append(again.say(b"when the old one is gone"))
            self.assertEqual({new.session_id, again.session_id}, {old.session_id})
            movers.append(again)

        until = time.monotonic() + 2.6  # when a LEFT would have come
        while time.monotonic() < until:
            self.hear(watchers + movers)

        for heard in self.hear(watchers + movers)[:SIZE]:
            self.assertCountEqual(heard, said)

    def move(self, member, key):
        """The same session over the other transport."""
        over_other = over_webtransport if isinstance(member.session, WebSocket) else over_websocket
        session = over_other(self.relay, f"/lobby/{member.user}/{self.room}?resume={key}")
        self.addCleanup(session.discard)
        return Member(session, member.user, self.room)
