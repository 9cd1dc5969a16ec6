"""The transports over which the cases run. A case knows only what stands here, so it runs over each
of them as it is."""

import os

from websocket_client import WebSocket


class WebSocketTransport:
    """One binary message is one packet."""

    name = "websocket"
    # The code with which a session ends, by its reason.
    codes = {
        "resumed elsewhere": 1000,
        "server shutting down": 1001,
        "nothing received": 1001,
        "Session rejected": 1008,
        "too slow": 1008,
    }
    # Every way in which a client may go.
    ways_to_go = {
        "closes": lambda session: session.close(),
        "hangs up": lambda session: session.hang_up(),
        "resets": lambda session: session.reset(),
    }

    def connect(self, relay, target, **how):
        return WebSocket(relay.port, target, **how)


TRANSPORTS = {"websocket": WebSocketTransport}


def chosen_transport():
    return TRANSPORTS[os.environ.get("PARLEY_E2E_TRANSPORT", "websocket")]()


def chosen_shards():
    return int(os.environ.get("PARLEY_E2E_SHARDS", "1"))
