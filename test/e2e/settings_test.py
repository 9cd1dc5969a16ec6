"""Wrong settings end the start with a sentence that helps, and exit code 2."""

import subprocess
import tempfile
import unittest
from pathlib import Path

from child import quiet_environment
from http_client import request
from relay import BIN, Relay
from transport import only_over


@only_over("websocket", "it needs no session")
class Settings(unittest.TestCase):
    def run_it(self, *words, program="parley", environment=None):
        """(exit code, what it said)."""
        done = subprocess.run([str(BIN / program), *words], capture_output=True, text=True,
                              timeout=20, stdin=subprocess.DEVNULL,
                              env=quiet_environment(**(environment or {})))
        return done.returncode, done.stdout + done.stderr

    def expect(self, code, *said, words=(), **how):
        exit_code, text = self.run_it(*words, **how)
        self.assertEqual(exit_code, code, text)
        for part in said:
            self.assertIn(part, text)
        self.assertLess(len(text.splitlines()), 6, text)

    def file_with(self, text):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = Path(folder.name) / "parley.toml"
        path.write_text(text)
        return str(path)

    def test_values_out_of_range(self):
        for flag, bad, allowed in (
                ("server.port", "65536", "65535"), ("server.port", "-1", "65535"),
                ("server.port", "http", "65535"), ("server.shards", "0", "1"),
                ("server.shards", "65", "64"), ("limits.idle_timeout", "10ms", "1s"),
                ("limits.idle_timeout", "30", "duration"), ("outbox.bytes", "1", "64KiB"),
                ("outbox.bytes", "many", "size"), ("ops.enabled", "maybe", "true or false"),
                ("log.level", "loud", "debug, info, warning or error"),
                ("server.port", "99999999999999999999", "65535")):
            self.expect(2, flag, allowed, words=["serve", f"--{flag}={bad}"])

    def test_values_that_do_not_fit_together(self):
        self.expect(2, "ping_after", "idle_timeout",
                    words=["serve", "--limits.ping_after=9s", "--limits.idle_timeout=8s"])
        self.expect(2, "port", words=["serve", "--server.port=8080", "--ops.port=8080"])

    def test_an_unknown_flag_and_command_with_a_suggestion(self):
        self.expect(2, "--server.prot", "did you mean --server.port?",
                    words=["serve", "--server.prot=1"])
        self.expect(2, "sevre", "did you mean serve?", words=["sevre"])

    def test_an_unknown_key_with_its_line_and_a_suggestion(self):
        path = self.file_with("[server]\nport = 0\n\n[limits]\nidle_timeot = '5s'\n")
        self.expect(2, f"{path}:5", "idle_timeot", "idle_timeout", words=["serve", "--config", path])

    def test_an_unknown_section(self):
        path = self.file_with("[sever]\nport = 0\n")
        self.expect(2, f"{path}:1", "sever", "server", words=["serve", "--config", path])

    def test_a_file_that_is_no_toml(self):
        path = self.file_with("[server]\nport = = 5\n")
        self.expect(2, f"{path}:2", words=["serve", "--config", path])

    def test_a_value_of_the_wrong_kind_in_a_file(self):
        path = self.file_with("[server]\nport = 'eighty'\n")
        self.expect(2, f"{path}:2", "port", words=["serve", "--config", path])

    def test_an_unreadable_file(self):
        self.expect(2, "/nowhere/parley.toml", words=["serve", "--config", "/nowhere/parley.toml"])
        self.expect(2, "/tmp", words=["serve", "--config", "/tmp"])
        self.expect(2, "/nowhere/key",
                    words=["serve", "--auth.jwt_secret_file=/nowhere/key"])

    def test_a_port_in_use(self):
        relay = Relay()
        self.addCleanup(relay.stop)
        for words in (["--server.port", str(relay.port), "--ops.port=0"],
                      ["--server.port=0", "--ops.port", str(relay.port)]):
            self.expect(1, str(relay.port), "in use",
                        words=["serve", "--server.host=127.0.0.1", "--log.level=error", *words])

    def test_an_address_of_somebody_else(self):
        self.expect(1, "192.0.2.1", words=["serve", "--server.host=192.0.2.1", "--ops.port=0",
                                           "--server.port=0", "--log.level=error"])

    def test_bad_variables_of_the_drop_in_server(self):
        for bad in ("http", "65536", "-1", "80 80"):
            self.expect(2, "ACTIX_PORT", program="websocket_server",
                        environment={"ACTIX_PORT": bad})

    def test_a_secret_is_never_repeated(self):
        for words in (["config", "print", "--auth.jwt_secret=topsecretkey"],
                      ["config", "check", "--auth.jwt_secret=topsecretkey"]):
            code, text = self.run_it(*words)
            self.assertEqual(code, 0, text)
            self.assertNotIn("topsecretkey", text)

    def test_command_line_beats_environment_beats_file(self):
        path = self.file_with("[server]\nshards = 2\n[limits]\nsessions_max = 7\nping_after = '2s'\n")
        code, text = self.run_it("config", "print", "--config", path, "--server.shards=4",
                                 environment={"PARLEY_SERVER_SHARDS": "3",
                                              "PARLEY_LIMITS_SESSIONS_MAX": "8"})
        self.assertEqual(code, 0, text)
        for line in ("shards = 4", "sessions_max = 8", 'ping_after = "2s"'):
            self.assertIn(line, text)

    def test_the_printed_defaults_are_a_file_that_starts(self):
        code, text = self.run_it("config", "print", "--defaults")
        self.assertEqual(code, 0)
        path = self.file_with(text)
        self.assertEqual(self.run_it("config", "check", "--config", path)[0], 0)

    def test_every_wrong_word_is_found_by_config_check_too(self):
        self.expect(2, "shards", words=["config", "check", "--server.shards=0"])

    def test_help_and_version(self):
        for words, said in ((["--help"], "Usage: parley"), (["serve", "--help"], "--server.port"),
                            (["version"], "parley "), (["--version"], "parley ")):
            code, text = self.run_it(*words)
            self.assertEqual(code, 0)
            self.assertIn(said, text)

    def test_tokens_made_by_the_tool_open_the_door(self):
        secret = "0123456789abcdef0123456789abcdef"
        code, token = self.run_it("token", "create", "--user", "al@x.org", "--room", "r",
                                  "--secret", secret)
        self.assertEqual(code, 0, token)
        relay = Relay(auth_jwt_secret=secret)
        self.addCleanup(relay.stop)
        self.assertEqual(request(relay.port, "/lobby?token=" + token.strip()).status, 400)
        self.assertEqual(request(relay.port, "/lobby?token=" + token.strip()[:-3]).status, 403)
