// The relay lets two keyframe requests a second pass for each session; more are dropped.
const BETWEEN_ANY_MS = 500;
// The same picture is not asked for again while its keyframe may be on the way.
const BETWEEN_SAME_MS = 1_000;
// Who left is forgotten now and then.
const REMEMBERED_MAX = 1_000;

/** Spreads keyframe requests so that the relay lets every one of them pass. */
export class KeyframeAsker {
  #askedAt = -Infinity;
  #askedFor = new Map();

  /** True if `picture` may be asked for now; it then counts as asked. */
  mayAsk(picture, now) {
    if (now - this.#askedAt < BETWEEN_ANY_MS) return false;
    if (now - (this.#askedFor.get(picture) ?? -Infinity) < BETWEEN_SAME_MS) return false;
    this.#askedAt = now;
    if (this.#askedFor.size >= REMEMBERED_MAX) this.#askedFor.clear();
    this.#askedFor.set(picture, now);
    return true;
  }
}
