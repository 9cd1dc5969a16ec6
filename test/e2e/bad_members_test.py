"""Members who speak the protocol and mean no good: floods and storms cost their sender only."""

import selectors
import socket
import threading
import time

import packets
from bystander import BadInputCase
from packets import AUDIO, VIDEO, media
from websocket_client import BINARY, frame


class Flood(threading.Thread):
    """Sends the same frames as fast as its socket takes them, until told to stop."""

    def __init__(self, member, packet):
        super().__init__(daemon=True)
        self._socket = member.session.connection.socket
        one = frame(BINARY, packet)
        self._chunk = one * max(1, 65536 // len(one))
        self._over = threading.Event()
        self.sent = 0

    def run(self):
        self._socket.setblocking(False)
        ready = selectors.DefaultSelector()
        ready.register(self._socket, selectors.EVENT_READ | selectors.EVENT_WRITE)
        rest = memoryview(self._chunk)
        try:
            while not self._over.is_set():
                for _, events in ready.select(0.1):
                    if events & selectors.EVENT_READ and not self._socket.recv(1 << 18):
                        return
                    if events & selectors.EVENT_WRITE:
                        count = self._socket.send(rest)
                        self.sent += count
                        rest = rest[count:] or memoryview(self._chunk)
        except OSError:
            pass

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
        threading.Event().wait(seconds)
        self.assertGreater(flood.sent, 100 * len(packet))
        grown = self.relay.resident_bytes() - before
        flood.stop()
        self.assertLess(grown, 32 << 20)
        return member

    def test_small_packets_beside_others(self):
        self.flood(media(AUDIO, "flooder", b"x" * 30), self.room)

    def test_large_packets_beside_others(self):
        self.flood(media(VIDEO, "flooder", b"x" * 60_000, "delta"), self.room)

    def test_small_packets_in_a_room_where_others_listen(self):
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
        self.assertLessEqual(len(asked), 8)

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
            except AssertionError:
                pass

    def stop(self):
        self._over.set()
        self.join()


class NotReading(BadInputCase):
    settings = {"outbox_stall_timeout": "1s", "limits_idle_timeout": "20s"}

    def test_a_member_that_does_not_read_for_long_is_let_go(self):
        ended = self.counted("parley_sessions_ended_total", reason="too_slow")
        before = self.relay.resident_bytes()
        stuck = self.join("stuck", receive_buffer=4096)
        (talker,) = self.join_active("talker")
        packet = media(VIDEO, "talker", b"x" * 50_000, "key")
        until = time.monotonic() + 10
        while time.monotonic() < until:
            talker.send(packet)
            talker.probe()
            if self.relay.metric("parley_sessions_ended_total", reason="too_slow"):
                break

        ended()
        self.assertLess(self.relay.resident_bytes() - before, 16 << 20)
        stuck.session.connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)

    def test_a_client_that_never_reads_its_answers(self):
        stuck = self.join("stuck", receive_buffer=4096)
        flood = Flood(stuck, packets.rtt_probe())
        # It sends probes and reads no echo: the echoes must not pile up.
        before = self.relay.resident_bytes()
        stuck.session.connection.socket.setblocking(False)
        one = frame(BINARY, packets.rtt_probe()) * 1000
        until = time.monotonic() + 1.5
        while time.monotonic() < until:
            try:
                stuck.session.connection.socket.send(one)
            except BlockingIOError:
                threading.Event().wait(0.01)
            except OSError:
                break

        self.assertLess(self.relay.resident_bytes() - before, 16 << 20)
        del flood
