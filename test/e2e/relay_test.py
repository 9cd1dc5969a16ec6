"""What is relayed, to whom, and in which form (spec 4.3–4.5; decisions 6, 7)."""

import os
import threading

import packets
from packets import HEARTBEAT, VIDEO, media, stamp, wrapper
from relay_case import RelayCase
from transport import only_over


class Relaying(RelayCase):
    def test_everybody_else_in_the_room_receives_and_the_sender_does_not(self):
        alice, bob, carol = self.join_active("alice", "bob", "carol")
        elsewhere, = self.join_active("dave", room=self.room + "_other")

        said = alice.say()

        self.assertEqual(bob.next().raw, said)
        self.assertEqual(carol.next().raw, said)
        self.assertEqual(alice.probe(), [])
        self.assertEqual(elsewhere.probe(), [])

    def test_two_sessions_of_one_user_hear_each_other(self):
        one, other = self.join_active("alice", "alice")

        self.assertEqual(other.hear(one.say()).session_id, one.session_id)
        self.assertEqual(one.hear(other.say()).session_id, other.session_id)

    def test_every_relayed_type_passes_byte_for_byte_with_the_stamp_behind(self):
        alice, bob = self.join_active("alice", "bob")

        for packet_type in (0, 1, 2, 3, 4, 5, 10, 99, 2**31 - 1, 2**40):
            packet = wrapper(packet_type, "alice", os.urandom(40))
            alice.send(packet)
            self.assertEqual(bob.next().raw, packet + stamp(alice.session_id), packet_type)

    def test_every_media_type_passes(self):
        alice, bob = self.join_active("alice", "bob")

        for media_type in (0, 1, 2, 3, HEARTBEAT, 7, 1000):
            packet = media(media_type, "alice", os.urandom(300), "delta", 5.0)
            alice.send(packet)
            self.assertEqual(bob.next().raw, packet + stamp(alice.session_id), media_type)

    def test_media_that_cannot_be_read_passes(self):
        alice, bob = self.join_active("alice", "bob")

        for size in (0, 1, 100, 399, 400, 5000):
            packet = wrapper(packets.MEDIA, "alice", b"\xff" * size)
            alice.send(packet)
            self.assertEqual(bob.next().raw, packet + stamp(alice.session_id), size)

    def test_unknown_fields_survive(self):
        alice, bob = self.join_active("alice", "bob")
        unknown = (packets.octets(77, b"future") + packets.number(5, 7) + packets.double(9, 2.0)
                   + b"\x55\x01\x02\x03\x04")  # a fixed32 of field 10

        for packet in (wrapper(4, "alice", b"x") + unknown, unknown + wrapper(4, "alice", b"x"),
                       unknown):
            alice.send(packet)
            self.assertEqual(bob.next().raw, packet + stamp(alice.session_id))

    def test_nothing_at_all_goes_out_as_the_stamp_alone(self):
        alice, bob = self.join_active("alice", "bob")

        alice.send(b"")

        self.assertEqual(bob.next().raw, stamp(alice.session_id))

    def test_a_forged_session_id_loses_against_the_stamp(self):
        alice, bob, carol = self.join_active("alice", "bob", "carol")
        packet = wrapper(4, "alice", b"x", session_id=carol.session_id)

        alice.send(packet)

        heard = bob.next()
        self.assertEqual(heard.raw, packet + stamp(alice.session_id))
        self.assertEqual(heard.session_id, alice.session_id)

    def test_a_forged_user_id_passes_and_is_never_checked(self):
        alice, bob = self.join_active("alice", "bob")
        packet = wrapper(4, "somebody else", b"x")

        alice.send(packet)

        self.assertEqual(bob.next().raw, packet + stamp(alice.session_id))

    def test_what_only_the_server_may_say_is_dropped_and_counted(self):
        alice, bob = self.join_active("alice", "bob")
        dropped = self.counted("parley_discards_total", by=5, reason="forged")

        alice.send(packets.left(self.room, "bob", bob.session_id))
        alice.send(packets.meeting(packets.ENDED, self.room, message="over"))
        alice.send(packets.session_assigned(bob.session_id))
        alice.send(wrapper(packets.CONGESTION, "alice", session_id=bob.session_id))
        # A later value of the same field is the one that counts.
        alice.send(wrapper(4, "alice", b"x") + packets.number(1, packets.MEETING))
        said = alice.say()

        self.assertEqual(bob.next().raw, said)
        dropped()

    def test_a_health_report_is_consumed(self):
        alice, bob = self.join_active("alice", "bob")
        consumed = self.counted("parley_health_packets_total", by=2)

        alice.send(wrapper(packets.HEALTH, "alice", packets.octets(1, "session")))
        alice.send(wrapper(packets.HEALTH, "alice", b"\xff\xff"))
        said = alice.say()

        self.assertEqual(bob.next().raw, said)
        consumed()

    @only_over("websocket", "it is about frames of RFC 6455")
    def test_text_is_ignored(self):
        alice, bob = self.join_active("alice", "bob")
        ignored = self.counted("parley_text_messages_ignored_total")

        alice.session.send_frame(1, b"hello")
        said = alice.say()

        self.assertEqual(bob.next().raw, said)
        ignored()

    @only_over("websocket", "it is about frames of RFC 6455")
    def test_fragments_are_put_together(self):
        alice, bob = self.join_active("alice", "bob")
        packet = wrapper(4, "alice", b"x" * 1000)

        alice.session.send_frame(2, packet[:1], fin=False)
        alice.session.send_frame(9, b"between")
        alice.session.send_frame(0, b"", fin=False)
        alice.session.send_frame(0, packet[1:])

        self.assertEqual(bob.next().raw, packet + stamp(alice.session_id))

    def test_sizes_around_every_form_of_length(self):
        alice, bob = self.join_active("alice", "bob")
        overhead = len(wrapper(4, "alice", b"x" * 100)) - 100

        for size in [*range(100, 130), 65510, 65520, 65530, 65535, 65540, 65600, 300_000,
                     1_100_000]:
            packet = wrapper(4, "alice", b"x" * max(1, size - overhead))
            alice.send(packet)
            self.assertEqual(bob.next().raw, packet + stamp(alice.session_id))

    def test_the_largest_packet_passes(self):
        alice, bob = self.join_active("alice", "bob")
        packet = wrapper(4, "alice", b"x" * 3_999_000)
        packet += packets.octets(99, b"x" * (4_000_000 - len(packet) - 4))
        self.assertEqual(len(packet), 4_000_000)

        alice.send(packet)

        self.assertEqual(bob.next().raw, packet + stamp(alice.session_id))

    def test_what_follows_a_large_packet_at_once_does_not_drive_it_out(self):
        alice, bob = self.join_active("alice", "bob")
        for i in range(3):
            large = media(VIDEO, "alice", b"%d" % i + b"x" * 3_000_000, "key")
            small = media(packets.AUDIO, "alice", b"%d" % i)
            sender = threading.Thread(target=alice.session.send_all, args=([large, small],))
            sender.start()
            heard = {bob.next().raw, bob.next().raw}
            sender.join()

            self.assertEqual(heard, {packet + stamp(alice.session_id) for packet in (large, small)})

    def test_order_holds_for_each_sender(self):
        senders = self.join_active("alice", "bob", "carol")
        receiver = self.join_active("dave")[0]
        # Keyframe requests may arrive a hop later between shards (docs/decisions/0002).
        kinds = (media(VIDEO, "x", b"v" * 50, "key"), media(packets.AUDIO, "x", b"a"),
                 wrapper(packets.DIAGNOSTICS, "x"), wrapper(packets.AES_KEY, "x"),
                 media(HEARTBEAT, "x"))
        said = {sender.session_id: [] for sender in senders}
        for i in range(200):
            for sender in senders:
                packet = kinds[i % len(kinds)] + packets.octets(50, str(i))
                said[sender.session_id].append(packet + stamp(sender.session_id))
                sender.send(packet)

        heard = {sender.session_id: [] for sender in senders}
        while any(len(heard[key]) < len(said[key]) for key in said):
            packet = receiver.next()
            if packet.session_id in heard:
                heard[packet.session_id].append(packet.raw)

        if self.transport.keeps_order:
            self.assertEqual(heard, said)
        for key in said:  # a stream that lost a datagram is overtaken, unless it holds video
            self.assertCountEqual(heard[key], said[key])
            self.assertEqual([raw for raw in heard[key] if raw.startswith(kinds[0])],
                             [raw for raw in said[key] if raw.startswith(kinds[0])])


class Probes(RelayCase):
    def test_a_probe_comes_back_verbatim_in_testing_and_active(self):
        member = self.join("alice")
        for probe in (packets.rtt_probe(), packets.rtt_probe() + packets.octets(88, b"unknown"),
                      packets.wrapper(packets.MEDIA, "x", packets.number(1, packets.RTT), 12345)):
            member.send(probe)
            self.assertEqual(member.next().raw, probe)
        member.activate()
        member.send(packets.rtt_probe(7.0))
        self.assertEqual(member.next().raw, packets.rtt_probe(7.0))

    def test_probes_do_not_activate_and_reach_nobody(self):
        (bob,) = self.join_active("bob")
        alice = self.join("alice")
        for _ in range(10):
            alice.probe()

        self.assertEqual(bob.probe(), [])

    def test_probes_are_counted(self):
        echoed = self.counted("parley_rtt_echoes_total", by=3)
        alice = self.join("alice")  # probes once itself
        alice.probe()
        alice.probe()

        echoed()


class Malformed(RelayCase):
    def test_every_truncation_is_dropped_and_the_session_lives(self):
        alice, bob = self.join_active("alice", "bob")
        whole = media(VIDEO, "alice", b"v" * 20, "key", 5.0) + packets.octets(300, b"unknown")
        valid = [cut for cut in range(len(whole)) if self.walks(whole[:cut])]
        dropped = self.counted("parley_discards_total", by=len(whole) - len(valid),
                               reason="malformed")

        for cut in range(len(whole)):
            alice.send(whole[:cut])
        said = alice.say()

        wanted = [whole[:cut] + stamp(alice.session_id) for cut in valid] + [said]
        heard = [bob.next().raw for _ in wanted]
        self.assertCountEqual(heard, wanted)
        if self.transport.keeps_order:
            self.assertEqual(heard, wanted)
        dropped()

    @staticmethod
    def walks(data):
        try:
            packets.fields(data)
        except (IndexError, AssertionError, KeyError):
            return False
        return True

    def test_what_is_no_protobuf_is_dropped(self):
        alice, bob = self.join_active("alice", "bob")
        bad = [
            b"\x00", b"\x07", b"\x06", b"\xff" * 10, b"\xff" * 11, b"\x08", b"\x12\x05abc",
            b"\x08" + b"\x80" * 10 + b"\x01",  # a varint of eleven bytes
            b"\x08" + b"\x80" * 20,
            b"\x12" + b"\xff" * 9 + b"\x01",  # a length of 2^64 - 1
            b"\x12\xff\xff\xff\xff\x07",  # of 2^31 - 1
            b"\x00\x01",  # field 0
            b"\x0c", b"\x0b",  # groups, unended
            b"\x21\x01\x02", b"\x25\x01",  # fixed ones, cut
            b"GET / HTTP/1.1\r\n\r\n",
        ]
        dropped = self.counted("parley_discards_total", by=len(bad), reason="malformed")

        for packet in bad:
            alice.send(packet)
        said = alice.say()

        self.assertEqual(bob.next().raw, said)
        dropped()

    def test_deeply_nested_media_is_only_unreadable(self):
        alice, bob = self.join_active("alice", "bob")
        nested = b""
        for _ in range(2000):
            nested = packets.octets(7, nested) or b"\x3a\x00"
        packet = wrapper(packets.MEDIA, "alice", nested)

        alice.send(packet)

        self.assertEqual(bob.next().raw, packet + stamp(alice.session_id))

    def test_garbage_activates_like_any_packet(self):
        (bob,) = self.join_active("bob")
        alice = self.join("alice")

        alice.send(b"\xff")

        bob.hear(alice.joined)

    def test_congestion_health_and_limited_requests_activate_too(self):
        (bob,) = self.join_active("bob")
        for first in (wrapper(packets.CONGESTION, "x"), wrapper(packets.HEALTH, "x"),
                      packets.keyframe_request("nobody"), b""):
            alice = self.join("alice")
            alice.send(first)
            bob.hear(alice.joined)
