"""A call that goes on while somebody misbehaves: everything it says must arrive."""

import itertools
import threading
import time

import packets
from deadline import PATIENCE
from relay_case import RelayCase


class Call(threading.Thread):
    """Two members who answer each other, every ten milliseconds, until told to stop."""

    def __init__(self, alice, bob):
        super().__init__(daemon=True)
        self._members = (alice, bob)
        self._over = threading.Event()
        self._news = threading.Condition()
        self.delivered = 0
        self.failure = None

    def run(self):
        try:
            last = False
            while not last:
                last = self._over.wait(0.01)
                for speaker, listener in (self._members, self._members[::-1]):
                    said = speaker.say(b"%d" % self.delivered, packets.DIAGNOSTICS)
                    heard = listener.next().raw
                    assert heard == said, f"heard {heard!r} instead of {said!r}"
                    with self._news:
                        self.delivered += 1
                        self._news.notify_all()
        except Exception as error:  # reported by those who wait
            with self._news:
                self.failure = error
                self._news.notify_all()

    def wait_for_more(self, than):
        """Until more has been delivered."""
        with self._news:
            self._news.wait_for(lambda: self.delivered > than or self.failure, PATIENCE)
            assert self.failure is None, f"the bystanders: {self.failure}"
            assert self.delivered > than, "the bystanders hear nothing"

    def finish(self):
        self._over.set()
        self.join(2 * PATIENCE)
        assert not self.is_alive() and self.failure is None, f"the bystanders: {self.failure}"


_rooms = itertools.count(1)


class BadInputCase(RelayCase):
    """During each test two bystanders talk on the same server. At its end all they said must have
    arrived, they must still be able to talk, and a newcomer must be let in."""

    def setUp(self):
        super().setUp()
        self.bystanders = f"bystanders{next(_rooms)}"
        self.call = Call(*self.join_active("early", "bird", room=self.bystanders))
        self.call.start()
        self.addCleanup(self.check_bystanders)

    def check_bystanders(self):
        self.call.finish()
        self.assertGreater(self.call.delivered, 0)
        self.settle()
        begun = time.monotonic()
        newcomer = self.join("newcomer", self.bystanders)
        self.assertEqual(len(newcomer.roster), 2)
        self.assertLess(time.monotonic() - begun, 2.0)
