"""The call of bystander_call on WebTransport. Delays are noted by the thread that receives."""

import time

from bystander_call import ROOM, BystanderCall
from member import Member
from packets import Packet
from webtransport_client import WebTransport

LOOK_EVERY = 0.002


class Speaker(WebTransport):
    """Tells `on_heard` of every packet, once there is one."""

    on_heard = None

    def on_event(self, event):
        super().on_event(event)
        while self.on_heard and self.packets:
            self.on_heard(Packet.read(self.packets.popleft()[1]))


class UdpBystanderCall(BystanderCall):
    def __init__(self, port):
        super().__init__(port)
        for member in self._members:
            member.session.on_heard = self._note

    def _join(self, user):
        return Member(Speaker(self._port, f"/lobby/{user}/{ROOM}"), user, ROOM)

    def _wait(self, seconds):
        for member in self._members:
            if member.session.session_end:
                raise member.session.session_end
        time.sleep(min(seconds, LOOK_EVERY))
