import { JitterBuffer } from './jitter_buffer.js';

// The page wants to show the buffer, not to follow it: ten times a second is plenty.
const REPORT_EVERY = 4800;

/** Plays one sender's sound out of a jitter buffer. */
registerProcessor(
  'parley-playback',
  class extends AudioWorkletProcessor {
    #buffer = new JitterBuffer();
    #sinceReport = 0;

    constructor() {
      super();
      this.port.onmessage = ({ data }) => this.#buffer.push(data);
    }

    process(_, [output]) {
      const [first, ...others] = output;
      this.#buffer.pull(first);
      for (const channel of others) channel.set(first);
      this.#sinceReport += first.length;
      if (this.#sinceReport >= REPORT_EVERY) this.#report();
      return true;
    }

    #report() {
      this.#sinceReport = 0;
      const { waitingMs, targetMs, underruns } = this.#buffer;
      this.port.postMessage({ waitingMs, targetMs, underruns });
    }
  },
);
