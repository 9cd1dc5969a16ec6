"""What trials of faults have in common: a call of the load tool, `meeting-20` on one server, goes
on while something fails that the server leans on, and in turn while nothing does, to compare."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from statistics import median

from checks import bench, check  # first: it says where the modules of test/e2e are

import tokens
from processes import give_way, keep_on, resident
from relay import Relay

SENDERS, ROOM = 20, "faults"
USERS = [f"bench{number:05}" for number in range(SENDERS)]


class Front:
    """The server has the first processor. The last one is the load tool's; with it are this process
    and all else it starts, and they give way, so that what starts there is not what delays it."""

    def __init__(self):
        # A thread gives way as the one that started it does: the server and the load tool are
        # started from one that was there before this one stepped aside.
        self._thread = ThreadPoolExecutor(1)
        self._first = sorted(os.sched_getaffinity(0))[:1]
        self._thread.submit(os.getpid).result()
        give_way()

    def start(self, **settings):
        relay = self._thread.submit(lambda: Relay(**settings)).result()
        keep_on(self._first, relay.pid)
        return relay

    def call(self, relay, seconds):
        """Begins one; its result is what the load tool measured."""
        return self._thread.submit(_load, relay, seconds)


def _load(relay, seconds):
    words = ["--url", f"ws://127.0.0.1:{relay.port}", "--pid", relay.pid, "--floor-runs", 0,
             "meeting-20", "--duration", f"{seconds}s"]
    for user in USERS:
        words += ["--token", tokens.token(user, ROOM)]
    return bench(*words)["runs"][0]


class MemoryWatch(threading.Thread):
    """How much more memory than at its start processes had at most."""

    def __init__(self, *pids):
        super().__init__(daemon=True)
        self._before = {pid: resident(pid) for pid in pids}
        self._grown = dict.fromkeys(pids, 0)
        self._over = threading.Event()
        self.start()

    def run(self):
        while not self._over.wait(0.05):
            for pid, before in self._before.items():
                self._grown[pid] = max(self._grown[pid], resident(pid) - before)

    def stop(self):
        """In the order in which they were named."""
        self._over.set()
        self.join()
        return list(self._grown.values())


def in_turn(rounds, *ways):
    """What each way to measure answered, a list for each; they take turns at being the first."""
    answers = [[] for _ in ways]
    for number in range(rounds):
        order = list(zip(ways, answers))
        for way, its_answers in order if number % 2 == 0 else reversed(order):
            its_answers.append(way())
    return answers


def p99(run):
    return run["latency_ms"]["p99"]


def in_words(run):
    return (f"p99 {p99(run):.2f} ms, p99.9 {run['latency_ms']['p99_9']:.2f}; "
            f"{run['server_cpu']['us_per_delivery']:.2f} µs")


def note_lateness(run):
    if run["client"]["was_bottleneck"]:
        print("     (the load tool was late itself: its latencies say little)", flush=True)


def check_losses(name, runs):
    delivered, expected = (sum(run[key] for run in runs) for key in ("delivered", "expected"))
    lost = [run["lost_connections"] for run in runs if run["lost_connections"]]
    check(delivered == expected > 0 and not lost,
          f"{name}: nobody on the same server loses anything",
          f"{delivered} of {expected}" + "".join(f"; {connections}" for connections in lost))


def check_latency(name, usual, failing):
    without, during = (median(map(p99, runs)) for runs in (usual, failing))
    check(during <= max(without * 1.1, without + 0.3),
          f"{name}: the p99 on the same server changes by less than 10 %, or 0.3 ms",
          f"{during:.2f} ms, without {without:.2f}, medians of {len(usual)}")
