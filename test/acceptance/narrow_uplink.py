"""A camera and a microphone behind a narrow way up, and what a receiver sees of them."""

import struct
import threading
import time
from dataclasses import dataclass

import packets
import tokens
from deadline import TooLate
from endings import Ended
from member import Member
from quic_client import TakingTurns
from websocket_client import WebSocket
from webtransport_client import WebTransport

AUDIO_EVERY, VIDEO_EVERY = 1 / 50, 1 / 30
AUDIO_BYTES, KEYFRAME_BYTES = 140, 95_000
# Of `meeting-20` every 150th is one; here more, so that a short trial holds some.
KEYFRAME_EVERY = 45
# As src/bench/video_sizes.cpp; the order is another.
DELTA_BYTES = [int(400 + 2800 * ((i * 7 % 16 + 0.5) / 16) ** 2.5) for i in range(16)]
QUIET_SECONDS = 3.0


@dataclass
class Heard:
    keyframes_sent: int
    audio_sent: int
    overflowed: int
    keyframes: int = 0
    deltas: int = 0
    early_deltas: int = 0  # before the keyframe they need
    audio: int = 0
    keyframe_latest: float = 0.0
    audio_p99: float = 0.0


class Ear(threading.Thread):
    """Notes what a member hears: (media type, number, seconds on the way), in its order."""

    def __init__(self, member):
        super().__init__(daemon=True)
        self._member = member
        self.notes = []

    def run(self):
        try:
            while True:
                packet = self._member.next(QUIET_SECONDS)
                data = packet.inner.get(3, b"")
                if packet.type == packets.MEDIA and len(data) >= 12:
                    number, sent = struct.unpack(">Id", data[:12])
                    self.notes.append((packet.inner[1], number, time.monotonic() - sent))
        except (TooLate, Ended):
            pass


def speak(session, seconds):
    """(frames, audio packets) sent. Sizes and rates are those of a sender of `meeting-20`."""
    frames = spoken = 0
    begun = time.monotonic()
    while (now := time.monotonic() - begun) < seconds:
        if now >= spoken * AUDIO_EVERY:
            send(session, packets.AUDIO, spoken, AUDIO_BYTES, "key")
            spoken += 1
        if now >= frames * VIDEO_EVERY:
            is_key = frames % KEYFRAME_EVERY == 0
            size = KEYFRAME_BYTES if is_key else DELTA_BYTES[frames % 16]
            send(session, packets.VIDEO, frames, size, "key" if is_key else "delta")
            frames += 1
        due = begun + min(spoken * AUDIO_EVERY, frames * VIDEO_EVERY)
        time.sleep(max(0.0, due - time.monotonic()))
    return frames, spoken


def send(session, kind, number, size, frame_type):
    data = struct.pack(">Id", number, time.monotonic())
    session.send(packets.media(kind, "camera", data + b"v" * (size - len(data)), frame_type))


def speak_through(relay, link, room, seconds):
    def target(user):
        return f"/lobby?token={tokens.token(user, room)}"

    receiver = Member(WebSocket(relay.port, target("receiver")), "receiver", room).activate()
    camera = WebTransport(link.port, target("camera"), connection=TakingTurns)
    camera.send(packets.wrapper(packets.HEALTH, "camera"))
    ear = Ear(receiver)
    ear.start()
    frames, spoken = speak(camera, seconds)
    ear.join()
    camera.discard()
    receiver.session.discard()
    keyframes = -(-frames // KEYFRAME_EVERY)
    return judge(ear.notes, Heard(keyframes, spoken, link.traffic()[0].overflowed))


def judge(notes, heard):
    keyframes, audio = {}, []
    for kind, number, took in notes:
        if kind == packets.AUDIO:
            audio.append(took)
        elif number % KEYFRAME_EVERY == 0:
            keyframes[number] = took
        else:
            heard.deltas += 1
            heard.early_deltas += number - number % KEYFRAME_EVERY not in keyframes
    heard.keyframes, heard.audio = len(keyframes), len(audio)
    heard.keyframe_latest = max(keyframes.values(), default=0.0)
    heard.audio_p99 = p99(audio)
    return heard


def p99(values):
    return sorted(values)[int(len(values) * 0.99)] if values else 0.0
