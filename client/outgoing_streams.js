// Sends packets of a session, each on a stream of its own.

import { Kind } from './link.js';

// Streams that were begun and are not yet taken by the network, for each kind. Of media more than
// this is more than a second late, and the newest wait outside; a control packet that finds no room
// means that nothing has moved for many seconds.
const IN_FLIGHT_MAX = {
  [Kind.CONTROL]: 256,
  [Kind.AUDIO]: 64,
  [Kind.VIDEO]: 32,
  [Kind.SCREEN]: 32,
};

// Where the browser lets streams go before one another (Firefox), sound does not wait for pictures.
const SEND_ORDER = {
  [Kind.CONTROL]: 3,
  [Kind.AUDIO]: 2,
  [Kind.SCREEN]: 1,
  [Kind.VIDEO]: 1,
};

// A picture this late is not worth the bytes it still needs. A keyframe is large, and everything
// after it needs it.
const STALE_MS = 1_500;
const STALE_KEY_MS = 4_000;

export class OutgoingStreams {
  #session;
  #clock;
  #flights = new Map(Object.values(Kind).map((kind) => [kind, new Set()]));

  constructor(session, clock) {
    this.#session = session;
    this.#clock = clock;
  }

  /** Bytes of this kind in flight: kinds do not wait for one another. Infinity if no more may go. */
  waitingBytes(kind) {
    const flights = this.#flights.get(kind);
    if (flights.size >= IN_FLIGHT_MAX[kind]) return Infinity;
    let bytes = 0;
    for (const flight of flights) bytes += flight.size;
    return bytes;
  }

  /** False if there are too many of its kind in flight already. */
  send(bytes, kind, isKey = false) {
    if (this.#flights.get(kind).size >= IN_FLIGHT_MAX[kind]) return false;
    const staleAt = this.#clock.now() + (isKey ? STALE_KEY_MS : STALE_MS);
    const flight = { size: bytes.length, staleAt, writer: null, dropped: false };
    this.#flights.get(kind).add(flight);
    this.#fly(flight, bytes, kind).finally(() => this.#flights.get(kind).delete(flight));
    return true;
  }

  /** Gives up the pictures of this kind that are late, and says how many they were. */
  dropStale(kind) {
    if (kind !== Kind.VIDEO && kind !== Kind.SCREEN) return 0;
    const now = this.#clock.now();
    let count = 0;
    for (const flight of this.#flights.get(kind)) {
      if (flight.dropped || now < flight.staleAt) continue;
      drop(flight);
      count += 1;
    }
    return count;
  }

  /** The session is over; its streams are over with it. */
  stop() {
    for (const flights of this.#flights.values()) flights.forEach(drop);
  }

  async #fly(flight, bytes, kind) {
    try {
      // Without `waitUntilAvailable` the relay's limit of streams would be an error, not a wait.
      const options = { sendOrder: SEND_ORDER[kind], waitUntilAvailable: true };
      const stream = await this.#session.createUnidirectionalStream(options);
      flight.writer = stream.getWriter();
      if (flight.dropped) return drop(flight);
      const written = flight.writer.write(bytes);
      written.catch(() => {});
      await flight.writer.close();
    } catch {
      // Dropped by us, or refused by the relay, or the session is over, which `closed` tells.
    }
  }
}

function drop(flight) {
  flight.dropped = true;
  flight.writer?.abort().catch(() => {});
}
