// A session survives 2 s without a connection before peers are told that it left, so the first
// retries are quick; ten seconds at most, so that a relay that returns is found soon.
const FIRST_MS = 200;
const MAX_MS = 10_000;

/** How long to wait before each attempt: doubled each time, spread so that a thousand clients of a
 * relay that restarts do not all return in the same instant. */
export class Backoff {
  #attempts = 0;
  #random;

  constructor(random = Math.random) {
    this.#random = random;
  }

  /** Attempts since the last success. */
  get attempts() {
    return this.#attempts;
  }

  /** Milliseconds until the next attempt: between half and all of the doubled time. */
  next() {
    const whole = Math.min(MAX_MS, FIRST_MS * 2 ** this.#attempts++);
    return whole * (0.5 + this.#random() / 2);
  }

  reset() {
    this.#attempts = 0;
  }
}
