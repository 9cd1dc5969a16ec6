"""`parley doctor`: what it finds on this machine with these settings, and with a server that runs."""

import json
import os
import re
import resource
import signal
import socket
import subprocess
import tempfile
import unittest
from pathlib import Path

from nats_server import NatsServer
from relay import BIN, ROOT, Relay, quiet_environment
from transport import only_over


def few_descriptors():
    resource.setrlimit(resource.RLIMIT_NOFILE, (1000, 1000))


@only_over("websocket", "it needs no session")
class Doctor(unittest.TestCase):
    def examine(self, *words, environment=None, **how):
        """(exit code, {check: its diagnosis})."""
        words = ["--server.port=0", "--ops.port=0", *words]
        done = subprocess.run([str(BIN / "parley"), "doctor", "--json", *words],
                              capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL,
                              env=quiet_environment(**(environment or {})), **how)
        self.assertEqual(done.stderr, "")
        said = json.loads(done.stdout)
        self.assertEqual(said["content"], done.returncode == 0)
        return done.returncode, {one["check"]: one for one in said["checks"]}

    def expect(self, check, finding, words, remedy, *settings, **how):
        code, found = self.examine(*settings, **how)
        self.assertEqual(found[check]["finding"], finding, found)
        self.assertIn(words, found[check]["says"])
        self.assertIn(remedy, found[check]["remedy"])
        self.assertEqual(code, 1 if finding == "problem" else 0, found)

    def listener(self, kind):
        made = socket.socket(socket.AF_INET, kind)
        self.addCleanup(made.close)
        made.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            made.listen()
        return made.getsockname()[1]

    def folder(self):
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        return Path(made.name)

    def nats(self, *options):
        server = NatsServer(*options)
        self.addCleanup(server.stop)
        return server

    def test_a_machine_without_problems(self):
        code, found = self.examine()

        self.assertEqual(code, 0, found)
        self.assertEqual(list(found), ["settings", "descriptors", "udp buffers", "tcp port",
                                       "ops port", "certificate", "clock", "nats", "database"])

    def test_lines_for_people(self):
        done = subprocess.run([str(BIN / "parley"), "doctor", "--server.port=0", "--ops.port=0"],
                              capture_output=True, text=True, timeout=30, env=quiet_environment())

        lines = done.stdout.splitlines()
        self.assertEqual(done.returncode, 0, done.stdout)
        for line in lines[:-2]:
            self.assertRegex(line, r"^(ok|warning) +[a-z ]+  ")
        self.assertRegex(lines[-1], r"^(All is well\.|0 problems, \d+ warnings?\.)$")

    def test_settings_that_cannot_be_read(self):
        code, found = self.examine("--server.shards=0")

        self.assertEqual((code, list(found)), (1, ["settings"]))
        self.assertIn("shards", found["settings"]["says"])

    def test_settings_that_let_nobody_in(self):
        self.expect("settings", "warning", "nobody can enter", "config print",
                    "--auth.path_endpoint=false")

    def test_too_few_descriptors(self):
        self.expect("descriptors", "warning", "may open 1000 files", "LimitNOFILE=120136",
                    preexec_fn=few_descriptors)

    def test_a_port_that_another_process_has(self):
        port = self.listener(socket.SOCK_STREAM)
        self.expect("tcp port", "problem", f"(process {os.getpid()}) listens on 127.0.0.1:{port}",
                    "another port", "--server.host=127.0.0.1", f"--server.port={port}")

    def test_a_udp_port_that_another_process_has(self):
        port = self.listener(socket.SOCK_DGRAM)
        self.expect("udp port", "problem", f"(process {os.getpid()}) listens", "another port",
                    "--webtransport.enabled", "--webtransport.host=127.0.0.1",
                    f"--webtransport.port={port}")

    def test_an_address_of_another_machine(self):
        self.expect("tcp port", "problem", "192.0.2.1:1234 cannot be listened on", "ip address",
                    "--server.host=192.0.2.1", "--server.port=1234")

    def test_a_server_that_runs_is_what_was_asked_for(self):
        relay = Relay(shards=1)
        self.addCleanup(relay.stop)
        code, found = self.examine("--server.host=127.0.0.1", f"--server.port={relay.port}",
                                   f"--ops.port={relay.ops_port}", preexec_fn=few_descriptors)

        self.assertEqual(code, 0, found)
        for check in ("tcp port", "ops port"):
            self.assertIn(f"parley (process {relay.pid}) listens on", found[check]["says"])
        limit = Path(f"/proc/{relay.pid}/limits").read_text()
        soft = re.search(r"Max open files +(\d+)", limit)[1]
        self.assertIn(f"parley (process {relay.pid}) may open {soft} files",
                      found["descriptors"]["says"])

    def test_a_certificate_and_the_key_of_another(self):
        one, other = self.folder(), self.folder()
        for folder in (one, other):
            subprocess.run([str(BIN / "parley"), "cert", "create", "--out", str(folder)], check=True,
                           capture_output=True, timeout=20, env=quiet_environment())
        own = ["--tls.tcp", f"--tls.cert={one}/certificate.pem"]
        self.expect("certificate", "ok", f"{one}/certificate.pem is good until", "", *own,
                    f"--tls.key={one}/key.pem")
        self.expect("certificate", "problem", "not that of the certificate", "ls -l", *own,
                    f"--tls.key={other}/key.pem")

    def test_settings_of_a_drop_in_server(self):
        code, found = self.examine("--for", "webtransport_server")
        self.assertEqual((code, list(found)), (1, ["settings"]))
        self.assertIn("CERT_PATH", found["settings"]["says"])

        port = self.listener(socket.SOCK_STREAM)
        code, found = self.examine("--for", "websocket_server", "--server.host=127.0.0.1",
                                   environment={"PARLEY_BUS_REQUIRED": "false"})
        self.assertEqual(code, 0, found)
        self.assertNotIn("ops port", found)
        self.assertNotIn(str(port), found["tcp port"]["says"])

    def test_nats_with_its_own_limit_and_with_ours(self):
        self.expect("nats", "warning", "takes messages of 1MiB", "max_payload: 8MB",
                    f"--bus.url={self.nats().url}")
        limit = re.search(r"^max_payload: .*$", (ROOT / "etc/nats-server.conf").read_text(), re.M)[0]
        self.expect("nats", "ok", "takes messages of", "", f"--bus.url={self.nats(limit).url}")

    def test_nats_that_does_not_answer(self):
        nats = self.nats()
        nats.kill()
        self.expect("nats", "problem", "", "until then the server is alone", f"--bus.url={nats.url}")

    def test_no_password_is_repeated(self):
        nats = self.nats()
        nats.kill()
        url = nats.url.replace("://", "://alice:s3cret@")
        _, found = self.examine(f"--bus.url={url}", environment={
            "DATABASE_URL": "mysql://alice:s3cret@db/m"})

        self.assertEqual(found["database"]["finding"], "problem")
        self.assertNotIn("s3cret", json.dumps(found))

    def test_a_database_before_and_after_its_tables(self):
        url = {"DATABASE_URL": f"sqlite:{self.folder()}/record.db"}
        self.expect("database", "warning", "tables of version 0", "parley db migrate",
                    environment=url)
        subprocess.run([str(BIN / "parley"), "db", "migrate"], check=True, capture_output=True,
                       timeout=20, env=quiet_environment(**url))
        self.expect("database", "ok", "has its tables in", "", environment=url)

    def test_a_reader_that_goes_away(self):
        """`parley doctor | head -0` is nobody's problem."""
        read_end, write_end = os.pipe()
        os.close(read_end)
        process = subprocess.Popen([str(BIN / "parley"), "doctor", "--server.port=0"],
                                   stdout=write_end, stderr=subprocess.PIPE, text=True,
                                   env=quiet_environment())
        os.close(write_end)
        _, complaints = process.communicate(timeout=30)

        self.assertIn(process.returncode, (0, 1, -signal.SIGPIPE))
        self.assertEqual(complaints, "")
