// A visit to a room: what an application talks to.

import { Emitter } from './emitter.js';
import { KeyframeAsker } from './keyframe_asker.js';
import { Kind } from './link.js';
import { Members } from './members.js';
import { Pulse } from './pulse.js';
import { SendGate, kindOf } from './send_gate.js';
import { Sorter } from './sorter.js';
import { Statistics } from './statistics.js';
import { dial } from './dial.js';
import { readToken } from './address.js';
import { systemClock } from './clock.js';
import {
  MediaPacket,
  MediaType,
  MeetingEvent,
  MeetingPacket,
  PacketType,
  PacketWrapper,
  heartbeat,
  keyframeRequest,
  mediaEnvelope,
  requestedPicture,
  rttProbe,
} from './packets.js';

const HEARTBEAT_MS = 5_000;
// Joins that arrive this soon, before our own is announced, are the roster.
const ROSTER_MS = 1_000;

const REFUSAL = 'Session rejected: ';

/**
 * One participant's visit to one room, through as many connections as it takes.
 *
 * States: 'idle' → 'connecting' → 'joined' ⇄ 'reconnecting' → 'closed'. Events: see index.d.ts.
 */
export class Room extends Emitter {
  #connection;
  #clock;
  #members;
  #sorter;
  #pulse;
  #gate = new SendGate();
  #asker = new KeyframeAsker();
  #statistics = new Statistics();
  #presence = { video: false, audio: false, screen: false, speaking: false };

  #state = 'idle';
  #closed = null;
  #sessionId = null;
  #startTimeMs = null;
  #creatorId = '';
  #refusal = null;

  #heartbeatAt = 0;
  #rosterUntil = 0;

  constructor(options) {
    super();
    const { user, room, token, clock = systemClock } = options;
    const claims = token ? readToken(token) : null;
    this.userId = claims?.user ?? user ?? '';
    this.roomId = claims?.room ?? room ?? '';
    this.#clock = clock;
    this.#members = new Members((event, member) => this.#memberChanged(event, member));
    this.#sorter = new Sorter(clock);
    this.#pulse = new Pulse(clock, {
      tick: (now, slept) => this.#tick(now, slept),
      blocked: () => this.#connection.moveAway(),
      back: () => this.#connection.stay(),
      dead: () => this.#connection.restart('no answer'),
    });
    this.#connection = dial(options, clock, {
      received: (bytes, ahead) => this.#received(bytes, ahead),
      switched: (change) => this.#switched(change),
      lost: (loss) => this.#lost(loss),
      ended: ({ why, reason }) => this.#end(why, this.#refusal ?? reason),
    });
  }

  get state() {
    return this.#state;
  }

  /** Why the visit is over, or null: { why, message }. */
  get closed() {
    return this.#closed;
  }

  /** Own session, a decimal string; null before the relay has given one. */
  get sessionId() {
    return this.#sessionId;
  }

  /** 'websocket' or 'webtransport', the one in use or last used; null before any joined. */
  get transport() {
    return this.#connection.transport;
  }

  /** Why it is that transport: see index.d.ts. */
  get transportWhy() {
    return this.#connection.why;
  }

  /** When the meeting began (ms since 1970) and who began it. */
  get meeting() {
    return { startTimeMs: this.#startTimeMs, creatorId: this.#creatorId };
  }

  /** The others in the room. */
  get members() {
    return this.#members.list();
  }

  join() {
    if (this.#state !== 'idle') return;
    this.#setState('connecting');
    this.#connection.open();
  }

  /** Says goodbye and stops. */
  leave() {
    if (this.#state === 'closed') return;
    this.#connection.close('left');
    this.#end('left', '');
  }

  /** Tries to reconnect now: the network is said to be back. */
  reconnectNow() {
    if (this.#state === 'reconnecting' || this.#state === 'connecting') this.#connection.hurry();
  }

  /**
   * Sends a MediaPacket's fields to the room. False if it was not sent: not connected, or too much
   * is waiting already. Of a picture that lost a frame the deltas are held back, and
   * 'keyframe-wanted' is emitted.
   */
  publish(media) {
    if (!this.#canSend()) return false;
    const kind = kindOf(media);
    const isKey = media.frameType === 'key';
    this.#dropStale(kind);
    const answer = this.#gate.decide(kind, isKey, this.#connection.waitingBytes(kind));
    if (!answer.pass) {
      this.#statistics.dropped[kind] += 1;
      if (answer.keyframeWanted) this.emit('keyframe-wanted', { picture: answer.picture });
      return false;
    }
    this.#write(mediaEnvelope(this.userId, media), kind, isKey);
    return true;
  }

  /** Sends any packet: { packetType, data }. Never held back. False if not connected. */
  send({ packetType, data }) {
    if (!this.#canSend()) return false;
    this.#write(PacketWrapper.encode({ packetType, userId: this.userId, data }));
    return true;
  }

  /** Says what is on: any of { video, audio, screen, speaking }. A change is sent at once. */
  announce(presence) {
    const before = this.#presence;
    this.#presence = { ...before, ...presence };
    const changed = Object.keys(before).some((key) => before[key] !== this.#presence[key]);
    if (changed && this.#canSend()) this.#sendHeartbeat();
  }

  /**
   * Asks a member for a keyframe of their 'VIDEO' or 'SCREEN'. False if it was not asked, because
   * the last request is too recent: ask again with the next frame that cannot be decoded.
   */
  requestKeyframe(member, picture = 'VIDEO') {
    if (!this.#canSend()) return false;
    if (!this.#asker.mayAsk(`${member.sessionId} ${picture}`, this.#clock.now())) return false;
    this.#write(keyframeRequest(this.userId, member.userId, picture));
    return true;
  }

  /** A snapshot of everything counted. */
  statistics() {
    const {
      in: received,
      out: sent,
      rtt,
      reconnects,
      moves,
      malformed,
      dropped,
    } = this.#statistics;
    return {
      transport: this.transport,
      why: this.transportWhy,
      rtt: rtt.snapshot(),
      in: received.snapshot(),
      out: sent.snapshot(),
      waitingBytes: this.#connection.waitingBytes(Kind.VIDEO),
      reconnects,
      moves,
      malformed,
      reordered: this.#sorter.held,
      dropped: { ...dropped },
      members: this.members.map(({ sessionId, name, traffic }) => ({
        sessionId,
        name,
        ...traffic.snapshot(),
      })),
    };
  }

  // ---- what arrives

  #received(bytes, ahead) {
    this.#statistics.in.add(bytes.length);
    try {
      this.#handle(PacketWrapper.decode(bytes), bytes.length, ahead);
    } catch (error) {
      // One packet that cannot be read costs that packet.
      if (error.name !== 'MalformedPacket' && !(error instanceof RangeError)) throw error;
      this.#statistics.malformed += 1;
    }
  }

  #handle(packet, size, ahead) {
    if (packet.packetType === PacketType.SESSION_ASSIGNED) return this.#assigned(packet.sessionId);
    if (packet.packetType === PacketType.MEETING) return this.#meeting(packet);
    if (packet.packetType === PacketType.CONGESTION) return this.#congested(packet);
    const media = packet.packetType === PacketType.MEDIA ? readMedia(packet.data) : null;
    if (media?.mediaType === MediaType.RTT) return this.#answered(packet, media);
    // '0' is a packet of a relay that does not stamp; without a session it belongs to no member.
    if (packet.sessionId === this.#sessionId || packet.sessionId === '0') return;

    const { sessionId, userId } = packet;
    const member = this.#members.heard(sessionId, userId, this.#clock.now(), size);
    if (media) this.#media(media, member);
    const give = () => this.emit('packet', { packet, media, member });
    const place = media && !this.#connection.keepsOrder ? placeOf(media) : null;
    if (place) this.#sorter.add(streamKey(member, media.mediaType), { ...place, ahead, give });
    else give();
  }

  #media(media, member) {
    switch (media.mediaType) {
      case MediaType.VIDEO:
        return this.#members.supposed(member, { video: true });
      case MediaType.AUDIO:
        return this.#members.supposed(member, { audio: true });
      case MediaType.SCREEN:
        return this.#members.supposed(member, { screen: true });
      case MediaType.HEARTBEAT:
        if (media.heartbeatMetadata) this.#members.present(member, media.heartbeatMetadata);
        return;
      case MediaType.KEYFRAME_REQUEST:
        if (!this.#isMe(media.userId)) return;
        this.emit('keyframe-wanted', { picture: requestedPicture(media) });
    }
  }

  #assigned(sessionId) {
    const resumed = this.#sessionId === sessionId;
    const first = this.#sessionId === null;
    const now = this.#clock.now();
    this.#sessionId = sessionId;
    this.#refusal = null;
    if (!first) this.#members.doubt(now);
    this.#rosterUntil = resumed ? 0 : now + ROSTER_MS;
    this.#statistics.rtt.reset();
    this.#gate.reset();
    if (this.#state !== 'joined') this.#setState('joined');
    // Peers learn of us by the first packet that is no probe, and a resumed session takes over
    // with it.
    this.#sendHeartbeat();
    this.#pulse.start();
    this.emit('session', { sessionId, resumed });
    if (!first) this.#wantKeyframes();
  }

  #meeting(packet) {
    const event = MeetingPacket.decode(packet.data);
    const { sessionId, targetUserId, displayName } = event;
    const now = this.#clock.now();
    this.emit('meeting', event);
    switch (event.eventType) {
      case MeetingEvent.MEETING_STARTED:
        this.#startTimeMs = event.startTimeMs;
        this.#creatorId = event.creatorId;
        this.emit('meeting-started', this.meeting);
        break;
      case MeetingEvent.MEETING_ENDED:
        this.#meetingEnded(event.message);
        break;
      case MeetingEvent.PARTICIPANT_JOINED:
        // Our own join comes after the roster.
        if (sessionId === this.#sessionId) this.#rosterUntil = 0;
        else if (sessionId !== '0')
          this.#members.announced(sessionId, targetUserId, displayName, now);
        break;
      case MeetingEvent.PARTICIPANT_LEFT:
        if (sessionId !== this.#sessionId) this.#members.left(sessionId);
        break;
    }
  }

  #meetingEnded(message) {
    if (message.startsWith(REFUSAL)) {
      // The close that follows says whether this is final.
      this.#refusal = message.slice(REFUSAL.length);
      return;
    }
    this.emit('meeting-ended', { message });
    this.#connection.close('meeting ended');
    this.#end('ended', message);
  }

  #congested(packet) {
    if (packet.sessionId === this.#sessionId) this.emit('congestion', { by: packet.userId });
  }

  #answered(packet, media) {
    if (packet.userId !== this.userId) return;
    this.#pulse.answered();
    this.#statistics.rtt.add(this.#clock.now() - media.timestamp);
  }

  // Someone who does not know their own name (an unreadable token) gives every keyframe asked for.
  #isMe(userId) {
    return this.userId === '' || userId === this.userId;
  }

  #memberChanged(event, member) {
    if (event === 'left') this.#forget(member);
    if (event !== 'joined') return this.emit(event, member);
    const roster = this.#clock.now() < this.#rosterUntil;
    this.emit('joined', Object.assign(member, { roster }));
    this.#wantKeyframes();
  }

  #forget(member) {
    for (const type of SORTED) this.#sorter.forget(streamKey(member, type));
  }

  #wantKeyframes() {
    this.emit('keyframe-wanted', { picture: 'VIDEO' });
    this.emit('keyframe-wanted', { picture: 'SCREEN' });
  }

  // ---- what leaves

  #canSend() {
    return this.#state === 'joined' && this.#connection.isOpen;
  }

  #write(bytes, kind = Kind.CONTROL, isKey = false) {
    this.#statistics.out.add(bytes.length);
    this.#connection.send(bytes, kind, isKey);
  }

  #dropStale(kind) {
    const count = this.#connection.dropStale(kind);
    if (count === 0) return;
    this.#statistics.dropped[kind] += count;
    this.#gate.lost(kind);
  }

  #sendHeartbeat() {
    this.#heartbeatAt = this.#clock.now();
    this.#write(heartbeat(this.userId, this.#heartbeatAt, this.#presence));
  }

  // ---- time

  #tick(now, slept) {
    this.#statistics.mark(now);
    if (slept) this.#members.doubt(now);
    else this.#members.tick(now);
    if (!this.#canSend()) return;
    this.#write(rttProbe(this.userId, now));
    if (now - this.#heartbeatAt >= HEARTBEAT_MS) this.#sendHeartbeat();
  }

  // ---- links

  // A link is kept; its first packet assigns the session.
  #switched({ transport, why, from }) {
    if (from) this.#statistics.moves += 1;
    else if (this.#sessionId !== null) this.#statistics.reconnects += 1;
    this.#sorter.flush();
    this.emit('transport', { transport, why, from });
  }

  // ---- endings

  #lost({ code, reason, retryMs }) {
    this.#pulse.stop();
    this.#sorter.flush();
    if (this.#state === 'joined') this.#members.doubt(this.#clock.now());
    this.#setState(this.#sessionId === null ? 'connecting' : 'reconnecting', {
      code,
      reason,
      retryMs,
    });
  }

  #end(why, message) {
    this.#pulse.stop();
    this.#sorter.flush();
    this.#closed = { why, message };
    this.#setState('closed', this.#closed);
    this.#members.clear();
  }

  #setState(state, details = {}) {
    this.#state = state;
    this.emit('state', { state, ...details });
  }
}

// ---- parts

const SORTED = [MediaType.VIDEO, MediaType.AUDIO, MediaType.SCREEN];

const streamKey = ({ sessionId }, mediaType) => `${sessionId} ${mediaType}`;

// Where a packet stands in its stream; null if its sender does not number it.
function placeOf({ mediaType, frameType, audioMetadata, videoMetadata }) {
  if (!SORTED.includes(mediaType)) return null;
  const isSound = mediaType === MediaType.AUDIO;
  const number = (isSound ? audioMetadata : videoMetadata)?.sequence;
  if (number === undefined) return null;
  return { number, isKey: !isSound && frameType === 'key', form: isSound ? 'sound' : 'picture' };
}

// Encrypted media cannot be read and is passed on to the application as it is.
function readMedia(data) {
  try {
    return MediaPacket.decode(data);
  } catch {
    return null;
  }
}
