"""`parley metrics` under test: its process, and what it shows."""

import json
import os
import re
import select
import signal
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

from child import die_with_parent, quiet_environment  # noqa: E402
from deadline import PATIENCE, Deadline, TooLate  # noqa: E402
from http_client import request  # noqa: E402
from relay import BIN  # noqa: E402

SERIES = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def read_series(text):
    """{(name, frozenset of labels): value} of the text of a /metrics."""
    series = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, labels, value = SERIES.fullmatch(line).groups()
            series[name, frozenset(LABEL.findall(labels or ""))] = float(value)
    return series


class MetricsService:
    """Listens to the NATS server at `url`."""

    def __init__(self, url):
        read_end, write_end = os.pipe()
        self.process = subprocess.Popen(
            [str(BIN / "parley"), "metrics", "--host", "127.0.0.1", "--port", "0",
             "--ready-fd", str(write_end), "--nats-url", url],
            pass_fds=[write_end], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
            preexec_fn=die_with_parent, env=quiet_environment())
        os.close(write_end)
        try:
            ready, _, _ = select.select([read_end], [], [], PATIENCE)
            line = os.read(read_end, 4096) if ready else b""
        finally:
            os.close(read_end)
        if not line:
            self.process.kill()
            raise AssertionError(f"it did not start: {self.process.communicate()[1]!r}")
        self.port = json.loads(line)["http"]

    def get(self, target, method="GET"):
        return request(self.port, target, method)

    def text(self):
        return self.get("/metrics").text

    def series(self):
        return read_series(self.text())

    def value(self, name, **labels):
        """Of the one series of that name and these labels; None without it."""
        return self.series().get((name, frozenset(labels.items())))

    def wait_for(self, wanted, what, within=PATIENCE):
        """The series, as soon as they are `wanted`, which is a question about them."""
        deadline = Deadline(within)
        while not wanted(series := self.series()):
            try:
                deadline.left()
            except TooLate:
                raise TooLate(f"{what}: it does not become so; {series}") from None
        return series

    def wait_for_value(self, value, name, **labels):
        key = (name, frozenset(labels.items()))
        return self.wait_for(lambda series: series.get(key) == value, f"{name} {labels} = {value}")

    def stop(self):
        """Ends it; what it said on the way."""
        self.process.send_signal(signal.SIGTERM)
        try:
            _, said = self.process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError("it did not end") from None
        assert self.process.returncode == 0, f"{self.process.returncode}: {said.decode()}"
        return said.decode()
