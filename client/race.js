// One round of attempts to join, over one transport or two.

import { NOBODY } from './link.js';
import { assignedSession } from './packets.js';

// So long the first has before the second is tried beside it.
const HEAD_START_MS = 1_500;
// Who has not been taken in by then will not be.
const JOIN_MS_MAX = 10_000;
// A roster may arrive before the session it is for.
const EARLY_MAX = 10_000;

/**
 * Tries the transports of `plan` one after another: the next when the one before has failed, or has
 * not joined in 1.5 s. The first that joins wins. The others are closed without having sent
 * anything: on the relay they were at most candidates for the session (docs/PROTOCOL.md, Resuming).
 *
 * `open(name, handlers)` makes a link; it may throw. Handlers, of which exactly one is called, once:
 * `won({ link, why, packets, beaten, failed })`, where `packets` came before it won, the session
 * first, `beaten()` closes the others and `failed` are the transports that did not make it;
 * `lost({ ending, ghosts })` when all failed, `ghosts` being those that may yet reach the relay;
 * `ended(ending, packets)` when the relay said no.
 */
export class Race {
  #plan;
  #open;
  #clock;
  #handlers;
  #runners = new Set();
  #failed = [];
  #ghosts = 0;
  #next = 0;
  #headStart = null;

  constructor({ plan, open, clock, handlers }) {
    this.#plan = plan;
    this.#open = open;
    this.#clock = clock;
    this.#handlers = handlers;
  }

  start() {
    this.#startNext(this.#plan[0].why);
  }

  /** Gives up all attempts. How many they were. */
  cancel() {
    const count = this.#runners.size;
    this.#clock.cancel(this.#headStart);
    for (const runner of [...this.#runners]) this.#drop(runner);
    return count;
  }

  #startNext(why) {
    this.#clock.cancel(this.#headStart);
    const { name } = this.#plan[this.#next++];
    const runner = { name, why, link: null, early: [], timer: null };
    this.#runners.add(runner);
    const failed = (ending) => this.#runnerFailed(runner, ending);
    runner.timer = this.#clock.later(JOIN_MS_MAX, () => failed(NO_ANSWER));
    const following = this.#plan[this.#next];
    if (following) {
      this.#headStart = this.#clock.later(HEAD_START_MS, () => this.#startNext(following.why));
    }
    try {
      runner.link = this.#open(name, {
        received: (bytes, ahead) => this.#received(runner, bytes, ahead),
        closed: failed,
      });
    } catch (error) {
      failed({ verdict: null, code: null, reason: error.message });
    }
  }

  #received(runner, bytes, ahead) {
    const isJoin = assignedSession(bytes) !== null;
    if (isJoin) runner.early.unshift({ bytes, ahead });
    else if (runner.early.length < EARLY_MAX) runner.early.push({ bytes, ahead });
    if (isJoin) this.#joined(runner);
  }

  #joined(runner) {
    this.#runners.delete(runner);
    this.#clock.cancel(runner.timer);
    this.#clock.cancel(this.#headStart);
    const { link, why, early } = runner;
    link.handlers = NOBODY;
    const beaten = [...this.#runners].map(({ name }) => name);
    const failed = [...this.#failed, ...beaten];
    this.#handlers.won({ link, why, packets: early, failed, beaten: () => this.cancel() });
  }

  #runnerFailed(runner, ending) {
    this.#drop(runner);
    this.#failed.push(runner.name);
    if (ending === NO_ANSWER) this.#ghosts += 1;
    // Sent away before it had joined: a later attempt of our own is on its way in.
    const final = ending.verdict !== null && ending.verdict !== 'moved';
    const following = this.#plan[this.#next];
    if (final) {
      this.cancel();
      this.#handlers.ended(ending, runner.early);
    } else if (following) {
      this.#startNext(following.why === 'late' ? 'failed' : following.why);
    } else if (this.#runners.size === 0) {
      this.#handlers.lost({ ending, ghosts: this.#ghosts });
    }
  }

  #drop(runner) {
    this.#runners.delete(runner);
    this.#clock.cancel(runner.timer);
    runner.link?.close();
  }
}

const NO_ANSWER = { verdict: null, code: 1006, reason: 'no answer', broken: true };
