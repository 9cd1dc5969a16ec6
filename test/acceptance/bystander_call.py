"""The call beside an attack, and the newcomers to it."""

import itertools
import time

from member import Member
from two_way_call import TwoWayCall

ROOM = "bystanders"


class BystanderCall(TwoWayCall):
    """`connect(target)` is how they all get their sessions."""

    def __init__(self, connect):
        self._connect = connect
        self._newcomers = itertools.count()
        super().__init__(self._join("early"), self._join("bird"))

    def _join(self, user):
        return Member(self._connect(f"/lobby/{user}/{ROOM}"), user, ROOM)

    def join_another(self):
        """How long a newcomer takes, from connecting to its complete roster."""
        begun = time.monotonic()
        newcomer = self._join(f"newcomer{next(self._newcomers)}")
        took = time.monotonic() - begun
        newcomer.session.close()
        newcomer.session.discard()
        return took
