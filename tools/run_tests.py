#!/usr/bin/python3
"""Runs every test of a finished build and counts the cases: what script/test does after building.

A group is one ctest case (`unit.chat`, an end-to-end test, …), the client's tests (`client`), or one
test in a browser (`browser.call`). Each group is one line; what a failed one said follows, and all of
it is kept in build/test-logs. The last line is the total.

Usage: tools/run_tests.py [--build FOLDER] [--list] [NAME…]
  NAME   run only the groups whose name contains it
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOGS = ROOT / "build/test-logs"
TOTAL = ROOT / "build/test-total"  # for .ci/run
SHOWN_LINES_MAX = 150
CTEST_SECONDS_MAX = 300  # for a case that sets no TIMEOUT of its own
NODE_SECONDS_MAX = 600

NODE_TEST_FILE = re.compile(r"(test|test-.+|.+[._-]test)\.(js|cjs|mjs)$")

# How ctest says why a case failed, for example "Timeout" or "Exception: SegFault".
CTEST_REASON = re.compile(r"^.*Test\s+#\d+: (\S+) \.*\s*\*+(.+?)\s+[\d.]+ sec", re.M)

# How each kind of runner says at its end what it ran: (pattern, which count each group adds to).
PLAIN = re.compile(r"^(?:\w+: )?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", re.M)
GTEST = re.compile(r"^\[  (PASSED |FAILED |SKIPPED)\s?\] (\d+) tests?[.,]", re.M)
NODE = re.compile(r"^(?:#|ℹ) (pass|fail|cancelled|skipped) (\d+)$", re.M)
UNITTEST = re.compile(r"^Ran (\d+) tests? in .*\n\n(?:OK|FAILED)(?: \((.*)\))?$", re.M)


@dataclass
class Count:
    """How many cases passed, failed and were skipped."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    @property
    def cases(self):
        return self.passed + self.failed + self.skipped


@dataclass
class Outcome:
    """What one group did."""

    name: str
    succeeded: bool
    output: str
    seconds: float


def count_cases(output, succeeded):
    """The cases in the output of one group; a group that does not count is one case."""
    count = Count()
    for passed, failed, skipped in PLAIN.findall(output):
        count.add(Count(int(passed), int(failed), int(skipped or 0)))
    for word, number in GTEST.findall(output):
        field = {"PASSED": "passed", "FAILED": "failed", "SKIPPED": "skipped"}[word.strip()]
        count.add(Count(**{field: int(number)}))
    for word, number in NODE.findall(output):
        field = {"pass": "passed", "skipped": "skipped"}.get(word, "failed")
        count.add(Count(**{field: int(number)}))
    for ran, details in UNITTEST.findall(output):
        named = {key: int(value) for key, value in re.findall(r"([a-z ]+)=(\d+)", details)}
        named = {key.strip(): value for key, value in named.items()}
        failed = named.get("failures", 0) + named.get("errors", 0)
        failed += named.get("unexpected successes", 0)
        skipped = named.get("skipped", 0)
        count.add(Count(max(0, int(ran) - failed - skipped), failed, skipped))

    if not succeeded and count.failed == 0:
        count.failed = 1  # it crashed, or ran out of time, before it could count
    elif succeeded and count.cases == 0:
        count.passed = 1
    return count


class Report:
    """Prints a line for each outcome, keeps the logs and adds up the cases."""

    def __init__(self):
        self.total = Count()
        self.failed_groups = []
        LOGS.mkdir(parents=True, exist_ok=True)

    def add(self, outcome):
        count = count_cases(outcome.output, outcome.succeeded)
        self.total.add(count)
        log = LOGS / f"{outcome.name}.log"
        log.write_text(outcome.output)

        failed = not outcome.succeeded or count.failed > 0
        skipped = f", {count.skipped} skipped" if count.skipped else ""
        print(
            f"{'FAILED' if failed else 'ok':6} {outcome.name:32} "
            f"{count.passed:5} of {count.cases:<5} {outcome.seconds:7.1f} s{skipped}",
            flush=True,
        )
        if failed:
            self.failed_groups.append(outcome.name)
            lines = outcome.output.splitlines()
            if len(lines) > SHOWN_LINES_MAX:
                print(f"    … the beginning is in {log.relative_to(ROOT)}")
            for line in lines[-SHOWN_LINES_MAX:]:
                print(f"    {line}")
            sys.stdout.flush()

    def finish(self):
        """Prints the total; true if everything passed and anything ran."""
        if self.failed_groups:
            print(f"Failed: {' '.join(self.failed_groups)}. The whole output is in build/test-logs.")
        TOTAL.write_text(f"{self.total.passed} {self.total.failed}\n")
        skipped = f", {self.total.skipped} skipped" if self.total.skipped else ""
        print(f"{self.total.passed} passed, {self.total.failed} failed{skipped}", flush=True)
        return self.total.passed > 0 and self.total.failed == 0 and not self.failed_groups


def ctest_names(build):
    listing = subprocess.run(
        ["ctest", "--test-dir", build, "--show-only=json-v1"], capture_output=True, check=True
    )
    return [test["name"] for test in json.loads(listing.stdout)["tests"]]


def run_ctest(build, names, jobs):
    """Runs the named ctest cases, up to `jobs` at a time, and returns their outcomes."""
    results = LOGS / "ctest.xml"
    results.unlink(missing_ok=True)
    command = ["ctest", "--test-dir", build, "--parallel", str(jobs)]
    command += ["--timeout", str(CTEST_SECONDS_MAX), "--output-junit", str(results)]
    command += ["--test-output-size-passed", "10000000", "--test-output-size-failed", "10000000"]
    command += ["--tests-regex", "^(" + "|".join(re.escape(name) for name in names) + ")$"]
    run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)

    reasons = dict(CTEST_REASON.findall(run.stdout))
    outcomes = {}
    if results.exists():
        for case in ElementTree.parse(results).getroot().iter("testcase"):
            name, succeeded = case.get("name"), case.get("status") == "run"
            output = case.findtext("system-out") or ""
            if not succeeded:
                output += f"\n[ctest] {reasons.get(name, 'Failed')}"
            outcomes[name] = Outcome(name, succeeded, output, float(case.get("time", 0)))
    for name in names:
        missing = Outcome(name, False, f"ctest did not run it:\n{run.stdout}{run.stderr}", 0)
        yield outcomes.get(name, missing)


def run_node(name, arguments):
    """Runs one command of node and returns its outcome."""
    start = time.monotonic()
    process = subprocess.Popen(
        ["node", *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=NODE_SECONDS_MAX)
        succeeded = process.returncode == 0
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)  # the session it began: node, browsers and servers alike
        output, _ = process.communicate()
        output += f"\nIt did not end within {NODE_SECONDS_MAX} seconds."
        succeeded = False
    return Outcome(name, succeeded, output, time.monotonic() - start)


def install_node_packages(folder):
    """Brings node_modules of `folder` up to its lock file. Returns what npm said if it failed."""
    lock, installed = folder / "package-lock.json", folder / "node_modules/.package-lock.json"
    if not lock.exists():
        return ""
    if installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime:
        return ""
    environment = {
        **os.environ,
        "PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD": "1",  # the tests use Debian's browser
        "PUPPETEER_SKIP_DOWNLOAD": "1",
    }
    npm = subprocess.run(
        ["npm", "ci", "--no-audit", "--no-fund"],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if npm.returncode == 0:
        installed.touch()
        return ""
    return f"npm ci failed in {folder.relative_to(ROOT)}:\n{npm.stdout}{npm.stderr}"


def node_groups():
    """The groups that node runs: name → (folder, arguments)."""
    groups = {}
    client = ROOT / "test/client"
    files = sorted(path for path in client.rglob("*") if NODE_TEST_FILE.fullmatch(path.name))
    files = [str(path.relative_to(ROOT)) for path in files if "node_modules" not in path.parts]
    if files:
        groups["client"] = (client, ["--test", *files])
    for path in sorted((ROOT / "test/browser").glob("*_test.mjs")):
        name = f"browser.{path.stem.removesuffix('_test')}"
        groups[name] = (path.parent, [str(path.relative_to(ROOT))])
    return groups


def main():
    parser = argparse.ArgumentParser(description="Runs every test of a finished build.")
    parser.add_argument("--build", default="build/release", help="the build to test")
    parser.add_argument("--list", action="store_true", help="print the groups and run none")
    parser.add_argument("names", nargs="*", help="run only groups whose name contains one of these")
    options = parser.parse_args()
    os.chdir(ROOT)

    def wanted(name):
        return not options.names or any(part in name for part in options.names)

    ctest = [name for name in ctest_names(options.build) if wanted(name)]
    node = {name: group for name, group in node_groups().items() if wanted(name)}
    if options.list:
        print("\n".join([*ctest, *node]))
        return 0
    if not ctest and not node:
        print(f"No group is called {' or '.join(options.names) or 'anything'}; see script/test --list.")
        print("0 passed, 0 failed")
        return 1

    report = Report()
    # Unit tests know neither time nor network and may share the cores; the others start servers.
    units = [name for name in ctest if name.startswith("unit.")]
    if units:
        for outcome in run_ctest(options.build, units, os.cpu_count() or 1):
            report.add(outcome)
    for name in ctest:
        if name not in units:
            for outcome in run_ctest(options.build, [name], 1):
                report.add(outcome)
    for name, (folder, arguments) in node.items():
        problem = install_node_packages(folder)
        report.add(Outcome(name, False, problem, 0) if problem else run_node(name, arguments))
    return 0 if report.finish() else 1


if __name__ == "__main__":
    sys.exit(main())
