"""A reader that falls behind loses what it can spare, and nobody else notices (decision 9)."""

import packets
from deadline import Deadline
from packets import AUDIO, VIDEO, media
from relay_case import RelayCase

REASONS = ("video_too_old", "outbox_full", "held_back", "audio_too_old", "in_flight_too_long")


class SlowReader(RelayCase):
    settings = {"outbox_bytes": "256KiB", "outbox_video_age": "200ms",
                "outbox_audio_age": "20s",
                "websocket_notsent_lowat": "4KiB"}

    def setUp(self):
        super().setUp()
        # What the slow reader of the case before this one loses must not be counted here.
        self.relay.wait_for_metric(0, "parley_sessions")
        self.slow = self.join("slow", receive_buffer=4096)
        self.talker, self.listener = self.join_active("talker", "listener")
        self.sequence = 0
        self.before = self.drops()

    def say(self, media_type, frame_type, size):
        self.sequence += 1
        packet = media(media_type, "talker", b"%08d" % self.sequence + b"x" * size, frame_type)
        self.talker.send(packet)
        self.listener.hear(packet + packets.stamp(self.talker.session_id))

    def fall_behind(self, frames=60):
        """Video at twice its Outbox while it reads nothing; the listener hears all of it."""
        self.say(VIDEO, "key", 20_000)
        for i in range(frames):
            self.say(VIDEO, "delta", 20_000)
            if i % 4 == 0:
                self.say(AUDIO, "key", 100)

    def read_all(self):
        """What the slow one gets of what was said since the last time, until every packet has
        either come or been dropped: (kind, frame type, number)."""
        heard = []
        deadline = Deadline()
        while len(heard) + self.dropped() < self.sequence:
            deadline.left("the rest of what was said")
            heard += [packet for packet in self.slow.probe() if packet.type == packets.MEDIA]
        self.sequence = 0
        self.before = self.drops()
        return [(packet.inner.get(1), packet.inner.get(4, b""), packet.inner.get(3, b"")[:8])
                for packet in heard]

    def drops(self):
        return {reason: self.relay.metric("parley_drops_total", reason=reason)
                for reason in REASONS}

    def dropped(self):
        return sum(self.drops().values()) - sum(self.before.values())

    def test_video_goes_before_audio_and_every_loss_is_counted(self):
        before = self.drops()
        self.fall_behind()

        heard = self.read_all()

        self.assertGreater(sum(self.drops().values()), sum(before.values()))
        self.assertEqual(self.drops()["audio_too_old"], before["audio_too_old"])
        self.assertEqual(len([kind for kind, _, _ in heard if kind == AUDIO]), 15)

    def test_order_holds_by_kind(self):
        self.fall_behind()
        late = self.read_all()
        for frame_type in ("key", "delta", "delta"):
            self.say(VIDEO, frame_type, 1000)
        prompt = self.read_all()

        for heard in (late, prompt):
            for wanted in (AUDIO, VIDEO):
                sequences = [number for kind, _, number in heard if kind == wanted]
                self.assertEqual(sequences, sorted(sequences))
        # Of what is late most video is lost, but enough must have come that has an order.
        self.assertGreater([kind for kind, _, _ in late].count(AUDIO), 1)
        self.assertGreater([kind for kind, _, _ in prompt].count(VIDEO), 1)

    def test_after_a_loss_the_next_video_is_a_keyframe(self):
        self.fall_behind()
        self.read_all()
        self.say(VIDEO, "delta", 1000)
        self.say(VIDEO, "key", 2000)
        self.say(VIDEO, "delta", 1000)

        video = [frame_type for kind, frame_type, _ in self.read_all() if kind == VIDEO]

        self.assertEqual(video[:1], [b"key"])
        self.assertEqual(video[1:], [b"delta"])

    def test_the_sender_is_told_of_the_congestion(self):
        told = self.relay.metric("parley_congestion_notices_total")
        for _ in range(60):
            self.say(VIDEO, "delta", 20_000)  # never a keyframe: nothing to hold back for

        notice = packets.wrapper(packets.CONGESTION, "slow", session_id=self.talker.session_id)
        self.talker.hear(notice)
        self.assertGreater(self.relay.metric("parley_congestion_notices_total"), told)
        self.assertNotIn(notice, [packet.raw for packet in self.listener.probe()])

    def test_memory_stays_within_the_outbox(self):
        before = self.relay.resident_bytes()
        self.fall_behind(200)

        self.assertLess(self.relay.resident_bytes() - before, 8 << 20)
