#!/usr/bin/python3
"""Writes what only the package has: its settings, the list of its conffiles, and packed documents.

Usage: tools/make_package_files.py PARLEY SOURCE OUT

PARLEY is the built program, SOURCE the tree. OUT gets parley.toml, conffiles and doc/; the pages in
OUT/man are packed.
"""

import gzip
import re
import sys
from pathlib import Path

from program_help import said_by

# What an installed server has that one from a build folder has not.
INSTALLED = {"self_signed_folder": '"/var/lib/parley"'}
DOCUMENTS = ("docs/OPERATIONS.md", "docs/PROTOCOL.md", "docs/PERFORMANCE.md")


def package_settings(defaults):
    """The file of all defaults with a mark before each: what is not set follows the program, also
    when a later version has another default."""
    def marked(match):
        key = match[1]
        return f"{key} = {INSTALLED[key]}" if key in INSTALLED else "#" + match[0]

    settings = re.sub(r"^(\w+) = .*$", marked, defaults, flags=re.M)
    missing = [key for key in INSTALLED if f"\n{key} = " not in settings]
    if missing:
        sys.exit(f"the program has no setting {', '.join(missing)} any more")
    return settings


def write_packed(path, data):
    """Without a date, so that the same tree makes the same package."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data, 9, mtime=0))


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    parley, source, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    (out / "parley.toml").write_text(package_settings(said_by(parley, "config", "print",
                                                              "--defaults")))
    conffiles = ["/etc/parley/parley.toml"]
    conffiles += [f"/etc/default/{file.name}"
                  for file in sorted((source / "packaging/default").iterdir())]
    (out / "conffiles").write_text("\n".join(conffiles) + "\n")
    for document in DOCUMENTS:
        path = source / document
        write_packed(out / "doc" / f"{path.name}.gz", path.read_bytes())
    for page in list((out / "man").glob("*.[15]")):
        write_packed(page.with_name(page.name + ".gz"), page.read_bytes())
        page.unlink()


if __name__ == "__main__":
    main()
