"""A path between one client and a server's UDP port: it delays, loses, has a width, falls silent and
changes the address by which the server knows the client, as a home's router does.

It runs in a process of its own, so that it keeps time while its user computes."""

import multiprocessing
import random
import select
import socket
import time
from collections import deque
from dataclasses import asdict, dataclass

HOST = "127.0.0.1"
SOCKET_BUFFER = 8 << 20
SO_SNDBUFFORCE, SO_RCVBUFFORCE = 32, 33  # the module has no names for them
TAKEN_AT_ONCE = 64


@dataclass(frozen=True)
class Way:
    """What one direction does to a datagram."""

    delay: float = 0.0  # seconds
    loss: float = 0.0  # of 1, at random
    bits_per_second: float = 0.0  # 0: as wide as the machine
    queue_bytes: int = 64 << 10  # before a way that has a width; what is beyond is dropped


@dataclass
class Traffic:
    """What happened to the datagrams of one direction."""

    passed: int = 0
    lost: int = 0
    overflowed: int = 0  # the queue was full
    silenced: int = 0


class _Queue:
    """The datagrams that are on their way in one direction. In order: the delay is the same for
    all, and a narrow way sends one after the other."""

    def __init__(self, way, seed):
        self._way = way
        self.traffic = Traffic()
        self.is_silent = False
        self._dice = random.Random(seed)
        self._free_at = 0.0
        self._waiting = deque()  # (moment of arrival, datagram)

    def put(self, data, now):
        way, traffic = self._way, self.traffic
        if self.is_silent:
            traffic.silenced += 1
            return
        if way.loss and self._dice.random() < way.loss:
            traffic.lost += 1
            return
        leaves = now
        if way.bits_per_second:
            begins = max(now, self._free_at)
            queued = (begins - now) * way.bits_per_second / 8
            if queued + len(data) > way.queue_bytes:
                traffic.overflowed += 1
                return
            leaves = self._free_at = begins + len(data) * 8 / way.bits_per_second
        traffic.passed += 1
        self._waiting.append((leaves + way.delay, data))

    def due(self):
        return self._waiting[0][0] if self._waiting else float("inf")

    def take(self, now):
        while self._waiting and self._waiting[0][0] <= now:
            yield self._waiting.popleft()[1]


def _udp_socket(host):
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.setblocking(False)
    for option in (SO_RCVBUFFORCE, SO_SNDBUFFORCE):
        try:
            one.setsockopt(socket.SOL_SOCKET, option, SOCKET_BUFFER)
        except PermissionError:
            pass  # the system's usual buffers must do
    one.bind((host, 0))
    return one


class _Router:
    """The process of a link: serves both directions and what its user asks for."""

    def __init__(self, front, server, up, down, seed, asked):
        self._front = front
        self._server = server
        self._back = self._new_back(HOST)
        self._client = None  # the address of whoever sent last
        self._up = _Queue(up, f"{seed} up")
        self._down = _Queue(down, f"{seed} down")
        self._asked = asked

    def _new_back(self, source):
        back = _udp_socket(source)
        back.connect(self._server)
        return back

    def run(self):
        while True:
            wait = min(self._up.due(), self._down.due()) - time.monotonic()
            ready, _, _ = select.select([self._front, self._back, self._asked], [], [],
                                        None if wait == float("inf") else max(0.0, wait))
            if self._asked in ready and not self._answer():
                return
            now = time.monotonic()
            self._take_in(now)
            self._hand_out(now)

    def _take_in(self, now):
        for _ in range(TAKEN_AT_ONCE):
            try:
                data, self._client = self._front.recvfrom(65536)
            except BlockingIOError:
                break
            self._up.put(data, now)
        for _ in range(TAKEN_AT_ONCE):
            try:
                data = self._back.recv(65536)
            except (BlockingIOError, ConnectionRefusedError):
                break
            self._down.put(data, now)

    def _hand_out(self, now):
        for data in self._up.take(now):
            try:
                self._back.send(data)
            except (BlockingIOError, ConnectionRefusedError):
                pass  # lost, like any other
        for data in self._down.take(now):
            try:
                self._front.sendto(data, self._client)
            except (BlockingIOError, ConnectionRefusedError):
                pass

    def _answer(self):
        """False when the link is over."""
        try:
            verb, given = self._asked.recv()
        except EOFError:
            return False
        if verb == "silence":
            self._up.is_silent, self._down.is_silent = given
        elif verb == "rebind":
            self._back.close()  # what is on its way to the old address is lost
            self._back = self._new_back(given)
        self._asked.send((asdict(self._up.traffic), asdict(self._down.traffic)))
        return True


class UdpLink:
    """Clients connect to `port`, one at a time; the server sees them come from another. `up` is the
    way to the server. What is lost follows from `seed` and the order of the datagrams alone."""

    def __init__(self, server_port, *, up=Way(), down=Way(), seed=1):
        front = _udp_socket(HOST)
        self.port = front.getsockname()[1]
        self._ask, asked = multiprocessing.Pipe()
        ours = self._ask

        def run():
            ours.close()  # or the end of its user would not be seen
            _Router(front, (HOST, server_port), up, down, seed, asked).run()

        self._process = multiprocessing.get_context("fork").Process(target=run, daemon=True)
        self._process.start()
        front.close()
        asked.close()

    @property
    def pid(self):
        return self._process.pid

    def _tell(self, verb, given=None):
        self._ask.send((verb, given))
        up, down = self._ask.recv()
        return Traffic(**up), Traffic(**down)

    def traffic(self):
        """What has happened so far: (up, down)."""
        return self._tell("traffic")

    def silence(self, up=True, down=True):
        """Drops everything in these directions; silence(False, False) ends that."""
        self._tell("silence", (up, down))

    def rebind(self, source=HOST):
        """The server sees another port from now on, and the address `source`. What it sends to the
        old one is lost."""
        self._tell("rebind", source)

    def stop(self):
        self._ask.close()
        self._process.join(1)
        self._process.kill()
