"""How much an address gets that never proves that it is its own (RFC 9000 §8.1)."""

import select
import socket
import time

import initials

SECONDS = 3.0  # within them a handshake's packets are repeated several times


def returned(port, datagrams):
    """Bytes that came back for each that was sent, from an address of its own."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.4", 0))
        one.connect(("127.0.0.1", port))
        for data in datagrams:
            one.send(data)
        came, until = 0, time.monotonic() + SECONDS
        while (left := until - time.monotonic()) > 0:
            if select.select([one], [], [], left)[0]:
                came += len(one.recv(65536))
    return came / sum(map(len, datagrams))


def worst(port):
    """(the largest ratio, what it was for)."""
    return max((returned(port, datagrams), of) for of, datagrams in {
        "a ClientHello": initials.client_hello(port),
        "a version we do not speak": [initials.long_header(version=0x0A1A2A3A)],
        "a packet of no connection": [initials.short_header()],
    }.items())
