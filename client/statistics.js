// Counters of a room visit, and the two measures made of them: a rate and a round trip.

const RATE_WINDOW_MS = 3_000;
const RTT_SAMPLES = 10;
// A clock that jumped, or a probe from before a long sleep, is no measurement.
const RTT_MAX_MS = 10_000;

/** Packets and bytes, in total and per second over the last three seconds. */
export class Meter {
  packets = 0;
  bytes = 0;
  #marks = [];

  add(bytes) {
    this.packets += 1;
    this.bytes += bytes;
  }

  /** Notes the totals at `now`; call about once a second. */
  mark(now) {
    this.#marks.push({ now, packets: this.packets, bytes: this.bytes });
    while (this.#marks.length > 2 && now - this.#marks[1].now >= RATE_WINDOW_MS) {
      this.#marks.shift();
    }
  }

  snapshot() {
    const first = this.#marks.at(0);
    const last = this.#marks.at(-1);
    const seconds = first ? (last.now - first.now) / 1000 : 0;
    const perSecond = (amount) => (seconds > 0 ? amount / seconds : 0);
    return {
      packets: this.packets,
      bytes: this.bytes,
      packetsPerSecond: perSecond(last?.packets - first?.packets),
      bitsPerSecond: perSecond(last?.bytes - first?.bytes) * 8,
    };
  }
}

/** Round trips of the last ten probes. */
export class RoundTrip {
  #samples = [];

  add(ms) {
    if (!(ms >= 0 && ms <= RTT_MAX_MS)) return;
    this.#samples.push(ms);
    if (this.#samples.length > RTT_SAMPLES) this.#samples.shift();
  }

  /** Old samples say nothing about a new connection. */
  reset() {
    this.#samples = [];
  }

  /** { last, average } in ms; null before the first answer. */
  snapshot() {
    if (this.#samples.length === 0) return null;
    const sum = this.#samples.reduce((a, b) => a + b, 0);
    return { last: this.#samples.at(-1), average: sum / this.#samples.length };
  }
}

/** Everything counted in one visit. */
export class Statistics {
  in = new Meter();
  out = new Meter();
  rtt = new RoundTrip();
  /** Connections that were lost and came back, and those that were moved before they were lost. */
  reconnects = 0;
  moves = 0;
  /** Packets from the network that could not be read. */
  malformed = 0;
  /** Own packets not sent because too much was waiting already. */
  dropped = { video: 0, screen: 0, audio: 0 };

  mark(now) {
    this.in.mark(now);
    this.out.mark(now);
  }
}
