#!/usr/bin/python3
"""The manual and the completions are read back: they say what the programs say, and nothing is lost."""

import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("PARLEY_BIN", ROOT / "build/release/bin"))
sys.path.insert(0, str(ROOT / "tools"))

from program_help import read_help, read_program, read_settings  # noqa: E402

SERVE_HELP = """\
Run the relay
Usage: parley serve [OPTIONS]

Options:
  -h,--help                     Print this help message and exit
  --config FILE                 File with settings


Log:
  --log.level,--level LEVEL [a very long one]
                                What is worth a line
  --rate a|b REQUIRED           How often

Ends here.
"""


def made(tool, *words):
    subprocess.run([str(ROOT / "tools" / tool), *map(str, words)], check=True, timeout=60)


class Manual(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.out = Path(folder.name)
        made("make_manual.py", BIN, ROOT / "packaging/default", cls.out / "man")
        made("make_completions.py", BIN, cls.out / "completions")
        made("make_package_files.py", BIN / "parley", ROOT, cls.out)
        cls.head, cls.settings = read_settings(str(BIN / "parley"))
        cls.parley = read_program(str(BIN / "parley"), "parley")

    def page(self, name):
        import gzip

        text = gzip.decompress((self.out / "man" / f"{name}.gz").read_bytes()).decode()
        return text.replace("\\-", "-").replace("\\(aq", "'")

    def test_a_help_is_read(self):
        below, command = read_help(["parley", "serve"], SERVE_HELP)

        self.assertEqual(below, {})
        self.assertEqual(command.summary, "Run the relay")
        self.assertEqual(list(command.groups), ["Options", "Log"])
        level, rate = command.groups["Log"]
        self.assertEqual((level.names, level.value, level.default, level.help),
                         (["--log.level", "--level"], "LEVEL", "a very long one",
                          "What is worth a line"))
        self.assertEqual((rate.names, rate.allowed, rate.default), (["--rate"], ["a", "b"], ""))
        self.assertEqual(command.footer, "Ends here.\n")

    def test_every_setting_has_its_entry(self):
        page = self.page("parley.toml.5")
        self.assertGreater(len(self.settings), 50)
        for setting in self.settings:
            self.assertIn(f"\\fB{setting.key}\\fR = {setting.default}", page)
            self.assertIn(f"{setting.environment}: {setting.allowed}.", page)
            self.assertIn(setting.help.replace("`", "\\(ga"), page)

    def test_every_option_of_every_command_has_its_entry(self):
        page = self.page("parley.1")
        for command in self.parley.all():
            for option in command.options:
                self.assertIn(f"\\fB{option.names[0]}\\fR", page, command.words)
        self.assertGreater(len(list(self.parley.all())), 12)

    def test_drop_in_servers_have_their_variables(self):
        for name, variable in (("websocket_server", "ACTIX_PORT"), ("webtransport_server",
                                                                    "CERT_PATH")):
            page = self.page(f"{name}.1")
            self.assertIn(f"\\fB{variable}\\fR=", page)
            self.assertIn("\\fB--server.shards\\fR", page)

    def complete(self, *words):
        script = (f"source {self.out}/completions/bash/{words[0]}; COMP_WORDS=(\"$@\"); "
                  f"COMP_CWORD=$(($# - 1)); _{words[0]}; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
        done = subprocess.run(["bash", "-c", script, "bash", *words], capture_output=True, text=True,
                              check=True, timeout=20, cwd=ROOT)
        self.assertEqual(done.stderr, "")
        return set(done.stdout.split())

    def test_bash_completes_commands(self):
        self.assertEqual(self.complete("parley", ""), set(self.parley.commands))
        self.assertEqual(self.complete("parley", "token", ""), {"create", "inspect"})
        self.assertEqual(self.complete("websocket_server", ""), set())

    def test_bash_completes_flags_of_the_command(self):
        for words, command in ((["parley", "dev"], self.parley.commands["dev"]),
                               (["parley"], self.parley.commands["serve"]),
                               (["parley", "db", "status"],
                                self.parley.commands["db"].commands["status"])):
            flags = {name for option in command.options for name in option.names
                     if name.startswith("--")}
            self.assertEqual(self.complete(*words, "--"), flags)

    def test_bash_completes_values(self):
        self.assertEqual(self.complete("parley", "serve", "--log.level", ""),
                         {"debug", "info", "warning", "error"})
        self.assertEqual(self.complete("parley", "--bus.publish", "=", "w"), {"when_shared"})
        self.assertEqual(self.complete("parley", "doctor", "--for", "webt"),
                         {"webtransport_server"})
        self.assertEqual(self.complete("parley", "serve", "--config", "etc/parley.t"),
                         {"etc/parley.toml"})
        self.assertEqual(self.complete("parley", "serve", "--server.port", ""), set())

    def test_the_settings_of_the_package_set_only_what_an_installed_server_needs(self):
        text = (self.out / "parley.toml").read_text()
        self.assertEqual(re.findall(r"^\w+ = .*$", text, re.M),
                         ['self_signed_folder = "/var/lib/parley"'])
        self.assertEqual(len(re.findall(r"^#\w+ = ", text, re.M)), len(self.settings) - 1)
        done = subprocess.run([str(BIN / "parley"), "config", "check", "--config",
                               str(self.out / "parley.toml")], capture_output=True, text=True,
                              timeout=20)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_conffiles_are_all_that_stands_in_etc(self):
        listed = (self.out / "conffiles").read_text().split()
        shipped = {f"/etc/default/{path.name}" for path in (ROOT / "packaging/default").iterdir()}
        self.assertEqual(set(listed), shipped | {"/etc/parley/parley.toml"})
        self.assertEqual({Path(name).name for name in shipped},
                         {path.stem for path in (ROOT / "etc/systemd").glob("*.service")})


if __name__ == "__main__":
    unittest.main()
