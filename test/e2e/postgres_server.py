"""A PostgreSQL server of the test's own."""

import os
import pwd
import subprocess
import tempfile
from pathlib import Path

from child import die_with_parent, quiet_environment
from deadline import PATIENCE, Deadline

PROGRAMS = Path("/usr/lib/postgresql")


def newest_programs():
    found = [version / "bin" for version in PROGRAMS.iterdir() if (version / "bin/initdb").exists()]
    return max(found, key=lambda programs: int(programs.parent.name))


class PostgresServer:
    """On a socket in a folder of its own, without a password. It keeps what was committed when it is
    killed and started again."""

    def __init__(self):
        # PostgreSQL refuses to run as root.
        self._user = "postgres" if os.geteuid() == 0 else None
        self._programs = newest_programs()
        self._folder = tempfile.TemporaryDirectory(prefix="parley-postgres-")
        if self._user:
            owner = pwd.getpwnam(self._user)
            os.chown(self._folder.name, owner.pw_uid, owner.pw_gid)
        self._data = f"{self._folder.name}/data"
        made = self._spawn("initdb", "--auth=trust", "--username=tester", "--no-sync",
                           "--encoding=UTF8", "--locale=C", f"--pgdata={self._data}").wait(PATIENCE)
        assert made == 0, f"initdb ended with {made}"
        self.process = None
        self.start()

    def _spawn(self, program, *words):
        return subprocess.Popen([str(self._programs / program), *words], stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                user=self._user, cwd="/", preexec_fn=die_with_parent,
                                env=quiet_environment())

    def start(self):
        # Nothing here is worth a disk's time; what is committed outlives kill().
        self.process = self._spawn(
            "postgres", "-D", self._data, "-k", self._folder.name, "-c", "listen_addresses=", "-c",
            "fsync=off", "-c", "full_page_writes=off", "-c", "autovacuum=off")
        deadline = Deadline()
        ready = [str(self._programs / "pg_isready"), "-q", "-h", self._folder.name]
        while subprocess.run(ready, check=False).returncode != 0:
            deadline.left("PostgreSQL to start")

    @property
    def url(self):
        return f"postgres://tester@/postgres?host={self._folder.name}"

    def query(self, text):
        """The rows, each a list of texts; NULL is empty."""
        answer = subprocess.run(["psql", "-X", "-A", "-t", "-c", text, self.url], check=True,
                                capture_output=True, text=True, timeout=PATIENCE)
        return [line.split("|") for line in answer.stdout.splitlines()]

    def kill(self):
        """It, and what serves its connections."""
        children = subprocess.run(["pgrep", "-P", str(self.process.pid)], check=False,
                                  capture_output=True, text=True).stdout.split()
        self.process.kill()
        for child in children:
            try:
                os.kill(int(child), 9)
            except ProcessLookupError:
                pass
        self.process.wait(PATIENCE)

    def stop(self):
        if self.process.poll() is None:
            self.kill()
        self._folder.cleanup()
