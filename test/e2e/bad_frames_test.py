"""Violations of RFC 6455: each has its code, its counter, and costs its sender only."""

import itertools
import os
import socket
import struct

import packets
from bystander import BadInputCase
from transport import only_over
from websocket_protocol import BINARY, CLOSE, CONTINUATION, PING, TEXT, close, frame, masked


@only_over("websocket", "it is about frames of RFC 6455")
class BadFrames(BadInputCase):
    def expect(self, code, reason, *frames):
        """The frames end their session with this code, and nobody else's."""
        if not hasattr(self, "peer"):
            (self.peer,) = self.join_active("peer")
            self.culprits = itertools.count()
        ended = self.counted("parley_sessions_ended_total", reason=reason)
        member = self.join(f"culprit{next(self.culprits)}").activate()
        self.peer.hear(member.joined)
        said = member.say(b"before")
        member.session.send_raw(b"".join(frames))
        end = member.end()
        self.assertEqual((end.code, end.how), (code, "Close"), frames[0][:20])
        self.assertEqual(member.session.connection.read_end(), "FIN")
        ended()
        self.peer.hear(said)

    def test_who_ends_behind_his_last_frame_still_hears_why(self):
        for last, code in ((close(1000), 1000), (close(4001, b"bye"), 4001), (frame(3, b""), 1002)):
            member = self.join(f"culprit{code}").activate()
            connection = member.session.connection.socket
            connection.send(last, socket.MSG_MORE)  # in one segment with the end
            connection.shutdown(socket.SHUT_WR)
            end = member.end()
            self.assertEqual((end.code, end.how), (code, "Close"))

    def test_unmasked(self):
        for opcode in (BINARY, TEXT, PING, CLOSE):
            self.expect(1002, "protocol_error", frame(opcode, b"", mask=False))
        self.expect(1002, "protocol_error", frame(BINARY, b"x" * 70_000, mask=False))

    def test_reserved_bits(self):
        for bits in (1, 2, 4, 7):
            self.expect(1002, "protocol_error", frame(BINARY, b"x", rsv=bits))

    def test_unknown_opcodes(self):
        for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
            self.expect(1002, "protocol_error", frame(opcode, b""))

    def test_lengths_longer_than_needed(self):
        self.expect(1002, "protocol_error", frame(BINARY, b"x", form=16))
        self.expect(1002, "protocol_error", frame(BINARY, b"x" * 200, form=64))

    def test_lengths_beyond_63_bits(self):
        self.expect(1002, "protocol_error", frame(BINARY, length=1 << 63))
        self.expect(1002, "protocol_error", frame(BINARY, length=(1 << 64) - 1))

    def test_stray_continuation(self):
        self.expect(1002, "protocol_error", frame(CONTINUATION, b"x"))
        self.expect(1002, "protocol_error", frame(CONTINUATION, b"x", fin=False))

    def test_missing_continuation(self):
        self.expect(1002, "protocol_error", frame(BINARY, b"x", fin=False), frame(BINARY, b"y"))
        self.expect(1002, "protocol_error", frame(BINARY, b"x", fin=False), frame(TEXT, b"y"))

    def test_control_frames_too_long_or_fragmented(self):
        for opcode in (PING, 10, CLOSE):
            self.expect(1002, "protocol_error", frame(opcode, b"x" * 126))
            self.expect(1002, "protocol_error", frame(opcode, b"", fin=False))

    def test_bad_close_frames(self):
        self.expect(1002, "protocol_error", frame(CLOSE, b"\x03"))
        for code in (0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65535):
            self.expect(1002, "protocol_error", frame(CLOSE, struct.pack(">H", code)))

    def test_text_and_reasons_that_are_no_utf_8(self):
        for bad in (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"ok\x80", b"\xc0\xaf"):
            self.expect(1007, "invalid_text", frame(TEXT, bad))
            self.expect(1007, "invalid_text", frame(CLOSE, b"\x03\xe8" + bad))
        self.expect(1007, "invalid_text", frame(TEXT, b"\xce", fin=False),
                    frame(CONTINUATION, b"x"))

    def test_a_frame_of_4_2_megabytes_is_refused_from_its_length(self):
        self.expect(1009, "message_too_big", frame(BINARY, length=4_200_000))
        self.expect(1009, "message_too_big", frame(BINARY, length=4_000_001))
        self.expect(1009, "message_too_big", frame(BINARY, b"x" * 4_200_000))
        self.expect(1009, "message_too_big", frame(TEXT, length=1 << 62))

    def test_fragments_of_4_2_megabytes(self):
        parts = [frame(BINARY, b"x" * 700_000, fin=False)]
        parts += [frame(CONTINUATION, b"x" * 700_000, fin=i == 4) for i in range(5)]
        self.expect(1009, "message_too_big", *parts)

    def test_a_length_alone_costs_no_memory(self):
        before = self.relay.resident_bytes()
        members = [self.join(f"user{i}") for i in range(50)]
        for member in members:
            member.session.send_raw(frame(BINARY, length=3_900_000) + b"x")
        self.relay.wait_for_metric(52, "parley_sessions")
        grown = [self.relay.resident_bytes() - before]
        for member in members:
            member.session.discard()
        self.relay.wait_for_metric(2, "parley_sessions")
        grown.append(self.relay.resident_bytes() - before)

        self.assertLess(max(grown), 16 << 20)

    def test_a_message_byte_by_byte_arrives(self):
        alice, bob = self.join_active("alice", "bob")
        packet = packets.wrapper(4, "alice", b"x" * 200)

        for byte in frame(BINARY, packet):
            alice.session.send_raw(bytes([byte]))

        self.assertEqual(bob.next().raw, packet + packets.stamp(alice.session_id))

    def test_a_message_of_single_byte_fragments_arrives(self):
        alice, bob = self.join_active("alice", "bob")
        packet = packets.wrapper(4, "alice", b"x" * 500)
        frames = [frame(BINARY if i == 0 else CONTINUATION, packet[i : i + 1],
                        fin=i == len(packet) - 1) for i in range(len(packet))]

        alice.session.send_raw(b"".join(frames))

        self.assertEqual(bob.next().raw, packet + packets.stamp(alice.session_id))

    def test_pings_are_answered_with_the_same_payload(self):
        member = self.join("alice")
        for payload in (b"", b"x", os.urandom(125)):
            member.session.send_frame(PING, payload)
            self.assertEqual(member.session.receive_pong(), payload)

    def test_a_storm_of_pings_costs_no_memory(self):
        member = self.join("alice")
        before = self.relay.resident_bytes()
        one = frame(PING, b"x" * 125)
        member.session.connection.socket.setblocking(False)
        sent = 0
        try:
            while sent < 20_000_000:
                sent += member.session.connection.socket.send(one * 500)
        except BlockingIOError:
            pass

        self.assertGreaterEqual(sent, 500 * len(one))
        self.assertLess(self.relay.resident_bytes() - before, 16 << 20)

    def test_frames_behind_a_close_are_ignored(self):
        alice, bob = self.join_active("alice", "bob")
        alice.session.send_raw(frame(CLOSE, b"\x03\xe8") + frame(BINARY, b"") + frame(3, b""))

        self.assertEqual(alice.end().code, 1000)
        self.assertEqual(bob.probe(), [])

    def test_masks_of_every_kind(self):
        alice, bob = self.join_active("alice", "bob")
        for key in (b"\x00" * 4, b"\xff" * 4, b"\x00\x01\x02\x03"):
            packet = packets.wrapper(4, "alice", os.urandom(999))
            head = bytes([0x82, 0xFE]) + struct.pack(">H", len(packet)) + key
            alice.session.send_raw(head + masked(packet, key))
            self.assertEqual(bob.next().raw, packet + packets.stamp(alice.session_id))
