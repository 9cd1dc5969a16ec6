"""Tokens in every wrong form (spec 2.2 and 6.4), each with its answer and its counter."""

import time

import tokens
from endings import Refused
from http_client import request
from relay_case import RelayCase
from tokens import claims, sign, token
from transport import only_over

SUSPICIOUS = ("We detected unusual activity from your browser. "
              "This incident has been logged.")


class BadTokens(RelayCase):
    def expect(self, bad, status, body, reason):
        refused = self.counted("parley_refusals_total", reason=reason)
        target = "/lobby" if bad is None else f"/lobby?token={bad}"

        with self.assertRaises(Refused) as refusal:
            self.connect(target)

        answer = refusal.exception.response
        self.assertEqual((answer.status, answer.text), (status, body), bad)
        refused()
        # A plain request hears the same: the token is looked at first.
        plain = self.relay.get(target)
        self.assertEqual((plain.status, plain.text), (status, body))

    def expect_suspicious(self, bad):
        self.expect(bad, 403, SUSPICIOUS, "bad_token")

    def test_no_token(self):
        self.expect(None, 400, "Query deserialize error: missing field `token`", "no_token")

    def test_an_empty_token(self):
        self.expect_suspicious("")

    def test_garbage(self):
        for bad in ("x", "a.b.c", "..", "%FF", "%", "a.b", "a.b.c.d", "%00", "eyJ.eyJ.AA",
                    token() + "A", token()[:-2], "A" + token(), token().replace(".", "%20", 1)):
            self.expect_suspicious(bad)

    def test_signed_with_another_key(self):
        self.expect_suspicious(sign(claims(), secret="another key"))

    def test_algorithm_none(self):
        for name in ("none", "None", "NONE", "nOnE"):
            header = {"alg": name, "typ": "JWT"}
            self.expect_suspicious(sign(claims(), algorithm="none", header=header))
            self.expect_suspicious(sign(claims(), algorithm="none", header=header) + "AAAA")
            self.expect_suspicious(sign(claims(), header=header))

    def test_other_algorithms(self):
        self.expect_suspicious(sign(claims(), algorithm="RS256"))
        self.expect_suspicious(sign(claims(), header={"alg": "RS256", "typ": "JWT"}))
        self.expect_suspicious(sign(claims(), algorithm="HS384"))
        self.expect_suspicious(sign(claims(), algorithm="HS512"))
        self.expect_suspicious(sign(claims(), algorithm="HS512", header={"alg": "HS256"}))
        self.expect_suspicious(sign(claims(), header={"typ": "JWT"}))

    def test_each_claim_that_is_missing(self):
        for name in ("sub", "room", "room_join", "is_host", "display_name", "exp", "iss"):
            self.expect_suspicious(token(**{name: None}))

    def test_each_claim_of_another_type(self):
        for name, value in {"sub": 5, "room": ["room1"], "room_join": "true", "is_host": 1,
                            "display_name": {}, "exp": "never", "iss": 1,
                            "observer": "yes"}.items():
            self.expect_suspicious(token(**{name: value}))

    def test_claims_that_are_no_object(self):
        for bad in ([], "text", 5, None):
            self.expect_suspicious(sign(bad))

    def test_another_issuer(self):
        self.expect_suspicious(token(iss="somebody"))

    def test_an_audience(self):
        self.expect_suspicious(token(aud="us"))

    def test_a_login_token(self):
        self.expect_suspicious(sign({"sub": "alice", "name": "Alice", "iat": 1,
                                     "exp": int(time.time()) + 60, "iss": tokens.ISSUER}))

    def test_rooms_that_would_be_patterns(self):
        for room in ("*", ">", "a.b", "a b", "a/b", "r\u00f6m", "", "x" * 256, "a\n"):
            self.expect_suspicious(token(room=room))

    def test_users_and_names_that_cannot_be_shown(self):
        for text in ("", "x" * 256, "a\nb", "a\x7fb", "a\x00b", "a\u0085b"):
            self.expect_suspicious(token(sub=text))
            self.expect_suspicious(token(display_name=text))

    def test_expired_beyond_the_leeway(self):
        self.expect(token(exp=int(time.time()) - 65), 401, "token has expired", "expired")
        self.expect(token(exp=0), 401, "token has expired", "expired")

    def test_expired_decides_before_the_room(self):
        self.expect(token(room="a.b", exp=1), 401, "token has expired", "expired")

    def test_another_key_decides_before_expiry(self):
        self.expect_suspicious(sign(claims(exp=1), secret="another key"))

    def test_neither_joining_nor_observing(self):
        self.expect(token(room_join=False), 403, "access denied", "denied")

    @only_over("websocket", "it is about HTTP over TCP")
    def test_longer_than_eight_kilobytes(self):
        answer = self.relay.get("/lobby?token=" + "a" * 9000)

        self.assertIn(answer.status, (403, 431))


class GoodTokens(RelayCase):
    def test_identity_comes_from_the_token(self):
        name = "Z\u00f6e \u263a"
        member = self.join_with(token("zoe@example.org", self.room, display_name=name), "zoe")
        member.say()
        heard = member.hear(lambda packet: packet.is_meeting(3))

        self.assertEqual(heard.target, ("zoe@example.org", member.session_id))
        self.assertEqual(heard.inner[10].decode(), name)
        self.assertEqual(heard.inner[4], b"zoe@example.org has joined the meeting")

    def test_longest_identities(self):
        self.join_with(token("u" * 255, "r" * 255, display_name="\u20ac" * 85), "u" * 255)

    def test_expired_within_the_leeway(self):
        self.join_with(token("alice", self.room, exp=int(time.time()) - 50), "alice")

    def test_without_observer_claim_and_with_unknown_ones(self):
        self.join_with(token("alice", self.room, observer=None, extra=[1], iat=5), "alice")

    def test_hosts_and_guests_both_enter(self):
        self.join_with(token("alice", self.room, is_host=True), "alice")
        self.join_with(token("bob", self.room), "bob")

    @only_over("websocket", "it is about HTTP over TCP")
    def test_a_plain_request_with_a_good_token_is_400(self):
        self.assertEqual(self.relay.get("/lobby?token=" + token()).status, 400)


class LongTokens(RelayCase):
    settings = {"limits_header_bytes": "16KiB"}

    def test_almost_eight_kilobytes_are_let_in(self):
        long = token("alice", self.room, extra="x" * 5700)
        self.assertGreater(len(long), 7900)
        self.assertLess(len(long), 8192)

        self.join_with(long, "alice")

    @only_over("websocket", "it is about HTTP over TCP")
    def test_more_are_not(self):
        answer = self.relay.get("/lobby?token=" + token(extra="x" * 6200))

        self.assertEqual(answer.status, 403)


@only_over("websocket", "it is about HTTP over TCP")
class NoSecret(RelayCase):
    settings = {"auth_jwt_secret": None}

    def test_every_token_is_500(self):
        for bad in (token(), sign(claims(), secret=""), "x",
                    sign(claims(), algorithm="none")):
            answer = request(self.relay.port, "/lobby?token=" + bad)

            self.assertEqual((answer.status, answer.text), (500, "Server misconfigured"))

    def test_a_missing_token_is_still_400(self):
        self.assertEqual(self.relay.get("/lobby").status, 400)
