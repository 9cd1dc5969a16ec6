"""A PostgreSQL server of the test's own."""

import contextlib
import os
import pwd
import signal
import subprocess
import tempfile
from pathlib import Path

from child import die_with_parent, hear_until, is_readable, quiet_environment
from deadline import PATIENCE, Deadline, TooLate

PROGRAMS = Path("/usr/lib/postgresql")
INITDB_SECONDS = 60  # at most; it works hard, and is not what anybody tests


def newest_programs():
    found = [version / "bin" for version in PROGRAMS.iterdir() if (version / "bin/initdb").exists()]
    return max(found, key=lambda programs: int(programs.parent.name))


@contextlib.contextmanager
def open_process(pid):
    descriptor = os.pidfd_open(pid)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


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
                           "--encoding=UTF8", "--locale=C", f"--pgdata={self._data}").wait(INITDB_SECONDS)
        assert made == 0, f"initdb ended with {made}"
        self.process = None
        self.start()

    def _spawn(self, program, *words, log=subprocess.DEVNULL):
        return subprocess.Popen([str(self._programs / program), *words], stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=log,
                                user=self._user, cwd="/", preexec_fn=die_with_parent,
                                env=quiet_environment())

    def start(self):
        # Nothing here is worth a disk's time, or much memory; what is committed outlives kill().
        self.process = self._spawn(
            "postgres", "-D", self._data, "-k", self._folder.name, "-c", "listen_addresses=", "-c",
            "fsync=off", "-c", "full_page_writes=off", "-c", "autovacuum=off", "-c",
            "shared_buffers=4MB", log=subprocess.PIPE)
        hear_until(self.process, "database system is ready to accept connections")

    @property
    def url(self):
        return f"postgres://tester@/postgres?host={self._folder.name}"

    def query(self, text):
        """The rows, each a list of texts; NULL is empty."""
        answer = subprocess.run(["psql", "-X", "-A", "-t", "-c", text, self.url], check=True,
                                capture_output=True, text=True, timeout=PATIENCE)
        return [line.split("|") for line in answer.stdout.splitlines()]

    def pause(self):
        """It, and what serves its connections."""
        self._send(signal.SIGSTOP)

    def go_on(self):
        self._send(signal.SIGCONT)

    def kill(self):
        """It, and what serves its connections: one that lived on would keep it from starting."""
        self._send(signal.SIGKILL, awaits_end=True)
        self.process.wait(PATIENCE)

    def _send(self, number, awaits_end=False):
        self.process.send_signal(signal.SIGSTOP)  # then it starts no more of them
        pid = self.process.pid
        served_by = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        self.process.send_signal(number)
        deadline = Deadline()
        for child in map(int, served_by):
            with contextlib.suppress(ProcessLookupError), open_process(child) as descriptor:
                signal.pidfd_send_signal(descriptor, number)
                if awaits_end and not is_readable(descriptor, deadline.left()):
                    raise TooLate("PostgreSQL does not end")

    def stop(self):
        if self.process.poll() is None:
            self.kill()
        self._folder.cleanup()
