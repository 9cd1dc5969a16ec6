// Who is in the room besides oneself, as far as the relay's notices and everyone's packets tell.

import { Meter } from './statistics.js';

// Everybody sends a heartbeat each 5 s; three missed are a participant that is gone.
const SILENCE_MS_MAX = 15_000;
// Sessions remembered after they left; beyond it a silent succession may show as two members.
const KNOWN_MAX = 10_000;
// After a reconnect the roster names everyone at once, and the silent send a heartbeat within 5 s.
const UNCONFIRMED_MS_MAX = 7_000;

/** One session in the room. A user with two tabs is two members. */
export class Member {
  name;
  video = false;
  audio = false;
  screen = false;
  speaking = false;
  traffic = new Meter();
  /** True once a heartbeat said what is on. */
  presenceKnown = false;

  constructor(sessionId, userId, name, now) {
    this.sessionId = sessionId;
    this.userId = userId;
    this.name = name;
    this.heardAt = now;
    this.confirmed = true;
    this.traffic.mark(now);
  }
}

/**
 * The members by session. Every change is told to `changed(event, member)`, where the event is
 * 'joined', 'left' or 'changed'.
 */
export class Members {
  #members = new Map();
  #changed;
  // Sessions once seen: a packet of one of these is no newcomer.
  #known = new Set();
  #unconfirmedSince = null;

  constructor(changed) {
    this.#changed = changed;
  }

  get(sessionId) {
    return this.#members.get(sessionId);
  }

  list() {
    return [...this.#members.values()];
  }

  /** A PARTICIPANT_JOINED: of the roster, or of someone who comes. */
  announced(sessionId, userId, name, now) {
    const member = this.#members.get(sessionId);
    if (!member) return this.#add(sessionId, userId, name || userId, now, this.#lostBy(userId));
    member.confirmed = true;
    member.heardAt = now;
    if (name && name !== member.name) {
      member.name = name;
      this.#changed('changed', member);
    }
  }

  /** A packet of `sessionId`, which may be one that nobody announced. */
  heard(sessionId, userId, now, bytes) {
    const member = this.#members.get(sessionId) ?? this.#unannounced(sessionId, userId, now);
    member.confirmed = true;
    member.heardAt = now;
    member.traffic.add(bytes);
    return member;
  }

  /**
   * What a member's media says before the first heartbeat, which may be 5 s away: who sends it has
   * it on.
   */
  supposed(member, presence) {
    if (!member.presenceKnown) this.#show(member, { ...member, ...presence });
  }

  /** What a heartbeat says. */
  present(member, presence) {
    member.presenceKnown = true;
    this.#show(member, presence);
  }

  #show(member, { video, audio, screen, speaking }) {
    const same =
      member.video === video &&
      member.audio === audio &&
      member.screen === screen &&
      member.speaking === speaking;
    if (same) return;
    Object.assign(member, { video, audio, screen, speaking });
    this.#changed('changed', member);
  }

  left(sessionId) {
    const member = this.#members.get(sessionId);
    if (!member) return;
    this.#members.delete(sessionId);
    this.#changed('left', member);
  }

  /** We were away: whoever is not heard of again soon has left meanwhile. */
  doubt(now) {
    this.#unconfirmedSince = now;
    for (const member of this.#members.values()) {
      member.confirmed = false;
      member.heardAt = now;
    }
  }

  /** Once a second while connected: removes those who fell silent. */
  tick(now) {
    const doubtOver =
      this.#unconfirmedSince !== null && now - this.#unconfirmedSince > UNCONFIRMED_MS_MAX;
    for (const member of this.list()) {
      member.traffic.mark(now);
      const silent = now - member.heardAt > SILENCE_MS_MAX;
      if (silent || (doubtOver && !member.confirmed)) this.left(member.sessionId);
    }
    if (doubtOver) this.#unconfirmedSince = null;
  }

  clear() {
    for (const { sessionId } of this.list()) this.left(sessionId);
  }

  // The relay says nothing when a user's page reloads: the new session silently succeeds the old
  // one. So a session never seen, of a user who has exactly one, is that one's successor.
  #unannounced(sessionId, userId, now) {
    const lost = this.#lostBy(userId);
    const others = this.list().filter((member) => member.userId === userId);
    const succeeds = !this.#known.has(sessionId) && others.length === 1 ? others[0] : lost;
    return this.#add(sessionId, userId, succeeds?.name ?? userId, now, succeeds);
  }

  // After a restart of the relay everybody has a new session: theirs replaces the one in doubt.
  #lostBy(userId) {
    return this.list().find((member) => member.userId === userId && !member.confirmed);
  }

  #add(sessionId, userId, name, now, predecessor) {
    if (predecessor) this.left(predecessor.sessionId);
    const member = new Member(sessionId, userId, name, now);
    member.succeeds = predecessor?.sessionId ?? null;
    this.#members.set(sessionId, member);
    if (this.#known.size >= KNOWN_MAX) this.#known.clear();
    this.#known.add(sessionId);
    this.#changed('joined', member);
    return member;
  }
}
