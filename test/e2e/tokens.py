"""Room tokens (JWT), made by hand: right ones, and wrong in every way."""

import base64
import hashlib
import hmac
import json
import time

SECRET = "a secret of more than thirty-two bytes"
ISSUER = "videocall-meeting-backend"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def claims(user="alice", room="room1", **changed):
    """The claims of a room token. A changed claim that is None is left out."""
    all_claims = {
        "sub": user,
        "room": room,
        "room_join": True,
        "is_host": False,
        "display_name": user,
        "observer": False,
        "exp": int(time.time()) + 600,
        "iss": ISSUER,
    }
    all_claims.update(changed)
    return {name: value for name, value in all_claims.items() if value is not None}


def sign(all_claims, *, secret=SECRET, algorithm="HS256", header=None):
    """A token; what it is signed with follows from `algorithm`, and its header says `header`."""
    head = header or {"alg": algorithm, "typ": "JWT"}
    signed = base64url(json.dumps(head).encode()) + "." + base64url(json.dumps(all_claims).encode())
    hashes = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}
    if algorithm not in hashes:
        return signed + "." + ("" if algorithm == "none" else base64url(b"x" * 256))
    digest = hmac.new(secret.encode(), signed.encode(), hashes[algorithm]).digest()
    return signed + "." + base64url(digest)


def token(user="alice", room="room1", **changed):
    return sign(claims(user, room, **changed))


def observer_token(user="watcher", room="room1"):
    return token(user, room, observer=True, room_join=False)
