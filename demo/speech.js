// A room at rest is below this, a voice at arm's length above.
const LOUD = 0.02;
// Words are joined into speech across the pauses between them.
const HOLD_MS = 900;

/** Tells from loudness whether somebody is speaking. */
export class Speech {
  #loudAt = -Infinity;
  level = 0;
  speaking = false;

  /** True if `speaking` changed. */
  accept(samples, now) {
    let sum = 0;
    for (const sample of samples) sum += sample * sample;
    this.level = Math.sqrt(sum / samples.length);
    if (this.level > LOUD) this.#loudAt = now;
    const speaking = now - this.#loudAt < HOLD_MS;
    const changed = speaking !== this.speaking;
    this.speaking = speaking;
    return changed;
  }

  /** A muted microphone is silent at once. */
  reset() {
    this.#loudAt = -Infinity;
    this.level = 0;
    this.speaking = false;
  }
}
