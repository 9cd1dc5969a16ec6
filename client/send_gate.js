// Decides which media may still be given to a socket that is behind.

import { MediaType } from './packets.js';

// About a megabyte is many seconds of video that nobody wants to see late; audio is small, and
// missed more.
const VIDEO_WAITING_MAX = 1_000_000;
const AUDIO_WAITING_MAX = 2_000_000;

/** Holds video, then audio, back while too many bytes wait; control always passes. */
export class SendGate {
  // Pictures that lost a frame: their deltas are of no use before the next keyframe.
  #broken = new Set();

  /** { pass, kind, picture, keyframeWanted } for the MediaPacket `media`. */
  decide(media, waitingBytes) {
    switch (media.mediaType) {
      case MediaType.VIDEO:
        return this.#picture(media, 'video', 'VIDEO', waitingBytes);
      case MediaType.SCREEN:
        return this.#picture(media, 'screen', 'SCREEN', waitingBytes);
      case MediaType.AUDIO:
        return { pass: waitingBytes <= AUDIO_WAITING_MAX, kind: 'audio' };
      default:
        return { pass: true };
    }
  }

  /** A new connection starts with nothing waiting and nothing broken. */
  reset() {
    this.#broken.clear();
  }

  #picture(media, kind, picture, waitingBytes) {
    const room = waitingBytes <= VIDEO_WAITING_MAX;
    const isKey = media.frameType === 'key';
    if (room && isKey) this.#broken.delete(kind);
    if (room && !this.#broken.has(kind)) return { pass: true, kind, picture };
    this.#broken.add(kind);
    // Asking for a keyframe while there is no room would only add to what waits.
    return { pass: false, kind, picture, keyframeWanted: room };
  }
}
