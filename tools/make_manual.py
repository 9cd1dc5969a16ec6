#!/usr/bin/python3
"""Writes the manual pages of the built programs, from what they say of themselves.

Usage: tools/make_manual.py BIN DEFAULTS OUT

BIN holds parley, websocket_server and webtransport_server, DEFAULTS their files of /etc/default. OUT
gets parley.1, parley.toml.5, websocket_server.1 and webtransport_server.1.
"""

import re
import sys
from pathlib import Path

from program_help import read_program, read_settings, said_by

EXIT_STATUS = """\
0 after an end that was asked for, 1 when something could not be done, 2 for settings or arguments
that cannot be used. The sentence on standard error says which."""

SIGNALS = [
    ("SIGTERM, SIGINT", "Drain: sessions are told to leave for server.drain_time, then it ends. A "
     "second one ends it at once."),
    ("SIGHUP", "Read the files of tls.cert and tls.key again. Without them it ends, as with SIGTERM."),
]


def escaped(text):
    """As roff takes it literally."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    text = text.replace("^", "\\(ha").replace("~", "\\(ti")
    return re.sub(r"^\.", r"\\&.", text, flags=re.M)


class Page:
    def __init__(self, name, section, about, version, date):
        self._lines = [f'.TH "{escaped(name).upper()}" {section} "{date}" "Parley {version}" '
                       f'"{"File formats" if section == 5 else "Programs"}"', ".nh", ".ad l"]
        self.section("Name")
        self._lines.append(f"{escaped(name)} \\- {escaped(about)}")

    def section(self, title):
        self._lines.append(f".SH {escaped(title).upper()}")

    def part(self, title):
        self._lines.append(f'.SS "{escaped(title)}"')

    def text(self, text):
        self._lines += [".PP", escaped(text)]

    def entry(self, term, text):
        """`term` is roff already."""
        self._lines += [".TP", term, escaped(text)]

    def write(self, folder, file):
        (folder / file).write_text("\n".join(self._lines) + "\n")


def term_of(option):
    """`--server.port`, `--port` PORT [8080]."""
    names = ", ".join(f"\\fB{escaped(name)}\\fR" for name in option.names)
    value = f" \\fI{escaped(option.value)}\\fR" if option.value else ""
    default = f" [{escaped(option.default)}]" if option.default else ""
    return names + value + default


def add_options(page, command, settings_too):
    """The options of a command by their headings."""
    for heading, group in command.groups.items():
        shown = [option for option in group if settings_too or not option.is_setting]
        if shown and heading != "Options" and settings_too:
            page.part(heading)
        for option in shown:
            page.entry(term_of(option), sentence(option.help))


def sentence(text):
    return text if not text or text.endswith((".", "!", "?")) else text + "."


def settings_of(command):
    """"tls.*" and so on: which settings a command takes, too."""
    return sorted({option.names[0][2:].split(".")[0] for option in command.options
                   if option.is_setting})


def usage_of(command):
    return command.usage.removeprefix(" ".join(command.words)).strip()


def add_synopsis(page, commands):
    page.section("Synopsis")
    for command in commands:
        page._lines += [f".B {escaped(' '.join(command.words))}", escaped(usage_of(command)), ".br"]


def add_exit_and_signals(page):
    page.section("Exit status")
    page.text(EXIT_STATUS)
    page.section("Signals")
    for term, text in SIGNALS:
        page.entry(f"\\fB{term}\\fR", text)


def parley_page(program, version, date):
    page = Page("parley", 1, "a relay for live rooms, its page and its tools", version, date)
    leaves = [command for command in program.all() if not command.commands and command is not program]
    add_synopsis(page, leaves)
    page.section("Description")
    page.text("People join a room over WebSocket or WebTransport, and what one of them sends reaches "
              "everyone else in it. Without a command parley serves.")
    page.text(sentence(program.footer.strip()))
    everything = settings_of(program.commands["serve"])
    page.section("Commands")
    for command in leaves:
        page.part(" ".join(command.words))
        page.text(sentence(command.summary))
        is_serve = command.words[-1] == "serve"
        add_options(page, command, is_serve)
        taken = settings_of(command)
        if taken and not is_serve:
            which = "" if taken == everything else " " + ", ".join(f"{one}.*" for one in taken)
            page.text(f"The settings{which} of parley serve are taken, too.")
        if command.footer and not is_serve:
            page.text(command.footer.strip())
    page.section("Environment")
    page.entry("\\fBPARLEY_CONFIG\\fR", "The file with settings, when there is no --config.")
    page.entry("\\fBPARLEY_\\fISECTION\\fB_\\fIKEY\\fR", "Each setting, as parley.toml(5) names it.")
    page.entry("\\fBDATABASE_URL\\fR", "The database of the meetings.")
    page.section("Files")
    page.entry("\\fI/etc/parley/parley.toml\\fR", "The settings of parley.service.")
    page.entry("\\fI/usr/share/doc/parley/OPERATIONS.md.gz\\fR", "How to run it.")
    add_exit_and_signals(page)
    page.section("See also")
    page.text("parley.toml(5), websocket_server(1), webtransport_server(1)")
    return page


def settings_page(head, settings, version, date):
    page = Page("parley.toml", 5, "settings of parley", version, date)
    page.section("Description")
    page.text(head)
    section = None
    page.section("Settings")
    for setting in settings:
        if setting.section != section:
            section = setting.section
            page.part(f"[{section}]")
        page.entry(f"\\fB{escaped(setting.key)}\\fR = {escaped(setting.default)}", setting.help)
        page._lines += [".br", escaped(f"{setting.environment}: {setting.allowed}.")]
    page.section("See also")
    page.text("parley(1)")
    return page


def variables_in(text):
    """[(name, example, comment)] of a file for /etc/default; a comment is about all below it."""
    found, comment = [], ""
    for line in text.split("\n\n", 1)[1].splitlines():
        variable = re.fullmatch(r"#?([A-Z_]+)=(.*)", line)
        if variable:
            found.append((*variable.groups(), comment))
            comment = ""
        elif line.startswith("# "):
            comment = f"{comment} {line[2:]}".strip()
    return found


def drop_in_page(program, defaults, version, date):
    name = program.words[0]
    page = Page(name, 1, program.summary[0].lower() + program.summary[1:], version, date)
    add_synopsis(page, [program])
    page.section("Options")
    add_options(page, program, True)
    page.section("Environment")
    page.text("What the server that this one stands in for is set up by. OPERATIONS.md has all of "
              "them, and what differs. parley.toml(5) names those of the options above.")
    for variable, example, comment in variables_in(defaults):
        value = f"={escaped(example)}" if example else ""
        page.entry(f"\\fB{variable}\\fR{value}", comment)
    page.section("Files")
    page.entry(f"\\fI/etc/default/{escaped(name)}\\fR", f"The variables of {name}.service.")
    add_exit_and_signals(page)
    page.section("See also")
    page.text("parley(1), parley.toml(5)")
    return page


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    programs, defaults, out = map(Path, sys.argv[1:])
    out.mkdir(parents=True, exist_ok=True)
    parley = str(programs / "parley")
    _, version, _, built = said_by(parley, "version").replace("(", "").replace(",", "").split()
    date = built.split("T")[0] if "T" in built else ""
    parley_page(read_program(parley, "parley"), version, date).write(out, "parley.1")
    settings_page(*read_settings(parley), version, date).write(out, "parley.toml.5")
    for name in ("websocket_server", "webtransport_server"):
        page = drop_in_page(read_program(str(programs / name), name), (defaults / name).read_text(),
                            version, date)
        page.write(out, f"{name}.1")


if __name__ == "__main__":
    main()
