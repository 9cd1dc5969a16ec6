#!/usr/bin/python3
"""An HTTP/3 and WebTransport conformance suite against a running relay, which it talks to as a
client; while each case runs, two bystanders in another room must hear each other.

    conformance.py --relay https://127.0.0.1:4433 [--secret S]     rooms /lobby/<user>/<room>

--secret is the one of the relay's tokens; without it the cases that need one are skipped. Prints a
line for each case that fails and ends with "N passed, N failed".
"""

import argparse
import sys
import threading
import time
from urllib.parse import urlsplit

import raw_http3  # noqa: F401  (makes the modules of test/e2e importable)
import control_cases
import handshake_cases
import relay_cases
import session_cases
import stream_cases
from conformance_case import Bystanders, Place, cases

# Which register their cases.
__all__ = [control_cases, handshake_cases, relay_cases, session_cases, stream_cases]


class Run:
    """The fault of one case, or None, and its time."""

    def __init__(self, case, host, port, secret):
        self.case = case
        self.fault = None
        begun = time.monotonic()
        place = Place(host, port, secret)
        try:
            case.function(place)
        except Exception as error:
            self.fault = f"{type(error).__name__}: {error}"
        finally:
            place.leave()
        self.seconds = time.monotonic() - begun


def run_all(chosen, host, port, secret):
    """Yields the runs as they end. Slow ones, which only wait, share their time with the others."""
    bystanders = Bystanders(host, port)
    slow, threads = [], []
    for case in chosen:
        if case.slow:
            threads.append(threading.Thread(
                target=lambda case=case: slow.append(Run(case, host, port, secret))))
            threads[-1].start()
    for case in chosen:
        if not case.slow:
            heard = bystanders.delivered
            run = Run(case, host, port, secret)
            try:
                bystanders.check(heard)
            except Exception as error:
                run.fault = f"{run.fault or ''} {type(error).__name__}: {error}".lstrip()
                bystanders.leave()
                bystanders = Bystanders(host, port)  # the next case starts with unharmed ones
            yield run
    for thread in threads:
        thread.join()
    yield from slow
    bystanders.finish()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--relay", required=True, help="where it listens, as https://host:port")
    parser.add_argument("--secret", help="the secret of its tokens")
    parser.add_argument("--only", metavar="TEXT",
                        help="only cases whose number, group or name is or contains this")
    parser.add_argument("--list", action="store_true", help="print the cases and run none")
    parser.add_argument("--verbose", action="store_true", help="print every case and its time")
    options = parser.parse_args()

    where = urlsplit(options.relay)
    titles = {case: f"{number:3d} {case.group}: {case.name}"
              for number, case in enumerate(cases(), start=1)}
    chosen = [case for case, title in titles.items()
              if not options.only or options.only == title.split()[0] or options.only in title]
    if options.list:
        print(*(titles[case] for case in chosen), sep="\n")
        return 0
    skipped = [case for case in chosen if case.needs_secret and not options.secret]
    for case in skipped:
        print(f"SKIPPED {titles[case]}: it needs --secret")
    passed = failed = 0
    for run in run_all([case for case in chosen if case not in skipped], where.hostname,
                       where.port or 443, options.secret):
        if run.fault is None:
            passed += 1
        else:
            failed += 1
            print(f"FAILED {titles[run.case]}: {run.fault}", flush=True)
        if options.verbose:
            print(f"{run.seconds:6.3f} s {titles[run.case]}", flush=True)
    print(f"{passed} passed, {failed} failed" + (f", {len(skipped)} skipped" if skipped else ""))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
