#!/usr/bin/python3
"""A conversation between ws_echo and a WebSocket client that we did not write: the Python library
`websockets` (Debian: python3-websockets). Ends with "N passed, N failed"."""

import asyncio
import os
import sys
import traceback

import websockets

from ws_echo_process import WsEcho

LIMIT = 4_000_000


def connect(url, **options):
    return websockets.connect(url, max_size=LIMIT, ping_interval=None, open_timeout=5,
                              close_timeout=5, **options)


async def answer(connection):
    return await asyncio.wait_for(connection.recv(), 5)


async def closed_with(connection):
    """The code with which the server ends the connection, and its reason."""
    try:
        got = await answer(connection)
    except websockets.ConnectionClosed as ended:
        return ended.rcvd.code if ended.rcvd else None, ended.rcvd.reason if ended.rcvd else ""
    raise AssertionError(f"{len(got)} bytes came instead of a close")


def binary_of(size):
    async def converse(url):
        payload = os.urandom(size)
        async with connect(url) as connection:
            await connection.send(payload)
            assert await answer(connection) == payload

    return f"a binary message of {size} bytes", converse


def text_of(size):
    async def converse(url):
        text = ("grüße 🙂 " * (size // 8 + 1))[:size]
        async with connect(url) as connection:
            await connection.send(text)
            assert await answer(connection) == text

    return f"a text of {size} characters", converse


async def many_messages(url):
    async with connect(url) as connection:
        for i in range(500):
            await connection.send(b"%d" % i * 50)
        for i in range(500):
            assert await answer(connection) == b"%d" % i * 50


async def texts_and_binaries(url):
    async with connect(url) as connection:
        for message in ("text", b"binary", "", b"", "text again"):
            await connection.send(message)
            got = await answer(connection)
            assert got == message and type(got) is type(message)


async def fragments(url):
    async with connect(url) as connection:
        await connection.send([b"a" * 1000, b"", b"b" * 70_000, b"c"])
        assert await answer(connection) == b"a" * 1000 + b"b" * 70_000 + b"c"
        await connection.send(["käse", "", "brot"])
        assert await answer(connection) == "käsebrot"


async def pings(url):
    async with connect(url) as connection:
        for payload in (b"", b"hello", b"\xff" * 125, None):
            await asyncio.wait_for(await connection.ping(payload), 5)
        await connection.pong(b"nobody asked")
        await connection.send("still here")
        assert await answer(connection) == "still here"


async def compression_is_offered(url):
    async with connect(url, compression="deflate") as connection:
        assert not connection.extensions
        await connection.send("x" * 10_000)
        assert await answer(connection) == "x" * 10_000


async def a_subprotocol_is_offered(url):
    async with connect(url, subprotocols=["chat"]) as connection:
        assert connection.subprotocol is None


def close_with(code, reason):
    async def converse(url):
        async with connect(url) as connection:
            await connection.close(code, reason)
            assert (connection.close_code, connection.close_reason) == (code, reason)

    return f"a close with {code} and {len(reason)} characters", converse


async def too_long_a_message(url):
    async with connect(url) as connection:
        await connection.send(b"x" * (LIMIT + 1))
        code, reason = await closed_with(connection)
        assert code == 1009 and reason, (code, reason)


async def too_long_in_fragments(url):
    async with connect(url) as connection:
        try:
            await connection.send([b"x" * 1_000_000] * 5)
        except websockets.ConnectionClosed:
            pass
        code, reason = await closed_with(connection)
        assert code == 1009 and reason, (code, reason)


async def twenty_at_once(url):
    async def one(number):
        async with connect(url) as connection:
            for i in range(20):
                await connection.send(f"{number} {i}")
                assert await answer(connection) == f"{number} {i}"

    await asyncio.gather(*(one(number) for number in range(20)))


CONVERSATIONS = [
    *map(binary_of, (0, 1, 125, 126, 127, 65535, 65536, 1_000_000, LIMIT)),
    *map(text_of, (0, 1, 125, 126, 65536, 500_000)),
    ("five hundred messages without waiting", many_messages),
    ("texts and binaries in turn", texts_and_binaries),
    ("messages in fragments", fragments),
    ("pings and pongs", pings),
    ("compression is offered and not taken", compression_is_offered),
    ("a subprotocol is offered and not taken", a_subprotocol_is_offered),
    *(close_with(code, "bye") for code in (1000, 1001, 1003, 1008, 1011, 3000, 4999)),
    close_with(1000, ""),
    close_with(1000, "€" * 41),
    ("one byte more than allowed", too_long_a_message),
    ("more than allowed in fragments", too_long_in_fragments),
    ("twenty connections at once", twenty_at_once),
]


def main():
    passed = failed = 0
    with WsEcho() as echo:
        for name, converse in CONVERSATIONS:
            try:
                asyncio.run(asyncio.wait_for(converse(echo.url), 30))
                passed += 1
            except Exception:
                failed += 1
                last = traceback.format_exc().strip().split("\n")
                print(f"FAILED {name}: {last[-1]} ({last[-2].strip()})", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
