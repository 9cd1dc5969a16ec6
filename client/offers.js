// Asks the relay over plain http what it offers.

// An answer that takes longer is none: whoever waits for it is not in the room.
const ANSWER_MS_MAX = 1_500;

export class Offers {
  #base;
  #fetch;
  #clock;
  #answered = false;

  /** `base` is the relay, as `ws://host:port` or `http://host:port`. */
  constructor({ base, fetch, clock }) {
    this.#base = new URL(base);
    this.#base.protocol = this.#base.protocol.replace(/^ws/, 'http');
    this.#fetch = fetch;
    this.#clock = clock;
  }

  /**
   * The WebTransport endpoint, as { url, hashes }; null if there is none. Asked for anew each time:
   * certificates change.
   */
  async webTransport() {
    try {
      const answer = await this.#ask('/transports');
      return answer.ok ? readOffer(await answer.json(), this.#base) : null;
    } catch {
      return null;
    }
  }

  /**
   * True if the relay lives and welcomes joins. One that does not know the question does; and of one
   * that never answered any (browsers do not let pages of other origins ask) nothing is known.
   */
  async isReady() {
    try {
      const { ok, status } = await this.#ask('/readyz');
      return ok || status === 404;
    } catch {
      return !this.#answered;
    }
  }

  async #ask(path) {
    const abort = new AbortController();
    const timer = this.#clock.later(ANSWER_MS_MAX, () => abort.abort());
    const url = new URL(path, this.#base).href;
    try {
      const answer = await this.#fetch(url, { cache: 'no-store', signal: abort.signal });
      this.#answered = true;
      return answer;
    } finally {
      this.#clock.cancel(timer);
    }
  }
}

/** What an answer to `/transports` says of WebTransport, for a page that came from `base`. */
export function readOffer({ webtransport }, base) {
  if (!webtransport) return null;
  const { url, port, certificate_hashes: hashes = [] } = webtransport;
  return { url: url || `https://${numeric(base.hostname)}:${port}`, hashes: hashes.map(toBytes) };
}

// Chromium tries only the first address of a name, and for localhost that is ::1.
function numeric(hostname) {
  return hostname === 'localhost' ? '127.0.0.1' : hostname;
}

function toBytes(base64) {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}
