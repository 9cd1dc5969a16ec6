#!/usr/bin/python3
"""An RFC 6455 conformance suite against a running server, which it talks to as a client.

    conformance.py --url ws://127.0.0.1:8089/            an endpoint that sends back what it gets
    conformance.py --relay ws://127.0.0.1:8080           a relay (rooms /lobby/<user>/<room>)

Prints a line for each case that fails and ends with "N passed, N failed".
"""

import argparse
import sys
import time

import control_cases
import framing_cases
import handshake_cases
import text_cases
from conformance_case import EchoEndpoint, RelayEndpoint
from raw_websocket import Failure


def all_cases():
    """Every case with its number, which is the same whatever the endpoint."""
    groups = (framing_cases, control_cases, text_cases, handshake_cases)
    return list(enumerate((case for group in groups for case in group.cases()), start=1))


def run_case(case, endpoint):
    """What went wrong, or None."""
    try:
        case.run(endpoint)
    except (Failure, OSError) as error:
        return str(error) or type(error).__name__
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--url", help="an echo endpoint")
    where.add_argument("--relay", help="a relay; <user> and <room> in it stand for names")
    parser.add_argument("--only", metavar="TEXT",
                        help="only cases whose number, group or name is or contains this")
    parser.add_argument("--list", action="store_true", help="print the cases instead of running them")
    parser.add_argument("--verbose", action="store_true", help="print every case and its time")
    options = parser.parse_args()

    endpoint = EchoEndpoint(options.url) if options.url else RelayEndpoint(options.relay)
    passed = failed = 0
    for number, case in all_cases():
        title = f"{number:3d} {case.group}: {case.name}"
        if options.only and options.only != str(number) and options.only not in title:
            continue
        if endpoint.is_relay and case.needs_echo:
            continue
        if options.list:
            print(title)
            continue
        start = time.monotonic()
        fault = run_case(case, endpoint)
        if fault is None:
            passed += 1
        else:
            failed += 1
            print(f"FAILED {title}: {fault}", flush=True)
        if options.verbose:
            print(f"{time.monotonic() - start:6.3f} s {title}", flush=True)
    if not options.list:
        print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
