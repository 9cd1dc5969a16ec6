"""Cases about text: UTF-8 as it must be and as it must not, cut wherever it can be (RFC 3629)."""

from conformance_case import Case, Pieces, closed, envelope
from framing_cases import KEY, message
from websocket_protocol import BINARY, CONTINUATION, PING, TEXT, fragments, frame, header, masked

VALID = (
    ("two byte characters", "Grüße, žluťoučký"),
    ("three byte characters", "日本語 한국어 €"),
    ("four byte characters", "🙂🏳️‍🌈𝄞"),
    ("right to left", "שלום عليكم"),
    ("U+0000", "\0"),
    ("U+007F", "\x7f"),
    ("U+0080, the first of two bytes", "\u0080"),
    ("U+07FF, the last of two bytes", "\u07ff"),
    ("U+0800, the first of three bytes", "\u0800"),
    ("U+D7FF, the last before the surrogates", "\ud7ff"),
    ("U+E000, the first behind the surrogates", "\ue000"),
    ("U+FEFF, a byte order mark", "\ufeffx"),
    ("U+FFFD", "\ufffd"),
    ("U+FFFE and U+FFFF, which are no characters", "\ufffe\uffff"),
    ("U+10000, the first of four bytes", "\U00010000"),
    ("U+10FFFF, the last of all", "\U0010ffff"),
    ("a combining mark at the beginning", "\u0301x"),
    ("a long text with one wide character at its end", "x" * 1000 + "€"),
)

INVALID = (
    ("a continuation byte alone", b"\x80"),
    ("the last continuation byte alone", b"\xbf"),
    ("a continuation byte after a letter", b"a\x80"),
    ("one continuation byte too many", b"\xc3\xa9\xa9"),
    ("C0, a longer form", b"\xc0\xaf"),
    ("C1, a longer form", b"\xc1\xbf"),
    ("a longer form in three bytes", b"\xe0\x80\xaf"),
    ("the longest longer form in three bytes", b"\xe0\x9f\xbf"),
    ("a longer form in four bytes", b"\xf0\x80\x80\xaf"),
    ("the longest longer form in four bytes", b"\xf0\x8f\xbf\xbf"),
    ("the first surrogate", b"\xed\xa0\x80"),
    ("the last surrogate", b"\xed\xbf\xbf"),
    ("a pair of surrogates", b"\xed\xa0\xbd\xed\xb9\x82"),
    ("U+110000", b"\xf4\x90\x80\x80"),
    ("F5", b"\xf5\x80\x80\x80"),
    ("F8, five bytes", b"\xf8\x88\x80\x80\x80"),
    ("FC, six bytes", b"\xfc\x84\x80\x80\x80\x80"),
    ("FE", b"\xfe"),
    ("FF", b"\xff"),
    ("a letter instead of the second byte of two", b"\xc3a"),
    ("a letter instead of the third byte of three", b"\xe2\x82a"),
    ("a letter instead of the fourth byte of four", b"\xf0\x9f\x99a"),
    ("a lead byte instead of the second byte", b"\xe2\xe2\x82\xac"),
    ("an end after the first byte of two", b"x\xc3"),
    ("an end after the first byte of three", b"x\xe2"),
    ("an end after the second byte of three", b"x\xe2\x82"),
    ("an end after the first byte of four", b"x\xf0"),
    ("an end after the third byte of four", b"x\xf0\x9f\x99"),
    ("an old one-byte encoding", "Grüße".encode("latin-1")),
    ("one bad byte at the end of a long text", b"x" * 1000 + b"\xff"),
    ("one bad byte in the middle of a long text", b"x" * 1003 + b"\x80" + b"x" * 1000),
)


def cases():
    for name, text in VALID:
        yield Case("text", name, [frame(TEXT, text)], [("text", text.encode())])
    for name, text in INVALID:
        good, answer = message()
        yield Case("text", f"refused: {name}", [good, frame(TEXT, text), good],
                   [answer, closed(1007)])
    yield from split()
    yield from early()
    yield Case("text", "a binary message may hold anything",
               [frame(BINARY, envelope(None, data=b"\xff\xfe\x80\xed\xa0\x80"))],
               [("binary", envelope(None, data=b"\xff\xfe\x80\xed\xa0\x80"))])


def split():
    text = "aé€🙂z".encode()
    for at in range(1, len(text)):
        yield Case("text", f"split into two frames behind byte {at}",
                   fragments(TEXT, text[:at], text[at:]), [("text", text)])
        yield Case("text", f"split into two pieces behind byte {at}",
                   [Pieces(frame(TEXT, text), 6 + at, 99, pause=0.002)], [("text", text)])
    yield Case("text", "a frame for each byte",
               fragments(TEXT, *(text[i:i + 1] for i in range(len(text)))), [("text", text)])
    ping, pong = frame(PING, "€".encode()[:2]), ("pong", "€".encode()[:2])
    first, second = fragments(TEXT, text[:5], text[5:])
    yield Case("text", "a ping within a character", [first, ping, second], [pong, ("text", text)])
    yield Case("text", "an empty fragment within a character", fragments(TEXT, text[:5], b"", text[5:]),
               [("text", text)])
    yield Case("text", "a character that begins in one message does not end in the next",
               [frame(TEXT, b"\xe2\x82"), frame(TEXT, b"\xac")], [closed(1007)])
    yield Case("text", "a surrogate split into two frames", fragments(TEXT, b"\xed", b"\xa0\x80"),
               [closed(1007)])
    yield Case("text", "a last fragment that leaves a character unfinished",
               fragments(TEXT, b"x", b"\xe2\x82"), [closed(1007)])
    yield Case("text", "an empty last fragment that leaves a character unfinished",
               fragments(TEXT, b"\xe2\x82", b""), [closed(1007)])


def early():
    """A text is refused as soon as it cannot become valid; the rest is never sent."""
    for name, text in (("a bad byte", b"abc\xff"), ("a surrogate's second byte", b"abc\xed\xa0"),
                       ("a second byte above U+10FFFF", b"abc\xf4\x90"),
                       ("a longer form's second byte", b"abc\xe0\x80")):
        start = header(TEXT, 100) + KEY + masked(text, KEY)
        yield Case("text", f"refused within its frame at {name}", [start], [closed(1007)])
        yield Case("text", f"refused within its message at {name}",
                   [frame(TEXT, b"x", fin=False), frame(CONTINUATION, text, fin=False)],
                   [closed(1007)])
