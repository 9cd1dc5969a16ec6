#!/usr/bin/python3
"""An RFC 6455 conformance suite against a running server, which it talks to as a client.

    conformance.py --url ws://127.0.0.1:8089/            an endpoint that sends back what it gets
    conformance.py --relay ws://127.0.0.1:8080           a relay (rooms /lobby/<user>/<room>)

Prints a line for each case that fails and ends with "N passed, N failed".
"""

import argparse
import sys

import control_cases
import framing_cases
import handshake_cases
import text_cases
from conformance_case import EchoEndpoint, RelayEndpoint

import conformance_suite


def all_cases():
    for group in (framing_cases, control_cases, text_cases, handshake_cases):
        yield from group.cases()


def run_all(chosen, options):
    endpoint = EchoEndpoint(options.url) if options.url else RelayEndpoint(options.relay)
    for case in chosen:
        yield conformance_suite.Outcome(case, endpoint)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--url", help="an echo endpoint")
    where.add_argument("--relay", help="a relay; <user> and <room> in it stand for names")
    return conformance_suite.main(parser, all_cases(), run_all)


if __name__ == "__main__":
    sys.exit(main())
