"""How tests start the programs they test."""

import ctypes
import os
import signal


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
