"""Cases about what a session that works does: packets, probes, signs of life."""

import itertools

from conformance_case import Session, case, expect_heard, together
from raw_http3 import WT_STREAM, read_varint, varint

import packets
from conformance_suite import Failure
from packets import AUDIO, VIDEO, media, rtt_probe, stamp, wrapper


# Relaying.


@case("relay", "a packet on a stream reaches the other, stamped")
def stream_packet(place):
    listener, session = together(place)
    expect_heard(listener, session)


@case("relay", "the other way round")
def other_way(place):
    listener, session = together(place)
    session.expect_alive()
    session.hear(listener.say(b"to the raw one"))


@case("relay", "a packet in a datagram reaches the other, stamped, on a stream")
def datagram_packet(place):
    listener, session = together(place)
    packet = wrapper(packets.CONNECTION, "culprit", b"in a datagram")
    session.send_datagram(packet)
    wanted = packet + stamp(session.session_id)
    while (heard := listener.session.receive_from())[1] != wanted:
        pass
    if heard[0] != "stream":
        raise Failure(f"it came by {heard[0]}")


@case("relay", "a packet of {} bytes", 0)
@case("relay", "a packet of {} bytes", 1100)
@case("relay", "a packet of {} bytes", 70_000)
@case("relay", "a packet of {} bytes", 1_000_000)
def packet_of(place, size):
    listener, session = together(place)
    packet = wrapper(packets.CONNECTION, "culprit", b"x" * size) if size else b""
    session.send(packet)
    listener.hear(packet + stamp(session.session_id))


@case("relay", "a packet byte by byte, its stream's head too")
def byte_by_byte(place):
    listener, session = together(place)
    packet = wrapper(packets.CONNECTION, "culprit", b"slowly")
    whole = session.head + packet
    stream = session.raw.open_uni(whole[:1])
    session.raw.send_in_pieces(stream, whole[1:], fin=True)
    listener.hear(packet + stamp(session.session_id))


@case("relay", "the end of a stream comes by itself")
def lone_fin(place):
    listener, session = together(place)
    packet = wrapper(packets.CONNECTION, "culprit", b"then the end")
    stream = session.raw.open_uni(session.head + packet)
    session.raw.barrier()
    session.raw.send(stream, b"", fin=True)
    listener.hear(packet + stamp(session.session_id))


@case("relay", "a stream's head in every length of integer")
def long_forms(place):
    listener, session = together(place)
    for kind, number in itertools.product((2, 4, 8), (1, 2, 4, 8)):
        packet = wrapper(packets.CONNECTION, "culprit", b"%d %d" % (kind, number))
        session.raw.open_uni(varint(WT_STREAM, kind) + varint(session.id, number) + packet, True)
        listener.hear(packet + stamp(session.session_id))


@case("relay", "two hundred streams at once, all of them")
def many_streams(place):
    listener, session = together(place)
    said = {session.say(b"%d" % i) for i in range(200)}
    while said:
        said.discard(listener.next().raw)


@case("relay", "video frames in the order of their streams, though the first one is slow")
def video_order(place):
    listener, session = together(place)
    frames = [media(VIDEO, "culprit", b"%d" % i + b"v" * 900, "key" if i == 0 else "delta")
              for i in range(4)]
    first = session.raw.open_uni(session.head + frames[0][:500])
    for later in frames[1:]:
        session.send(later)
    audio = media(AUDIO, "culprit", b"meanwhile")
    session.send(audio)
    heard = [listener.hear(lambda packet: packet.type == packets.MEDIA).raw]
    session.raw.send(first, frames[0][500:], fin=True)
    heard += [listener.hear(lambda packet: packet.type == packets.MEDIA).raw for _ in range(4)]
    wanted = [packet + stamp(session.session_id) for packet in [audio, *frames]]
    if heard != wanted:
        raise Failure(f"heard {[wanted.index(raw) for raw in heard]}")


@case("relay", "a video frame that was reset holds no other up")
def video_reset(place):
    listener, session = together(place)
    frames = [media(VIDEO, "culprit", b"%d" % i + b"v" * 900, "key") for i in range(2)]
    first = session.raw.open_uni(session.head + frames[0][:500])
    session.send(frames[1])
    session.raw.reset(first)
    listener.hear(frames[1] + stamp(session.session_id))


# Probes and signs of life.


@case("probe", "comes back on a stream when it came on one, byte for byte")
def stream_probe(place):
    session = place.session()
    probe = rtt_probe(7.5, b"culprit") + packets.octets(77, b"unknown")
    session.send(probe)
    session.hear(probe)
    if session.raw.datagrams:
        raise Failure("it came back as a datagram too")


@case("probe", "comes back as a datagram when it came as one")
def datagram_probe(place):
    session = place.session().await_datagrams()
    for number in range(20):
        probe = rtt_probe(number + 0.5, b"culprit")
        session.send_datagram(probe)
        if session.datagram() != probe:
            raise Failure("another datagram came")


@case("probe", "both at once")
def both_probes(place):
    session = place.session().await_datagrams()
    by_stream, by_datagram = rtt_probe(1.0, b"a"), rtt_probe(2.0, b"b")
    session.send(by_stream)
    session.send_datagram(by_datagram)
    session.hear(by_stream)
    if session.datagram() != by_datagram:
        raise Failure("another datagram came")


@case("ping", "the datagram `ping` is no packet: nobody hears of it")
def ping(place):
    listener, session = together(place)
    session.expect_alive()
    for _ in range(3):
        session.send_datagram(b"ping")
    session.expect_alive("datagram")
    if heard := listener.probe():
        raise Failure(f"it was heard: {heard}")


@case("relay", "a session on every stream number: the head says which")
def other_session_number(place):
    listener = place.member()
    raw = place.client()
    for _ in range(3):
        raw.expect_alive()  # takes the request streams 0, 4 and 8
    session = Session(raw, place.target())
    if session.id != 12:
        raise Failure(f"the session's number is {session.id}")
    expect_heard(listener, session)
    session.expect_alive("datagram")
    stream = next(stream for number, stream in raw.streams.items()
                  if number % 4 == 3 and stream.data[:2] == varint(WT_STREAM))
    if read_varint(stream.data, 2)[0] != 12:
        raise Failure("the server's streams are of another session")
