"""Runs a conformance suite against relays of our own, with one shard and with two."""

import re
import subprocess
import sys

from deadline import TooLate
from relay import Relay

TOTALS = re.compile(r"(\d+) passed, (\d+) failed(?:, (\d+) skipped)?")


def run_against_relays(suite, words, *, growth_max=None, **settings):
    """The exit code of both runs of the program `suite`, which `words(relay)` tell where the relay
    is; more words come from our own command line. The relay must forget every session, and grow by
    no more than `growth_max` bytes. Ends with "N passed, N failed"."""
    totals = [0, 0, 0]
    for shards in (1, 2):
        counts = run_against_relay(suite, words, growth_max, shards, settings)
        totals = [total + count for total, count in zip(totals, counts)]
    passed, failed, skipped = totals
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or not passed else 0


def run_against_relay(suite, words, growth_max, shards, settings):
    """(passed, failed, skipped)."""
    relay = Relay(shards=shards, **settings)
    try:
        before = relay.resident_bytes()
        passed, failed, skipped = run_suite(
            [sys.executable, str(suite), *words(relay), *sys.argv[1:]], f"{shards} shard(s): ")
        try:
            relay.wait_for_metric(0, "parley_sessions")
        except TooLate as fault:
            print(f"{shards} shard(s): FAILED behind the last case: {fault}", flush=True)
            failed += 1
        grown = relay.resident_bytes() - before
        if growth_max is not None and grown > growth_max:
            print(f"{shards} shard(s): FAILED the relay has grown by {grown >> 20} MiB, more than "
                  f"{growth_max >> 20}", flush=True)
            failed += 1
    finally:
        relay.stop()
    return passed, failed, skipped


def run_suite(command, prefix):
    """(passed, failed, skipped), as its last line says; what it says before is passed on at once,
    so that a run which is cut short has said how far it came."""
    totals = None
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as suite:
        for line in suite.stdout:
            totals = TOTALS.fullmatch(line.rstrip())
            if not totals:
                print(prefix + line, end="", flush=True)
    if not totals:
        print(f"{prefix}FAILED the suite ended with {suite.returncode} before it had counted")
        return 0, 1, 0
    passed, failed, skipped = (int(count or 0) for count in totals.groups())
    if suite.returncode and not failed:
        print(f"{prefix}FAILED the suite ended with {suite.returncode}")
        failed = 1
    return passed, failed, skipped
