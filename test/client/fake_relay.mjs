// A relay for one user's sessions, as docs/PROTOCOL.md has them, at the end of two paths that the
// test can slow down and block. It remembers what peers would have been told.

import { MediaType } from '../../client/index.js';
import { assigned, mediaOf, readPacket } from './fakes.mjs';
import { fakeWebTransports, settle } from './fake_webtransport.mjs';

const GRACE_MS = 2_000;
const STEP_MS = 10;

/** One way for packets: TCP or UDP. What is sent while it is blocked arrives afterwards. */
class Path {
  delayMs = 10;
  #clock;
  #waiting = [];
  #blocked = false;

  constructor(clock) {
    this.#clock = clock;
  }

  carry(act) {
    if (this.#blocked) this.#waiting.push(act);
    else this.#clock.later(this.delayMs, () => (this.#blocked ? this.#waiting.push(act) : act()));
  }

  block() {
    this.#blocked = true;
  }

  heal() {
    this.#blocked = false;
    for (const act of this.#waiting.splice(0)) this.carry(act);
  }
}

export class FakeRelay {
  clock;
  tcp;
  udp;
  lives = true;
  /** Whether the UDP port answers at all: 'yes', 'no' (silence), or 'refuses'. */
  answers = 'yes';
  certificate = 'first';
  /** What `/transports` says; null is a relay that knows no such question. */
  offer = () => ({
    websocket: { path: '/lobby' },
    webtransport: { port: 4433, url: null, certificate_hashes: [btoa(this.certificate)] },
  });

  /** What a peer is told of the user: 'joined', 'left'. */
  told = [];
  /** Everything the client asked for: paths, and attempts as 'websocket' or the hash trusted. */
  asked = [];

  #sessions = [];
  #ids = 0;
  #sequence = 0;

  constructor(clock) {
    this.clock = clock;
    this.tcp = new Path(clock);
    this.udp = new Path(clock);
  }

  /** What a Room needs to visit this relay. */
  get options() {
    const { clock } = this;
    return {
      url: 'http://localhost:8080',
      user: 'alice',
      room: 'tea',
      clock,
      random: () => 1,
      fetch: (url, options) => this.#fetch(new URL(url).pathname, options),
      WebSocket: this.#socketClass(),
      WebTransport: this.#sessionClass(),
    };
  }

  /** Lets `ms` pass, with promises kept on the way; bob sends a frame every 50 ms. */
  async pass(ms) {
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      this.clock.pass(STEP_MS);
      if (passed % 50 === 0) this.#sendFrames();
      await settle();
    }
  }

  /** Blocks what is connected over 'tcp' or 'udp'; new connections pass. Returns the blocked path. */
  changeNetwork(name) {
    const old = this[name];
    old.block();
    this[name] = new Path(this.clock);
    return old;
  }

  /** Dies without a word. */
  die() {
    this.lives = false;
    for (const session of this.#sessions) {
      this.clock.cancel(session.departure);
      for (const end of [session.connection, session.waiting]) end?.vanish();
    }
    this.#sessions = [];
  }

  /** Shuts down in good order. */
  stop() {
    this.lives = false;
    for (const { connection, waiting } of this.#sessions.splice(0))
      for (const end of [connection, waiting]) end?.end('shutdown', '');
  }

  start() {
    this.lives = true;
  }

  // ---- sessions

  #join(end) {
    const { secret } = end;
    const session = this.#sessions.find((known) => known.secret === secret);
    if (!session) {
      const id = String(1_000 + ++this.#ids);
      this.#sessions.push({ id, secret, connection: end, waiting: null, active: false });
      return end.give(assigned(id));
    }
    if (!session.connection) {
      this.clock.cancel(session.departure);
      session.connection = end;
    } else {
      session.waiting?.end('moved', 'resumed elsewhere');
      session.waiting = end;
    }
    end.give(assigned(session.id));
  }

  #received(end, bytes) {
    const session = this.#sessionOf(end);
    if (!session) return;
    const { media } = readPacket(bytes);
    if (media?.mediaType === MediaType.RTT) return end.give(bytes);
    if (session.waiting === end) {
      session.connection.end('moved', 'resumed elsewhere');
      session.connection = end;
      session.waiting = null;
    }
    if (!session.active) this.told.push('joined');
    session.active = true;
  }

  #gone(end) {
    const session = this.#sessionOf(end);
    if (!session) return;
    if (session.waiting === end) return void (session.waiting = null);
    session.connection = session.waiting;
    session.waiting = null;
    if (session.connection) return;
    const forget = () => void this.#sessions.splice(this.#sessions.indexOf(session), 1);
    if (!session.active) return forget();
    session.departure = this.clock.later(GRACE_MS, () => {
      forget();
      this.told.push('left');
    });
  }

  #sessionOf(end) {
    return this.#sessions.find(({ connection, waiting }) => end === connection || end === waiting);
  }

  #sendFrames() {
    const frame = mediaOf('7', 'bob', {
      mediaType: MediaType.VIDEO,
      frameType: 'key',
      videoMetadata: { sequence: this.#sequence++, codec: 2 },
    });
    for (const { connection } of this.#sessions) connection?.give(frame);
  }

  // ---- what the client sees

  #fetch(path, { signal } = {}) {
    this.asked.push(path);
    return new Promise((resolve, reject) => {
      signal?.addEventListener('abort', () => reject(new Error('aborted')));
      const answer = () => {
        if (!this.lives) return reject(new TypeError('refused'));
        const offer = this.offer();
        const ok = path === '/readyz' || offer !== null;
        resolve({ ok, status: ok ? 200 : 404, json: () => Promise.resolve(offer) });
      };
      this.tcp.carry(() => this.tcp.carry(answer));
    });
  }

  #socketClass() {
    const relay = this;
    return class {
      readyState = 0;
      bufferedAmount = 0;

      constructor(url) {
        const path = (this.path = relay.tcp);
        relay.asked.push('websocket');
        this.end = {
          secret: new URL(url).searchParams.get('resume'),
          give: (bytes) => path.carry(() => this.onmessage?.({ data: bytes.slice().buffer })),
          end: (how, reason) => path.carry(() => this.#closed(CODES[how].socket, reason)),
          vanish: () => path.carry(() => this.#closed(1006, '')),
        };
        path.carry(() => {
          if (!relay.lives) return path.carry(() => this.#closed(1006, ''));
          path.carry(() => this.#opened());
          relay.#join(this.end);
        });
      }

      send(bytes) {
        const copy = bytes.slice();
        this.path.carry(() => relay.#received(this.end, copy));
      }

      close() {
        this.readyState = 3;
        this.path.carry(() => relay.#gone(this.end));
      }

      #opened() {
        if (this.readyState === 0) this.readyState = 1;
      }

      #closed(code, reason) {
        if (this.readyState === 3) return;
        this.readyState = 3;
        this.onclose?.({ code, reason });
      }
    };
  }

  #sessionClass() {
    const relay = this;
    const { WebTransport } = fakeWebTransports();
    return class extends WebTransport {
      constructor(url, options) {
        super(url, options);
        const path = (this.path = relay.udp);
        const [hash] = options.serverCertificateHashes ?? [];
        relay.asked.push(new TextDecoder().decode(hash?.value));
        const end = {
          secret: this.url.searchParams.get('resume'),
          give: (bytes) => path.carry(() => this.closedWith || this.receive(bytes)),
          end: (how, reason) => path.carry(() => this.end(CODES[how].session, reason)),
          vanish: () => {},
        };
        this.onclose = () => path.carry(() => relay.#gone(end));
        this.#pump(end);
        if (relay.answers === 'refuses') path.carry(() => this.breakDown());
        if (relay.answers !== 'yes') return;
        // The handshake, then the session: two round trips.
        path.carry(() => path.carry(() => path.carry(() => this.#arrived(end))));
      }

      #arrived(end) {
        if (!relay.lives || this.closedWith) return;
        const [hash] = this.options.serverCertificateHashes;
        if (new TextDecoder().decode(hash.value) !== relay.certificate) {
          return this.path.carry(() => this.breakDown());
        }
        this.path.carry(() => this.accept());
        relay.#join(end);
      }

      // What the page sends arrives when its stream ends.
      #pump(end) {
        const { sent } = this;
        sent.push = (bytes) => this.path.carry(() => relay.#received(end, bytes));
      }
    };
  }
}

const CODES = {
  moved: { socket: 1000, session: 0 },
  shutdown: { socket: 1001, session: 4 },
};
