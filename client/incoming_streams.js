// Reads packets out of a session's streams and datagrams.

// What the relay takes at most, and the stamp it adds.
const PACKET_BYTES_MAX = 4_000_000 + 16;

/**
 * `received(bytes, ahead)` is called with each packet as soon as it is whole. Streams are read side
 * by side: a big one does not keep a small one waiting, and accepting never waits for reading, or
 * the relay would run out of streams.
 */
export class IncomingStreams {
  #received;
  #readers = new Set();
  // The numbers of the streams being read, in order: a Set keeps it. Browsers grant the relay about
  // a hundred streams at a time, so there are never more.
  #unfinished = new Set();
  #count = 0;
  #stopped = false;

  /** Packets that the relay or the network gave up halfway. */
  resets = 0;
  /** Streams longer than any packet. */
  oversize = 0;

  constructor(received) {
    this.#received = received;
  }

  /** Reads every stream that comes. */
  accept(streams) {
    return this.#each(streams, (stream) => void this.#read(stream));
  }

  /** Reads every datagram that comes. */
  drain(datagrams) {
    return this.#each(datagrams, (bytes) => this.#received(bytes, () => false));
  }

  /** Nothing is received any more. */
  stop() {
    this.#stopped = true;
    for (const reader of this.#readers) reader.cancel().catch(() => {});
    this.#readers.clear();
  }

  // The session's `closed` says how it ended; here it only ends.
  async #each(readable, act) {
    const reader = readable.getReader();
    this.#readers.add(reader);
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done || this.#stopped) return;
        act(value);
      }
    } catch {
      // The session is over.
    } finally {
      this.#readers.delete(reader);
    }
  }

  async #read(stream) {
    const number = this.#count++;
    this.#unfinished.add(number);
    const reader = stream.getReader();
    this.#readers.add(reader);
    let bytes = null;
    try {
      bytes = await readAll(reader);
      if (!bytes) this.oversize += 1;
    } catch {
      this.resets += 1;
    } finally {
      this.#readers.delete(reader);
      this.#unfinished.delete(number);
    }
    if (bytes && !this.#stopped) this.#received(bytes, () => this.#isAhead(number));
  }

  // The relay opens streams in the order of its packets.
  #isAhead(number) {
    const [oldest] = this.#unfinished;
    return oldest < number;
  }
}

// All bytes of a stream; null if there are too many.
async function readAll(reader) {
  const chunks = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return chunks.length === 1 ? chunks[0] : join(chunks, length);
    chunks.push(value);
    length += value.length;
    if (length > PACKET_BYTES_MAX) {
      reader.cancel().catch(() => {});
      return null;
    }
  }
}

function join(chunks, length) {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
