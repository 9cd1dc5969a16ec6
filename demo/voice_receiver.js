// Decodes one sender's Opus and gives it to the speaker.

import { Sequence } from '/client/index.js';
import { canDecodeAudio } from './abilities.js';

export class VoiceReceiver {
  #play;
  #decoder = null;
  #sequence = new Sequence();

  packetsDecoded = 0;
  errors = 0;

  /** `play(samples)` takes mono sound at 48 kHz. */
  constructor(play) {
    this.#play = play;
  }

  get packetsLost() {
    return this.#sequence.lost;
  }

  accept(media) {
    if (!canDecodeAudio()) return;
    const metadata = media.audioMetadata;
    const order = metadata ? this.#sequence.accept(metadata.sequence) : 'next';
    if (order === 'stale') return;
    const data = metadata?.format === 'opus-red' ? primaryOf(media.data) : media.data;
    if (data.length === 0) return;
    if (this.#decoder?.state !== 'configured') this.#open();
    try {
      this.#decoder.decode(
        new EncodedAudioChunk({ type: 'key', timestamp: Math.round(media.timestamp * 1000), data }),
      );
    } catch {
      this.errors += 1;
    }
  }

  close() {
    if (this.#decoder && this.#decoder.state !== 'closed') this.#decoder.close();
    this.#decoder = null;
  }

  #open() {
    this.#decoder = new AudioDecoder({
      output: (sound) => {
        const samples = new Float32Array(sound.numberOfFrames);
        sound.copyTo(samples, { planeIndex: 0, format: 'f32-planar' });
        sound.close();
        this.packetsDecoded += 1;
        this.#play(samples);
      },
      // A broken decoder is made anew with the next packet.
      error: () => (this.errors += 1),
    });
    this.#decoder.configure({ codec: 'opus', sampleRate: 48_000, numberOfChannels: 1 });
  }
}

// With redundancy the packet begins with its length; the copy of its predecessor follows. The
// relay's connections lose nothing in between, so the copy is not needed.
function primaryOf(data) {
  if (data.length < 4) return new Uint8Array(0);
  const length = new DataView(data.buffer, data.byteOffset, 4).getUint32(0, true);
  return data.subarray(4, 4 + length);
}
