// One WebSocket.

import { NOBODY, RESUMED_ELSEWHERE } from './link.js';

const NORMAL = 1000;
const POLICY = 1008;
const OPEN = 1;

/** What a close code of the relay asks for; see link.js. */
export function socketVerdict(code, reason) {
  if (code === NORMAL) return reason === RESUMED_ELSEWHERE ? 'moved' : 'ended';
  // "too slow" ends a connection that had stalled, not the right to be in the room.
  if (code === POLICY) return reason === 'too slow' ? null : 'refused';
  return null;
}

export class WebSocketLink {
  #socket;

  name = 'websocket';
  keepsOrder = true;
  handlers;

  constructor({ url, WebSocket, handlers }) {
    this.handlers = handlers;
    const socket = new WebSocket(url);
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onmessage = ({ data }) => {
      if (typeof data !== 'string') this.handlers.received(new Uint8Array(data), nothingAhead);
    };
    // Every error is followed by a close, which says more.
    socket.onerror = () => {};
    socket.onclose = ({ code, reason }) =>
      this.handlers.closed({ verdict: socketVerdict(code, reason), code, reason, broken: false });
  }

  get isOpen() {
    return this.#socket.readyState === OPEN;
  }

  /** One queue for all kinds: everything waits behind everything. */
  waitingBytes() {
    return this.#socket.bufferedAmount;
  }

  /** What a socket was given cannot be taken back. */
  dropStale() {
    return 0;
  }

  send(bytes) {
    this.#socket.send(bytes);
  }

  close(reason = '') {
    this.handlers = NOBODY;
    this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close(NORMAL, reason);
  }
}

const nothingAhead = () => false;
