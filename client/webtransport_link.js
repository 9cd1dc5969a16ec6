// One WebTransport session: every packet on a unidirectional stream of its own, so that none waits
// for another; what comes as a datagram is a packet too.

import { IncomingStreams } from './incoming_streams.js';
import { NOBODY, RESUMED_ELSEWHERE } from './link.js';
import { OutgoingStreams } from './outgoing_streams.js';

// Chromium keeps one datagram unless told otherwise, and packets come in bursts.
const DATAGRAMS_WAITING_MAX = 256;

const NORMAL = 0;
const REJECTED = 1;
const PROTOCOL_ERROR = 5;

/** What a session's close code asks for; see link.js. */
export function sessionVerdict(code, reason) {
  if (code === REJECTED) return 'refused';
  // 0 without a reason is also what a relay that vanishes in good order looks like.
  if (code !== NORMAL || reason === '') return null;
  return reason === RESUMED_ELSEWHERE ? 'moved' : 'ended';
}

/**
 * `hashes` are the SHA-256 of the certificates to trust, as bytes; none if an authority vouches for
 * the relay. Throws where the browser does not let this page open sessions.
 */
export class WebTransportLink {
  #session;
  #incoming;
  #outgoing;
  #over = false;

  name = 'webtransport';
  keepsOrder = false;
  isOpen = false;
  handlers;

  constructor({ url, hashes = [], WebTransport, clock, handlers }) {
    this.handlers = handlers;
    this.#session = new WebTransport(url, trust(hashes));
    this.#incoming = new IncomingStreams((bytes, ahead) => this.handlers.received(bytes, ahead));
    this.#outgoing = new OutgoingStreams(this.#session, clock);
    this.#listen();
  }

  waitingBytes(kind) {
    return this.#outgoing.waitingBytes(kind);
  }

  dropStale(kind) {
    return this.#outgoing.dropStale(kind);
  }

  send(bytes, kind, isKey) {
    if (!this.#outgoing.send(bytes, kind, isKey)) this.#fail('the relay takes no streams');
  }

  /** { resets, oversize }: packets that did not arrive whole. */
  get lost() {
    return { resets: this.#incoming.resets, oversize: this.#incoming.oversize };
  }

  close(reason = '') {
    this.#end();
    this.#hangUp(reason);
  }

  #listen() {
    const session = this.#session;
    session.ready.then(
      () => {
        this.isOpen = !this.#over;
      },
      (error) => this.#closed(null, error),
    );
    session.closed.then(
      ({ closeCode, reason }) => this.#closed(closeCode ?? NORMAL, { message: reason }),
      (error) => this.#closed(null, error),
    );
    this.#incoming.accept(session.incomingUnidirectionalStreams);
    const { datagrams } = session;
    if ('incomingHighWaterMark' in datagrams)
      datagrams.incomingHighWaterMark = DATAGRAMS_WAITING_MAX;
    this.#incoming.drain(datagrams.readable);
  }

  #closed(code, error) {
    if (this.#over) return;
    const { handlers } = this;
    const reason = error?.message ?? '';
    this.#end();
    const broken = code === null || code >= PROTOCOL_ERROR;
    handlers.closed({ verdict: sessionVerdict(code, reason), code, reason, broken });
  }

  #fail(reason) {
    this.#hangUp('');
    this.#closed(null, { message: reason });
  }

  #hangUp(reason) {
    try {
      this.#session.close({ closeCode: NORMAL, reason });
    } catch {
      // It is closed already, or was never open in a browser that minds.
    }
  }

  #end() {
    this.#over = true;
    this.isOpen = false;
    this.handlers = NOBODY;
    this.#incoming.stop();
    this.#outgoing.stop();
  }
}

function trust(hashes) {
  if (hashes.length === 0) return {};
  const serverCertificateHashes = hashes.map((value) => ({ algorithm: 'sha-256', value }));
  return { serverCertificateHashes };
}
