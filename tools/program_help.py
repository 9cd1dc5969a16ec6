"""What a built program says of itself, read back: its commands, options and settings.

The manual pages and shell completions are made of it, so they cannot know what the program does not.
"""

import re
import subprocess
from dataclasses import dataclass, field

FILES = {"FILE", "FOLDER"}


@dataclass
class Option:
    """One entry of a --help: `--server.port,--port PORT [8080]`."""

    names: list
    value: str = ""  # PORT; empty when it takes none
    default: str = ""
    help: str = ""
    allowed: list = field(default_factory=list)  # the words it may be, when they are few

    @property
    def is_setting(self):
        return "." in self.names[0]

    @property
    def takes_file(self):
        """Settings are all text to the program; those that name files say so in their help."""
        return self.value in FILES or (self.is_setting and self.help.startswith(("File ", "Folder ")))


@dataclass
class Command:
    words: list  # ["parley", "token", "create"]
    summary: str = ""
    usage: str = ""
    groups: dict = field(default_factory=dict)  # heading → [Option]
    commands: dict = field(default_factory=dict)  # word → Command
    footer: str = ""

    @property
    def options(self):
        return [option for group in self.groups.values() for option in group]

    def all(self):
        """Itself and every command below it."""
        yield self
        for command in self.commands.values():
            yield from command.all()


@dataclass
class Setting:
    """One key of `config print --defaults`."""

    section: str
    key: str
    default: str
    help: str
    environment: str
    allowed: str

    @property
    def name(self):
        return f"{self.section}.{self.key}"

    @property
    def words(self):
        """What it may be, when that is a choice of words."""
        if re.search(r"\b(a|an) |text", self.allowed):
            return []
        return re.split(r", | or ", self.allowed)


def said_by(*words):
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout


def read_entry(line, rest, column):
    """(names with value, help) of an entry; the help may stand alone in the next line."""
    if rest and rest[0].startswith(" " * column):
        return line.strip(), rest.pop(0).strip()
    return line[:column].strip(), line[column:].strip()


def read_option(names, text):
    flags, _, value = names.partition(" ")
    default = re.search(r"\[(.*)\]$", value)
    value = re.sub(r"\[.*\]$|\bREQUIRED\b|\.\.\.", "", value).strip()
    option = Option(flags.split(","), value, default[1] if default else "", text)
    if "|" in value:
        option.allowed = value.split("|")
    return option


def read_help(words, text):
    """A Command from its --help, without the commands below it: ({word: summary}, Command)."""
    command, below = Command(words), {}
    lines = text.splitlines()
    column = next(line.index("Print this help") for line in lines if "Print this help" in line)
    command.summary = lines.pop(0)
    heading = None
    while lines:
        line = lines.pop(0)
        if line.startswith("Usage: "):
            command.usage = line.removeprefix("Usage: ")
        elif line.startswith("  ") and heading:
            names, help_text = read_entry(line, lines, column)
            if heading == "Subcommands":
                below[names] = help_text
            else:
                command.groups.setdefault(heading, []).append(read_option(names, help_text))
        elif line.endswith(":"):
            heading = line[:-1]
        elif line:
            command.footer += line + "\n"
    return below, command


def read_program(path, name, *words):
    """The Command of a program, with all below it, as its own --help tells."""
    below, command = read_help([name, *words], said_by(path, *words, "--help"))
    for word in below:
        command.commands[word] = read_program(path, name, *words, word)
    return command


def read_settings(parley):
    """(the head of the file, [Setting]) of `parley config print --defaults`."""
    head, settings, section, comments = "", [], None, []
    for line in said_by(parley, "config", "print", "--defaults").splitlines():
        if line.startswith("["):
            section, comments = line.strip("[]"), []
        elif line.startswith("#"):
            comments.append(line.lstrip("# "))
        elif " = " in line:
            key, _, default = line.partition(" = ")
            environment, allowed = re.fullmatch(r"Environment: (\S+)\. Allowed: (.*)\.",
                                                comments[-1]).groups()
            settings.append(Setting(section, key, default, " ".join(comments[:-1]), environment,
                                    allowed))
            comments = []
        elif not line and section is None:
            head = "\n".join(comments)
    return head, settings


def with_allowed(command, settings):
    """Tells the options that are settings which words they may be."""
    words = {"--" + setting.name: setting.words for setting in settings}
    for one in command.all():
        for option in one.options:
            option.allowed = option.allowed or words.get(option.names[0], [])
    return command
