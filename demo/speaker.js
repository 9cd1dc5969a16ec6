/** The way to the loudspeaker: one audio context, one jitter buffer for each voice. */
export class Speaker {
  #ready;
  context =
    'AudioContext' in window
      ? new AudioContext({ sampleRate: 48_000, latencyHint: 'interactive' })
      : null;

  constructor() {
    this.#ready = this.context?.audioWorklet?.addModule('/playback_worklet.js');
    // `voice` reports it to the few who have to know.
    this.#ready?.catch(() => {});
  }

  /** Browsers keep quiet until the user has touched the page. */
  get isBlocked() {
    return this.context?.state === 'suspended';
  }

  /** Call on a click or key. */
  resume() {
    return this.context?.resume().catch(() => {});
  }

  /** A place for one sender's sound. */
  voice() {
    return new Voice(this.context, this.#ready);
  }

  close() {
    this.context?.close().catch(() => {});
  }
}

class Voice {
  #node = null;
  #closed = false;

  waitingMs = 0;
  targetMs = 0;
  underruns = 0;

  constructor(context, ready) {
    ready?.then(() => this.#connect(context)).catch(() => {});
  }

  /** Mono samples at 48 kHz; what comes before the worklet is loaded is not heard. */
  play(samples) {
    this.#node?.port.postMessage(samples, [samples.buffer]);
  }

  close() {
    this.#closed = true;
    this.#node?.disconnect();
    this.#node?.port.close();
  }

  #connect(context) {
    if (this.#closed) return;
    this.#node = new AudioWorkletNode(context, 'parley-playback', {
      numberOfInputs: 0,
      outputChannelCount: [2],
    });
    this.#node.port.onmessage = ({ data }) => Object.assign(this, data);
    this.#node.connect(context.destination);
  }
}
