#!/usr/bin/python3
"""Keeps the house standing: who includes whom, where each library lives, how long a file may be.

Reads the #include lines of src/ and the length of every source file. Prints one line per breach,
`file:line: what is wrong (the rule)`, and fails if there is one. A new folder, or a new home for a
library, is one line in the tables below.

Usage: tools/check_floors.py [ROOT]
"""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

# Rule 1: a file includes its own folder and the floors below it. Folders of one floor do not know
# one another.
FLOORS = {
    "base": 0,
    "wire": 1,
    "chat": 2,
    "actor": 3,
    "bus": 4,
    "store": 4,
    "auth": 4,
    "stats": 4,
    "quic": 4,
    "http": 4,
    "websocket": 5,
    "webtransport": 5,
    "server": 6,
    "bench": 6,
}

# The one staircase within a floor: the assembly starts the load tool.
NEIGHBOURS = {("server", "bench")}

# What one transport stands on is no business of the other one.
STAIRS = {
    "quic": {"webtransport", "server", "bench"},
    "http": {"websocket", "server", "bench"},
}

ACTOR_AND_ABOVE = {folder for folder, floor in FLOORS.items() if floor >= FLOORS["actor"]}


@dataclass(frozen=True)
class Library:
    """A library, how its headers are recognised, and the folders or files that are its home."""

    name: str
    headers: re.Pattern
    homes: frozenset

    def is_at_home_in(self, file: str) -> bool:
        return file in self.homes or file.split("/")[0] in self.homes


def library(name, headers, *homes):
    return Library(name, re.compile(headers), frozenset(homes))


# Rule 2: a library has one home. The first row that matches a header decides.
LIBRARIES = [
    library("protobuf", r"google/protobuf/|.*\.pb\.h$", "wire"),
    library("Beast", r"boost/beast", "http", "websocket"),
    library("Asio's TLS", r"boost/asio/ssl", "http", "websocket", "bench"),
    library("Asio", r"boost/asio", *ACTOR_AND_ABOVE),
    library("libjwt", r"jwt\.h$", "auth"),
    # So does it TLS over TCP. QUIC's TLS is GnuTLS, but for one signature.
    library("OpenSSL", r"openssl/", "auth", "http", "websocket", "bench/tls_client.cpp",
            "quic/signing_key.cpp"),
    library("Prometheus", r"prometheus/", "stats"),
    library("spdlog", r"spdlog/", "base/log.cpp"),
    library("CLI11", r"CLI/", "server"),
    library("toml++", r"toml\+\+/", "server"),
    # The load tool speaks QUIC as a client, which the server never does.
    library("ngtcp2", r"ngtcp2/", "quic", "bench/quic_line.cpp", "bench/quic_line_write.cpp"),
    library("GnuTLS", r"gnutls/", "quic"),
    library("nghttp3", r"nghttp3/", "webtransport"),
    library("nats.c", r"nats/", "bus"),
    library("libpq", r"libpq-fe\.h$|postgresql/", "store"),
    library("SQLite", r"sqlite3\.h$", "store"),
]

# Rule 3: packets and rooms know no thread, socket or clock; time comes in as an argument.
CLOCKLESS = {"wire", "chat"}
THREADS_AND_SOCKETS = re.compile(
    r"(thread|mutex|shared_mutex|condition_variable|future|semaphore|latch|barrier|stop_token"
    r"|pthread\.h|sys/socket\.h|sys/epoll\.h|netinet/.*|arpa/.*)$"
)
CLOCK = re.compile(r"\b(monotonic_now|unix_now|(steady|system|high_resolution)_clock::now)\s*\(")

# Rule 4: the environment is read by the assembly only.
ENVIRONMENT = re.compile(r"\b(secure_)?getenv\s*\(")

# Rule 5: at 500 lines look for the second noun, or say why there is none.
LINES_MAX = 500
LONG_BECAUSE = re.compile(r"^\s*(//|#|/?\*|<!--)\s*long because: \S")
MEASURED = {".h", ".cpp", ".proto", ".py", ".js", ".mjs", ".ts", ".css", ".html", ".sh", ".cmake"}

CODE = {".h", ".cpp"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def include_breaches(file, folder, quote, target):
    """Why `file` (its path below src/) may not include `target`; nothing when it may."""
    for lib in LIBRARIES:
        if not lib.headers.match(target):
            continue
        if not lib.is_at_home_in(file):
            homes = ", ".join(sorted(lib.homes))
            yield f"includes {lib.name} ({target}); its home is {homes} (rule 2: one home each)"
        return

    if folder in CLOCKLESS and THREADS_AND_SOCKETS.match(target):
        yield f"includes <{target}>; {folder} knows no thread and no socket (rule 3)"

    neighbour, slash, _ = target.partition("/")
    if quote == '"' and (not slash or neighbour.startswith(".")):
        yield f'includes "{target}"; say where it lives: "folder/file.h" (rule 1)'
        return
    if neighbour not in FLOORS:
        if quote == '"':
            yield f'includes "{target}"; {neighbour} has no floor in tools/check_floors.py (rule 1)'
        return
    if neighbour == folder or (folder, neighbour) in NEIGHBOURS:
        return
    mine, other = FLOORS[folder], FLOORS[neighbour]
    if other > mine:
        yield (
            f'includes "{target}"; {folder} is on floor {mine}, {neighbour} above it on floor '
            f"{other} (rule 1: includes point downward)"
        )
    elif other == mine:
        yield (
            f'includes "{target}"; {folder} and {neighbour} share floor {mine} '
            "(rule 1: neighbours do not know one another)"
        )
    elif folder not in STAIRS.get(neighbour, {folder}):
        users = ", ".join(sorted(STAIRS[neighbour]))
        yield f'includes "{target}"; {neighbour} is there for {users} (rule 1: one staircase each)'


def source_breaches(path, src):
    """The breaches of rules 1 to 4 in one file of src/, each with its line."""
    file = path.relative_to(src).as_posix()
    folder, slash, _ = file.partition("/")
    if not slash:
        yield 1, "stands outside every floor; move it into a folder of src/ (rule 1)"
        return
    if folder not in FLOORS:
        yield 1, f"{folder} has no floor; give it one in tools/check_floors.py (rule 1)"
        return

    in_comment = False
    for number, line in enumerate(read_lines(path), 1):
        line, in_comment = without_comments(line, in_comment)
        include = INCLUDE.match(line)
        if include:
            for breach in include_breaches(file, folder, *include.groups()):
                yield number, breach
        if folder != "server" and ENVIRONMENT.search(line):
            yield number, "reads the environment; only server/ does (rule 4)"
        if folder in CLOCKLESS and CLOCK.search(line):
            yield number, f"reads a clock; in {folder} time comes in as `now` (rule 3)"


def without_comments(line, in_comment):
    """The code of one line, and whether a block comment goes on behind it."""
    code = ""
    while line:
        if in_comment:
            _, end, line = line.partition("*/")
            in_comment = not end
            continue
        start = re.search(r"//|/\*", line)
        if not start:
            return code + line, False
        code += line[: start.start()]
        if start.group() == "//":
            return code, False
        line, in_comment = line[start.end() :], True
    return code, in_comment


def read_lines(path):
    return path.read_text(encoding="utf-8", errors="replace").splitlines()


def length_breaches(path):
    """The breach of rule 5 in one file of the project, if there is one."""
    lines = read_lines(path)
    if len(lines) > LINES_MAX and not any(LONG_BECAUSE.match(line) for line in lines):
        yield LINES_MAX + 1, (
            f"has {len(lines)} lines; find the second noun, or say why in a line "
            f"`// long because: …` (rule 5: at most {LINES_MAX})"
        )


def project_files(root):
    """The files of the project: what git tracks or would, or everything where there is no git."""
    git = ["git", "-C", str(root), "ls-files", "-z", "-co", "--exclude-standard"]
    try:
        names = subprocess.run(git, capture_output=True, check=True).stdout.decode().split("\0")
        files = [root / name for name in names if name]
    except (OSError, subprocess.CalledProcessError):
        files = list(root.rglob("*"))
    skipped = {"build", "node_modules", ".git"}
    return sorted(
        path
        for path in set(files)
        if path.is_file() and not skipped.intersection(path.relative_to(root).parts)
    )


def breaches(root):
    """Every breach below `root`, as (path, line, sentence)."""
    src = root / "src"
    for path in project_files(root):
        if src in path.parents and path.suffix in CODE:
            for line, sentence in source_breaches(path, src):
                yield path, line, sentence
        if path.suffix in MEASURED:
            for line, sentence in length_breaches(path):
                yield path, line, sentence


def main(arguments):
    root = Path(arguments[0] if arguments else Path(__file__).parent.parent).resolve()
    if not (root / "src").is_dir():
        print(f"{root} has no src/ to check")
        return 2
    found = list(breaches(root))
    for path, line, sentence in found:
        print(f"{path.relative_to(root)}:{line}: {sentence}")
    if found:
        print(f"The floors are broken in {len(found)} places.")
        return 1
    print("The floors hold.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
