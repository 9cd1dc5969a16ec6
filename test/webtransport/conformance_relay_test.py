#!/usr/bin/python3
"""Runs the conformance suite against the relay itself, with one shard and with two. Ends with
"N passed, N failed"."""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

import tokens  # noqa: E402
from conformance_relays import run_against_relays  # noqa: E402

# What the windows of connections that have ended may leave behind in the allocator, and no more.
GROWTH_MAX = 48 << 20

if __name__ == "__main__":
    sys.exit(run_against_relays(
        HERE / "conformance.py",
        lambda relay: ["--secret", tokens.SECRET,
                       "--relay", f"https://127.0.0.1:{relay.webtransport_port}"],
        growth_max=GROWTH_MAX, webtransport=True, auth_jwt_secret=tokens.SECRET))
