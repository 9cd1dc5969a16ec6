#!/usr/bin/python3
"""Runs the conformance suite against the relay itself, with one shard and with two. Ends with
"N passed, N failed"."""

import pathlib
import re
import subprocess
import sys

# What the windows of connections that have ended may leave behind in the allocator, and no more.
GROWTH_MAX = 48 << 20

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

import tokens  # noqa: E402
from relay import Relay  # noqa: E402


def run(shards, words):
    """(passed, failed) of the suite; that the relay has grown by much is one more failure."""
    relay = Relay(shards=shards, webtransport=True, auth_jwt_secret=tokens.SECRET)
    try:
        before = relay.resident_bytes()
        suite = subprocess.run(
            [sys.executable, str(HERE / "conformance.py"), "--secret", tokens.SECRET,
             "--relay", f"https://127.0.0.1:{relay.webtransport_port}", *words],
            stdout=subprocess.PIPE, text=True, check=False)
        relay.wait_for_metric(0, "parley_sessions")
        grown = relay.resident_bytes() - before
    finally:
        relay.stop()
    *lines, totals = suite.stdout.rstrip().splitlines() or [""]
    for line in lines:
        print(f"{shards} shard(s): {line}")
    counts = re.fullmatch(r"(\d+) passed, (\d+) failed(?:, \d+ skipped)?", totals)
    if not counts:
        print(f"{shards} shard(s): {totals}")
        return [0, 1]
    passed, failed = (int(number) for number in counts.groups())
    if grown > GROWTH_MAX:
        print(f"{shards} shard(s): FAILED the relay has grown by {grown >> 20} MiB")
        failed += 1
    return passed, failed


if __name__ == "__main__":
    passed, failed = (sum(counts) for counts in zip(run(1, sys.argv[1:]), run(2, sys.argv[1:])))
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)
