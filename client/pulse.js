// Whether the relay still answers.

const TICK_MS = 1_000;
// A path that says nothing for so long is blocked: media is to be back within five seconds.
const BLOCKED_MS = 3_000;
// And after this long it is dead. A resumed connection is back before anybody is told that we left.
const DEAD_MS = 8_000;

/**
 * Ticks once a second while it runs, and listens for answers to the probe sent with each tick.
 * Handlers: `tick(now, slept)`, `blocked()` after 3 s without an answer, `back()` if one comes after
 * all, `dead()` after 8 s. A page that slept has not been listening: nobody is judged by that time.
 */
export class Pulse {
  #clock;
  #handlers;
  #tickTimer = null;
  #watchTimer = null;
  #tickedAt = 0;
  #heardAt = 0;
  #isBlocked = false;

  constructor(clock, handlers) {
    this.#clock = clock;
    this.#handlers = handlers;
  }

  start() {
    this.stop();
    this.#tickedAt = this.#clock.now();
    this.#excuse();
    this.#tick();
  }

  stop() {
    this.#clock.cancel(this.#tickTimer);
    this.#clock.cancel(this.#watchTimer);
    this.#tickTimer = this.#watchTimer = null;
  }

  answered() {
    if (this.#tickTimer === null) return;
    const wasBlocked = this.#isBlocked;
    this.#excuse();
    if (wasBlocked) this.#handlers.back();
  }

  #excuse() {
    this.#isBlocked = false;
    this.#heardAt = this.#clock.now();
    this.#watch(BLOCKED_MS);
  }

  #watch(ms) {
    this.#clock.cancel(this.#watchTimer);
    this.#watchTimer = this.#clock.later(ms, () => this.#silent());
  }

  #silent() {
    if (this.#clock.now() - this.#heardAt > BLOCKED_MS + TICK_MS) return this.#excuse();
    this.#isBlocked = true;
    this.#handlers.blocked();
  }

  #tick() {
    const now = this.#clock.now();
    const slept = now - this.#tickedAt > 3 * TICK_MS;
    this.#tickedAt = now;
    this.#tickTimer = this.#clock.later(TICK_MS, () => this.#tick());
    if (slept) this.answered();
    if (now - this.#heardAt > DEAD_MS) this.#handlers.dead();
    else this.#handlers.tick(now, slept);
  }
}
