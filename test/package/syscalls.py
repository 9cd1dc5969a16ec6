"""Which system calls a unit allows its service, and which the service makes."""

import re


def sets_of(said):
    """{set: members} of `systemd-analyze syscall-filter`."""
    sets, name = {}, None
    for line in said.splitlines():
        if re.match(r"@[\w-]+$", line):
            name = line.strip()
            sets[name] = set()
        elif name and line.startswith(" ") and not line.strip().startswith("#"):
            sets[name].add(line.strip())
        elif not line.strip():
            continue
    return sets


def expanded(name, sets):
    if not name.startswith("@"):
        return {name}
    return set().union(*(expanded(member, sets) for member in sets[name]))


def allowed_by(unit, sets):
    """What remains after its SystemCallFilter= lines, in their order."""
    allowed = set()
    for line in unit.values["SystemCallFilter"]:
        names = line.lstrip("~").split()
        found = set().union(*(expanded(name, sets) for name in names))
        allowed = allowed - found if line.startswith("~") else allowed | found
    return allowed | expanded("@default", sets)


def made_in(trace):
    """The calls in a file of strace -f, from the start of the program on."""
    return {found[1] for line in trace.splitlines()
            if (found := re.match(r"\d+ +(\w+)\(", line)) and "+++" not in line}
