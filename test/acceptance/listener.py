"""A member behind a link: which stream brought what of the load tool's traffic, and when."""

import itertools
import struct
import threading
import time
from dataclasses import dataclass

import packets
from webtransport_client import WebTransport

from aioquic.quic import events

# src/bench/mark.h: what the load tool writes into every packet.
MARK = struct.Struct("<4sIIIIIBBBxq")
MAGIC = b"PLKm"
MARK_WITHIN = 200  # it is near the beginning of its packet
AUDIO, VIDEO = 0, 1
HELD_BACK_AT_MOST = 6.0  # seconds; then deltas go without a keyframe
# What a browser announces.
STREAMS, WINDOW = 100, 1_250_000


@dataclass
class Arrival:
    """A packet: from its first byte on; whole at `done`."""

    sender: int
    kind: int
    is_keyframe: bool
    phase: int
    number: int  # of the sender's packets of this kind
    sent: float
    stream: int = -1  # none: it came as a datagram
    done: float = None

    @classmethod
    def read(cls, data):
        """None if there is no mark in it."""
        place = data.find(MAGIC, 0, MARK_WITHIN)
        if place < 0 or len(data) < place + MARK.size:
            return None
        (_, _, sender, _, number, _, kind, is_keyframe, phase, sent) = MARK.unpack_from(data, place)
        return cls(sender, kind, bool(is_keyframe), phase, number, sent * 1e-9)

    @property
    def took(self):
        return float("inf") if self.done is None else self.done - self.sent


class Listener(WebTransport):
    """Keeps no packet, only what is known of it. Shows that it lives until it is discarded."""

    def __init__(self, port, target, **how):
        self.by_stream = {}
        self.by_datagram = []
        self.first_bytes = {}  # of every stream of the server: the moment
        self.given_up = {}  # streams that the server reset: the moment
        self._over = threading.Event()
        super().__init__(port, target, uni_streams=STREAMS, window=WINDOW, **how)
        self.send(packets.wrapper(packets.HEALTH, "listener"))
        threading.Thread(target=self._live, daemon=True).start()

    def _live(self):
        while not self._over.wait(1):
            try:
                self.send_datagram(b"ping")
            except OSError:
                return

    def on_event(self, event):
        now = time.monotonic()
        stream = getattr(event, "stream_id", 0)
        is_packet = stream % 4 == 3
        if is_packet and isinstance(event, events.StreamDataReceived):
            if stream not in self.first_bytes:
                self.first_bytes[stream] = now
                self._note(stream, Arrival.read(event.data))
        elif is_packet and isinstance(event, events.StreamReset):
            self.given_up[stream] = now
        super().on_event(event)
        while self.packets:
            self._on_packet(*self.packets.popleft(), stream, now)

    def _note(self, stream, arrival):
        if arrival:
            arrival.stream = stream
            self.by_stream[stream] = arrival

    def _on_packet(self, channel, packet, stream, now):
        if channel == "datagram":
            arrival = Arrival.read(packet)
            if arrival:
                self.by_datagram.append(arrival)
        else:
            if stream not in self.by_stream:
                self._note(stream, Arrival.read(packet))
            arrival = self.by_stream.get(stream)
        if arrival:
            arrival.done = now

    def discard(self):
        self._over.set()
        super().discard()


class Account:
    """What a listener's arrivals say, once it has heard everything. `delay` is the link's to it."""

    def __init__(self, listener, delay):
        self._delay = delay
        self._given_up = listener.given_up
        self._streams = dict(sorted(listener.by_stream.items()))
        self._opened_until = self._latest_openings(listener.first_bytes)
        self.as_datagrams = len(listener.by_datagram)
        self.arrivals = list(self._streams.values()) + listener.by_datagram
        # The load tool does not count what it sends to warm up, and so do we.
        self.counted = [one for one in self.arrivals if one.phase > 0]

    def _latest_openings(self, first_bytes):
        """{stream: the moment at which it was open at the latest}. Streams are opened in their
        order, so each was before the first byte of any later one came."""
        moments, earliest = {}, float("inf")
        for stream in sorted(first_bytes, reverse=True):
            earliest = min(earliest, first_bytes[stream])
            moments[stream] = earliest - self._delay
        return moments

    def whole(self, kind):
        return [one for one in self.counted if one.kind == kind and one.done is not None]

    def share(self, kind, sent, within=float("inf")):
        return sum(one.took <= within for one in self.whole(kind)) / sent

    def age_at_first_byte(self):
        """Of the oldest packet: not less than this, and not more. Nothing overtakes on the way, so
        it was not sent before anything that came on an earlier stream."""
        least = most = newest = 0.0
        for one in self._streams.values():
            newest = max(newest, one.sent)
            least = max(least, newest - one.sent)
            most = max(most, self._opened_until[one.stream] - one.sent)
        return least, most

    def audio_passed_over(self):
        """The longest for which audio had waited when a video was opened before it: not less than
        this, and not more. When first bytes are lost only the first says much."""
        newest = self._newest_sent()
        least, most, oldest_audio = 0.0, 0.0, float("inf")
        for stream, one in reversed(self._streams.items()):
            if one.kind == AUDIO:
                oldest_audio = min(oldest_audio, one.sent)
            else:
                least = max(least, newest[stream] - oldest_audio)
                most = max(most, self._opened_until[stream] - oldest_audio)
        return least, most

    def _newest_sent(self):
        """{stream: a moment before which it was not open}: streams are opened in their order, so
        each was after everything on the earlier ones had been sent."""
        sent = (one.sent for one in self._streams.values())
        return dict(zip(self._streams, itertools.accumulate(sent, max)))

    def deltas_after_gaps(self):
        """Of all senders: (deltas that left although one before them was missing already; deltas
        that may have left before it was given up; missing frames). A stream whose first packet was
        lost cannot be reset until that has come again, and then a small frame has come whole. Before
        a sender's first keyframe the server knows of no frame that needs another."""
        after = ahead = missing = 0
        newest = self._newest_sent()
        for sender in {one.sender for one in self.arrivals}:
            frames = [one for one in self._streams.values()
                      if one.sender == sender and one.kind == VIDEO and one.done is not None]
            frames = list(itertools.dropwhile(lambda one: not one.is_keyframe, frames))
            for place in range(1, len(frames)):
                before, behind = frames[place - 1], frames[place]
                gap = behind.number - before.number - 1
                missing += max(gap, 0)
                if gap <= 0:
                    continue
                given_up_at = self._missing_since(gap, before.stream, behind.stream)
                for one in frames[place:]:
                    if one.is_keyframe or one.sent - before.sent > HELD_BACK_AT_MOST:
                        break
                    after += newest[one.stream] > given_up_at
                    ahead += newest[one.stream] <= given_up_at
        return after, ahead, missing

    def _missing_since(self, frames, first, last):
        """The moment until which the last of so many missing frames between two streams was given
        up. Those that were begun were reset: nothing that depends on them is begun afterwards. If
        there are fewer such streams than frames, some were never begun: nothing may follow."""
        resets = [moment for stream, moment in self._given_up.items() if first < stream < last
                  and (stream not in self._streams or self._streams[stream].kind == VIDEO)]
        return max(resets) - self._delay if len(resets) >= frames else float("-inf")
