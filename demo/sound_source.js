/**
 * The sound of an audio track in pieces of 20 ms, mono: `take(samples, sampleRate)` until `stop`.
 */
export async function startSound(track, context, take) {
  return 'MediaStreamTrackProcessor' in window
    ? readTrack(track, take)
    : listen(track, context, take);
}

function readTrack(track, take) {
  const reader = new MediaStreamTrackProcessor({ track }).readable.getReader();
  const pieces = new Pieces(take);
  const pump = async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const samples = new Float32Array(value.numberOfFrames);
      value.copyTo(samples, { planeIndex: 0, format: 'f32-planar' });
      pieces.add(samples, value.sampleRate);
      value.close();
    }
  };
  pump().catch(() => {});
  return { stop: () => reader.cancel().catch(() => {}) };
}

// Where tracks cannot be read, an audio worklet hands its input over.
async function listen(track, context, take) {
  try {
    return await listenIn(context, track, take);
  } catch (error) {
    if (error.name !== 'NotSupportedError') throw error;
    // Some browsers do not convert: a context of the microphone's own rate takes it.
    const own = new AudioContext();
    const sound = await listenIn(own, track, take);
    // Like the other it may have to wait for a click.
    const follow = () => context.state === 'running' && own.resume().catch(() => {});
    context.addEventListener('statechange', follow);
    return {
      stop() {
        context.removeEventListener('statechange', follow);
        sound.stop();
        own.close();
      },
    };
  }
}

async function listenIn(context, track, take) {
  await context.audioWorklet.addModule('/capture_worklet.js');
  const source = context.createMediaStreamSource(new MediaStream([track]));
  const node = new AudioWorkletNode(context, 'parley-capture', { numberOfOutputs: 0 });
  const pieces = new Pieces(take);
  node.port.onmessage = ({ data }) => pieces.add(data, context.sampleRate);
  source.connect(node);
  return {
    stop() {
      source.disconnect();
      node.port.close();
    },
  };
}

/** Makes pieces of 20 ms out of pieces of any length. */
class Pieces {
  #take;
  #piece = new Float32Array(0);
  #filled = 0;

  constructor(take) {
    this.#take = take;
  }

  add(samples, sampleRate) {
    const length = sampleRate / 50;
    if (this.#piece.length !== length) {
      this.#piece = new Float32Array(length);
      this.#filled = 0;
    }
    for (let at = 0; at < samples.length;) {
      const count = Math.min(length - this.#filled, samples.length - at);
      this.#piece.set(samples.subarray(at, at + count), this.#filled);
      this.#filled += count;
      at += count;
      if (this.#filled === length) {
        this.#take(this.#piece, sampleRate);
        this.#filled = 0;
      }
    }
  }
}
