"""Four processes on one NATS, two of each of the drop-in servers."""

import subprocess
import tempfile
import unittest
from pathlib import Path

from child import quiet_environment
from member import Member
from nats_server import NatsPeer, NatsServer
from relay import BIN, Relay
from transport import over_websocket, over_webtransport

SILENCE, GRACE = 9.0, 2.0  # until a server counts as dead, and until its members have left


class FleetCase(unittest.TestCase):
    """`environment` is that of every server."""

    environment = {}

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        subprocess.run([str(BIN / "parley"), "cert", "create", "--out", folder.name],
                       capture_output=True, check=True, timeout=20, env=quiet_environment())
        self.nats = NatsServer("max_payload: 8MB")
        self.addCleanup(self.nats.stop)
        certificate = {"CERT_PATH": str(Path(folder.name) / "certificate.pem"),
                       "KEY_PATH": str(Path(folder.name) / "key.pem"),
                       "LISTEN_URL": "127.0.0.1:0", "HEALTH_LISTEN_URL": "127.0.0.1:0"}
        self.servers = [self.start("websocket_server", {}), self.start("websocket_server", {}),
                        self.start("webtransport_server", certificate),
                        self.start("webtransport_server", certificate)]
        for server in self.servers:
            server.wait_for_metric(3, "parley_bus_servers")

    def start(self, program, environment):
        own = {"server_host": None, "server_port": None} if environment else {}
        relay = Relay(program=program, webtransport=False, **own, environment={
            "NATS_URL": self.nats.url, **self.environment, **environment})
        relay.way = over_webtransport if environment else over_websocket
        self.addCleanup(lambda: relay.process.returncode is None and relay.stop())
        return relay

    def listen(self, *subjects):
        peer = NatsPeer(self.nats, *subjects)
        self.addCleanup(peer.close)
        return peer

    def join(self, server, user, room, *, resume=None):
        return self.enter(server, f"/lobby/{user}/{room}" + (f"?resume={resume}" if resume else ""),
                          user, room)

    def enter(self, server, target, user, room):
        session = server.way(server, target)
        self.addCleanup(session.discard)
        return Member(session, user, room)

    def kill(self, server):
        server.process.kill()
        server.wait()
