"""Starts build/release/bin/ws_echo (or the one the environment's WS_ECHO names) on a free port."""

import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


class WsEcho:
    """Runs while its `with` block does; `url` is where it listens."""

    def __init__(self, *arguments):
        program = os.environ.get("WS_ECHO") or str(ROOT / "build/release/bin/ws_echo")
        if not os.access(program, os.X_OK):
            raise SystemExit(f"there is no {program}; run script/build or set WS_ECHO")
        self._command = [program, "--port", "0", *arguments]

    def __enter__(self):
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        line = self._process.stdout.readline()
        said, _, address = line.strip().rpartition(" ")
        if said != "listening on":
            self._process.kill()
            self._process.wait()
            raise SystemExit(f"ws_echo did not say where it listens but {line!r}")
        self.url = f"ws://{address}/"
        return self

    def __exit__(self, *_):
        ended_early = self._process.poll()
        self._process.terminate()
        self._process.wait()
        self._process.stdout.close()
        if ended_early is not None:
            raise SystemExit(f"ws_echo ended by itself with {ended_early}")
