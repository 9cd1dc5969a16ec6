"""Every path over plain HTTP: status, body and headers (spec 2.1–2.3, decision 40)."""

import json
import time
from email.utils import parsedate_to_datetime

import tokens
from endings import Refused
from http_client import Connection, request, request_bytes
from relay import Relay
from relay_case import RelayCase
from transport import only_over
from websocket_client import upgrade_headers


@only_over("websocket", "it is about HTTP over TCP")
class Endpoints(RelayCase):
    def test_version_has_the_five_keys_of_the_original(self):
        answer = self.relay.get("/version")

        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["content-type"], "application/json")
        version = json.loads(answer.text)
        self.assertEqual(list(version),
                         ["service", "version", "git_sha", "git_branch", "build_timestamp"])
        self.assertEqual(version["service"], "websocket-relay")
        self.assertTrue(all(isinstance(value, str) and value for value in version.values()))
        self.assertTrue(version["git_sha"] == "unknown" or len(version["git_sha"]) == 8, version)

    def test_health_and_readiness_on_both_ports(self):
        for port in (self.relay.port, self.relay.ops_port):
            health, ready = request(port, "/healthz"), request(port, "/readyz")

            self.assertEqual((health.status, health.text), (200, "Ok"))
            self.assertEqual((ready.status, json.loads(ready.text)),
                             (200, {"ready": True, "reasons": []}))

    def test_metrics_are_only_on_the_ops_port(self):
        there = request(self.relay.ops_port, "/metrics")

        self.assertEqual(there.status, 200)
        self.assertTrue(there.headers["content-type"].startswith("text/plain; version=0.0.4"))
        self.assertIn("parley_sessions ", there.text)
        self.assertEqual(self.relay.get("/metrics").status, 404)

    def test_legacy_login_and_unknown_paths_are_404(self):
        refused = self.counted("parley_refusals_total", by=12, reason="not_found")

        for path in ("/session", "/profile", "/logout", "/login", "/login?returnTo=x",
                     "/login/callback?state=1", "/", "/lobbyx", "/lobby2/a/b", "/Version",
                     "/version/", "/../version"):
            self.assertEqual(self.relay.get(path).status, 404, path)
        refused()

    def test_lobby_paths_of_another_shape_are_404(self):
        for path in ("/lobby/", "/lobby/alice", "/lobby/a/b/c", "/lobby/a/b/"):
            self.assertEqual(self.relay.get(path).status, 404, path)

    def test_head_answers_like_get_without_a_body(self):
        for path in ("/version", "/healthz", "/readyz"):
            asked, full = self.relay.get(path, "HEAD"), self.relay.get(path)

            self.assertEqual((asked.status, asked.body), (200, b""))
            self.assertEqual(asked.headers["content-length"], str(len(full.body)))

    def test_other_methods_are_405_and_say_which_are_allowed(self):
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
            for path, allowed in (("/version", "GET, HEAD"), ("/healthz", "GET, HEAD"),
                                  ("/readyz", "GET, HEAD"), ("/transports", "GET, HEAD"),
                                  ("/lobby?token=x", "GET"), ("/lobby/a/b", "GET")):
                answer = self.relay.get(path, method)

                self.assertEqual((answer.status, answer.headers["allow"]), (405, allowed),
                                 f"{method} {path}")

    def test_other_methods_are_405_for_the_files_of_the_page_too(self):
        relay = Relay(demo_enabled="true")
        self.addCleanup(relay.stop)
        for path in ("/", "/client/dial.js"):
            answer = relay.get(path, "POST")

            self.assertLess(relay.get(path).status, 400, path)
            self.assertEqual((answer.status, answer.headers["allow"]), (405, "GET, HEAD"), path)

    def test_other_methods_are_405_on_the_ops_port_too(self):
        for path in ("/metrics", "/healthz", "/nothing"):
            answer = request(self.relay.ops_port, path, "POST")

            self.assertEqual((answer.status, answer.headers["allow"]), (405, "GET, HEAD"))

    def test_a_target_may_name_the_server(self):
        for port, path in ((self.relay.port, "/version"), (self.relay.ops_port, "/metrics")):
            for scheme in ("http", "HTTPS"):
                answer = request(port, f"{scheme}://anything.example{path}")
                self.assertEqual(answer.status, 200, f"{scheme} {path}")
        self.assertEqual(self.relay.get("http://anything.example").status, 404)

    def test_answers_are_dated(self):
        for path in ("/healthz", "/nothing"):
            date = parsedate_to_datetime(self.relay.get(path).headers["date"])

            self.assertLess(abs(date.timestamp() - time.time()), 60)

    def test_a_refused_method_is_counted(self):
        refused = self.counted("parley_refusals_total", reason="method_not_allowed")

        self.relay.get("/lobby/a/b", "POST")

        refused()

    def test_any_origin_is_mirrored(self):
        answer = self.relay.get("/version", headers={"Origin": "https://call.example"})

        self.assertEqual(answer.headers["access-control-allow-origin"], "https://call.example")
        self.assertEqual(answer.headers["access-control-allow-credentials"], "true")
        self.assertIn("Origin", answer.headers["vary"])

    def test_refusals_carry_the_origin_too(self):
        answer = self.relay.get("/nothing", headers={"Origin": "https://call.example"})

        self.assertEqual(answer.headers["access-control-allow-origin"], "https://call.example")

    def test_a_preflight_is_allowed(self):
        answer = self.relay.get("/version", "OPTIONS", {
            "Origin": "https://call.example", "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "x-one, x-two"})

        self.assertEqual(answer.status, 200)
        self.assertIn("GET", answer.headers["access-control-allow-methods"])
        self.assertEqual(answer.headers["access-control-allow-headers"], "x-one, x-two")

    def test_a_connection_serves_many_requests_also_pipelined(self):
        with Connection(self.relay.port) as connection:
            connection.send(request_bytes("/healthz") * 3 + request_bytes("/version"))

            self.assertEqual([connection.response().status for _ in range(4)], [200] * 4)

    def test_connection_close_and_http_1_0_end_the_connection(self):
        for headers, version in (({"Connection": "close"}, "HTTP/1.1"), ({}, "HTTP/1.0")):
            with Connection(self.relay.port) as connection:
                connection.send(request_bytes("/healthz", headers=headers, version=version))

                self.assertEqual(connection.response().status, 200)
                self.assertEqual(connection.read_end(), "FIN")


class PathEndpoint(RelayCase):
    def test_it_lets_anybody_in_and_ignores_a_token(self):
        member = self.join("Some_body-1", "room?token=nonsense")

        self.assertEqual(member.roster, [])

    def test_spaces_become_underscores_also_percent_encoded(self):
        session = self.connect("/lobby/a%20b%5Fc/my%20room")
        session.receive()

        self.assertIn(b"\x12\x07my_room", session.receive())

    @only_over("websocket", "it is about HTTP over TCP")
    def test_the_handshake_says_what_is_missing(self):
        refused = self.counted("parley_refusals_total", by=8, reason="bad_upgrade")
        cases = [
            ({"Upgrade": None}, 400), ({"Upgrade": "h2c"}, 400), ({"Connection": None}, 400),
            ({"Connection": "keep-alive"}, 400), ({"Sec-WebSocket-Key": None}, 400),
            ({"Sec-WebSocket-Key": "short"}, 400), ({"Sec-WebSocket-Version": None}, 400),
            ({"Sec-WebSocket-Version": "12"}, 426),
        ]

        for changed, status in cases:
            answer = self.relay.get("/lobby/a/b", headers=upgrade_headers(**changed))
            self.assertEqual(answer.status, status, changed)
            if status == 426:
                self.assertEqual(answer.headers["upgrade"], "websocket")
        refused()

    @only_over("websocket", "it is about HTTP over TCP")
    def test_versions_7_8_and_13_are_accepted(self):
        for version in ("7", "8", "13"):
            self.join("alice", headers={"Sec-WebSocket-Version": version})

    @only_over("websocket", "it is about HTTP over TCP")
    def test_a_plain_request_with_good_ids_is_400(self):
        self.assertEqual(self.relay.get("/lobby/alice/room").status, 400)

    @only_over("websocket", "it is about HTTP over TCP")
    def test_no_extension_or_sub_protocol_is_negotiated(self):
        session = self.connect("/lobby/a/b", headers={
            "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
            "Sec-WebSocket-Protocol": "chat"})

        self.assertNotIn("sec-websocket-extensions", session.head)
        self.assertNotIn("sec-websocket-protocol", session.head)


class MeetingManagement(RelayCase):
    settings = {"auth_meeting_management": "true"}

    def test_the_path_endpoint_is_gone(self):
        for path in ("/lobby/alice/room", "/lobby/a.b/r*m"):
            with self.assertRaises(Refused) as refusal:
                self.connect(path)

            answer = refusal.exception.response
            self.assertEqual(
                (answer.status, answer.text),
                (410, "This endpoint is deprecated. Use GET /lobby?token=<JWT> instead."))

    def test_tokens_still_open_the_door(self):
        self.join_with(tokens.token("alice", self.room), "alice")


@only_over("websocket", "the program has this transport only")
class DropIn(RelayCase):
    """websocket_server, driven by the original's environment."""

    @classmethod
    def setUpClass(cls):
        cls.relay = cls.start({})

    @staticmethod
    def start(environment):
        return Relay(program="websocket_server", server_port=None, ops_enabled=None, ops_port=None,
                     server_shards=None,
                     environment={"ACTIX_PORT": "0", "JWT_SECRET": tokens.SECRET, **environment})

    def test_it_has_no_second_port(self):
        self.assertEqual(self.relay.ops_port, 0)
        self.assertEqual(self.relay.get("/version").status, 200)

    def test_tokens_and_paths_work(self):
        self.join_with(tokens.token("alice", self.room), "alice")
        self.join("bob")

    def test_the_feature_flag_closes_the_path_endpoint(self):
        for on in ("1", "TRUE", "yes", "Yes"):
            relay = self.start({"FEATURE_MEETING_MANAGEMENT": on})
            self.assertEqual(relay.get("/lobby/a/b").status, 410)
            relay.stop()

    def test_other_values_of_the_flag_do_not(self):
        relay = self.start({"FEATURE_MEETING_MANAGEMENT": "on"})
        self.assertEqual(relay.get("/lobby/a/b").status, 400)
        relay.stop()

    def test_a_database_without_meeting_management_is_said_to_do_nothing(self):
        relay = self.start({"DATABASE_ENABLED": "true", "DATABASE_URL": "x"})
        complaints = relay.stop()
        for name in ("DATABASE_URL", "FEATURE_MEETING_MANAGEMENT"):
            self.assertIn(name, complaints)
