#!/usr/bin/python3
"""Runs the conformance suite against the relay itself, with one shard and with two: what one member
sends reaches the other, and whoever breaks the protocol gets its answer. Ends with
"N passed, N failed"."""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from conformance_relays import run_against_relays  # noqa: E402

if __name__ == "__main__":
    sys.exit(run_against_relays(
        HERE / "conformance.py",
        lambda relay: ["--relay", f"ws://127.0.0.1:{relay.port}/lobby/<user>/<room>"]))
