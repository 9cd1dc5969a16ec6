// Decides which media may still be given to a link that is behind.

import { Kind } from './link.js';
import { MediaType } from './packets.js';

// About a megabyte is many seconds of video that nobody wants to see late; audio is small, and
// missed more.
const VIDEO_WAITING_MAX = 1_000_000;
const AUDIO_WAITING_MAX = 2_000_000;

/** The Kind of a MediaPacket. */
export function kindOf({ mediaType }) {
  switch (mediaType) {
    case MediaType.VIDEO:
      return Kind.VIDEO;
    case MediaType.SCREEN:
      return Kind.SCREEN;
    case MediaType.AUDIO:
      return Kind.AUDIO;
    default:
      return Kind.CONTROL;
  }
}

/** Holds video, then audio, back while too many bytes wait; control always passes. */
export class SendGate {
  // Pictures that lost a frame: their deltas are of no use before the next keyframe.
  #broken = new Set();

  /** { pass, picture, keyframeWanted } for a MediaPacket of this kind. */
  decide(kind, isKey, waitingBytes) {
    switch (kind) {
      case Kind.VIDEO:
        return this.#decidePicture(kind, 'VIDEO', isKey, waitingBytes);
      case Kind.SCREEN:
        return this.#decidePicture(kind, 'SCREEN', isKey, waitingBytes);
      case Kind.AUDIO:
        return { pass: waitingBytes <= AUDIO_WAITING_MAX };
      default:
        return { pass: true };
    }
  }

  /** A frame of this kind was given up on its way. */
  lost(kind) {
    this.#broken.add(kind);
  }

  /** A new connection starts with nothing waiting and nothing broken. */
  reset() {
    this.#broken.clear();
  }

  #decidePicture(kind, picture, isKey, waitingBytes) {
    const room = waitingBytes <= VIDEO_WAITING_MAX;
    if (room && isKey) this.#broken.delete(kind);
    if (room && !this.#broken.has(kind)) return { pass: true, picture };
    this.#broken.add(kind);
    // Asking for a keyframe while there is no room would only add to what waits.
    return { pass: false, picture, keyframeWanted: room };
  }
}
