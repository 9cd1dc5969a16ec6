"""A server under test: its process, its ports and its numbers."""

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

from child import die_with_parent, is_readable, quiet_environment
from deadline import PATIENCE, Deadline, TooLate
from http_client import request, trusting_tls
from nats_server import NatsPeer, NatsServer
from transport import chosen_shards, chosen_transport

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("PARLEY_BIN", ROOT / "build/release/bin"))


# How a server is told to speak WebTransport, and under which name its line of ports says where.
WEBTRANSPORT = {"webtransport_enabled": "true", "webtransport_port": 0}
WEBTRANSPORT_PORT = "webtransport"


class Relay:
    """Starts with `settings` (name → value, with _ after the section as in limits_idle_timeout).
    It speaks WebTransport if the chosen transport does, or as `webtransport` says; likewise TLS, or
    as the setting says. With a transport over a fleet, `other` is a second server, and the numbers
    are those of both."""

    def __init__(self, *, program="parley", shards=None, environment=None, webtransport=None,
                 **settings):
        self.other = self.nats = None
        if chosen_transport().needs_fleet and program == "parley" and "bus_url" not in settings:
            self.nats = NatsServer("max_payload: 8MB")
            settings["bus_url"] = self.nats.url
            self.other = Relay(shards=shards, environment=environment, webtransport=webtransport,
                               **settings)
            self._stranger = NatsPeer(self.nats)
        read_end, write_end = os.pipe()
        words = [str(BIN / program)] + (["serve"] if program == "parley" else [])
        settings = {
            "server_host": "127.0.0.1", "server_port": 0, "ops_enabled": "true", "ops_port": 0,
            "server_shards": shards or chosen_shards(), "server_ready_fd": write_end,
            "log_level": "warning", **settings,
        }
        if chosen_transport().needs_tls and program == "parley":
            settings.setdefault("tls_tcp", "true")
        self.tls = trusting_tls() if settings.get("tls_tcp") == "true" else None
        if webtransport or (webtransport is None and chosen_transport().needs_webtransport):
            settings = {**WEBTRANSPORT, **settings}
        for name, value in settings.items():
            if value is not None:
                words.append(f"--{name.replace('_', '.', 1)}={value}")
        self.process = subprocess.Popen(words, pass_fds=[write_end], stderr=subprocess.PIPE,
                                        stdin=subprocess.DEVNULL, preexec_fn=die_with_parent,
                                        env=quiet_environment(**(environment or {})))
        os.close(write_end)
        try:
            ports = json.loads(self._ready_line(read_end))
        finally:
            os.close(read_end)
        self.port = ports["http"]
        self.ops_port = ports["ops"]
        self.webtransport_port = ports.get(WEBTRANSPORT_PORT)

    def _ready_line(self, descriptor):
        deadline = Deadline()
        line = os.read(descriptor, 4096) if is_readable(descriptor, deadline.left()) else b""
        if not line:
            self.process.kill()
            raise AssertionError(f"the server did not start: {self.process.communicate()[1]!r}")
        return line

    @property
    def pid(self):
        return self.process.pid

    def get(self, target, method="GET", headers=None):
        return request(self.port, target, method, headers, tls=self.tls)

    def metrics(self):
        """{(name, frozenset of labels): value}."""
        numbers = self.own_metrics()
        for key, value in (self.other.metrics() if self.other else {}).items():
            numbers[key] = numbers.get(key, 0) + value
        return numbers

    def own_metrics(self):
        numbers = {}
        for line in request(self.ops_port, "/metrics").text.splitlines():
            if line.startswith("#") or not line:
                continue
            name, labels, value = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line).groups()
            pairs = frozenset(re.findall(r'(\w+)="([^"]*)"', labels or ""))
            numbers[name, pairs] = float(value)
        return numbers

    def metric(self, name, **labels):
        """One number, or the sum of those that have these labels."""
        wanted = set(labels.items())
        found = [value for (key, pairs), value in self.metrics().items()
                 if key == name and wanted <= pairs]
        assert found, f"/metrics has no {name} {labels}"
        return sum(found)

    def wait_for_metric(self, value, name, within=PATIENCE, **labels):
        """Until the number is `value`."""
        deadline = Deadline(within)
        while (now := self.metric(name, **labels)) != value:
            try:
                deadline.left()
            except TooLate:
                raise TooLate(f"{name} {labels} is {now} and does not become {value}") from None

    def settle(self):
        """Waits until each of the two servers knows what the other has known so far: nothing waits
        on its way to NATS, and behind what NATS had comes a message that no server understands."""
        deadline = Deadline()
        while any(one.own_metrics()["parley_bus_waiting", frozenset()] for one in self.both()):
            deadline.left("silence between the servers")
        before = [one.puzzles() for one in self.both()]
        asked_at = 0
        while any(one.puzzles() <= count for one, count in zip(self.both(), before)):
            deadline.left("the puzzle")
            if time.monotonic() - asked_at > 0.2:  # again: a server that starts may have missed it
                self._stranger.publish("parley.servers", b"?")
                asked_at = time.monotonic()

    def both(self):
        return self, self.other

    def puzzles(self):
        return self.own_metrics()["parley_bus_lost_total", frozenset({("reason", "unreadable")})]

    def resident_bytes(self):
        return self.metric("process_resident_memory_bytes")

    def open_files(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def wait(self, within=PATIENCE):
        """Its exit code."""
        return self.process.wait(within)

    def stop(self):
        """Ends it, and fails when it has crashed or complained."""
        if self.process.poll() is None:
            self.signal()
            self.signal(signal.SIGINT)  # a second one: at once
        try:
            _, complaints = self.process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError("the server did not end") from None
        if self.other:
            complaints += self.other.stop().encode()
            self._stranger.close()
            self.nats.stop()
        assert self.process.returncode == 0, (
            f"the server ended with {self.process.returncode}: {complaints.decode()[-4000:]}")
        return complaints.decode()
