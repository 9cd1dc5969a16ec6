"""The numbers of /metrics agree with what was done."""

import packets
from packets import AUDIO, VIDEO, media
from relay_case import RelayCase
from transport import not_over


class Metrics(RelayCase):
    @not_over("fleet", "each server counts the room")
    def test_gauges_follow_sessions_and_rooms(self):
        for name in ("parley_sessions", "parley_rooms"):
            self.relay.wait_for_metric(0, name)  # of the cases before this one
        alice = self.join("alice")
        bob = self.join("bob")
        self.assertEqual(self.relay.metric("parley_sessions"), 2)
        self.assertIn(self.relay.metric("parley_rooms"), range(1, self.shards + 1))
        self.assertEqual(self.relay.metric("parley_shards"), self.shards)
        for member in (alice, bob):
            member.session.close()
            member.end()
            member.session.discard()

        self.relay.wait_for_metric(0, "parley_sessions")
        self.relay.wait_for_metric(0, "parley_rooms")
        self.relay.wait_for_metric(1, "parley_connections")

    def test_packets_and_bytes_count_by_class_and_direction(self):
        alice, bob, carol = self.join_active("alice", "bob", "carol")
        cases = {"video": media(VIDEO, "alice", b"x" * 100, "key"),
                 "audio": media(AUDIO, "alice", b"x"),
                 "data": packets.wrapper(packets.CONNECTION, "alice", b"x"),
                 "control": packets.wrapper(packets.AES_KEY, "alice", b"x")}
        for name, packet in cases.items():
            came = self.counted("parley_packets_total", direction="in", **{"class": name})
            size = self.counted("parley_packet_bytes_total", len(packet), direction="in",
                                **{"class": name})
            went = self.counted("parley_packets_total", 2, direction="out", **{"class": name})
            sent = self.counted("parley_packet_bytes_total", 2 * (len(packet) + 11),
                                direction="out", **{"class": name})
            alice.send(packet)
            bob.next(), carol.next()
            for check in (came, size, went, sent):
                check()

    def test_sessions_count_by_how_they_end(self):
        self.relay.wait_for_metric(0, "parley_sessions")  # of the cases before this one
        started = self.counted("parley_sessions_started_total", 2)
        closed = self.counted("parley_sessions_ended_total", reason="client_closed")
        lost = self.counted("parley_sessions_ended_total", reason="connection_lost")
        self.join("alice").session.close()
        self.join("bob").session.reset()

        for check in (started, closed, lost):
            check()

    def test_all_families_are_there_before_anything_happens(self):
        names = {name for name, _ in self.relay.metrics()}

        for name in ("parley_sessions", "parley_rooms", "parley_connections",
                     "parley_sessions_ended_total", "parley_refusals_total",
                     "parley_packets_total", "parley_packet_bytes_total", "parley_drops_total",
                     "parley_discards_total", "parley_queue_age_seconds_bucket",
                     "parley_loop_lag_seconds_bucket", "process_resident_memory_bytes",
                     "process_open_fds", "parley_build_info"):
            self.assertIn(name, names)

    def test_clients_cannot_make_series(self):
        before = len(self.relay.metrics())
        for i in range(20):
            self.relay.get(f"/path{i}")
            self.join(f"user{i}", f"room{i}").session.close()

        self.assertEqual(len(self.relay.metrics()), before)
