// Encodes a video track and publishes it: the camera, or the screen.

import { MediaType, VideoCodec } from '/client/index.js';
import { startFrames } from './frame_source.js';

export const camera = {
  mediaType: MediaType.VIDEO,
  picture: 'VIDEO',
  widthMax: 640,
  framesPerSecond: 24,
  bitrate: 600_000,
};

export const screen = {
  mediaType: MediaType.SCREEN,
  picture: 'SCREEN',
  widthMax: 1920,
  framesPerSecond: 10,
  bitrate: 1_500_000,
};

const KEYFRAME_EVERY_MS = 5_000;
// Several people who join or lose a frame at once are all served by one keyframe.
const KEYFRAME_APART_MS = 500;
// More than this in the encoder means it cannot keep up: newer frames are better than late ones.
const ENCODING_MAX = 2;
// Who is told that the room cannot take it sends half for a while.
const CONGESTED_MS = 10_000;

const codecs = [
  { codec: 'vp09.00.10.08', number: VideoCodec.VP9 },
  { codec: 'vp8', number: VideoCodec.VP8 },
];

export class PictureSender {
  #room;
  #form;
  #frames = null;
  #turn = 0;
  #encoder = null;
  #codec = null;
  #size = '';
  #sequence = 0;
  #encodedAt = -Infinity;
  #keyframeAt = -Infinity;
  #keyframeWanted = true;
  #congestedUntil = 0;
  #failed;

  framesSent = 0;
  keyframesSent = 0;

  /** `form` is `camera` or `screen`; `failed(error)` is told when no codec works. */
  constructor(room, form, failed) {
    this.#room = room;
    this.#form = form;
    this.#failed = failed;
  }

  async start(track) {
    this.stop();
    const turn = this.#turn;
    this.#codec ??= await firstSupported(this.#form);
    // Stopped meanwhile.
    if (turn !== this.#turn) return;
    this.#frames = startFrames(track, this.#form.framesPerSecond, (frame) => this.#take(frame));
  }

  stop() {
    this.#turn += 1;
    this.#frames?.stop();
    this.#frames = null;
    this.#closeEncoder();
  }

  /** The next frame begins anew. */
  wantKeyframe() {
    this.#keyframeWanted = true;
  }

  congested() {
    this.#congestedUntil = performance.now() + CONGESTED_MS;
  }

  get codec() {
    return this.#codec?.codec ?? null;
  }

  #take(frame) {
    try {
      if (this.#mayEncode()) this.#encode(frame);
    } catch (error) {
      this.stop();
      this.#failed(error);
    } finally {
      frame.close();
    }
  }

  #mayEncode() {
    // A little early counts as in time: cameras are not exact.
    const interval = 900 / this.#form.framesPerSecond;
    if (!this.#frames || this.#room.state !== 'joined') return false;
    if (performance.now() - this.#encodedAt < interval) return false;
    return (this.#encoder?.encodeQueueSize ?? 0) <= ENCODING_MAX;
  }

  #encode(frame) {
    const now = performance.now();
    this.#encodedAt = now;
    this.#prepare(frame, now < this.#congestedUntil);
    const since = now - this.#keyframeAt;
    const keyFrame =
      since >= KEYFRAME_EVERY_MS || (this.#keyframeWanted && since >= KEYFRAME_APART_MS);
    if (keyFrame) {
      this.#keyframeAt = now;
      this.#keyframeWanted = false;
    }
    this.#encoder.encode(frame, { keyFrame });
  }

  // Makes the encoder fit this frame.
  #prepare(frame, congested) {
    const scale = Math.min(
      1,
      this.#form.widthMax / Math.max(frame.displayWidth, frame.displayHeight),
    );
    const even = (length) => Math.max(2, Math.round((length * scale) / 2) * 2);
    const width = even(frame.displayWidth);
    const height = even(frame.displayHeight);
    const size = `${width}x${height} ${congested}`;
    if (this.#encoder?.state === 'configured' && this.#size === size) return;

    const bitrate = congested ? this.#form.bitrate / 2 : this.#form.bitrate;
    const settings = {
      width,
      height,
      bitrate,
      framerate: this.#form.framesPerSecond,
      latencyMode: 'realtime',
    };
    this.#closeEncoder();
    this.#size = size;
    this.#keyframeWanted = true;
    this.#keyframeAt = -Infinity;
    this.#encoder = new VideoEncoder({
      output: (chunk) => this.#publish(chunk),
      // A broken encoder is made anew with the next frame.
      error: (error) => console.warn('parley: video encoder', error),
    });
    this.#encoder.configure({ ...settings, codec: this.#codec.codec });
  }

  #publish(chunk) {
    const data = new Uint8Array(chunk.byteLength);
    chunk.copyTo(data);
    const sent = this.#room.publish({
      mediaType: this.#form.mediaType,
      data,
      frameType: chunk.type,
      timestamp: chunk.timestamp,
      duration: chunk.duration ?? Math.round(1e6 / this.#form.framesPerSecond),
      videoMetadata: { sequence: this.#sequence++, codec: this.#codec.number },
    });
    if (!sent) return;
    this.framesSent += 1;
    if (chunk.type === 'key') this.keyframesSent += 1;
  }

  #closeEncoder() {
    if (this.#encoder && this.#encoder.state !== 'closed') this.#encoder.close();
    this.#encoder = null;
  }
}

async function firstSupported({ widthMax, bitrate, framesPerSecond }) {
  const settings = {
    width: widthMax,
    height: (widthMax * 9) / 16,
    bitrate,
    framerate: framesPerSecond,
    latencyMode: 'realtime',
  };
  for (const entry of codecs) {
    const { supported } = await VideoEncoder.isConfigSupported({ ...settings, codec: entry.codec });
    if (supported) return entry;
  }
  throw new Error('This browser encodes neither VP9 nor VP8.');
}
