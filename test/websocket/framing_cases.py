"""Cases about frames and messages: lengths, cuts, masks, reserved values, fragments, limits."""

from conformance_case import Case, Pieces, closed, envelope
from websocket_protocol import (BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, fragments, frame,
                                header)

LIMIT = 4_000_000
KEY = b"\x37\xfa\x21\x3d"


def letters(size):
    return (b"The quick brown fox. " * (size // 21 + 1))[:size]


def message(size=60):
    return frame(BINARY, envelope(size)), ("binary", envelope(size))


def refused(group, name, wrong, code):
    """`wrong` breaks the protocol: a message before it is still answered, one after it is not."""
    good, answer = message()
    return Case(group, name, [good, wrong, good], [answer, closed(code)])


def lengths():
    sizes = (0, 4, 64, 125, 126, 127, 128, 1200, 65535, 65536, 65537, 1_000_000, LIMIT - 1, LIMIT)
    for size in sizes:
        good, answer = message(size)
        yield Case("length", f"a binary message of {size} bytes", [good], [answer])
    for size in (0, 1, 64, 125, 126, 127, 128, 1200, 65535, 65536, 65537, 1_000_000, LIMIT):
        yield Case("length", f"a text of {size} bytes", [frame(TEXT, letters(size))],
                   [("text", letters(size))])
    good, answer = message()
    text, text_answer = frame(TEXT, "hello"), ("text", b"hello")
    yield Case("length", "a hundred messages in one write", [good * 100], [answer] * 100)
    yield Case("length", "texts and binaries in turn", [(good + text) * 10],
               [answer, text_answer] * 10)
    yield Case("length", "two thousand small messages", [good * 2000], [answer] * 2000,
               needs="url")

    for form, size in ((16, 0), (16, 4), (16, 125), (64, 0), (64, 125), (64, 126), (64, 65535)):
        yield refused("length", f"{size} bytes with a length of {form} bits",
                      frame(BINARY, letters(size), form=form), 1002)
    yield refused("length", "a text of 5 bytes with a length of 64 bits",
                  frame(TEXT, b"hello", form=64), 1002)
    yield refused("length", "a length with its top bit",
                  header(BINARY, 1 << 63, form=64) + KEY, 1002)
    yield refused("length", "a length of all ones", header(BINARY, (1 << 64) - 1) + KEY, 1002)


def cuts():
    for kind, data, answer in (
            ("binary message", frame(BINARY, envelope(20)), ("binary", envelope(20))),
            ("text", frame(TEXT, "käse und brot"), ("text", "käse und brot".encode()))):
        for at in range(1, len(data)):
            yield Case("cut", f"a {kind} in two pieces, the first of {at} bytes",
                       [Pieces(data, at, len(data), pause=0.002)], [answer])
    for size in (126, 65536):
        good, answer = message(size)
        for at in range(1, len(good) - size + 2):
            yield Case("cut", f"{size} bytes in two pieces, the first of {at} bytes",
                       [Pieces(good, at, len(good), pause=0.002)], [answer])
    good, answer = message(300)
    text, text_answer = frame(TEXT, letters(300)), ("text", letters(300))
    ping, pong = frame(PING, b"still there?"), ("pong", b"still there?")
    yield Case("cut", "a binary message byte by byte", [Pieces(good, 1)], [answer])
    yield Case("cut", "a text byte by byte", [Pieces(text, 1)], [text_answer])
    yield Case("cut", "a ping byte by byte", [Pieces(ping, 1)], [pong])
    yield Case("cut", "several frames in pieces of 7 bytes", [Pieces((good + ping + text) * 3, 7)],
               [answer, pong, text_answer] * 3)
    yield Case("cut", "pieces that hold the end of one frame and the start of the next",
               [Pieces(good * 8, 150, 308)], [answer] * 8)
    parts = fragments(BINARY, envelope(300)[:100], envelope(300)[100:200], envelope(300)[200:])
    yield Case("cut", "a fragmented message byte by byte", [Pieces(ping.join(parts), 1)],
               [pong, pong, answer])


def masks():
    payload = envelope(67)
    for key in (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\xff\0\0\0", b"\0\xff\0\0", b"\0\0\xff\0",
                b"\0\0\0\xff", b"\x01\x02\x03\x04"):
        yield Case("mask", f"the masking key {key.hex()}", [frame(BINARY, payload, key=key)],
                   [("binary", payload)])
    parts = frame(BINARY, payload[:5], key=KEY, fin=False) + frame(
        CONTINUATION, payload[5:], key=b"\x80\x40\x20\x10")
    yield Case("mask", "another masking key in each fragment", [parts], [("binary", payload)])
    for opcode, name in ((BINARY, "binary"), (TEXT, "text"), (PING, "ping"), (PONG, "pong")):
        yield refused("mask", f"an unmasked {name}", frame(opcode, b"\x08\x01", mask=False), 1002)
    yield refused("mask", "an unmasked close", frame(CLOSE, b"\x03\xe8", mask=False), 1002)
    yield refused("mask", "an unmasked empty binary", frame(BINARY, mask=False), 1002)
    yield refused("mask", "an unmasked continuation", frame(BINARY, b"\x08", fin=False) + frame(
        CONTINUATION, b"\x01", mask=False), 1002)


def reserved():
    for bits in range(1, 8):
        yield refused("reserved", f"a binary with the reserved bits {bits:03b}",
                      frame(BINARY, envelope(20), rsv=bits), 1002)
    for opcode, name in ((TEXT, "text"), (PING, "ping"), (PONG, "pong"), (CLOSE, "close")):
        yield refused("reserved", f"a {name} with a reserved bit", frame(opcode, rsv=4), 1002)
    yield refused("reserved", "a continuation with a reserved bit",
                  frame(BINARY, b"\x08", fin=False) + frame(CONTINUATION, b"\x01", rsv=4), 1002)
    for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
        yield refused("reserved", f"the opcode {opcode}", frame(opcode, b"x"), 1002)
    yield refused("reserved", "the opcode 3 without a payload", frame(3), 1002)
    yield refused("reserved", "the opcode 11 without a payload", frame(11), 1002)
    yield refused("reserved", "the opcode 5 in fragments", frame(5, b"x", fin=False), 1002)
    good, answer = message()
    yield Case("reserved", "a reserved opcode is refused from its first byte",
               [good, b"\x83"], [answer, closed(1002)])
    yield Case("reserved", "a reserved bit is refused from its first byte",
               [good, b"\xc2"], [answer, closed(1002)])


def fragmentation():
    whole = envelope(90)
    answer = ("binary", whole)

    def joined(name, *payloads):
        return Case("fragment", name, fragments(BINARY, *payloads), [("binary", b"".join(payloads))])

    yield joined("two fragments", whole[:40], whole[40:])
    yield joined("three fragments", whole[:1], whole[1:60], whole[60:])
    yield joined("an empty first fragment", b"", whole)
    yield joined("an empty middle fragment", whole[:40], b"", whole[40:])
    yield joined("an empty last fragment", whole, b"")
    yield joined("three empty fragments", b"", b"", b"")
    yield joined("a fragment for each byte", *(whole[i:i + 1] for i in range(len(whole))))
    large = envelope(100_000)
    for size in (125, 126, 65535, 65536):
        yield joined(f"100 000 bytes, the first fragment of {size}", large[:size], large[size:])
    yield joined("100 000 bytes in fragments of 997",
                 *(large[i:i + 997] for i in range(0, len(large), 997)))
    yield Case("fragment", "all fragments in one write",
               [b"".join(fragments(BINARY, whole[:40], whole[40:70], whole[70:]))], [answer])
    yield Case("fragment", "a text in fragments", fragments(TEXT, b"hel", b"", b"lo"),
               [("text", b"hello")])

    first, second, third = fragments(BINARY, whole[:30], whole[30:60], whole[60:])
    ping, pong = frame(PING, b"between"), ("pong", b"between")
    yield Case("fragment", "a ping between two fragments", [first, ping, second, third],
               [pong, answer])
    yield Case("fragment", "a ping in every gap", [first, ping, second, ping, third],
               [pong, pong, answer])
    yield Case("fragment", "ten pings in one gap", [first, ping * 10, second + third],
               [pong] * 10 + [answer])
    yield Case("fragment", "a pong between two fragments", [first, frame(PONG, b"x"), second, third],
               [answer])
    yield Case("fragment", "a ping in a gap, all in one write", [first + ping + second + third],
               [pong, answer])
    yield Case("fragment", "a close within a message", [first, frame(CLOSE, b"\x03\xe8"), second],
               [closed(1000)])
    yield Case("fragment", "two fragmented messages", [first, second, third] * 2, [answer] * 2)
    yield Case("fragment", "a fragmented message between two whole ones",
               [message()[0], first, second, third, message()[0]],
               [message()[1], answer, message()[1]])

    for fin, what in ((True, "a last"), (False, "a")):
        yield Case("fragment", f"{what} continuation at the very beginning",
                   [frame(CONTINUATION, b"x", fin=fin)], [closed(1002)])
        yield refused("fragment", f"{what} continuation after a whole message",
                      frame(CONTINUATION, b"x", fin=fin), 1002)
        yield refused("fragment", f"{what} empty continuation after a whole message",
                      frame(CONTINUATION, fin=fin), 1002)
    yield Case("fragment", "a continuation after a fragmented message",
               [first, second, third, third], [answer, closed(1002)])
    for opcode, name in ((BINARY, "binary"), (TEXT, "text")):
        yield refused("fragment", f"a {name} within a message", first + frame(opcode, b"\x08\x01"),
                      1002)
        yield refused("fragment", f"a fragmented {name} within a message",
                      first + frame(opcode, b"\x08\x01", fin=False), 1002)
    yield Case("fragment", "a text within a message, behind a ping",
               [first, ping, frame(TEXT, b"x")], [pong, closed(1002)])
    for opcode, name in ((PING, "ping"), (PONG, "pong"), (CLOSE, "close")):
        yield refused("fragment", f"a fragmented {name}", frame(opcode, b"\x03\xe8", fin=False),
                      1002)
    yield Case("fragment", "a fragmented ping within a message",
               [first, frame(PING, b"a", fin=False), frame(CONTINUATION, b"b")], [closed(1002)])


def limits():
    good, answer = message()
    for opcode, name in ((BINARY, "binary"), (TEXT, "text")):
        yield Case("limit", f"a {name} of one byte too many, from its header alone",
                   [good, header(opcode, LIMIT + 1) + KEY], [answer, closed(1009)])
    yield refused("limit", "one byte too many, all of it", frame(BINARY, envelope(LIMIT + 1)), 1009)
    yield refused("limit", "4.2 MB in one frame", frame(BINARY, envelope(4_200_000)), 1009)
    yield refused("limit", "4.2 MB of text in one frame", frame(TEXT, letters(4_200_000)), 1009)
    for length in (1 << 32, 1 << 62, (1 << 63) - 1):
        yield Case("limit", f"{length} bytes are announced",
                   [good, header(BINARY, length) + KEY, b"x" * 1000], [answer, closed(1009)])

    full = envelope(LIMIT)
    chunks = [full[i:i + 500_000] for i in range(0, LIMIT, 500_000)]
    yield Case("limit", "exactly the limit in eight fragments", fragments(BINARY, *chunks),
               [("binary", full)])
    yield Case("limit", "exactly the limit and an empty last fragment",
               fragments(BINARY, *chunks, b""), [("binary", full)])
    yield Case("limit", "exactly the limit of text in eight fragments",
               fragments(TEXT, *(letters(500_000) for _ in range(8))),
               [("text", letters(500_000) * 8)])
    yield Case("limit", "one byte too many in the last of nine fragments",
               fragments(BINARY, *chunks, b"x"), [closed(1009)])
    yield Case("limit", "4.2 MB in fragments",
               fragments(BINARY, *(letters(100_000) for _ in range(42))), [closed(1009)])
    yield Case("limit", "4.2 MB of text in fragments",
               fragments(TEXT, *(letters(100_000) for _ in range(42))), [closed(1009)])
    yield Case("limit", "a continuation that announces too much",
               [fragments(BINARY, b"\x08", b"")[0], header(CONTINUATION, LIMIT) + KEY],
               [closed(1009)])
    yield Case("limit", "a continuation that announces 2^62 bytes",
               [fragments(BINARY, b"\x08", b"")[0], header(CONTINUATION, 1 << 62) + KEY],
               [closed(1009)])
    yield Case("limit", "the limit is each message's own", [frame(TEXT, letters(2_500_000))] * 2,
               [("text", letters(2_500_000))] * 2)


def cases():
    for group in (lengths, cuts, masks, reserved, fragmentation, limits):
        yield from group()
