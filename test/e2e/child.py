"""How tests start the programs they test."""

import ctypes
import os
import select
import signal
import threading

from deadline import Deadline


def quiet_environment(**extra):
    """The environment without anything that configures a relay."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith("PARLEY_") and name in ("PATH", "HOME", "LANG", "TMPDIR",
                                                           "ASAN_OPTIONS", "UBSAN_OPTIONS",
                                                           "TSAN_OPTIONS", "LD_LIBRARY_PATH")}
    return {**kept, **extra}


def die_with_parent():
    """In the child: a runner that is killed leaves no server behind."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def is_readable(descriptor, within):
    """Waits so many seconds for it. select() could not: it knows the first 1 024 descriptors only,
    and tests of large rooms have more."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(within * 1000))


def hear_until(process, wanted):
    """What a program says on its standard error until it has said `wanted`. It never waits for
    somebody to read what it says later."""
    deadline, said, log = Deadline(), b"", process.stderr
    while wanted.encode() not in said:
        if is_readable(log, deadline.left(f"'{wanted}' of {process.args[0]}")):
            chunk = os.read(log.fileno(), 65536)
            assert chunk, f"{process.args[0]} ended: {said[-1000:].decode()}"
            said += chunk
    threading.Thread(target=log.read, daemon=True).start()
    return said.decode()
