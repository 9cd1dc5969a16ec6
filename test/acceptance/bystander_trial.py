"""What bystander and udp_bystander share: a call and a server beside an attack, and what they may
come to (decision 35)."""

import argparse
import os
import time

from bystander_call import BystanderCall
from processes import keep_on, processor_seconds, resident

SETTLE_SECONDS = 1
DELAY_MAX, JOIN_MAX = 0.05, 2.0
GROWTH_MAX = 16 << 20


def command_line():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--quick", action="store_true")
    arguments.add_argument("--shards", type=int, default=1)
    arguments.add_argument("names", nargs="*")
    return arguments.parse_args()


class BystanderTrial:
    """Begins with a call that nobody disturbs. `connect(target)` is how its members connect."""

    def __init__(self, relay, connect):
        processors = sorted(os.sched_getaffinity(0))
        keep_on(processors[: max(1, len(processors) - 1)], relay.pid)
        self._pid = relay.pid
        self._call = BystanderCall(connect)
        self._call.talk(SETTLE_SECONDS)
        self._usual = self._call.take_figures()
        self._before = resident(self._pid)
        self._grown, self._joined = 0, 0.0
        self._figures = self._busy = None

    def go_on(self, seconds):
        """Now there is an attack, and newcomers join all the while."""
        begun, used = time.monotonic(), processor_seconds(self._pid)
        while time.monotonic() < begun + seconds:
            self._call.talk(0.25)
            self._grown = max(self._grown, resident(self._pid) - self._before)
            self._joined = max(self._joined, self._call.join_another())
        self._figures = self._call.take_figures()
        self._busy = (processor_seconds(self._pid) - used) / (time.monotonic() - begun)
        self._call.finish()

    def holds(self):
        return (self._figures.delivered == self._figures.expected > 0
                and self._figures.p99 < DELAY_MAX and self._joined < JOIN_MAX
                and self._grown < GROWTH_MAX)

    def __str__(self):
        return (f"{self._figures.delivered} of {self._figures.expected} delivered, "
                f"p99 {self._figures.p99 * 1e3:.1f} ms (without {self._usual.p99 * 1e3:.1f}), "
                f"joins in {self._joined * 1e3:.0f} ms at most, "
                f"grows by {self._grown / 2**20:.1f} MiB, server {self._busy:.0%} busy")
