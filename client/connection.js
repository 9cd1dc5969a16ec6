// One WebSocket after another to the same address, until told or convinced to stop. Knows close
// codes and time, not packets.

import { Backoff } from './backoff.js';

// A handshake that takes longer will not succeed.
const OPEN_MS_MAX = 10_000;
// Before the relay was reached once, the address is probably wrong; afterwards it probably returns.
const FIRST_ATTEMPTS_MAX = 4;
const ATTEMPTS_MAX = 40;

const NORMAL = 1000;
const POLICY = 1008;

/**
 * What a close code of the relay asks for: null to connect again, else why the visit is over:
 * 'moved' (another connection took the session), 'refused', or 'ended'.
 */
export function verdict(code, reason) {
  if (code === NORMAL) return reason === 'resumed elsewhere' ? 'moved' : 'ended';
  // "too slow" ends a connection that had stalled, not the right to be in the room.
  if (code === POLICY) return reason === 'too slow' ? null : 'refused';
  return null;
}

/**
 * Keeps a socket to `url`. `handlers`: `opened()`; `received(bytes)`; `lost({ code, reason,
 * retryMs })` when it will try again; `ended({ why, code, reason })` when it will not ('moved',
 * 'refused', 'ended', 'unreachable').
 */
export class Connection {
  #url;
  #WebSocket;
  #clock;
  #handlers;
  #backoff;
  #socket = null;
  #timer = null;
  #confirmed = false;

  constructor({ url, WebSocket, clock, random, handlers }) {
    this.#url = url;
    this.#WebSocket = WebSocket;
    this.#clock = clock;
    this.#handlers = handlers;
    this.#backoff = new Backoff(random);
  }

  open() {
    this.#wait(null);
    const socket = new this.#WebSocket(this.#url);
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      this.#wait(null);
      this.#handlers.opened();
    };
    socket.onmessage = ({ data }) => {
      if (typeof data !== 'string') this.#handlers.received(new Uint8Array(data));
    };
    // Every error is followed by a close, which says more.
    socket.onerror = () => {};
    socket.onclose = ({ code, reason }) => this.#closed(code, reason);
    this.#wait(OPEN_MS_MAX, () => this.restart('no answer'));
  }

  /** The relay took us in: the next loss is a new one. */
  confirm() {
    this.#confirmed = true;
    this.#backoff.reset();
  }

  get isOpen() {
    return this.#socket?.readyState === 1;
  }

  /** Bytes given to the socket that the network has not taken yet. */
  get waitingBytes() {
    return this.#socket?.bufferedAmount ?? 0;
  }

  send(bytes) {
    this.#socket.send(bytes);
  }

  /** Gives up the present socket without waiting for its goodbye, and tries again. */
  restart(reason) {
    this.#drop(NORMAL, '');
    this.#closed(1006, reason);
  }

  /** Tries at once instead of at the end of the back-off. */
  hurry() {
    if (!this.#socket) this.open();
  }

  /** Says goodbye; no handler is called any more. */
  close(reason = '') {
    this.#wait(null);
    this.#drop(NORMAL, reason);
  }

  #closed(code, reason) {
    this.#socket = null;
    this.#wait(null);
    const why = verdict(code, reason);
    const attemptsMax = this.#confirmed ? ATTEMPTS_MAX : FIRST_ATTEMPTS_MAX;
    if (why) {
      this.#handlers.ended({ why, code, reason });
    } else if (this.#backoff.attempts >= attemptsMax) {
      this.#handlers.ended({ why: 'unreachable', code, reason });
    } else {
      const retryMs = this.#backoff.next();
      this.#wait(retryMs, () => this.open());
      this.#handlers.lost({ code, reason, retryMs });
    }
  }

  #drop(code, reason) {
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(code, reason);
  }

  // One timer is enough: a connection waits for the handshake or for the next attempt.
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
