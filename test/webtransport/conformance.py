#!/usr/bin/python3
"""An HTTP/3 and WebTransport conformance suite against a running relay.

It talks to it as a client; while each case runs, two bystanders in another room must hear each
other.

    conformance.py --relay https://127.0.0.1:4433 [--secret S]     rooms /lobby/<user>/<room>

--secret is the one of the relay's tokens; without it the cases that need one are skipped. Prints a
line for each case that fails and ends with "N passed, N failed".
"""

import argparse
import sys
import threading
from urllib.parse import urlsplit

import raw_http3  # noqa: F401  (makes the modules of test/e2e importable)
import control_cases
import handshake_cases
import relay_cases
import session_cases
import stream_cases
from conformance_case import Bystanders, Place, cases

import conformance_suite

# Which register their cases.
__all__ = [control_cases, handshake_cases, relay_cases, session_cases, stream_cases]


def run_all(chosen, options):
    """Yields the outcomes as they come up, those of slow cases at the end."""
    where = urlsplit(options.relay)
    host, port = where.hostname, where.port or 443

    def run(case):
        place = Place(host, port, options.secret)
        try:
            return conformance_suite.Outcome(case, place)
        finally:
            place.leave()

    bystanders = Bystanders(host, port)
    slow, threads = [], []
    for case in chosen:
        if case.slow:
            threads.append(threading.Thread(target=lambda case=case: slow.append(run(case))))
            threads[-1].start()
    for case in chosen:
        if not case.slow:
            heard = bystanders.delivered
            outcome = run(case)
            try:
                bystanders.check(heard)
            except Exception as error:
                outcome.fault = f"{outcome.fault or ''} {type(error).__name__}: {error}".lstrip()
                bystanders.leave()
                bystanders = Bystanders(host, port)  # the next case starts with unharmed ones
            yield outcome
    for thread in threads:
        thread.join()
    yield from slow
    bystanders.finish()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--relay", required=True, help="where it listens, as https://host:port")
    parser.add_argument("--secret", help="the secret of its tokens")
    return conformance_suite.main(parser, cases(), run_all)


if __name__ == "__main__":
    sys.exit(main())
