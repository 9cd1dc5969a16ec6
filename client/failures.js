// Remembers that WebTransport did not work here a short while ago. Most often a network lets no UDP
// through, and then each further attempt costs time; browsers also lengthen their own time-outs
// after each failure.

const FIRST_MS = 30_000;
const MAX_MS = 600_000;

export class Failures {
  #clock;
  #store;
  #count = 0;
  #until = -Infinity;

  /**
   * `store` keeps it over a reload: `load()` gives what `save({ count, waitMs })` got, with what is
   * left of `waitMs`, or null.
   */
  constructor(clock, store = null) {
    this.#clock = clock;
    this.#store = store;
    const { count = 0, waitMs = -Infinity } = store?.load() ?? {};
    this.#count = count;
    this.#until = clock.now() + waitMs;
  }

  /** True while another attempt would probably fail too. */
  get recent() {
    return this.#clock.now() < this.#until;
  }

  /** It failed; each time in a row it is left alone for twice as long. */
  note() {
    const waitMs = Math.min(MAX_MS, FIRST_MS * 2 ** this.#count++);
    this.#until = this.#clock.now() + waitMs;
    this.#store?.save({ count: this.#count, waitMs });
  }

  /** It works, or the network is another. */
  clear() {
    if (this.#count === 0) return;
    this.#count = 0;
    this.#until = -Infinity;
    this.#store?.save({ count: 0, waitMs: 0 });
  }
}
