// A WebTransport session whose far end is the test.

/** Makes a WebTransport class that remembers its sessions in `sessions`. */
export function fakeWebTransports() {
  const sessions = [];
  class FakeSession {
    /** Whole packets that arrived at the far end, in order of their FIN. */
    sent = [];
    /** Streams that the page opened: { options, bytes, aborted }. */
    streams = [];
    /** While true the page's streams take no bytes, as on a path that is blocked. */
    stuck = false;
    /** While true the far end grants no streams. */
    withoutCredit = false;
    closedWith = null;
    #incoming;
    #datagrams;
    #ready = later();
    #closed = later();
    #waiting = [];

    constructor(url, options = {}) {
      this.url = new URL(url);
      this.options = options;
      this.ready = this.#ready.promise;
      this.closed = this.#closed.promise;
      this.incomingUnidirectionalStreams = new ReadableStream({
        start: (controller) => void (this.#incoming = controller),
      });
      this.datagrams = {
        incomingHighWaterMark: 1,
        readable: new ReadableStream({
          start: (controller) => void (this.#datagrams = controller),
        }),
      };
      sessions.push(this);
    }

    createUnidirectionalStream(options) {
      if (this.closedWith) return Promise.reject(new Error('the session is closed'));
      const stream = { options, bytes: [], aborted: false };
      this.streams.push(stream);
      const writable = new WritableStream({
        write: (chunk, { signal }) => {
          stream.bytes.push(...chunk);
          return this.#whenMoving(signal);
        },
        close: () => void this.sent.push(Uint8Array.from(stream.bytes)),
        abort: () => void (stream.aborted = true),
      });
      if (!this.withoutCredit) return Promise.resolve(writable);
      return new Promise((resolve) => this.#waiting.push(() => resolve(writable)));
    }

    close({ closeCode = 0, reason = '' } = {}) {
      if (this.closedWith) return;
      this.closedWith = { closeCode, reason };
      this.#ready.reject(new Error('closed by the page'));
      this.#closed.resolve({ closeCode, reason });
      this.#endStreams();
      this.onclose?.();
    }

    // The test's side.

    accept() {
      this.#ready.resolve();
    }

    /** A whole packet on a stream of its own. */
    receive(bytes) {
      this.openStream().push(bytes).finish();
    }

    /** A stream whose bytes come when the test says so. */
    openStream() {
      let controller;
      let cancelled = false;
      const stream = {
        get cancelled() {
          return cancelled;
        },
        push: (bytes) => (controller.enqueue(bytes.slice()), stream),
        finish: () => controller.close(),
        reset: () => controller.error(new Error('reset')),
      };
      this.#incoming.enqueue(
        new ReadableStream({
          start: (given) => void (controller = given),
          cancel: () => void (cancelled = true),
        }),
      );
      return stream;
    }

    receiveDatagram(bytes) {
      this.#datagrams.enqueue(bytes.slice());
    }

    /** The far end closes with a code. */
    end(closeCode, reason = '') {
      if (this.closedWith) return;
      this.closedWith = { closeCode, reason };
      this.#closed.resolve({ closeCode, reason });
      this.#endStreams();
    }

    /** The connection breaks, or never comes about. */
    breakDown(message = 'Opening handshake failed.') {
      if (this.closedWith) return;
      this.closedWith = { message };
      this.#ready.reject(new Error(message));
      this.#closed.reject(new Error(message));
      this.#endStreams();
    }

    /** The path moves again. */
    move() {
      this.stuck = this.withoutCredit = false;
      for (const go of this.#waiting.splice(0)) go();
    }

    #whenMoving(signal) {
      if (!this.stuck) return undefined;
      return new Promise((resolve, reject) => {
        this.#waiting.push(resolve);
        signal.addEventListener('abort', () => reject(new Error('aborted')));
      });
    }

    #endStreams() {
      const error = new Error('the session is closed');
      for (const controller of [this.#incoming, this.#datagrams]) controller.error(error);
    }
  }
  return { sessions, WebTransport: FakeSession };
}

function later() {
  const all = {};
  all.promise = new Promise((resolve, reject) => Object.assign(all, { resolve, reject }));
  // Whoever listens hears it; nobody has to.
  all.promise.catch(() => {});
  return all;
}

/** Lets everything happen that waits for promises only. */
export async function settle() {
  for (let i = 0; i < 4; ++i) await new Promise((resolve) => setImmediate(resolve));
}
