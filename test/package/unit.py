"""A systemd unit, and its service run without systemd: its command, as its user, in its environment
and with its limits. What only systemd can do (the sandbox) is judged by systemd-analyze."""

import os
import re
import resource
import shlex
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

PATIENCE = 20


def variables_of(path):
    """A file as EnvironmentFile= reads it."""
    lines = [line.strip() for line in path.read_text().splitlines()]
    return dict(line.split("=", 1) for line in lines if line and line[0] not in "#;")


class Unit:
    def __init__(self, root, name):
        self.root, self.name = root, name
        self.file = f"/usr/lib/systemd/system/{name}.service"
        self.values = {}
        for line in (root.path / self.file[1:]).read_text().splitlines():
            if re.match(r"\w+=", line):
                key, _, value = line.partition("=")
                self.values.setdefault(key, []).append(value)

    def one(self, key):
        return self.values[key][-1]

    @property
    def user(self):
        return self.one("User")

    def environment(self):
        variables = {}
        for name in self.values.get("EnvironmentFile", []):
            path = self.root.path / name.lstrip("-/")
            if path.exists() or not name.startswith("-"):
                variables.update(variables_of(path))
        return variables

    @property
    def descriptors(self):
        return int(self.one("LimitNOFILE")) if "LimitNOFILE" in self.values else 1024

    def limit(self):
        """In the child: the descriptors of the unit, or as many as this machine gives to those who
        are not its init."""
        _, allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = self.descriptors if allowed < 0 else min(self.descriptors, allowed)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    def make_state_folder(self):
        """As systemd does before a start."""
        for name in self.values.get("StateDirectory", []):
            folder = self.root.path / "var/lib" / name
            folder.mkdir(exist_ok=True)
            folder.chmod(int(self.one("StateDirectoryMode"), 8))
            code, said = self.root.run("chown", f"{self.user}:{self.user}", f"/var/lib/{name}")
            assert code == 0, said

    def start(self, log, *before):
        """`before` stands in front of its command, such as a tracer."""
        self.make_state_folder()
        words = self.root.command(*before, *shlex.split(self.one("ExecStart")), user=self.user)
        return Service(words, self.root.environment(self.environment()), self.limit, log)


class Service:
    def __init__(self, words, environment, limit, log):
        self.log = Path(log)
        with self.log.open("w") as out:
            self.process = subprocess.Popen(words, env=environment, preexec_fn=limit, stdout=out,
                                            stderr=out, stdin=subprocess.DEVNULL)

    def answers(self, port, target):
        """The status with which it answers, as soon as it does; 0 when it ends or never does."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self.process.poll() is None:
            try:
                url = f"http://127.0.0.1:{port}{target}"
                with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
                    return answer.status
            except urllib.error.HTTPError as error:
                return error.code
            except OSError:
                os.sched_yield()  # it is not listening yet
        return 0

    def signal(self, number):
        self.process.send_signal(number)

    def end(self):
        """Its exit code after SIGTERM, or None when that does not end it."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None

    def says(self, words):
        """Whether that comes to stand in its log."""
        until = time.monotonic() + PATIENCE
        while words not in self.log.read_text(errors="replace"):
            if time.monotonic() > until or self.process.poll() is not None:
                return False
            os.sched_yield()
        return True

    def said(self):
        return self.log.read_text(errors="replace").strip()[-600:]
