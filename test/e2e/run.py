#!/usr/bin/env python3
"""Runs the cases of this folder against the built servers, several classes at a time.

Usage: test/e2e/run.py [--shards 1|2] [--transport websocket|wss|webtransport|cross]
                       [--jobs N] [--list] [NAME…]

Without --shards, with one shard and then with two. Cross: members join over WebSocket and over
WebTransport in turn, beginning with the one and then with the other. NAME runs only tests whose
full name contains it. What says nothing about a transport is left out, listed by reason, and
counted as skipped; --list names every case that would run and every case that would not.
"""

import argparse
import io
import os
import sys
import time
import unittest
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from transport import CHOICES, left_out  # noqa: E402


def cases_of(suite):
    for part in suite:
        if isinstance(part, unittest.TestSuite):
            yield from cases_of(part)
        else:
            yield part


def names_by_class(wanted, transport):
    """The tests to run, by their class, and those that this transport leaves out, by the reason:
    ({class: [names]}, {reason: [names]})."""
    groups, skipped = {}, {}
    loader = unittest.TestLoader()
    for case in cases_of(loader.discover(str(HERE), "*_test.py")):
        if loader.errors:
            sys.exit("\n".join(loader.errors))
        if not wanted or any(word in case.id() for word in wanted):
            why = left_out(case, transport)
            if why is None:
                groups.setdefault(case.id().rpartition(".")[0], []).append(case.id())
            else:
                skipped.setdefault(why, []).append(case.id())
    return groups, skipped


def tell_skipped(transport, skipped, names):
    for why, left in skipped.items():
        print(f"{transport} leaves out {len(left)} cases: {why}", flush=True)
        for name in left if names else ():
            print(f"  {name}")


def run_class(names):
    """(class, number of passed ones, [(test, trace)], seconds)."""
    begun = time.monotonic()
    suite = unittest.TestLoader().loadTestsFromNames(names)
    result = unittest.TextTestRunner(io.StringIO()).run(suite)
    bad = [(case.id(), trace) for case, trace in result.failures + result.errors]
    # A class whose server does not start has run nothing, and fails under its own name.
    # Of a test whose subtests failed, each with a name of its own, nothing has passed.
    passed = result.testsRun - len({name.split(" ")[0] for name, _ in bad} & set(names))
    return names[0].rpartition(".")[0], passed, bad, time.monotonic() - begun


def run_all(shards, transport, groups, jobs, verbose):
    os.environ["PARLEY_E2E_SHARDS"] = str(shards)
    os.environ["PARLEY_E2E_TRANSPORT"] = transport
    begun = time.monotonic()
    passed = failed = 0
    with ProcessPoolExecutor(jobs) as pool:
        for done in as_completed([pool.submit(run_class, names) for names in groups.values()]):
            name, good, bad, seconds = done.result()
            passed += good
            failed += len(bad)
            if verbose:
                print(f"  {name}: {good} passed, {len(bad)} failed in {seconds:.1f} s", flush=True)
            for case, trace in bad:
                print(f"FAILED {case} over {transport}, shards={shards}\n{trace}", flush=True)
    print(f"{transport}, {shards} shard(s): {passed} passed, {failed} failed "
          f"in {time.monotonic() - begun:.0f} s", flush=True)
    return passed, failed


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--shards", type=int, action="append", choices=(1, 2))
    arguments.add_argument("--transport", default="websocket", choices=CHOICES)
    arguments.add_argument("--jobs", type=int, default=10)
    arguments.add_argument("--list", action="store_true")
    arguments.add_argument("--verbose", action="store_true")
    arguments.add_argument("names", nargs="*")
    given = arguments.parse_args()

    passed = failed = skipped = 0
    for transport in CHOICES[given.transport]:
        groups, left = names_by_class(given.names, transport)
        tell_skipped(transport, left, given.list or given.verbose)
        if given.list:
            print(f"{transport} runs")
            print(*(f"  {name}" for names in groups.values() for name in names), sep="\n")
            continue
        for shards in given.shards or (1, 2):
            good, bad = run_all(shards, transport, groups, given.jobs, given.verbose)
            passed += good
            failed += bad
            skipped += sum(map(len, left.values()))
    if given.list:
        return 0
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
