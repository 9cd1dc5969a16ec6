import assert from 'node:assert/strict';
import test from 'node:test';

import {
  MediaPacket,
  MediaType,
  MeetingEvent,
  MeetingPacket,
  PacketType,
  PacketWrapper,
  SYSTEM_USER,
  VideoCodec,
} from '../../client/index.js';
import { heartbeat, keyframeRequest, requestedPicture, rttProbe } from '../../client/packets.js';

const SESSION = String(0x8123456789abcdefn);
const SYSTEM = '12 0e 73 79 73 74 65 6d 2d 26 5e 25 24 23 40 21';
const ID = 'ef 9b af cd f8 ac d1 91 81 01';

const ascii = (words) => Buffer.from(words).toString('hex');
const hex = (text) => Uint8Array.from(Buffer.from(text.replace(/\s/g, ''), 'hex'));
const system = (fields) => PacketWrapper.encode({ userId: SYSTEM_USER, ...fields });
const meeting = (fields) =>
  system({
    packetType: PacketType.MEETING,
    data: MeetingPacket.encode({ roomId: 'room1', ...fields }),
  });

// The protocol's reference bytes: each is encoded exactly, and decodes to the same fields.
const bob = { targetUserId: 'bob', sessionId: SESSION, displayName: 'Bob' };
const BOB = `3a 03 62 6f 62 48 ${ID} 52 03 42 6f 62`;
const reference = [
  [
    'SESSION_ASSIGNED',
    `08 08 ${SYSTEM} 20 ${ID}`,
    system({ packetType: PacketType.SESSION_ASSIGNED, sessionId: SESSION }),
  ],
  [
    'MEETING_STARTED',
    `08 07 ${SYSTEM} 1a 17 08 01 12 05 72 6f 6f 6d 31 18 80 c0 cb af c2 33 2a 05 61 6c 69 63 65`,
    meeting({
      eventType: MeetingEvent.MEETING_STARTED,
      startTimeMs: 1770163200000,
      creatorId: 'alice',
    }),
  ],
  [
    'PARTICIPANT_JOINED',
    `08 07 ${SYSTEM} 1a 3a 08 03 12 05 72 6f 6f 6d 31 22 1a ${ascii('bob has joined the meeting')} ${BOB}`,
    meeting({
      eventType: MeetingEvent.PARTICIPANT_JOINED,
      message: 'bob has joined the meeting',
      ...bob,
    }),
  ],
  [
    'PARTICIPANT_LEFT',
    `08 07 ${SYSTEM} 1a 38 08 04 12 05 72 6f 6f 6d 31 22 18 ${ascii('bob has left the meeting')} ${BOB}`,
    meeting({
      eventType: MeetingEvent.PARTICIPANT_LEFT,
      message: 'bob has left the meeting',
      ...bob,
    }),
  ],
  [
    'MEETING_ENDED',
    `08 07 ${SYSTEM} 1a 29 08 02 12 05 72 6f 6f 6d 31 22 1e ${ascii('The host has ended the meeting')}`,
    meeting({ eventType: MeetingEvent.MEETING_ENDED, message: 'The host has ended the meeting' }),
  ],
  [
    'MEETING_ACTIVATED',
    `08 07 ${SYSTEM} 1a 09 08 05 12 05 72 6f 6f 6d 31`,
    meeting({ eventType: MeetingEvent.MEETING_ACTIVATED }),
  ],
  [
    'PARTICIPANT_ADMITTED',
    `08 07 ${SYSTEM} 1a 0e 08 06 12 05 72 6f 6f 6d 31 3a 03 62 6f 62`,
    meeting({ eventType: MeetingEvent.PARTICIPANT_ADMITTED, targetUserId: 'bob' }),
  ],
  [
    'CONGESTION',
    `08 09 12 05 63 61 72 6f 6c 20 ${ID}`,
    PacketWrapper.encode({
      packetType: PacketType.CONGESTION,
      userId: 'carol',
      sessionId: SESSION,
    }),
  ],
  [
    'RTT probe',
    '08 03 12 05 61 6c 69 63 65 1a 12 08 05 12 05 61 6c 69 63 65 29 00 b8 07 2e 5f c2 79 42',
    rttProbe('alice', 1770163200123.5),
  ],
];

for (const [name, expected, encoded] of reference) {
  test(`${name} is byte for byte the protocol's`, () => {
    assert.deepEqual(encoded, hex(expected));

    const packet = PacketWrapper.decode(hex(expected));

    assert.deepEqual(PacketWrapper.encode(packet), hex(expected));
    if (packet.packetType === PacketType.MEETING) {
      assert.deepEqual(MeetingPacket.encode(MeetingPacket.decode(packet.data)), packet.data);
    }
  });
}

test('a session id keeps all its 64 bits', () => {
  const packet = PacketWrapper.decode(hex(`08 08 ${SYSTEM} 20 ${ID}`));
  assert.equal(BigInt(packet.sessionId), 0x8123456789abcdefn);
});

test('a heartbeat says what is on', () => {
  const presence = { video: true, audio: false, screen: false, speaking: true };
  const media = MediaPacket.decode(PacketWrapper.decode(heartbeat('alice', 5, presence)).data);
  assert.equal(media.mediaType, MediaType.HEARTBEAT);
  assert.deepEqual(media.heartbeatMetadata, presence);
});

test('a keyframe request names the wanted sender inside and the requester outside', () => {
  const packet = PacketWrapper.decode(keyframeRequest('alice', 'bob', 'SCREEN'));
  const media = MediaPacket.decode(packet.data);
  assert.equal(packet.userId, 'alice');
  assert.equal(media.userId, 'bob');
  assert.equal(requestedPicture(media), 'SCREEN');
});

test('a video frame keeps its bytes, times and sequence', () => {
  const frame = {
    mediaType: MediaType.VIDEO,
    data: Uint8Array.from([1, 2, 3]),
    frameType: 'key',
    timestamp: 33_333,
    duration: 33_333,
    videoMetadata: { sequence: 2 ** 40, codec: VideoCodec.VP9 },
  };
  const { data, frameType, timestamp, duration, videoMetadata } = MediaPacket.decode(
    MediaPacket.encode(frame),
  );
  assert.deepEqual(
    { mediaType: MediaType.VIDEO, data, frameType, timestamp, duration, videoMetadata },
    frame,
  );
});
