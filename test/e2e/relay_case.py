"""What all cases stand on: one server for each class, and members that join it."""

import unittest

import tokens
from deadline import Deadline, TooLate
from member import Member
from relay import Relay
from transport import chosen_shards, chosen_transport


class RelayCase(unittest.TestCase):
    """`settings` are those of the class's server. Rooms are named after their test."""

    settings = {}
    relay = None
    shards = property(lambda self: chosen_shards())

    @classmethod
    def setUpClass(cls):
        cls.relay = Relay(**{"auth_jwt_secret": tokens.SECRET, **cls.settings})

    @classmethod
    def tearDownClass(cls):
        cls.relay.stop()

    def setUp(self):
        self.room = self._testMethodName[-60:]
        self.transport = chosen_transport()

    def connect(self, target, **how):
        session = self.transport.connect(self.relay, target, **how)
        self.addCleanup(session.discard)
        return session

    def join(self, user, room=None, *, resume=None, **how):
        """A member in Testing."""
        room = room or self.room
        target = f"/lobby/{user}/{room}" + (f"?resume={resume}" if resume else "")
        return self.member(target, user, room, **how)

    def member(self, target, user, room, **how):
        member = Member(self.connect(target, **how), user, room)
        member.settle = self.settle
        return member

    def join_with(self, token, user, room=None, *, resume=None, **how):
        target = f"/lobby?token={token}" + (f"&resume={resume}" if resume else "")
        return self.member(target, user, room or self.room, **how)

    def join_active(self, *users, room=None):
        """Active members, each of whom has heard that all of them are there."""
        members = []
        for user in users:
            member = self.join(user, room)
            member.activate()
            for other in members:
                other.hear(member.joined)
            members.append(member)
        self.settle()
        for member in members:
            if self.relay.other:
                member.probe()  # whom it has heard of late
            member.heard.clear()
        return members

    def settle(self):
        """With two servers: each knows what the other does."""
        if self.relay.other:
            self.relay.settle()

    def counted(self, name, by=1, **labels):
        """A question for afterwards: has this number risen by `by`?"""
        before = self.relay.metric(name, **labels)

        def check(within=10.0):
            deadline = Deadline(within)
            while (now := self.relay.metric(name, **labels)) != before + by:
                try:
                    deadline.left()
                except TooLate:
                    self.fail(f"{name} {labels} rose by {now - before:g}, not by {by}")

        return check
