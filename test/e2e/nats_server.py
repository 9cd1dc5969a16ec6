"""A NATS server of the test's own, and a client that speaks its protocol by hand."""

import json
import re
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from child import die_with_parent, hear_until, quiet_environment
from deadline import PATIENCE, Deadline
from http_client import request

PROGRAM = "/usr/sbin/nats-server"


class NatsServer:
    """On a free port, which it keeps when it is started again. `options` are lines of its
    configuration; with "http: 127.0.0.1:-1" among them it tells its statistics()."""

    def __init__(self, *options):
        self._folder = tempfile.TemporaryDirectory(prefix="parley-nats-")
        self._options = options
        self.port = -1
        self.monitor_port = None
        self.process = None
        self.start()

    def start(self):
        configuration = Path(self._folder.name) / "nats.conf"
        lines = [f"port: {self.port}", "host: 127.0.0.1", *self._options]
        configuration.write_text("\n".join(lines) + "\n")
        self.process = subprocess.Popen([PROGRAM, "-c", str(configuration)],
                                        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                        preexec_fn=die_with_parent, env=quiet_environment())
        said = hear_until(self.process, "Server is ready")
        if listening := re.search(r"Listening for client connections on .*:(\d+)", said):
            self.port = int(listening[1])
        if monitored := re.search(r"Starting http monitor on .*:(\d+)", said):
            self.monitor_port = int(monitored[1])

    @property
    def url(self):
        return f"nats://127.0.0.1:{self.port}"

    @property
    def pid(self):
        return self.process.pid

    def statistics(self):
        """What it says of itself: in_msgs, in_bytes, mem, …"""
        return json.loads(request(self.monitor_port, "/varz").text)

    def kill(self):
        self.process.kill()
        self.process.wait(PATIENCE)

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            self.process.wait(PATIENCE)
        self._folder.cleanup()


class NatsPeer:
    """A plain client: hears what its subjects bring, and says anything."""

    def __init__(self, server, *subjects):
        self._socket = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
        self._data = b""
        self._line()  # INFO
        options = json.dumps({"verbose": False, "pedantic": False, "echo": False}).encode()
        self._socket.sendall(b"CONNECT " + options + b"\r\n")
        for number, subject in enumerate(subjects, 1):
            self._socket.sendall(f"SUB {subject} {number}\r\n".encode())
        self.heard = []
        self.flush()

    def publish(self, subject, payload):
        self.publish_all([(subject, payload)])

    def publish_all(self, messages):
        """In one write."""
        self._socket.sendall(b"".join(
            f"PUB {subject} {len(payload)}\r\n".encode() + payload + b"\r\n"
            for subject, payload in messages))

    def flush(self):
        """The server has seen everything that was said before. What comes meanwhile is heard."""
        self._socket.sendall(b"PING\r\n")
        deadline = Deadline()
        while self._next(deadline) is not None:
            pass

    def next(self, within=PATIENCE):
        """(subject, payload) of the next message."""
        deadline = Deadline(within)
        while (message := self._next(deadline)) is None:
            pass
        return message

    def hear(self, wanted, within=PATIENCE):
        """Reads on until a message is `wanted`, a question about subject and payload."""
        deadline = Deadline(within)
        while True:
            message = self.next(deadline.left("the wanted message"))
            if wanted(*message):
                return message

    def close(self):
        self._socket.close()

    def _next(self, deadline):
        """The next message; None for a PONG."""
        while True:
            line = self._line(deadline)
            if line == b"PONG":
                return None
            if line == b"PING":
                self._socket.sendall(b"PONG\r\n")
                continue
            subject, size = re.fullmatch(rb"MSG (\S+) \d+ (?:\S+ )?(\d+)", line).groups()
            self._fill(int(size) + 2, deadline)
            payload, self._data = self._data[: int(size)], self._data[int(size) + 2 :]
            self.heard.append((subject.decode(), payload))
            return self.heard[-1]

    def _line(self, deadline=None):
        while b"\r\n" not in self._data:
            self._fill(len(self._data) + 1, deadline)
        line, _, self._data = self._data.partition(b"\r\n")
        return line

    def _fill(self, size, deadline=None):
        deadline = deadline or Deadline()
        while len(self._data) < size:
            self._socket.settimeout(deadline.left("a message over NATS"))
            data = self._socket.recv(65536)
            assert data, "NATS has closed the connection"
            self._data += data
