"""What a server publishes on NATS, kept: counted by kind, and published again by somebody else."""

import collections
import contextlib
import socket
import threading
import time

from deadline import TooLate
from listener import Arrival
from nats_server import NatsPeer

GATHER_SECONDS = 0.002  # bus.gather: what has come is handed over at most so often
QUIET_SECONDS = 0.5
CLIENTS, NOTICES = "packets of clients", "JOINED and LEFT"
# What is no packet of a room (docs/PROTOCOL.md, "Over NATS").
NAMED = {"parley.servers": "servers that live", "parley.presence.": "who is in a room",
         "server.connections.": "connections", "health.diagnostics.": "health reports"}


def kind_of(subject):
    if subject.startswith("room."):
        return NOTICES if subject.endswith(".system") else CLIENTS
    return next((kind for prefix, kind in NAMED.items() if subject.startswith(prefix)), subject)


class Recorder(threading.Thread):
    """Hears everything there is on a NATS."""

    def __init__(self, nats):
        super().__init__(daemon=True)
        self._peer = NatsPeer(nats, ">")
        self._over = threading.Event()
        self._messages = []  # (subject, payload)
        self.start()

    def run(self):
        while not self._over.is_set():
            with contextlib.suppress(TooLate, TimeoutError):
                while True:
                    self._messages.append(self._peer.next(QUIET_SECONDS))

    def stop(self, count):
        """The first so many, once NATS is silent for a moment."""
        self._over.set()
        self.join()
        self._peer.close()
        return Recording(self._messages[:count])


class Recording:
    def __init__(self, messages):
        self.kinds = collections.Counter(kind_of(subject) for subject, _ in messages)
        packets = [(Arrival.read(payload), subject, payload) for subject, payload in messages
                   if kind_of(subject) == CLIENTS]
        self._packets = [one for one in packets if one[0]]  # of the load tool

    def counted(self):
        """Packets that the load tool counts, and how many of them there are without repetitions."""
        counted = [arrival for arrival, _, _ in self._packets if arrival.phase > 0]
        return len(counted), len({(one.sender, one.kind, one.number) for one in counted})

    def batches(self):
        """[(when, messages)]: as a server hands over what comes."""
        begun = min(arrival.sent for arrival, _, _ in self._packets)
        ticks = collections.defaultdict(list)
        for arrival, subject, payload in sorted(self._packets, key=lambda one: one[0].sent):
            ticks[int((arrival.sent - begun) / GATHER_SECONDS)].append((subject, payload))
        return [(tick * GATHER_SECONDS, messages) for tick, messages in ticks.items()]


def publish_again(batches, peer):
    """Returns when NATS has taken everything."""
    begun = time.monotonic()
    for due, messages in batches:
        time.sleep(max(0.0, begun + due - time.monotonic()))
        peer.publish_all(messages)
    peer.flush()


class Drain(threading.Thread):
    """Somebody else who subscribes, and throws away what comes."""

    def __init__(self, nats, subject):
        super().__init__(daemon=True)
        self._socket = socket.create_connection(("127.0.0.1", nats.port))
        self._socket.sendall(f'CONNECT {{"verbose":false}}\r\nSUB {subject} 1\r\n'.encode())
        self.start()

    def run(self):
        while self._socket.recv(1 << 18):
            pass

    def stop(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self.join()
        self._socket.close()
