// Puts the packets of each stream of media back into the order in which they were sent. Where every
// packet travels by itself a small one overtakes a big one: the frames after a keyframe, for example.

const CHECK_MS = 20;
// A packet that the network lost comes once more within about a round trip. Sound is wanted sooner
// than it is wanted whole.
const GRACE_MS = { picture: 100, sound: 40 };
// While something sent earlier is still arriving it may be what is missing: the relay gives up a
// frame after a second.
const MISSING_MS_MAX = { picture: 1_000, sound: 100 };
// Five seconds of video. Beyond it a stream is given out as it is.
const HELD_MAX = 128;
// As in Sequence: a number far below is a sender that began anew.
const RESTART_DISTANCE = 64;

/** `give` is called with the packets, in order as far as waiting a little can make it so. */
export class Sorter {
  #clock;
  #streams = new Map();
  #timer = null;

  /** Packets that had to wait for an earlier one. */
  held = 0;

  constructor(clock) {
    this.#clock = clock;
  }

  /**
   * Takes the packet `number` of the stream `key`, and calls `give` now or when its turn has come.
   * A keyframe never waits: what it overtakes is not needed any more. `ahead()` says whether an
   * earlier packet is arriving; `form` is 'picture' or 'sound'.
   */
  add(key, { number, isKey, form, ahead, give }) {
    const stream = this.#streamOf(key);
    if (stream.next !== null && number < stream.next) {
      // Late, and of use only to whom it does not matter; or a new beginning.
      if (number !== 0 && stream.next - number <= RESTART_DISTANCE) return give();
      this.#release(stream, stream.held.length);
      stream.next = 0;
    }
    const at = this.#clock.now();
    insert(stream.held, { number, isKey, form, ahead, give, at });
    // Who is at the beginning began at zero.
    stream.next ??= number < RESTART_DISTANCE ? 0 : number;
    this.#releaseDue(stream, at);
    if (stream.held.length > 0) {
      this.held += 1;
      this.#timer ??= this.#clock.later(CHECK_MS, () => this.#check());
    }
  }

  /** The sender is gone. */
  forget(key) {
    this.#streams.delete(key);
  }

  /** Nothing more comes of what came so far: gives out what is held. */
  flush() {
    this.#clock.cancel(this.#timer);
    this.#timer = null;
    for (const stream of this.#streams.values()) this.#release(stream, stream.held.length);
    this.#streams.clear();
  }

  #streamOf(key) {
    let stream = this.#streams.get(key);
    if (!stream) this.#streams.set(key, (stream = { next: null, held: [] }));
    return stream;
  }

  #check() {
    this.#timer = null;
    const now = this.#clock.now();
    let waiting = false;
    for (const stream of this.#streams.values()) {
      this.#releaseDue(stream, now);
      waiting ||= stream.held.length > 0;
    }
    if (waiting) this.#timer ??= this.#clock.later(CHECK_MS, () => this.#check());
  }

  #releaseDue(stream, now) {
    const { held } = stream;
    const key = held.findLastIndex((packet) => packet.isKey);
    if (key >= 0) this.#release(stream, key + 1);
    if (held.length > HELD_MAX) this.#release(stream, held.length);
    while (held.length > 0 && (held[0].number <= stream.next || isOverdue(held[0], now))) {
      this.#release(stream, 1);
    }
  }

  #release(stream, count) {
    for (const packet of stream.held.splice(0, count)) {
      stream.next = packet.number + 1;
      packet.give();
    }
  }
}

function isOverdue({ at, form, ahead }, now) {
  const waited = now - at;
  if (waited >= MISSING_MS_MAX[form]) return true;
  return waited >= GRACE_MS[form] && !ahead();
}

function insert(held, packet) {
  let at = held.length;
  while (at > 0 && held[at - 1].number > packet.number) at -= 1;
  held.splice(at, 0, packet);
}
