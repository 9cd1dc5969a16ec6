#!/usr/bin/python3
"""Runs the conformance suite against the relay itself, with one shard and with two: what one member
sends reaches the other, and whoever breaks the protocol gets its answer. Ends with
"N passed, N failed"."""

import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from relay import Relay  # noqa: E402


def run(shards):
    """(passed, failed) of the suite."""
    relay = Relay(shards=shards)
    try:
        url = f"ws://127.0.0.1:{relay.port}/lobby/<user>/<room>"
        suite = subprocess.run([sys.executable, str(HERE / "conformance.py"), "--relay", url],
                               stdout=subprocess.PIPE, text=True, check=False)
    finally:
        relay.stop()
    *lines, totals = suite.stdout.rstrip().splitlines()
    for line in lines:
        print(f"{shards} shard(s): {line}")
    return [int(n) for n in re.fullmatch(r"(\d+) passed, (\d+) failed", totals).groups()]


if __name__ == "__main__":
    passed, failed = (sum(counts) for counts in zip(run(1), run(2)))
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)
