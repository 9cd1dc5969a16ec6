"""The transports over which the cases run. A case knows only what stands here, so it runs over each
of them as it is; what is about one of them says so (`only_over`)."""

import os

from websocket_client import WebSocket


def webtransport_session(*given, **how):
    from webtransport_client import WebTransport  # needs packages that the others do without

    return WebTransport(*given, **how)


def over_websocket(relay, target, **how):
    """One binary message is one packet."""
    return WebSocket(relay.port, target, **{"tls": relay.tls, **how})


def over_webtransport(relay, target, **how):
    """One stream or datagram is one packet."""
    return webtransport_session(relay.webtransport_port, target, **how)


def elsewhere_over_websocket(relay, target, **how):
    """On another server, which NATS joins with the first."""
    return over_websocket(relay.other, target, **how)


def elsewhere_over_webtransport(relay, target, **how):
    return over_webtransport(relay.other, target, **how)


class Transport:
    """Sessions are opened in turn over each of its `ways`."""

    def __init__(self, name, *ways):
        self.name = name
        self._ways = ways
        self.ways = len(ways)
        self._opened = 0
        self.needs_webtransport = bool({over_webtransport, elsewhere_over_webtransport} & {*ways})
        self.needs_fleet = name.startswith("fleet")
        self.needs_tls = name == "wss"
        # Every way in which a client may go.
        self.ways_to_go = {
            "closes": lambda session: session.close(),
            "hangs up": lambda session: session.hang_up(),
            "resets": lambda session: session.reset(),
        }
        if self.needs_webtransport:
            self.ways_to_go["disconnects"] = lambda session: session.disconnect()
        # Over WebSocket packets leave in the order in which they came; on streams of their own only
        # a sender's video does (decision 7).
        self.keeps_order = not self.needs_webtransport

    def connect(self, relay, target, **how):
        way = self._ways[self._opened % len(self._ways)]
        self._opened += 1
        if relay.other:
            relay.settle()  # what happened so far is known everywhere
        return way(relay, target, **how)


WAYS = {
    "websocket": [over_websocket],
    "wss": [over_websocket],
    "webtransport": [over_webtransport],
    # Who joins first, third, … does so over one of them, all others over the other.
    "cross-websocket": [over_websocket, over_webtransport],
    "cross-webtransport": [over_webtransport, over_websocket],
    # On two servers in turn.
    "fleet-websocket": [over_websocket, elsewhere_over_websocket],
    "fleet-cross": [over_websocket, elsewhere_over_webtransport],
}
# What may be asked for, and what is run then.
CHOICES = {
    "websocket": ["websocket"],
    "wss": ["wss"],
    "webtransport": ["webtransport"],
    "cross": ["cross-websocket", "cross-webtransport"],
    "fleet": ["fleet-websocket", "fleet-cross"],
}


def chosen_transport():
    """A new one: turns begin with it."""
    name = os.environ.get("PARLEY_E2E_TRANSPORT", "websocket")
    return Transport(name, *WAYS[name])


def chosen_shards():
    return int(os.environ.get("PARLEY_E2E_SHARDS", "1"))


def only_over(names, why):
    """Marks a case, or a class of them, that says nothing about other transports than this one of
    CHOICES, or these, or of WAYS if it need not be run over each of a choice's. The runner lists
    what it leaves out, with the reason."""

    def mark(what):
        what.only_over = ((names,) if isinstance(names, str) else names, why)
        return what

    return mark


def not_over(name, why):
    """Marks a case, or a class of them, that is not true over this one of CHOICES."""

    def mark(what):
        what.not_over = (name, why)
        return what

    return mark


def left_out(case, transport):
    """Why this transport does not run it; None if it does."""
    method = getattr(case, case._testMethodName)
    for what in (method, type(case)):
        names, why = getattr(what, "only_over", ((), ""))
        if names and not any(transport in CHOICES.get(name, [name]) for name in names):
            return f"{why} (only over {', '.join(names)})"
        name, why = getattr(what, "not_over", (None, ""))
        if name and transport in CHOICES[name]:
            return f"{why} (not over {name})"
    return None
