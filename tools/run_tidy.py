#!/usr/bin/python3
"""Runs clang-tidy over what a build compiles from src/ and test/, as many files at a time as there
are cores. A file that was found fine is not looked at again until it, a header, the way it is
compiled, or .clang-tidy changes.

Usage: tools/run_tidy.py [--build FOLDER] [NAME…]
  NAME   check only files whose path contains it
"""

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / "build/tidy-cache"
TIDY = "clang-tidy-19"
CHECKED = ("src", "test")
# The build is GCC's: clang does not know all of its warnings, and has others of its own.
EXTRA = ["--extra-arg=-Wno-unknown-warning-option", "--extra-arg=-Wno-error", "--quiet"]
# In a test the analyzer spends most of its time inside GoogleTest's macros (25 s instead of 5 s a
# file), and a copy too many is often the point of the test.
TESTS = ["--checks=-clang-analyzer-*,-performance-*"]

NOTE = re.compile(r"\S+:\d+:\d+: ")
EXPANSION = re.compile(r".*: note: expanded from macro")


def digest(*parts):
    total = hashlib.sha256()
    for part in parts:
        total.update(hashlib.sha256(part).digest())
    return total.hexdigest()


def common_key():
    """Everything a finding may depend on besides the file itself."""
    version = subprocess.run([TIDY, "--version"], capture_output=True, check=True).stdout
    headers = sorted(path for top in CHECKED for path in (ROOT / top).rglob("*.h"))
    headers += sorted((ROOT / "src").rglob("*.proto"))
    rules = [ROOT / ".clang-tidy", Path(__file__)]
    return digest(version, *(path.read_bytes() for path in [*rules, *headers]))


def compiled_files(build):
    """The files to check and the command that compiles each."""
    commands = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = Path(entry["directory"], entry["file"]).resolve()
        if path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in CHECKED:
            command = entry.get("command") or " ".join(entry["arguments"])
            commands[path] = command.replace(str(build), "")  # builds of the same kind share results
    return commands


def check_file(path, build, mark):
    """Checks one file; returns what clang-tidy found, or nothing."""
    is_test = path.stem.endswith("_test") or path.is_relative_to(ROOT / "test")
    command = [TIDY, "-p", str(build), *EXTRA, *(TESTS if is_test else []), str(path)]
    run = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if run.returncode == 0:
        mark.touch()
        return ""
    return without_expansions(run.stdout) if run.stdout.strip() else run.stderr


def without_expansions(findings):
    """The findings without the notes that only say how a macro was expanded."""
    kept, skipping = [], False
    for line in findings.splitlines():
        if NOTE.match(line):
            skipping = bool(EXPANSION.match(line))
        if not skipping:
            kept.append(line)
    return "\n".join(kept)


def main():
    parser = argparse.ArgumentParser(description="Runs clang-tidy over what a build compiles.")
    parser.add_argument("--build", default="build/release", help="a build with its commands")
    parser.add_argument("names", nargs="*", help="check only files whose path contains one of these")
    options = parser.parse_args()
    build = (ROOT / options.build).resolve()

    CACHE.mkdir(parents=True, exist_ok=True)
    common = common_key()
    waiting, known = [], 0
    for path, command in sorted(compiled_files(build).items()):
        name = str(path.relative_to(ROOT))
        if options.names and not any(part in name for part in options.names):
            continue
        key = digest(common.encode(), name.encode(), command.encode(), path.read_bytes())
        mark = CACHE / key
        if mark.exists():
            known += 1
        else:
            waiting.append((path, build, mark))

    # The longest first, so that no core waits for the last one.
    waiting.sort(key=lambda item: item[0].stat().st_size, reverse=True)
    bad = 0
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for findings in pool.map(lambda item: check_file(*item), waiting):
            if findings:
                bad += 1
                print(findings.replace(f"{ROOT}/", ""), flush=True)
    print(f"{len(waiting)} files checked, {known} known to be fine, {bad} with findings")
    return 1 if bad or not (waiting or known) else 0


if __name__ == "__main__":
    sys.exit(main())
