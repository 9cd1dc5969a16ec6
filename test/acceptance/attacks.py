"""What a client can do to a server, as fast as the kernel lets it. Each runs in a process of its own,
from 127.0.0.2, until it is killed. The bytes are made beforehand: sending is one system call after
another."""

import itertools
import os
import select
import socket

import packets
from endings import Ended
from http_client import Connection, request_bytes
from packets import AUDIO, VIDEO, media
from websocket_client import WebSocket, upgrade_headers
from websocket_protocol import BINARY, CONTINUATION, PING, PONG, frame

SOURCE = "127.0.0.2"


def join(port, user, room="attack", **how):
    return WebSocket(port, f"/lobby/{user}{os.getpid()}/{room}", source=SOURCE, **how)


def flood(port, frames, *, listeners=0, senders=1):
    """Sends `frames` again and again, reads and throws away what comes back."""
    chunk = frames * max(1, (1 << 20) // len(frames))
    sockets = [join(port, f"flooder{i}").connection.socket for i in range(senders)]
    readers = [join(port, f"listener{i}").connection.socket for i in range(listeners)]
    for one in sockets + readers:
        one.setblocking(False)
    rest = {one: memoryview(chunk) for one in sockets}
    space = bytearray(1 << 20)
    while True:
        readable, writable, _ = select.select(sockets + readers, sockets, [])
        for one in readable:
            one.recv_into(space)
        for one in writable:
            try:
                rest[one] = rest[one][one.send(rest[one]):] or memoryview(chunk)
            except BlockingIOError:
                pass


def packet_flood(packet, **how):
    return lambda port: flood(port, frame(BINARY, packet), **how)


def again(once):
    """Does `once` for ever; what the server cuts short is no reason to stop. A refusal is: whoever
    is refused does not attack."""
    def run(port):
        while True:
            try:
                once(port)
            except (OSError, AssertionError, Ended):
                continue
    return run


def connect_and_say(data):
    def once(port):
        with Connection(port, source=SOURCE) as connection:
            connection.send(data)
            connection.read_end(3)
    return again(once)


def join_and_say(data):
    def once(port):
        session = join(port, "culprit")
        session.send_raw(data)
        session.receive_end(5)
        session.discard()
    return again(once)


def silent_crowd(port):
    """Two thousand connections that send a byte of their request now and then."""
    request = request_bytes("/lobby/a/b" + "c" * 200, headers=upgrade_headers())
    crowd = []
    place = 0
    while True:
        while len(crowd) < 2000:
            one = socket.socket()
            one.bind((SOURCE, 0))
            one.connect(("127.0.0.1", port))
            crowd.append(one)
        living = []
        for one in crowd:
            try:
                one.send(request[place % len(request) :][:1])
                living.append(one)
            except OSError:
                one.close()
        crowd = living
        place += 1
        select.select([], [], [], 0.2)


def deaf_crowd(port):
    """Four members read nothing of what a fifth one says."""
    deaf = [join(port, f"deaf{i}", receive_buffer=4096) for i in range(4)]  # held while it runs
    talker = join(port, "talker").connection.socket
    one = frame(BINARY, media(VIDEO, "t", b"x" * 10_000, "key")) * 10
    while True:
        talker.sendall(one)
        select.select([], [], [], 0.02)


def come_and_go(port):
    """The same user comes and goes, twenty at a time."""
    while True:
        tabs = [join(port, "same") for _ in range(20)]
        for tab in tabs:
            tab.send(packets.wrapper(packets.HEALTH, "same"))
        for tab in tabs:
            tab.reset()


def bombs(port):
    """Announces four megabytes in fifty sessions, and sends them very slowly."""
    sessions = [join(port, f"bomb{i}").connection.socket for i in range(50)]
    for session in sessions:
        session.sendall(frame(BINARY, length=3_900_000))
    while True:
        for session in sessions:
            session.sendall(b"x" * 100)
        select.select([], [], [], 0.05)


def partial_messages(port):
    """A thousand sessions each send 3.9 of four megabytes as far as the server takes them, answer
    its pings, and come back when it ends them."""
    partial = memoryview(frame(BINARY, b"x" * 3_900_000, length=4_000_000))
    pong = frame(PONG)
    ready = select.epoll()
    sessions = {}
    for i in itertools.count():
        while len(sessions) < 1000:
            one = join(port, f"partial{i}-{len(sessions)}").connection.socket
            one.setblocking(False)
            ready.register(one, select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)
            sessions[one.fileno()] = [one, partial]
        for place, events in ready.poll():
            one, rest = session = sessions[place]
            try:
                if events & select.EPOLLIN and one.recv(1 << 16) and not rest:
                    one.send(pong)
                while rest:
                    session[1] = rest = rest[one.send(rest):]
            except BlockingIOError:
                pass
            except OSError:
                one.close()
                del sessions[place]


HEADERS = b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(
    b"X-%d: %s\r\n" % (i, b"x" * 990) for i in range(100)) + b"\r\n"
SMALL = media(AUDIO, "flooder", b"x" * 30)
LARGE = media(VIDEO, "flooder", b"x" * 60_000, "delta")

ALL = {
    "60 B packets beside others": packet_flood(SMALL),
    "60 B packets in a room of five": packet_flood(SMALL, listeners=4),
    "60 kB packets beside others": packet_flood(LARGE),
    "60 kB packets in a room of five": packet_flood(LARGE, listeners=4),
    "60 B packets of four senders": packet_flood(SMALL, senders=4),
    "packets of nothing": packet_flood(b""),
    "malformed packets": packet_flood(b"\xff" * 60),
    "probes": packet_flood(packets.rtt_probe()),
    "keyframe requests": packet_flood(packets.keyframe_request("flooder"), listeners=2),
    "forged notices": packet_flood(packets.left("attack", "early", 1), listeners=2),
    "health reports": packet_flood(packets.wrapper(packets.HEALTH, "x", b"x" * 100)),
    "text": lambda port: flood(port, frame(1, b"x" * 100)),
    "pings": lambda port: flood(port, frame(PING, b"x" * 100)),
    "fragments of nothing": lambda port: flood(
        port, frame(BINARY, b"", fin=False) + frame(CONTINUATION, b"", fin=False) * 1000
        + frame(CONTINUATION, b"")),
    "4.2 MB in one frame": join_and_say(frame(BINARY, b"x" * 4_200_000)),
    "4.2 MB in fragments": join_and_say(
        frame(BINARY, b"x" * 700_000, fin=False)
        + frame(CONTINUATION, b"x" * 700_000, fin=False) * 5),
    "unmasked frames": join_and_say(frame(BINARY, b"x", mask=False)),
    "four megabytes announced fifty times": bombs,
    "partial messages of 3.9 MB on many connections": partial_messages,
    "100 kB of headers": connect_and_say(HEADERS),
    "garbage instead of HTTP": connect_and_say(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc"),
    "a crowd that never finishes its request": silent_crowd,
    "members that do not read": deaf_crowd,
    "the same user twenty times": again(come_and_go),
}
