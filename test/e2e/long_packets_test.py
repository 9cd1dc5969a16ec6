"""Packets of megabytes on streams that are not at their end: they borrow from a window that all
sessions share, and wait where there is nothing to borrow (src/webtransport/window_loan.h)."""

import packets
from bystander import BadInputCase
from deadline import Deadline
from packets import VIDEO, media
from transport import only_over

MEGABYTE = 1_000_000
ROOM_BYTES_MAX = 8 << 20  # limits.partial_bytes
# What a session may hold without borrowing.
OWN_WINDOW = 384 << 10
NOT_RECEIVED = "parley_webtransport_not_received_total"


@only_over("webtransport", "it is about streams")
class LongPackets(BadInputCase):
    # Who has borrowed for a packet of four megabytes gets 1.4 seconds while others wait.
    settings = {"limits_partial_time": "200ms", "outbox_bytes": "8MiB"}

    def setUp(self):
        self.relay.wait_for_metric(0, "parley_sessions")
        super().setUp()

    def begin(self, member, size=3_900_000):
        """A stream without its end; what the windows do not take waits in the client."""
        session = member.session

        def write():
            stream = session.http3.create_webtransport_stream(session.session,
                                                              is_unidirectional=True)
            session.quic.send_stream_data(stream, b"x" * size, end_stream=False)

        session.act(write)

    def hold_all_room(self, count):
        members = [self.join(f"partial{i}", "partial") for i in range(count)]
        waits = self.relay.metric("parley_partial_waits_total")
        for member in members:
            self.begin(member)
        deadline = Deadline()
        while self.relay.metric("parley_partial_waits_total") == waits:
            deadline.left("somebody who waits for room")
        return members

    def test_many_take_no_more_memory_than_a_few(self):
        count = 30
        before = self.relay.resident_bytes()
        given_up = self.relay.metric(NOT_RECEIVED, reason="overloaded")
        self.hold_all_room(count)
        deadline = Deadline(60)
        while self.relay.metric(NOT_RECEIVED, reason="overloaded") < given_up + 3:
            self.assertLessEqual(self.relay.metric("parley_partial_bytes"), ROOM_BYTES_MAX)
            deadline.left("the end of those who hold room too long")

        grown = self.relay.resident_bytes() - before
        self.assertLess(grown, ROOM_BYTES_MAX + count * OWN_WINDOW + (8 << 20))

    def test_a_keyframe_waits_for_nobody(self):
        listener, talker = self.join_active("listener", "talker")
        self.hold_all_room(10)

        packet = media(VIDEO, "talker", b"x" * 120_000, "key")
        talker.send(packet)

        listener.hear(packet + packets.stamp(talker.session_id))

    def test_a_long_packet_gets_through_in_the_end(self):
        listener, talker = self.join_active("listener", "talker")
        self.hold_all_room(6)

        said = talker.say(b"x" * (3 * MEGABYTE // 2))

        listener.hear(said, within=40)

    def test_several_long_packets_of_one_sender_all_arrive(self):
        (talker,) = self.join_active("talker")
        arrived = self.counted("parley_packets_total", by=4, **{"direction": "in", "class": "video"})
        given_up = self.counted(NOT_RECEIVED, by=0, reason="overloaded")

        talker.session.send_all([media(VIDEO, "talker", b"x" * 3 * MEGABYTE, "key")
                                 for _ in range(4)])

        arrived(within=40)
        given_up()
        self.relay.wait_for_metric(0, "parley_partial_bytes")

    def test_room_comes_back_when_a_session_ends(self):
        for member in self.hold_all_room(8):
            member.session.discard()

        self.relay.wait_for_metric(0, "parley_partial_bytes")
