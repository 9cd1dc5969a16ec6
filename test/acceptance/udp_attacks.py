"""What a client can do to a server over UDP, from 127.0.0.2, until it is killed. Run as a program,
with the name of an attack and a port, it says a line when it begins and then how much it does."""

import itertools
import os
import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
sys.path.insert(1, str(Path(__file__).resolve().parents[1] / "webtransport"))

import initials
import packets
from endings import Ended, Refused
from initials import HANDSHAKE, ZERO_RTT, client_hello, damaged, long_header, short_header
from packets import AUDIO, VIDEO, media
from quic_client import InOrder, QuicClient
from raw_http3 import (CONTROL_STREAM, ENCODER_STREAM, HEADERS, WT_STREAM, RawHttp3, frame,
                       request_fields, varint)
from webtransport_client import WebTransport, stream_code

SOURCE = "127.0.0.2"
SOCKETS = 16
FLOOD_RATE = 50_000
BURST_MAX = 2000


class Tally:
    """Says every second how much was done."""

    def __init__(self, what):
        self._what = what
        self._begun = self._next = time.monotonic()
        self._done = 0
        print("begins", flush=True)

    def add(self, number=1):
        self._done += number
        now = time.monotonic()
        if now >= self._next and now > self._begun:
            self._next = now + 1
            print(f"{self._done / (now - self._begun):.0f} {self._what}/s", flush=True)


# Datagrams by themselves.


def flood(port, datagrams, per_second=FLOOD_RATE):
    """These again and again, one system call each; on a tick, what is due."""
    sockets = []
    for _ in range(SOCKETS):
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.bind((SOURCE, 0))
        one.connect(("127.0.0.1", port))
        one.setblocking(False)
        sockets.append(one)
    turns = itertools.cycle(zip(itertools.cycle(sockets), datagrams))
    tally = Tally("datagrams")
    sent, begun = 0, time.monotonic()
    while True:
        due = min(int((time.monotonic() - begun) * per_second) - sent, BURST_MAX)
        for one, data in itertools.islice(turns, due):
            try:
                one.send(data)
            except OSError:
                pass  # the socket is full, or nobody is there: so be it
        sent += due
        tally.add(due)
        time.sleep(0.001)


def random_flood(make, number=4000, **how):
    return lambda port: flood(port, [make() for _ in range(number)], **how)


def hello_flood(number, **how):
    return lambda port: flood(port, [client_hello(port)[0] for _ in range(number)], **how)


def malformed(port):
    hello = client_hello(port)[0]
    shapes = (
        lambda: damaged(hello),
        lambda: damaged(long_header()),
        lambda: long_header(HANDSHAKE),
        lambda: long_header(ZERO_RTT),
        lambda: long_header(destination=0),
        lambda: long_header(destination=21),
        lambda: long_header(source=255, size=1400),
        lambda: long_header(length=0),
        lambda: long_header(length=0x3FFF),
        lambda: long_header(token=os.urandom(300)),
        lambda: hello[: 30 + os.urandom(1)[0]],
        lambda: hello[:300] + long_header(HANDSHAKE)[:1100],
        lambda: os.urandom(1 + os.urandom(1)[0]),
    )
    flood(port, [make() for _ in range(300) for make in shapes])


# Handshakes.


def again(once, what):
    """Does `once` for ever; what the server cuts short is no reason to stop. A refusal is: whoever
    is refused does not attack."""

    def run(port):
        tally = Tally(what)
        while True:
            try:
                once(port)
            except (OSError, AssertionError, Ended):
                pass
            tally.add()

    return run


def large_hello(port):
    """A ClientHello of 40 kB; whoever sends it waits for nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind((SOURCE, 0))
        one.connect(("127.0.0.1", port))
        client = initials.connection(alpn_protocols=["x" * 200] * 200)
        client.connect(("127.0.0.1", port), now=time.monotonic())
        until = time.monotonic() + 0.2
        one.settimeout(0.02)
        while time.monotonic() < until:
            for data, _ in client.datagrams_to_send(now=time.monotonic()):
                one.send(data)
            try:
                client.receive_datagram(one.recv(65536), ("127.0.0.1", port), time.monotonic())
            except TimeoutError:
                pass


def idle_handshake(port):
    """Proves its address if asked, and is heard of no more."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind((SOURCE, 0))
        one.connect(("127.0.0.1", port))
        client = initials.connection()
        client.connect(("127.0.0.1", port), now=time.monotonic())
        one.send(client.datagrams_to_send(now=time.monotonic())[0][0])
        one.settimeout(0.2)
        answer = one.recv(65536)
        if answer[0] & 0xF0 == 0xF0:  # Retry
            client.receive_datagram(answer, ("127.0.0.1", port), time.monotonic())
            one.send(client.datagrams_to_send(now=time.monotonic())[0][0])


# Sessions.


def join(port, user, room="attack", **how):
    return WebTransport(port, f"/lobby/{user}{os.getpid()}/{room}", source=SOURCE, **how)


def talk(port):
    """20 Mbit/s of video into the room of the attack."""
    talker = join(port, "talker")
    tally = Tally("packets")
    packet = media(VIDEO, "talker", b"x" * 25_000, "key")
    while True:
        talker.send(packet)
        talker.packets.clear()
        tally.add()
        time.sleep(0.01)


class NeverAcknowledging(InOrder):
    """Acknowledges nothing once it is up."""

    is_mute = False

    def _write_ack_frame(self, *given, **how):
        if not self.is_mute:
            super()._write_ack_frame(*given, **how)


def never_acknowledges(port):
    kept = [join(port, f"mute{i}", connection=NeverAcknowledging) for i in range(4)]
    for one in kept:
        one.quic.is_mute = True
    talk(port)


def never_reads(port):
    kept = [join(port, f"deaf{i}", receive_buffer=65536) for i in range(4)]
    talk(port)


def vanishing(port):
    """Ten sessions a second come and are heard of no more."""
    tally = Tally("sessions")
    for i in itertools.count():
        join(port, f"ghost{i}").vanish()
        tally.add()
        time.sleep(0.1)


class Stopper(WebTransport):
    """Wants none of the server's streams."""

    def on_event(self, event):
        stream = getattr(event, "stream_id", 0)
        if stream % 4 == 3 and stream > 11 and stream in self.quic._streams:
            self.quic.stop_stream(stream, stream_code(7))
        super().on_event(event)
        self.packets.clear()


def stops_everything(port):
    kept = []
    for i in range(4):
        one = join(port, f"stopper{i}")
        one.__class__ = Stopper  # after its first packets
        kept.append(one)
    talk(port)


def streams_left(port):
    """Ten thousand streams, a hundred in each of a hundred sessions, each with one byte."""
    tally = Tally("streams")
    kept = []
    for i in range(100):
        one = join(port, f"opener{i}")
        head = varint(WT_STREAM) + varint(one.session)
        one.act(lambda: [one.quic.send_stream_data(one.open_stream(), head + b"x")
                         for _ in range(100)])
        kept.append(one)
        tally.add(100)
    while True:
        time.sleep(0.5)
        for one in kept:
            if not one.session_end:
                one.send_datagram(b"ping")
        tally.add(0)


def huge_streams(port):
    one = join(port, "huge")
    tally = Tally("streams")
    packet = media(VIDEO, "huge", b"x" * 4_200_000)
    while True:
        stream = one.send(packet)
        one.wait_for(lambda: stream not in one.quic._streams, 30, "the end of the stream")
        tally.add()


def reset_halfway(port):
    one = join(port, "breaker")
    tally = Tally("streams")
    head = varint(WT_STREAM) + varint(one.session) + media(VIDEO, "b", b"x" * 5000)[:3000]

    def open_it():
        stream = one.open_stream()
        one.quic.send_stream_data(stream, head)
        return stream

    while True:
        stream = one.act(open_it)
        one._wait_for_credit()
        if not one.quic._streams[stream].is_blocked:
            one.act(lambda: one.quic.reset_stream(stream, stream_code(1)))
        tally.add()


def datagrams(payload):
    def run(port):
        one = join(port, "empty")
        tally = Tally("datagrams")
        while True:
            with one.lock:
                if len(one.quic._datagrams_pending) < 500:
                    one.act(lambda: [one.http3.send_datagram(one.session, payload)
                                     for _ in range(200)])
                    tally.add(200)
                one.packets.clear()
            time.sleep(0.001)

    return run


def packet_flood(port):
    one = join(port, "flooder")
    tally = Tally("packets")
    for sent in one.pour(media(AUDIO, "flooder", b"x" * 30)):
        tally.add(sent // 45)


# HTTP/3.


def raw(port):
    client = RawHttp3(port, source=SOURCE)
    client.send_settings()
    return client


def connects(port):
    """Session after session on one connection, and refused ones between."""
    client = raw(port)
    try:
        for i in range(200):
            target = "/nowhere" if i % 2 else f"/lobby/more{i}/attack"
            client.status(client.ask(request_fields(target)), 5)
    finally:
        client.discard()


def refused_connects(port):
    """A connection for each request that is refused."""
    try:
        WebTransport(port, "/lobby/a b\x7f/!", source=SOURCE).discard()
    except Refused:
        pass


def qpack_garbage(port):
    client = raw(port)
    try:
        client.open_uni(varint(ENCODER_STREAM) + os.urandom(4000))
        for _ in range(8):
            client.open_bidi(frame(HEADERS, b"\x00\x00" + os.urandom(2000)))
        client.wait_for_end(1)
    finally:
        client.discard()


def capsule_garbage(port):
    client = raw(port)
    try:
        session = client.ask(request_fields(f"/lobby/capsule{os.getpid()}/attack"))
        client.status(session, 5)
        client.send(session, frame(0, os.urandom(20_000)))
        client.wait_for_end(0.5)
    finally:
        client.discard()


def control_garbage(port):
    client = QuicClient(port, source=SOURCE)
    try:
        for kind in (CONTROL_STREAM, CONTROL_STREAM, WT_STREAM, 0x21):
            client.act(lambda: client.quic.send_stream_data(
                client.open_stream(), varint(kind) + os.urandom(3000)))
        client.wait_for_end(0.5)
    finally:
        client.discard()


ALL = {
    "bogus Initials": random_flood(long_header),
    "Initials of clients that do not go on": hello_flood(3000),
    "malformed Initials and Handshakes": malformed,
    "version negotiation probes": random_flood(lambda: long_header(version=0x1A2A3A4A)),
    "packets of no connection": random_flood(short_header),
    "UDP datagrams of nothing": random_flood(lambda: b"", 1),
    "ClientHellos of 40 kB": again(large_hello, "handshakes"),
    "handshakes that stop half-way": again(idle_handshake, "handshakes"),
    "ten thousand streams opened and left": streams_left,
    "streams of 4.2 MB": huge_streams,
    "streams reset half-way": reset_halfway,
    "STOP_SENDING for every stream": stops_everything,
    "datagrams of nothing": datagrams(b""),
    "datagrams of 60 B": datagrams(media(AUDIO, "flooder", b"x" * 30)),
    "60 B packets beside others": packet_flood,
    "members that do not read": never_reads,
    "members that do not acknowledge": never_acknowledges,
    "members that vanish": vanishing,
    "CONNECT after CONNECT": again(connects, "connections"),
    "connections for refused requests": again(refused_connects, "connections"),
    "QPACK garbage": again(qpack_garbage, "connections"),
    "capsule garbage": again(capsule_garbage, "connections"),
    "control stream garbage": again(control_garbage, "connections"),
}

if __name__ == "__main__":
    ALL[sys.argv[1]](int(sys.argv[2]))
