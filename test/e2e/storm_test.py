"""Many clients come, go, resume and race at random; afterwards the books must balance."""

import os
import random
import time

import packets
from relay_case import RelayCase

USERS = 6
SECONDS = 4.0


class Storm(RelayCase):
    def test_every_joined_is_followed_by_one_left_and_nothing_is_left_behind(self):
        seed = int(os.environ.get("PARLEY_E2E_SEED", time.time_ns() % 100_000))
        with self.subTest(seed=seed):
            self.run_storm(random.Random(seed))

    def run_storm(self, chance):
        (watcher,) = self.join_active("watcher")
        secrets = {f"user{i}": [chance.randbytes(16).hex() for _ in range(2)] + [None]
                   for i in range(USERS)}
        living = []
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            act = chance.random()
            if act < 0.45 or not living:
                user = chance.choice(list(secrets))
                secret = chance.choice(secrets[user])
                target = f"/lobby/{user}/{self.room}" + (f"?resume={secret}" if secret else "")
                living.append(self.connect(target))
                if chance.random() < 0.7:
                    self.say(living[-1])
            elif act < 0.65:
                self.say(chance.choice(living))
            else:
                session = living.pop(chance.randrange(len(living)))
                chance.choice(list(self.transport.ways_to_go.values()))(session)
            if len(living) > 25:
                chance.choice(list(self.transport.ways_to_go.values()))(living.pop(0))
        for session in living:
            session.reset()

        self.relay.wait_for_metric(1, "parley_sessions")
        books = {user: 0 for user in secrets}
        sessions = {}
        watcher.listen(2.8)  # until every LEFT has come, and none too many
        for packet in watcher.heard:
            if packet.is_meeting(packets.JOINED) or packet.is_meeting(packets.LEFT):
                user, session = packet.target
                books[user] += 1 if packet.is_meeting(packets.JOINED) else -1
                self.assertGreaterEqual(books[user], 0, "LEFT of nobody")
                sessions.setdefault(session, []).append(packet.inner[1])
        self.assertEqual(books, {user: 0 for user in secrets})
        for said in sessions.values():
            self.assertIn(said, ([packets.JOINED], [packets.LEFT],
                                 [packets.JOINED, packets.LEFT]))
        newcomer = self.join("newcomer")
        self.assertEqual([packet.target[0] for packet in newcomer.roster], ["watcher"])
        self.assertEqual(newcomer.started.raw, watcher.started.raw)

    @staticmethod
    def say(session):
        try:
            session.send(packets.wrapper(packets.CONNECTION, "x", b"word"))
        except OSError:
            pass  # resumed elsewhere meanwhile
