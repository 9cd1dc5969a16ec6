// A clock that moves when told, and a socket whose far end is the test.

import {
  MediaPacket,
  MeetingPacket,
  PacketType,
  PacketWrapper,
  SYSTEM_USER,
} from '../../client/index.js';

export class FakeClock {
  #now = 1_000;
  #timers = new Map();
  #ids = 0;

  now = () => this.#now;

  later = (ms, act) => {
    this.#timers.set(++this.#ids, { at: this.#now + ms, act });
    return this.#ids;
  };

  cancel = (id) => this.#timers.delete(id);

  /** Lets `ms` pass, calling what falls due, in order. */
  pass(ms) {
    const end = this.#now + ms;
    for (;;) {
      const due = [...this.#timers]
        .filter(([, t]) => t.at <= end)
        .sort((a, b) => a[1].at - b[1].at);
      if (due.length === 0) break;
      const [id, timer] = due[0];
      this.#timers.delete(id);
      this.#now = Math.max(this.#now, timer.at);
      timer.act();
    }
    this.#now = end;
  }

  /** Lets `ms` pass at once, as for a page that sleeps: timers come late. */
  sleep(ms) {
    this.#now += ms;
    this.pass(0);
  }

  get pending() {
    return this.#timers.size;
  }
}

/** Makes a WebSocket class that remembers its sockets in `sockets`. */
export function fakeWebSockets() {
  const sockets = [];
  class FakeSocket {
    readyState = 0;
    bufferedAmount = 0;
    sent = [];

    constructor(url) {
      this.url = new URL(url);
      sockets.push(this);
    }

    send(bytes) {
      this.sent.push(bytes.slice());
    }

    close(code, reason) {
      this.readyState = 3;
      this.closedWith = { code, reason };
    }

    // The test's side.
    open() {
      this.readyState = 1;
      this.onopen?.({});
    }

    receive(bytes) {
      this.onmessage?.({
        data: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
      });
    }

    lose(code = 1006, reason = '') {
      this.readyState = 3;
      this.onclose?.({ code, reason });
    }

    assign(sessionId) {
      this.open();
      this.receive(assigned(sessionId));
    }

    /** What was sent, decoded. */
    get packets() {
      return this.sent.map(readPacket);
    }
  }
  return { sockets, WebSocket: FakeSocket };
}

/** { packet, media }, `media` being null if it is none. */
export function readPacket(bytes) {
  const packet = PacketWrapper.decode(bytes);
  const media = packet.packetType === PacketType.MEDIA ? MediaPacket.decode(packet.data) : null;
  return { packet, media };
}

export function assigned(sessionId) {
  return PacketWrapper.encode({
    packetType: PacketType.SESSION_ASSIGNED,
    userId: SYSTEM_USER,
    sessionId,
  });
}

export function notice(fields) {
  return PacketWrapper.encode({
    packetType: PacketType.MEETING,
    userId: SYSTEM_USER,
    data: MeetingPacket.encode({ roomId: 'tea', ...fields }),
  });
}

export function mediaOf(sessionId, userId, media) {
  return PacketWrapper.encode({
    packetType: PacketType.MEDIA,
    userId,
    data: MediaPacket.encode(media),
    sessionId,
  });
}
