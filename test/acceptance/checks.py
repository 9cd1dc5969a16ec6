"""One line for each promise: PASS or FAIL, what, and the figures."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test/e2e"))

PARLEY = ROOT / "build/release/bin/parley"
QUICK = "--quick" in sys.argv[1:]

_failed = []


def check(holds, what, figures=""):
    print(f"{'PASS' if holds else 'FAIL'} {what}" + (f" ({figures})" if figures else ""),
          flush=True)
    if not holds:
        _failed.append(what)
    return holds


def run_trials(names, wanted, trial):
    """Calls `trial(name)` for those that have one of the `wanted` words in theirs, and finishes.
    Each is named before it begins: one that is cut short is seen, too."""
    for name in names:
        if not wanted or any(word in name for word in wanted):
            print(f"  {name}", flush=True)
            try:
                trial(name)
            except Exception as error:  # the next one is still worth its line
                check(False, name, repr(error))
    finish()


def finish():
    """The exit code."""
    sys.exit(1 if _failed else 0)


def bench(*words):
    """What `parley bench` measured, as its JSON; its progress goes to our standard error."""
    done = subprocess.run([str(PARLEY), "bench", "--json", *map(str, words)], text=True,
                          stdout=subprocess.PIPE, check=False)
    if not check(done.returncode in (0, 3), "parley bench runs", f"exit code {done.returncode}"):
        finish()
    return json.loads(done.stdout)


def check_bar(run):
    """A line for each line of the load tool's own judgement."""
    for criterion in run["bar"]:
        check(criterion["holds"], criterion["criterion"])
