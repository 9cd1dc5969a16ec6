// Decodes one sender's camera or screen onto a canvas.

import { Sequence, VideoCodec } from '/client/index.js';
import { canDecodeVideo } from './abilities.js';

// A decoder this far behind will not catch up by itself: begin anew at the next keyframe.
const DECODING_MAX = 30;

export class PictureReceiver {
  #askForKeyframe;
  #decoder = null;
  #codec = null;
  #sequence = new Sequence();
  #waiting = true;
  #context;

  canvas = document.createElement('canvas');
  framesDecoded = 0;
  /** Frames that arrived and could not be used for want of their keyframe. */
  framesDropped = 0;
  errors = 0;

  /** `askForKeyframe()` is called with each frame that cannot be decoded. */
  constructor(askForKeyframe) {
    this.#askForKeyframe = askForKeyframe;
    this.#context = this.canvas.getContext('2d', { alpha: false });
  }

  get framesLost() {
    return this.#sequence.lost;
  }

  get size() {
    return this.framesDecoded ? `${this.canvas.width}×${this.canvas.height}` : '';
  }

  get codec() {
    return this.#codec;
  }

  accept(media) {
    if (!canDecodeVideo()) return;
    const isKey = media.frameType === 'key';
    // Senders without numbers are taken in the order they come.
    const order = media.videoMetadata
      ? this.#sequence.accept(media.videoMetadata.sequence)
      : 'next';
    if (order === 'stale') return;
    if (order !== 'next' || this.#decoder?.decodeQueueSize > DECODING_MAX) this.#waiting = true;
    if (this.#waiting && !isKey) {
      this.framesDropped += 1;
      return this.#askForKeyframe();
    }
    if (isKey) this.#prepare(media.videoMetadata?.codec);
    this.#decode(media, isKey);
  }

  /** What comes next does not follow what came before: the sender's or our own connection was lost. */
  interrupt() {
    this.#waiting = true;
  }

  close() {
    if (this.#decoder && this.#decoder.state !== 'closed') this.#decoder.close();
    this.#decoder = null;
  }

  #prepare(number) {
    const codec = number === VideoCodec.VP8 ? 'vp8' : 'vp09.00.10.08';
    const ready = this.#decoder?.state === 'configured' && codec === this.#codec;
    if (ready && this.#decoder.decodeQueueSize <= DECODING_MAX) return;
    this.close();
    this.#codec = codec;
    const decoder = new VideoDecoder({
      output: (frame) => this.#draw(frame),
      error: () => this.#failed(decoder),
    });
    decoder.configure({ codec, optimizeForLatency: true });
    this.#decoder = decoder;
  }

  #decode({ data, timestamp, duration }, isKey) {
    try {
      this.#decoder.decode(
        new EncodedVideoChunk({ type: isKey ? 'key' : 'delta', timestamp, duration, data }),
      );
      this.#waiting = false;
    } catch {
      this.#failed(this.#decoder);
    }
  }

  #failed(decoder) {
    if (decoder !== this.#decoder) return;
    this.errors += 1;
    this.#waiting = true;
    this.#decoder = null;
    this.#askForKeyframe();
  }

  #draw(frame) {
    const { canvas } = this;
    if (canvas.width !== frame.displayWidth || canvas.height !== frame.displayHeight) {
      canvas.width = frame.displayWidth;
      canvas.height = frame.displayHeight;
    }
    this.#context.drawImage(frame, 0, 0, canvas.width, canvas.height);
    frame.close();
    canvas.dataset.drawn = '';
    this.framesDecoded += 1;
  }
}
