"""A WebTransport session in a two-way call: its delays are noted by the thread that receives."""

from packets import Packet
from webtransport_client import WebTransport


class Speaker(WebTransport):
    """Tells `on_heard` of every packet, once there is one."""

    on_heard = None

    def on_event(self, event):
        super().on_event(event)
        while self.on_heard and self.packets:
            self.on_heard(Packet.read(self.packets.popleft()[1]))
