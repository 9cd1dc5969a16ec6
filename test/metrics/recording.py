"""What relays say on NATS about a short meeting, with what stands in it as its times: now.

The meeting is kitchen_1: ann@example.org over WebSocket on relay_a in eu_west, bob over
WebTransport on relay_b in us-east. Names are full of what used to separate them.
"""

import time

from packets import double, number, octets, varint

STARTED, ENDED, TRANSFERRED = 1, 2, 3

ANN = {"session_id": "11", "user_id": "ann@example.org", "meeting_id": "kitchen_1",
       "protocol": "websocket", "server_instance": "relay_a", "region": "eu_west"}
BOB = {"session_id": "12", "user_id": "bob", "meeting_id": "kitchen_1",
       "protocol": "webtransport", "server_instance": "relay_b", "region": "us-east"}

OPERATIONS = ("normal", "expand", "accelerate", "fast_accelerate", "preemptive_expand", "merge",
              "comfort_noise", "dtmf", "undefined")


def unix_ms():
    return int(time.time() * 1000)


def message(field, content):
    """A nested message, also an empty one."""
    return varint(field << 3 | 2) + varint(len(content)) + content


def connection_event(kind, who, *, sent=None, received=None, lived_ms=0, again=False, at=None):
    """A ServerConnectionPacket."""
    metadata = b"".join(octets(i, value) for i, value in enumerate(who.values(), 1))
    event = number(1, kind) + number(2, at or unix_ms()) + message(3, metadata)
    if sent is not None:
        event += message(4, number(1, sent) + number(2, received))
    return event + number(5, lived_ms) + number(6, again)


def peer_stats(*, hears=True, sees=True, unmuted=True, films=True, audio=None, video=None):
    """A PeerStats. `audio`: (buffer, awaiting, per second, operations), `video`: (fps, waiting)."""
    stats = number(1, hears) + number(2, sees) + number(3, unmuted) + number(4, films)
    if audio:
        buffered, awaiting, rate, operations = audio
        counters = b"".join(double(i, value) for i, value in enumerate(operations, 1))
        stats += message(5, double(1, buffered) + double(2, awaiting)
                         + message(3, message(1, counters)) + double(4, rate))
    if video:
        fps, buffered = video
        stats += message(6, double(1, fps) + double(2, buffered) + number(3, 1000) + number(4, 300))
    return stats


def health_packet(who, peers, *, unmuted=True, films=True, url="", rtt=0.0, at=None):
    """A HealthPacket of `who` about {peer: PeerStats}."""
    entries = b"".join(message(7, octets(1, peer) + message(2, stats))
                       for peer, stats in peers.items())
    return (octets(1, who["session_id"]) + octets(2, who["meeting_id"]) + octets(3, who["user_id"])
            + number(4, at or unix_ms()) + number(5, unmuted) + number(6, films) + entries
            + octets(8, url) + octets(9, who["protocol"]) + double(10, rtt))


def subject(root, who):
    return ".".join([root, who["region"], who["protocol"], who["server_instance"]])


def meeting():
    """[(subject, payload)]: both come and talk; both report."""
    connections, health = "server.connections", "health.diagnostics"
    of_bob = peer_stats(audio=(60.5, 3, 50, range(1, 10)), video=(24, 2))
    of_ann = peer_stats(hears=False, sees=False, films=False,
                        audio=(0, 0, 0, [0] * 9), video=(0, 0))
    return [
        (subject(connections, ANN), connection_event(STARTED, ANN)),
        (subject(connections, BOB), connection_event(STARTED, BOB, again=True)),
        (subject(connections, ANN), connection_event(TRANSFERRED, ANN, sent=300, received=70)),
        (subject(connections, ANN), connection_event(TRANSFERRED, ANN, sent=3000, received=700)),
        (subject(connections, BOB), connection_event(TRANSFERRED, BOB, sent=700, received=3000)),
        (subject(health, ANN), health_packet(ANN, {"12": of_bob}, url="wss://a/lobby?token=secret",
                                             rtt=12.5)),
        (subject(health, BOB), health_packet(BOB, {"11": of_ann}, unmuted=False, films=False,
                                             url="https://b")),
    ]


def meeting_series():
    """What must be seen of meeting(): {(name, frozenset of labels): value}."""
    series = {}

    def expect(name, value, **labels):
        series[f"videocall_{name}", frozenset(labels.items())] = value

    for who, sent, received in ((ANN, 3000, 700), (BOB, 700, 3000)):
        names = {"session_id": who["session_id"], "protocol": who["protocol"],
                 "customer_email": who["user_id"], "meeting_id": "kitchen_1",
                 "server_instance": who["server_instance"], "region": who["region"]}
        user = {name: names[name] for name in ("customer_email", "meeting_id", "region")}
        expect("server_connections_active", 1, **names)
        expect("server_unique_users_active", 1, **user)
        expect("server_protocol_connections", 1, protocol=who["protocol"], **user)
        expect("server_data_bytes_total", sent, direction="sent", **names)
        expect("server_data_bytes_total", received, direction="received", **names)
    expect("server_connection_events_total", 5)

    expect("meeting_participants", 2, meeting_id="kitchen_1")
    reports = (
        (ANN, "12", 1, "wss://a/lobby", 12.5, (1, 1, 1, 1, 60.5, 3, 50, 24, 2), range(1, 10)),
        (BOB, "11", 0, "https://b", 0, (0, 0, 1, 0, 0, 0, 0, 0, 0), [0] * 9))
    for who, peer, flags, url, rtt, numbers, operations in reports:
        session = {"meeting_id": "kitchen_1", "session_id": who["session_id"]}
        expect("active_sessions_total", 1, **session)
        expect("peer_connections_total", 1, meeting_id="kitchen_1", peer_id=peer)
        for flag in ("self_audio_enabled", "self_video_enabled"):
            expect(flag, flags, meeting_id="kitchen_1", peer_id=who["user_id"])
        server = {**session, "peer_id": who["user_id"], "server_url": url,
                  "server_type": who["protocol"]}
        expect("client_active_server", 1, **server)
        expect("client_active_server_rtt_ms", rtt, **server)
        pair = {**session, "from_peer": who["user_id"], "to_peer": peer}
        names = ("peer_can_listen", "peer_can_see", "peer_audio_enabled", "peer_video_enabled",
                 "neteq_audio_buffer_ms", "neteq_packets_awaiting_decode", "neteq_packets_per_sec",
                 "video_fps", "video_packets_buffered")
        for name, value in zip(names, numbers, strict=True):
            expect(name, value, **pair)
        for name, value in zip(OPERATIONS, operations, strict=True):
            expect(f"neteq_{name}_ops_per_sec", value, **pair)
    return series
