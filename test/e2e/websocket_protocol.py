"""RFC 6455 in bytes: the frames of a client, right ones and wrong ones, and the handshake's key."""

import base64
import hashlib
import random
import struct

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
ACCEPT_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

_keys = random.Random(6455)


def accept_of(key):
    """What the server answers to a Sec-WebSocket-Key."""
    return base64.b64encode(hashlib.sha1(key.encode() + ACCEPT_GUID).digest()).decode()


def masked(payload, key):
    """The exclusive-or of §5.3."""
    if not payload:
        return b""
    pattern = (key * (len(payload) // 4 + 1))[: len(payload)]
    mixed = int.from_bytes(payload, "big") ^ int.from_bytes(pattern, "big")
    return mixed.to_bytes(len(payload), "big")


def header(opcode, length, *, fin=True, rsv=0, mask=True, form=None):
    """A frame's header without its masking key. `form` forces a length of 7, 16 or 64 bits."""
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    if form is None:
        form = 7 if length <= 125 else 16 if length <= 0xFFFF else 64
    mask_bit = 0x80 if mask else 0
    if form == 7:
        return bytes([first, mask_bit | length])
    if form == 16:
        return bytes([first, mask_bit | 126]) + struct.pack(">H", length)
    return bytes([first, mask_bit | 127]) + struct.pack(">Q", length)


def frame(opcode, payload=b"", *, key=None, mask=True, length=None, **how):
    """One frame as a client sends it, or with whatever is wrong with it. `length` is what its
    header says instead of the truth."""
    if isinstance(payload, str):
        payload = payload.encode()
    start = header(opcode, len(payload) if length is None else length, mask=mask, **how)
    if not mask:
        return start + payload
    if key is None:
        key = _keys.randbytes(4)
    return start + key + masked(payload, key)


def fragments(opcode, *payloads):
    """The frames of one message in as many fragments as payloads, as a list."""
    last = len(payloads) - 1
    return [
        frame(CONTINUATION if i else opcode, payload, fin=i == last)
        for i, payload in enumerate(payloads)
    ]


def close(code=1000, reason=b""):
    """A close frame; `code` None leaves it empty."""
    if code is None:
        return frame(CLOSE)
    return frame(CLOSE, struct.pack(">H", code) + reason)
