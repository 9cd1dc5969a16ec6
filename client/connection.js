// Keeps a connection to the relay, through as many links as it takes. Knows transports, endings and
// time, and of packets only the one that says that the relay took us in.

import { Backoff } from './backoff.js';
import { Failures } from './failures.js';
import { NOBODY } from './link.js';
import { Race } from './race.js';
import { assignedSession } from './packets.js';
import { makePlan } from './plan.js';

// Before the relay was reached once, the address is probably wrong; afterwards it probably returns.
const FIRST_ATTEMPTS_MAX = 4;
const ATTEMPTS_MAX = 40;
// A transport that broke sooner than this did not work.
const WORKED_MS_MIN = 10_000;
// So long a link that we gave up may still stir on the relay.
const GHOST_MS_MAX = 60_000;

const UNKNOWN = 1006;
const NOT_OFFERED = 'WebTransport is not offered here';

/**
 * `wanted` is 'auto', 'websocket' or 'webtransport'; `able` is false where there is no WebTransport;
 * `offers` is asked for it; `open(name, handlers, offer)` makes a link. `handlers`:
 * `received(bytes, ahead)`, where a session's first packet assigns it; `switched({ transport, why,
 * from })` before that, when a link is kept, `from` being the transport it was moved from, if any;
 * `lost({ code, reason, retryMs })` when it will try again; `ended({ why, code, reason })` when it
 * will not ('moved', 'refused', 'ended', 'unreachable').
 */
export class Connection {
  #wanted;
  #able;
  #offers;
  #open;
  #clock;
  #handlers;
  #backoff;
  #failures;

  #link = null;
  #why = null;
  #sessionId = null;
  #joinedAt = 0;

  // A round of attempts is one of: a question asked (#turn tells whose), a race, a wait.
  #turn = 0;
  #asking = false;
  #race = null;
  #timer = null;
  #blocked = null;
  #confirmed = false;
  #ghostsUntil = -Infinity;
  #only = null;

  constructor({ wanted, able, offers, open, clock, random, memory, handlers }) {
    this.#wanted = wanted;
    this.#able = able;
    this.#offers = offers;
    this.#open = open;
    this.#clock = clock;
    this.#handlers = handlers;
    this.#backoff = new Backoff(random);
    this.#failures = new Failures(clock, memory);
  }

  /** Begins; call once. */
  open() {
    this.#begin({ first: true });
  }

  get isOpen() {
    return this.#link?.isOpen ?? false;
  }

  /** The transport of the present link, or of the last one, and why it is that one. */
  get transport() {
    return this.#why?.transport ?? null;
  }

  get why() {
    return this.#why?.why ?? null;
  }

  get keepsOrder() {
    return this.#link?.keepsOrder ?? true;
  }

  waitingBytes(kind) {
    return this.#link?.waitingBytes(kind) ?? 0;
  }

  dropStale(kind) {
    return this.#link?.dropStale(kind) ?? 0;
  }

  send(bytes, kind, isKey) {
    this.#link?.send(bytes, kind, isKey);
  }

  /** The present link has fallen silent: another is opened beside it, and kept if it joins first. */
  moveAway() {
    if (!this.#link || this.#busy) return;
    this.#blocked = this.#link.name;
    this.#begin({});
  }

  /** The present link speaks again: it is kept. */
  stay() {
    if (!this.#link) return;
    this.#blocked = null;
    this.#backoff.reset();
    this.#giveUpRound();
  }

  /** Gives up the present link without waiting for its goodbye, and tries again. */
  restart(reason) {
    this.#dropLink('');
    this.#lost({ code: UNKNOWN, reason });
  }

  /** The network is said to be another: tries at once instead of at the end of the back-off. */
  hurry() {
    this.#failures.clear();
    if (this.#timer !== null) this.#begin({});
  }

  /** Says goodbye; no handler is called any more. */
  close(reason = '') {
    this.#giveUpRound();
    this.#dropLink(reason);
  }

  // ---- rounds

  get #busy() {
    return this.#asking || this.#race !== null || this.#timer !== null;
  }

  #begin({ first = false }) {
    this.#wait(null);
    const socketOnly = this.#wanted === 'auto' && this.#blocked === 'webtransport';
    if (this.#wanted === 'websocket' || !this.#able || socketOnly) return this.#run(null);
    const turn = ++this.#turn;
    this.#asking = true;
    this.#ask(first).then(({ ready, offer }) => {
      if (turn !== this.#turn) return;
      this.#asking = false;
      if (ready) this.#run(offer);
      else this.#roundLost({ code: UNKNOWN, reason: 'no answer' });
    });
  }

  // After a loss no WebTransport is tried before the relay is known to live, or browsers would wait
  // ever longer; and it may have another certificate.
  async #ask(first) {
    const [ready, offer] = await Promise.all([
      first || this.#offers.isReady(),
      this.#offers.webTransport(),
    ]);
    return { ready, offer };
  }

  #run(offer) {
    const plan = this.#plan(offer);
    if (plan.length === 0) return this.#roundLost({ code: UNKNOWN, reason: NOT_OFFERED });
    this.#race = new Race({
      plan,
      open: (name, handlers) => this.#open(name, handlers, offer),
      clock: this.#clock,
      handlers: {
        won: (result) => this.#won(result),
        lost: (result) => this.#raceLost(result),
        ended: (ending, packets) => this.#raceEnded(ending, packets),
      },
    });
    this.#race.start();
  }

  #plan(offer) {
    const plan = makePlan({
      wanted: this.#wanted,
      able: this.#able,
      offer,
      failed: this.#failures.recent,
      blocked: this.#blocked,
    });
    const only = plan.filter(({ name }) => name === this.#only);
    this.#only = null;
    return only.length > 0 ? only : plan;
  }

  #won({ link, why, packets, beaten, failed }) {
    const from = this.#link;
    const [{ bytes }] = packets;
    const sessionId = assignedSession(bytes);
    this.#race = null;
    if (from) this.#praise(from);
    this.#blamePath({ winner: link.name, failed, resumed: sessionId === this.#sessionId });
    if (from) from.handlers = NOBODY;
    this.#link = link;
    this.#sessionId = sessionId;
    this.#joinedAt = this.#clock.now();
    this.#why = { transport: link.name, why };
    this.#blocked = null;
    this.#confirmed = true;
    this.#backoff.reset();
    link.handlers = {
      received: (...packet) => this.#handlers.received(...packet),
      closed: (ending) => this.#closed(link, ending),
    };
    this.#handlers.switched({ ...this.#why, from: from?.name ?? null });
    // The answer to the first packet takes the session over; only then may the others go.
    this.#deliver(packets.splice(0, 1));
    if (from) this.#retire(from, 'moved');
    if (beaten() > 0) this.#expectGhosts();
    if (this.#link === link) this.#deliver(packets);
  }

  #deliver(packets) {
    for (const { bytes, ahead } of packets) this.#handlers.received(bytes, ahead);
  }

  // Who was beaten by another transport, or fell silent while that one found the same session, does
  // not get through. (A relay that restarted has other sessions, and says nothing about the path.)
  #blamePath({ winner, failed, resumed }) {
    if (winner === 'webtransport') return;
    const silent = this.#link?.name === 'webtransport' && this.#blocked !== null && resumed;
    if (silent || failed.includes('webtransport')) this.#failures.note();
  }

  #raceLost({ ending: { code, reason }, ghosts }) {
    this.#race = null;
    if (ghosts > 0) this.#expectGhosts();
    this.#roundLost({ code, reason });
  }

  #raceEnded(ending, packets) {
    this.#race = null;
    this.#deliver(packets);
    this.#finish(ending.verdict, ending);
  }

  // While the silent link still lives there is something to lose, so nobody is told.
  #roundLost({ code, reason }) {
    this.#blocked = null;
    const retryMs = this.#retry({ code, reason });
    if (retryMs !== null && !this.#link) this.#handlers.lost({ code, reason, retryMs });
  }

  #retry({ code, reason }) {
    const attemptsMax = this.#confirmed ? ATTEMPTS_MAX : FIRST_ATTEMPTS_MAX;
    if (!this.#link && this.#backoff.attempts >= attemptsMax) {
      this.#finish('unreachable', { code, reason });
      return null;
    }
    const retryMs = this.#backoff.next();
    this.#wait(retryMs, () => this.#begin({}));
    return retryMs;
  }

  // ---- the link

  #closed(link, ending) {
    const { code, reason, broken } = ending;
    this.#link = null;
    if (!this.#praise(link) && broken) this.#failures.note();
    const verdict = this.#verdictOf(link, ending);
    if (verdict) this.#finish(verdict, ending);
    else this.#lost({ code, reason });
  }

  // An attempt of our own that we gave up may reach the relay late, and be taken for the client's
  // newest: then we are told to go, and simply come back, without a rival this time.
  #verdictOf(link, { verdict }) {
    if (verdict !== 'moved' || this.#clock.now() > this.#ghostsUntil) return verdict;
    this.#ghostsUntil = -Infinity;
    this.#only = link.name;
    return null;
  }

  #lost({ code, reason }) {
    if (this.#busy) this.#handlers.lost({ code, reason, retryMs: 0 });
    else this.#roundLost({ code, reason });
  }

  #finish(why, { code, reason }) {
    this.#giveUpRound();
    this.#dropLink('');
    this.#handlers.ended({ why, code, reason });
  }

  #dropLink(reason) {
    const link = this.#link;
    if (!link) return;
    this.#link = null;
    this.#praise(link);
    this.#retire(link, reason);
  }

  #retire(link, reason) {
    link.close(reason);
    this.#expectGhosts();
  }

  #expectGhosts() {
    this.#ghostsUntil = this.#clock.now() + GHOST_MS_MAX;
  }

  // A link that lived for a while shows that its transport works. True if it did.
  #praise({ name }) {
    const worked = this.#clock.now() - this.#joinedAt >= WORKED_MS_MIN;
    if (worked && name === 'webtransport') this.#failures.clear();
    return worked;
  }

  // ---- waiting

  #giveUpRound() {
    this.#turn += 1;
    this.#asking = false;
    this.#wait(null);
    if (this.#race?.cancel() > 0) this.#expectGhosts();
    this.#race = null;
  }

  #wait(ms, act) {
    if (this.#timer !== null) this.#clock.cancel(this.#timer);
    this.#timer = null;
    if (ms === null) return;
    this.#timer = this.#clock.later(ms, () => {
      this.#timer = null;
      act();
    });
  }
}
