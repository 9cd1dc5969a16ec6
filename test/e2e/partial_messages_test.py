"""Messages of megabytes that are not whole yet: they have room for a few, and the rest of them wait
without being read (src/actor/partial_budget.h)."""

import socket
import threading

import packets
from bystander import BadInputCase
from deadline import Deadline
from packets import VIDEO, media
from transport import only_over
from websocket_protocol import BINARY, fragments, frame

MEGABYTE = 1_000_000


class Sending(threading.Thread):
    """Sends bytes for as long as the server takes them, or until told to stop."""

    def __init__(self, member, data):
        super().__init__(daemon=True)
        self._socket = member.session.connection.socket
        self._data = data
        self.start()

    def run(self):
        try:
            self._socket.settimeout(None)
            self._socket.sendall(self._data)
        except OSError:  # the server has ended it, or the test
            pass

    def stop(self):
        """A socket that is closed while a thread writes to it lives on until it has written."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it is over already
        self.join()


def fragmented(packet, size=100_000):
    pieces = [packet[i : i + size] for i in range(0, len(packet), size)]
    return b"".join(fragments(BINARY, *pieces))


@only_over("websocket", "it is about frames of WebSocket")
class PartialMessages(BadInputCase):
    # A message of four megabytes gets 1.4 seconds while others wait. Nobody here answers pings.
    settings = {"limits_partial_time": "200ms", "outbox_bytes": "8MiB",
                "limits_ping_after": "500ms", "limits_idle_timeout": "2s"}
    # Nearly all of a message of four megabytes.
    PARTIAL = frame(BINARY, b"x" * 3_900_000, length=4 * MEGABYTE)
    HOLDERS = 2  # as many find room, on one shard or two

    def setUp(self):
        # No room is held, and nobody waits, since the cases before this one.
        self.relay.wait_for_metric(0, "parley_sessions")
        super().setUp()
        self.sendings = []

    def send(self, member, data):
        self.sendings.append(Sending(member, data))
        self.addCleanup(self.sendings[-1].stop)

    def hold_all_room(self, count=40):
        """So many members send nearly all of a message; the first of them has room."""
        members = [self.join(f"partial{i}", "partial") for i in range(count)]
        waits = self.relay.metric("parley_partial_waits_total")
        self.send(members[0], self.PARTIAL)
        self.wait_for_at_least(4 * MEGABYTE, "parley_partial_bytes")
        for member in members[1:]:
            self.send(member, self.PARTIAL)
        self.wait_for_at_least(waits + count - self.HOLDERS, "parley_partial_waits_total")
        return members

    def wait_for_at_least(self, value, name):
        deadline = Deadline()
        while (now := self.relay.metric(name)) < value:
            deadline.left(f"{value} of {name}, which is {now:.0f},")

    def test_many_take_no_more_memory_than_a_few(self):
        before = self.relay.resident_bytes()
        held_up = self.hold_all_room()
        grown = [self.relay.resident_bytes() - before]

        end = held_up[0].end()

        self.assertEqual((end.code, end.reason), (1008, "a message came too slowly"))
        held_up[1].end()
        grown.append(self.relay.resident_bytes() - before)
        self.assertLess(max(grown), 16 << 20)
        self.assertGreater(
            self.relay.metric("parley_sessions_ended_total", reason="message_too_slow"), 0)

    def test_a_shorter_message_goes_first(self):
        listener, talker = self.join_active("listener", "talker")
        self.hold_all_room()

        said = talker.say(b"x" * 3 * MEGABYTE)

        listener.hear(said)

    def test_a_keyframe_waits_for_nobody(self):
        listener, talker = self.join_active("listener", "talker")
        self.hold_all_room()
        waits = self.relay.metric("parley_partial_waits_total")

        packet = media(VIDEO, "talker", b"x" * 150_000, "key")
        talker.send(packet)

        listener.hear(packet + packets.stamp(talker.session_id))
        self.assertEqual(self.relay.metric("parley_partial_waits_total"), waits)

    def test_who_waits_is_not_silent(self):
        ended = self.counted("parley_sessions_ended_total", 4, reason="message_too_slow")
        silent = self.counted("parley_sessions_ended_total", 0, reason="silent")

        self.hold_all_room(6)

        ended()  # the last two have waited for 2.8 seconds
        silent()

    def test_room_comes_back_when_a_session_ends(self):
        too_slow = self.counted("parley_sessions_ended_total", 0, reason="message_too_slow")

        for member, sending in zip(self.hold_all_room(6), self.sendings):
            sending.stop()
            member.session.discard()

        self.relay.wait_for_metric(0, "parley_partial_bytes")
        too_slow()


@only_over("websocket", "it is about frames of WebSocket")
class HonestMessages(BadInputCase):
    # All of them may be on their way to the other shard before it has its turn.
    settings = {"outbox_bytes": "8MiB", "mailbox_bytes": "32MiB"}

    def test_all_who_send_megabytes_at_once_get_through(self):
        pairs = [self.join_active("listener", "talker", room=f"{self.room}{i}") for i in range(8)]
        texts = [packets.wrapper(packets.CONNECTION, "talker", bytes([i]) * 3 * MEGABYTE)
                 for i in range(len(pairs))]
        frames = [fragmented(text) if i % 2 else frame(BINARY, text)
                  for i, text in enumerate(texts)]

        for (_, talker), data in zip(pairs, frames):
            Sending(talker, data)

        for (listener, talker), text in zip(pairs, texts):
            listener.hear(text + packets.stamp(talker.session_id))
        self.assertEqual(self.relay.metric("parley_partial_bytes"), 0)
