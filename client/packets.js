// What travels: the envelope every packet has, and the inner messages this client makes or reads.
// Field names here are the wire's in camelCase; numbers are the protocol's (docs/PROTOCOL.md).

import { message } from './protobuf.js';

/** The sender's name on packets the relay itself makes. */
export const SYSTEM_USER = 'system-&^%$#@!';

export const PacketType = Object.freeze({
  UNKNOWN: 0,
  RSA_PUB_KEY: 1,
  AES_KEY: 2,
  MEDIA: 3,
  CONNECTION: 4,
  DIAGNOSTICS: 5,
  HEALTH: 6,
  MEETING: 7,
  SESSION_ASSIGNED: 8,
  CONGESTION: 9,
});

export const MediaType = Object.freeze({
  UNKNOWN: 0,
  VIDEO: 1,
  AUDIO: 2,
  SCREEN: 3,
  HEARTBEAT: 4,
  RTT: 5,
  KEYFRAME_REQUEST: 6,
});

export const MeetingEvent = Object.freeze({
  UNKNOWN: 0,
  MEETING_STARTED: 1,
  MEETING_ENDED: 2,
  PARTICIPANT_JOINED: 3,
  PARTICIPANT_LEFT: 4,
  MEETING_ACTIVATED: 5,
  PARTICIPANT_ADMITTED: 6,
  PARTICIPANT_REJECTED: 7,
  WAITING_ROOM_UPDATED: 8,
});

export const VideoCodec = Object.freeze({
  UNSPECIFIED: 0,
  VP8: 1,
  VP9: 2,
});

export const PacketWrapper = message({
  packetType: [1, 'uint'],
  userId: [2, 'text'],
  data: [3, 'bytes'],
  sessionId: [4, 'id'],
});

const AudioMetadata = message({
  format: [1, 'text'],
  channels: [2, 'uint'],
  frames: [3, 'uint'],
  sampleRate: [4, 'float'],
  sequence: [5, 'uint'],
});

const VideoMetadata = message({
  sequence: [1, 'uint'],
  codec: [2, 'uint'],
});

const HeartbeatMetadata = message({
  video: [1, 'bool'],
  audio: [2, 'bool'],
  screen: [3, 'bool'],
  speaking: [4, 'bool'],
});

export const MediaPacket = message({
  mediaType: [1, 'uint'],
  userId: [2, 'text'],
  data: [3, 'bytes'],
  frameType: [4, 'text'],
  timestamp: [5, 'double'],
  duration: [6, 'double'],
  audioMetadata: [7, AudioMetadata],
  videoMetadata: [8, VideoMetadata],
  heartbeatMetadata: [9, HeartbeatMetadata],
});

export const MeetingPacket = message({
  eventType: [1, 'uint'],
  roomId: [2, 'text'],
  startTimeMs: [3, 'uint'],
  message: [4, 'text'],
  creatorId: [5, 'text'],
  targetUserId: [7, 'text'],
  sessionId: [9, 'id'],
  displayName: [10, 'text'],
});

/** The session a SESSION_ASSIGNED gives; null if the packet is another. */
export function assignedSession(bytes) {
  try {
    const { packetType, sessionId } = PacketWrapper.decode(bytes);
    return packetType === PacketType.SESSION_ASSIGNED ? sessionId : null;
  } catch {
    return null;
  }
}

/** A MediaPacket in its envelope, ready to send. */
export function mediaEnvelope(userId, media) {
  return PacketWrapper.encode({
    packetType: PacketType.MEDIA,
    userId,
    data: MediaPacket.encode(media),
  });
}

/** A probe that the relay sends back as it is; `timestamp` is the sender's own clock, in ms. */
export function rttProbe(userId, timestamp) {
  return mediaEnvelope(userId, { mediaType: MediaType.RTT, userId, timestamp });
}

/** Says that a participant lives, and what of theirs is on: { video, audio, screen, speaking }. */
export function heartbeat(userId, timestamp, presence) {
  return mediaEnvelope(userId, {
    mediaType: MediaType.HEARTBEAT,
    userId,
    timestamp,
    heartbeatMetadata: presence,
  });
}

/** Asks `wantedUserId` for a keyframe of their 'VIDEO' or 'SCREEN'. */
export function keyframeRequest(userId, wantedUserId, picture) {
  return mediaEnvelope(userId, {
    mediaType: MediaType.KEYFRAME_REQUEST,
    userId: wantedUserId,
    data: new TextEncoder().encode(picture),
  });
}

/** Which picture a KEYFRAME_REQUEST asks for. */
export function requestedPicture(media) {
  return new TextDecoder().decode(media.data) === 'SCREEN' ? 'SCREEN' : 'VIDEO';
}
