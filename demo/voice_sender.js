// Encodes a microphone as Opus and publishes it.

import { MediaType } from '/client/index.js';
import { Speech } from './speech.js';
import { startSound } from './sound_source.js';

const BITRATE = 32_000;

export class VoiceSender {
  #room;
  #context;
  #sound = null;
  #encoder = null;
  #sequence = 0;
  #clock = 0;
  #spoke;

  muted = false;
  speech = new Speech();
  packetsSent = 0;

  /** `spoke()` is told when `speech.speaking` changes. */
  constructor(room, context, spoke) {
    this.#room = room;
    this.#context = context;
    this.#spoke = spoke;
  }

  async start(track) {
    this.stop();
    this.#sound = await startSound(track, this.#context, (samples, rate) =>
      this.#take(samples, rate),
    );
  }

  stop() {
    this.#sound?.stop();
    this.#sound = null;
    this.#silence();
    if (this.#encoder && this.#encoder.state !== 'closed') this.#encoder.close();
    this.#encoder = null;
  }

  mute(muted) {
    this.muted = muted;
    if (muted) this.#silence();
  }

  #silence() {
    const spoke = this.speech.speaking;
    this.speech.reset();
    if (spoke) this.#spoke();
  }

  #take(samples, sampleRate) {
    if (this.muted) return;
    if (this.speech.accept(samples, performance.now())) this.#spoke();
    if (this.#room.state !== 'joined') return;
    if (this.#encoder?.state !== 'configured') this.#open(sampleRate);
    const data = new AudioData({
      format: 'f32-planar',
      sampleRate,
      numberOfFrames: samples.length,
      numberOfChannels: 1,
      timestamp: this.#clock,
      data: samples,
    });
    this.#clock += Math.round((samples.length / sampleRate) * 1e6);
    this.#encoder.encode(data);
    data.close();
  }

  #open(sampleRate) {
    this.#encoder = new AudioEncoder({
      output: (chunk) => this.#publish(chunk),
      // A broken encoder is made anew with the next piece.
      error: (error) => console.warn('parley: audio encoder', error),
    });
    this.#encoder.configure({ codec: 'opus', sampleRate, numberOfChannels: 1, bitrate: BITRATE });
  }

  #publish(chunk) {
    const data = new Uint8Array(chunk.byteLength);
    chunk.copyTo(data);
    const sent = this.#room.publish({
      mediaType: MediaType.AUDIO,
      data,
      frameType: 'key',
      timestamp: Date.now(),
      duration: (chunk.duration ?? 20_000) / 1000,
      audioMetadata: { channels: 1, sampleRate: 48_000, sequence: this.#sequence++ },
    });
    if (sent) this.packetsSent += 1;
  }
}
