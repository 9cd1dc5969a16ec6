// Sound waits here just long enough that unsteady arrival is not heard. Pure; the audio worklet
// and the tests use it alike.

const SAMPLES_PER_MS = 48;
const TARGET_MIN = 40 * SAMPLES_PER_MS;
const TARGET_MAX = 200 * SAMPLES_PER_MS;
const TARGET_FIRST = 60 * SAMPLES_PER_MS;
// Each time it runs dry it waits for 20 ms more; each second without takes 2 ms back.
const STEP = 20 * SAMPLES_PER_MS;
const SECOND = 1000 * SAMPLES_PER_MS;
const EASE = 2 * SAMPLES_PER_MS;
// Sound that waits this much longer than it must is skipped: a call is not a recording.
const EXCESS_MAX = 120 * SAMPLES_PER_MS;

export class JitterBuffer {
  #pieces = [];
  #offset = 0;
  #waiting = 0;
  #priming = true;
  #target = TARGET_FIRST;
  #steady = 0;

  /** How often it ran dry while somebody was heard, and how much was skipped. */
  underruns = 0;
  skippedSamples = 0;

  get waitingMs() {
    return this.#waiting / SAMPLES_PER_MS;
  }

  get targetMs() {
    return this.#target / SAMPLES_PER_MS;
  }

  push(samples) {
    this.#pieces.push(samples);
    this.#waiting += samples.length;
    if (this.#waiting > this.#target + EXCESS_MAX) {
      const excess = this.#waiting - this.#target;
      this.skippedSamples += excess;
      this.#take(null, excess);
    }
  }

  /** Fills `out` with what is due, or with silence. */
  pull(out) {
    if (this.#priming && this.#waiting < this.#target) return void out.fill(0);
    this.#priming = false;
    const count = Math.min(out.length, this.#waiting);
    this.#take(out, count);
    if (count < out.length) this.#ranDry(out, count);
    else this.#wentWell(count);
  }

  #ranDry(out, count) {
    out.fill(0, count);
    this.underruns += 1;
    this.#priming = true;
    this.#steady = 0;
    this.#target = Math.min(TARGET_MAX, this.#target + STEP);
  }

  #wentWell(count) {
    this.#steady += count;
    if (this.#steady < SECOND) return;
    this.#steady = 0;
    this.#target = Math.max(TARGET_MIN, this.#target - EASE);
  }

  #take(out, count) {
    this.#waiting -= count;
    for (let at = 0; at < count;) {
      const piece = this.#pieces[0];
      const length = Math.min(piece.length - this.#offset, count - at);
      out?.set(piece.subarray(this.#offset, this.#offset + length), at);
      at += length;
      this.#offset += length;
      if (this.#offset === piece.length) {
        this.#pieces.shift();
        this.#offset = 0;
      }
    }
  }
}
