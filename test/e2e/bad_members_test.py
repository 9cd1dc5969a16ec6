"""Members who speak the protocol and mean no good: floods and storms cost their sender only."""

import threading
import time

import packets
from bystander import BadInputCase
from deadline import TooLate
from packets import AUDIO, VIDEO, media


class Flood(threading.Thread):
    """Sends the same packet as fast as the server takes it, until told to stop."""

    def __init__(self, member, packet, *, reads=True):
        super().__init__(daemon=True)
        self._session = member.session
        self._packet = packet
        self._reads = reads
        self._over = threading.Event()
        self.sent = 0

    def run(self):
        for count in self._session.pour(self._packet, reads=self._reads):
            self.sent += count
            if self._over.is_set():
                return

    def stop(self):
        self._over.set()
        self.join()


class Floods(BadInputCase):
    def flood(self, packet, room, seconds=1.5):
        """Floods while the bystanders talk; answers the flooder and how much it got rid of."""
        before = self.relay.resident_bytes()
        member = self.join(f"flooder{len(packet)}", room).activate()
        flood = Flood(member, packet)
        flood.start()
        self.addCleanup(flood.stop)
        flood.join(seconds)
        self.assertTrue(flood.is_alive(), f"the flood broke off after {flood.sent} bytes")
        self.assertGreater(flood.sent, 20 * len(packet))
        grown = self.relay.resident_bytes() - before
        flood.stop()
        self.assertLess(grown, 32 << 20)
        return member

    def test_small_packets_beside_others(self):
        self.flood(media(AUDIO, "flooder", b"x" * 30), self.room)

    def test_large_packets_beside_others(self):
        self.flood(media(VIDEO, "flooder", b"x" * 60_000, "delta"), self.room)

    def test_small_packets_in_a_room_where_others_listen(self):
        # The floods of the cases before this one are over when only the bystanders are left.
        self.relay.wait_for_metric(2, "parley_sessions")
        listener, talker = self.join_active("listener", "talker")
        drained = Drain(listener)
        drained.start()
        refused = self.counted("parley_drops_total", by=0, reason="mailbox_full")
        self.flood(media(AUDIO, "flooder", b"x" * 30), self.room)
        drained.stop()
        refused()
        listener.hear(talker.say())

    def test_large_packets_in_a_room_where_others_listen(self):
        listener, talker = self.join_active("listener", "talker")
        drained = Drain(listener)
        drained.start()
        self.flood(media(VIDEO, "flooder", b"x" * 60_000, "delta"), self.room)
        drained.stop()
        listener.hear(talker.say())

    def test_empty_packets(self):
        self.flood(b"", self.room)

    def test_malformed_packets(self):
        self.flood(b"\xff" * 60, self.room)

    def test_probes(self):
        self.flood(packets.rtt_probe(), self.room)

    def test_keyframe_requests(self):
        (victim,) = self.join_active("victim")
        self.flood(packets.keyframe_request("victim"), self.room)

        asked = [packet for packet in victim.probe() if packet.type == packets.MEDIA]
        self.assertIn(len(asked), range(1, 9))

    def test_forged_notices(self):
        self.flood(packets.left(self.room, "early", 1), self.room)


class Drain(threading.Thread):
    """Reads what a member gets and keeps nothing of it."""

    def __init__(self, member):
        super().__init__(daemon=True)
        self._member = member
        self._over = threading.Event()

    def run(self):
        while not self._over.is_set():
            try:
                self._member.session.receive(0.5)
            except TooLate:
                pass

    def stop(self):
        self._over.set()
        self.join()


class NotReading(BadInputCase):
    settings = {"outbox_stall_timeout": "1s", "limits_idle_timeout": "20s"}

    def test_a_member_that_does_not_read_for_long_is_let_go(self):
        self.relay.wait_for_metric(2, "parley_sessions")  # the bystanders: nobody else is stuck
        ended = self.counted("parley_sessions_ended_total", reason="too_slow")
        ended_before = self.relay.metric("parley_sessions_ended_total", reason="too_slow")
        before = self.relay.resident_bytes()
        stuck = self.join("stuck", receive_buffer=4096)
        (talker,) = self.join_active("talker")
        packet = media(VIDEO, "talker", b"x" * 50_000, "key")
        until = time.monotonic() + 10
        while time.monotonic() < until:
            talker.send(packet)
            talker.probe()
            if ended_before != self.relay.metric("parley_sessions_ended_total", reason="too_slow"):
                break

        ended()
        self.assertLess(self.relay.resident_bytes() - before, 16 << 20)
        stuck.session.discard()

    def test_a_client_that_never_reads_its_answers(self):
        stuck = self.join("stuck", receive_buffer=4096)
        # It sends probes and reads no echo: the echoes must not pile up.
        before = self.relay.resident_bytes()
        flood = Flood(stuck, packets.rtt_probe(), reads=False)
        flood.start()
        self.addCleanup(flood.stop)
        flood.join(1.5)

        self.assertGreater(flood.sent, 1000 * len(packets.rtt_probe()))
        self.assertLess(self.relay.resident_bytes() - before, 16 << 20)
