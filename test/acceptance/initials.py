"""Datagrams that begin connections, or look as if they did (RFC 9000 §17.2)."""

import os
import struct
import time

import venv_packages  # noqa: F401  (before aioquic)

from aioquic.quic import connection as aioquic_connection
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection

aioquic_connection.CRYPTO_BUFFER_SIZE = 1 << 16  # its own ClientHellos are smaller
V1 = 0x00000001
INITIAL, ZERO_RTT, HANDSHAKE = 0xC0, 0xD0, 0xE0
SMALLEST = 1200


def configuration(**changed):
    return QuicConfiguration(**{
        "is_client": True, "alpn_protocols": ["h3"], "server_name": "localhost", "verify_mode": 0,
        "max_datagram_size": SMALLEST, **changed})


def connection(**changed):
    return QuicConnection(configuration=configuration(**changed))


def client_hello(port, **changed):
    """The datagrams of a client's first flight, which the server can decrypt."""
    client = connection(**changed)
    client.connect(("127.0.0.1", port), now=time.monotonic())
    return [data for data, _ in client.datagrams_to_send(now=time.monotonic())]


def long_header(kind=INITIAL, version=V1, destination=8, source=8, token=b"", length=None,
                size=SMALLEST):
    """A long header with random ids, and random bytes behind it up to `size`."""
    head = bytes([kind | 3]) + struct.pack(">I", version)
    head += bytes([destination]) + os.urandom(destination) + bytes([source]) + os.urandom(source)
    if kind == INITIAL:
        head += struct.pack(">H", 0x4000 | len(token)) + token
    rest = size - len(head) - 2
    head += struct.pack(">H", 0x4000 | min(rest if length is None else length, 0x3FFF))
    return head + os.urandom(max(rest, 0))


def short_header(size=60):
    return bytes([0x40 | os.urandom(1)[0] & 0x3F]) + os.urandom(size - 1)


def damaged(datagram):
    """With a few bytes of its head changed."""
    changed = bytearray(datagram)
    for _ in range(3):
        changed[os.urandom(1)[0] % 40] = os.urandom(1)[0]
    return bytes(changed)
