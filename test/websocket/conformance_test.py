#!/usr/bin/python3
"""Runs the conformance suite against ws_echo. Ends with "N passed, N failed"."""

import pathlib
import subprocess
import sys

from ws_echo_process import WsEcho

if __name__ == "__main__":
    suite = pathlib.Path(__file__).with_name("conformance.py")
    with WsEcho() as echo:
        sys.exit(subprocess.call([sys.executable, str(suite), "--url", echo.url, *sys.argv[1:]]))
