// One member of the room as this page sees and hears them.

import { MediaType } from '/client/index.js';
import { PictureReceiver } from './picture_receiver.js';
import { VoiceReceiver } from './voice_receiver.js';

export class Peer {
  #voiceOut;
  #rates = new Map();

  constructor(member, room, speaker) {
    this.member = member;
    this.#voiceOut = speaker.voice();
    this.video = new PictureReceiver(() => room.requestKeyframe(member, 'VIDEO'));
    this.screen = new PictureReceiver(() => room.requestKeyframe(member, 'SCREEN'));
    this.voice = new VoiceReceiver((samples) => this.#voiceOut.play(samples));
  }

  accept(media) {
    if (media.mediaType === MediaType.VIDEO) this.video.accept(media);
    else if (media.mediaType === MediaType.SCREEN) this.screen.accept(media);
    else if (media.mediaType === MediaType.AUDIO) this.voice.accept(media);
  }

  close() {
    this.video.close();
    this.screen.close();
    this.voice.close();
    this.#voiceOut.close();
  }

  /** Everything counted, for the panel and for tests. */
  statistics() {
    const { video, screen, voice } = this;
    return {
      sessionId: this.member.sessionId,
      name: this.member.name,
      framesDecoded: video.framesDecoded,
      framesPerSecond: this.#rate('video', video.framesDecoded),
      framesLost: video.framesLost + screen.framesLost,
      framesDropped: video.framesDropped + screen.framesDropped,
      size: video.size,
      codec: video.codec,
      screenFramesDecoded: screen.framesDecoded,
      audioPacketsDecoded: voice.packetsDecoded,
      audioPacketsLost: voice.packetsLost,
      audioWaitingMs: this.#voiceOut.waitingMs,
      audioUnderruns: this.#voiceOut.underruns,
      decodeErrors: video.errors + screen.errors + voice.errors,
    };
  }

  // Per second over at least one second, between calls.
  #rate(name, count) {
    const now = performance.now();
    const last = this.#rates.get(name) ?? { now, count, rate: 0 };
    const passed = now - last.now;
    if (passed < 1000) {
      this.#rates.set(name, last);
      return last.rate;
    }
    const rate = ((count - last.count) * 1000) / passed;
    this.#rates.set(name, { now, count, rate });
    return rate;
  }
}
