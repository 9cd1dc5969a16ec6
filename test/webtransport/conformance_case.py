"""What a conformance case is here, and what it finds where it is run: a relay with rooms."""

import itertools
import time

from raw_http3 import WT_STREAM, RawHttp3, Stream, frame, read_varint, request_fields, varint

import conformance_suite
import packets
import tokens
from bystander import Call
from conformance_suite import Failure
from deadline import PATIENCE, Deadline, TooLate
from endings import Ended
from member import Member
from webtransport_client import WebTransport

_cases = []
_rooms = itertools.count(1)


class Case(conformance_suite.Case):
    """A `slow` one only waits, and shares its time with others."""

    def __init__(self, *given, slow=False, **marks):
        super().__init__(*given, **marks)
        self.slow = slow


def case(group, name, *parameters, **marks):
    """Registers a function of (place, *parameters) as a case. The name may be filled in with the
    parameters, as by str.format."""

    def register(function):
        _cases.append(Case(group, name.format(*parameters),
                           lambda place: function(place, *parameters), **marks))
        return function

    return register


def cases():
    return list(_cases)


class Place:
    """Where a case is run: a relay, with a room of its own."""

    def __init__(self, host, port, secret):
        self.host, self.port, self.secret = host, port, secret
        self.room = f"wt-conformance-{next(_rooms)}"
        self._opened = []

    def _keep(self, client):
        self._opened.append(client)
        return client

    def leave(self):
        for client in self._opened:
            client.discard()

    def raw(self, **how):
        """A connection on which nothing has been said."""
        return self._keep(RawHttp3(self.port, host=self.host, **how))

    def client(self, settings=None, **how):
        """A connection whose SETTINGS are said."""
        raw = self.raw(**how)
        raw.control = raw.send_settings(settings)
        return raw

    def target(self, user="culprit"):
        return f"/lobby/{user}/{self.room}"

    def session(self, user="culprit", client=None, **how):
        """An accepted session on a connection that is raw otherwise."""
        return Session(client or self.client(**how), self.target(user))

    def member(self, user="listener"):
        """Somebody in the same room who does everything right, and is active."""
        session = self._keep(WebTransport(self.port, self.target(user)))
        return Member(session, user, self.room).activate()

    def token(self, user, **changed):
        return tokens.sign(tokens.claims(user, self.room, **changed), secret=self.secret)


class Session:
    """An accepted session of which every byte is the case's own. It `is_told` its id first, unless
    it is rejected."""

    def __init__(self, raw, target, is_told=True, **how):
        self.raw = raw
        self.id = raw.ask(request_fields(target), **how)
        status = raw.status(self.id)
        if status != 200:
            raise Failure(f"CONNECT {target} got {status}")
        self.state = raw.stream(self.id)
        self._told = set()
        if not is_told:
            return
        assigned = packets.Packet.read(self.packet())
        if assigned.type != packets.SESSION_ASSIGNED:
            raise Failure(f"came first: {assigned}")
        self.session_id = assigned.session_id

    @property
    def head(self):
        return varint(WT_STREAM) + varint(self.id)

    @property
    def quarter(self):
        return varint(self.id // 4)

    def send(self, packet):
        return self.raw.open_uni(self.head + packet, fin=True)

    def say(self, text=b"hello"):
        """Sends an ordinary packet, and answers what others receive of it."""
        packet = packets.wrapper(packets.CONNECTION, "culprit", text)
        self.send(packet)
        return packet + packets.stamp(self.session_id)

    def send_datagram(self, packet):
        self.raw.send_datagram(self.quarter + packet)

    def on_connect(self, data, fin=False):
        """Bytes on the CONNECT stream, as they are."""
        self.raw.send(self.id, data, fin)

    def send_capsule(self, data, fin=False):
        """Bytes of capsules, in a DATA frame."""
        self.on_connect(frame(0, data), fin)

    def _next_stream(self):
        for number, stream in list(self.raw.streams.items()):
            if number % 4 == 3 and number not in self._told and stream.is_over:
                try:
                    kind, place = read_varint(stream.data)
                    session, place = read_varint(stream.data, place)
                except IndexError:
                    continue
                if kind == WT_STREAM:
                    if session != self.id:
                        raise Failure(f"the server opened a stream of session {session}")
                    self._told.add(number)
                    return number, bytes(stream.data[place:])
        return None

    def packet(self, within=PATIENCE):
        """The next packet that came on a stream."""
        return self.raw.wait_for(self._next_stream, within, "a packet")[1]

    def datagram(self, within=PATIENCE):
        """The next packet that came as a datagram."""
        self.raw.wait_for(lambda: self.raw.datagrams, within, "a datagram")
        data = self.raw.datagrams.pop(0)
        quarter, place = read_varint(data)
        if quarter != self.id // 4:
            raise Failure(f"a datagram of session {4 * quarter}")
        return data[place:]

    def await_datagrams(self):
        """Until a probe comes back as a datagram: before the server has seen that its 200 was read,
        it sends none, since browsers lose them; the echo comes on a stream then."""
        for _ in range(200):
            probe = packets.rtt_probe(next(_rooms) + 0.75, b"culprit")
            self.send_datagram(probe)
            if self._echo(probe) == "datagram":
                return self
        raise Failure("no probe comes back as a datagram")

    def _echo(self, probe):
        """By which channel this probe comes back; what else has come is thrown away."""
        while True:
            came = self.raw.wait_for(lambda: self.raw.datagrams or self._next_stream(),
                                     what="the echo of a probe")
            if came is self.raw.datagrams:
                if self.datagram() == probe:
                    return "datagram"
            elif came[1] == probe:
                return "stream"

    def hear(self, wanted, within=PATIENCE):
        """Reads on until this packet comes on a stream."""
        deadline = Deadline(within)
        while (packet := self.packet(deadline.left(f"{wanted[:40]!r}"))) != wanted:
            pass
        return packet

    def expect_alive(self, how="stream"):
        """A probe comes back; whatever went before it has been dealt with."""
        probe = packets.rtt_probe(next(_rooms) + 0.25, b"culprit")
        try:
            if how == "stream":
                self.send(probe)
                self.hear(probe)
            else:
                self.await_datagrams()
                self.send_datagram(probe)
                while self.datagram() != probe:
                    pass
        except (Ended, TooLate, BrokenPipeError) as error:
            raise Failure(f"the session is not alive: {error}") from None

    def expect_over(self, *codes, within=PATIENCE):
        """The server ends its side of the CONNECT stream: with FIN if there are no `codes`, or by
        RESET_STREAM with one of them (or, with codes, in either way if None is among them)."""
        self.raw.wait_for(lambda: self.state.is_over or self.state.reset is not None, within,
                          "the end of the session")
        got = self.state.reset
        if got not in (codes or (None,)):
            raise Failure("the CONNECT stream ended with "
                          f"{'FIN' if got is None else hex(got)}, not {codes or 'FIN'}")

    def capsules(self):
        """[(kind, payload)] of what the server has sent on the CONNECT stream."""
        inner = Stream()
        inner.data = bytearray(b"".join(payload for kind, payload in self.state.frames()
                                        if kind == 0))
        return inner.frames()


def together(place):
    """(a listener who does everything right, a session that need not)."""
    return place.member(), place.session()


def expect_heard(listener, session, text=b"hello"):
    """The session is as it should be: what it says reaches the listener."""
    listener.hear(session.say(text))


def early_packet(number):
    """One that others would hear if it got through."""
    return packets.wrapper(packets.CONNECTION, "culprit", b"early %d" % number)


class Bystanders:
    """Two members of another room who talk while the cases run."""

    def __init__(self, host, port):
        self._place = Place(host, port, None)
        early, bird = self._place.member("early"), self._place.member("bird")
        early.hear(bird.joined)
        for member in (early, bird):
            member.heard.clear()
        self._call = Call(early, bird)
        self._call.start()

    def check(self, before):
        """They were heard since `before`, and a newcomer is let in at once."""
        self._call.wait_for_more(before)
        begun = time.monotonic()
        newcomer = WebTransport(self._place.port, self._place.target("newcomer"))
        roster = Member(newcomer, "newcomer", self._place.room).roster
        newcomer.discard()
        roster = sum(packet.is_meeting(packets.JOINED) for packet in roster)
        if roster != 2 or time.monotonic() - begun > 2.0:
            raise Failure(f"a newcomer needed {time.monotonic() - begun:.1f} s, roster {roster}")

    @property
    def delivered(self):
        return self._call.delivered

    def leave(self):
        self._place.leave()

    def finish(self):
        self._call.finish()
        self._place.leave()

