import assert from 'node:assert/strict';
import test from 'node:test';

import { MediaType, MeetingEvent, PacketType, Room } from '../../client/index.js';
import { FakeClock, fakeWebSockets, mediaOf, notice } from './fakes.mjs';

const ME = '9223372036854775809';
const BOB = '9223372036854775810';
const BOB_AGAIN = '9223372036854775811';

/** A room, its clock, its sockets, and the events it told. */
function visit(options = {}) {
  const clock = new FakeClock();
  const { sockets, WebSocket } = fakeWebSockets();
  const room = new Room({
    url: 'http://relay:8080',
    user: 'alice',
    room: 'tea',
    WebSocket,
    clock,
    random: () => 1,
    ...options,
  });
  const events = [];
  for (const name of [
    'state',
    'session',
    'joined',
    'left',
    'changed',
    'packet',
    'keyframe-wanted',
    'congestion',
    'meeting-started',
    'meeting-ended',
  ]) {
    room.on(name, (value) => events.push([name, value]));
  }
  const told = (name) => events.filter(([n]) => n === name).map(([, value]) => value);
  room.join();
  return { room, clock, sockets, told };
}

function joinedVisit(options) {
  const all = visit(options);
  all.sockets[0].assign(ME);
  return { ...all, socket: all.sockets[0] };
}

const joined = (sessionId, user, name = user) =>
  notice({
    eventType: MeetingEvent.PARTICIPANT_JOINED,
    targetUserId: user,
    sessionId,
    displayName: name,
  });
const left = (sessionId, user) =>
  notice({ eventType: MeetingEvent.PARTICIPANT_LEFT, targetUserId: user, sessionId });
const beat = (sessionId, user, presence = {}) =>
  mediaOf(sessionId, user, {
    mediaType: MediaType.HEARTBEAT,
    heartbeatMetadata: { video: false, audio: true, screen: false, speaking: false, ...presence },
  });
const video = (sequence, frameType = 'delta') => ({
  mediaType: MediaType.VIDEO,
  data: new Uint8Array(10),
  frameType,
  videoMetadata: { sequence, codec: 2 },
});
const sentTypes = (socket) => socket.packets.map(({ media }) => media?.mediaType);

test('the path endpoint and the token endpoint carry a secret of 32 hex digits', () => {
  const byPath = visit().sockets[0].url;
  assert.equal(byPath.protocol, 'ws:');
  assert.equal(byPath.pathname, '/lobby/alice/tea');
  assert.match(byPath.searchParams.get('resume'), /^[0-9a-f]{32}$/);

  const byToken = visit({ token: 'a.b.c' }).sockets[0].url;
  assert.equal(byToken.pathname, '/lobby');
  assert.equal(byToken.searchParams.get('token'), 'a.b.c');
  assert.match(byToken.searchParams.get('resume'), /^[0-9a-f]{32}$/);
});

test('two visits have two secrets', () => {
  const secret = () => visit().sockets[0].url.searchParams.get('resume');
  assert.notEqual(secret(), secret());
});

test('a name that is no id is refused before anything is sent', () => {
  assert.throws(() => visit({ user: 'a b' }), RangeError);
  assert.throws(() => visit({ room: '' }), RangeError);
});

test('a token says who we are', () => {
  const claims = Buffer.from(JSON.stringify({ sub: 'zoë@example.org', room: 'tea' })).toString(
    'base64url',
  );
  const { room } = visit({ token: `e30.${claims}.x` });
  assert.equal(room.userId, 'zoë@example.org');
});

test('being assigned a session joins, and a heartbeat follows at once', () => {
  const { room, socket, told } = joinedVisit();
  assert.equal(room.state, 'joined');
  assert.equal(room.sessionId, ME);
  assert.deepEqual(told('session'), [{ sessionId: ME, resumed: false }]);
  assert.equal(sentTypes(socket)[0], MediaType.HEARTBEAT);
});

test('probes go every second and heartbeats every five', () => {
  const { clock, socket } = joinedVisit();
  const echo = () => socket.receive(socket.sent.at(-1));
  for (let second = 0; second < 10; ++second) (clock.pass(1000), echo());

  const count = (type) => sentTypes(socket).filter((t) => t === type).length;

  assert.equal(count(MediaType.RTT), 11);
  assert.equal(count(MediaType.HEARTBEAT), 3);
});

test('the round trip is measured by the echo', () => {
  const { room, clock, socket } = joinedVisit();
  const probe = socket.sent.findLast((_, i) => sentTypes(socket)[i] === MediaType.RTT);
  clock.pass(40);
  socket.receive(probe);
  assert.equal(room.statistics().rtt.last, 40);
});

test('a change of presence is told at once, the same presence is not', () => {
  const { room, socket } = joinedVisit();
  const before = socket.sent.length;
  room.announce({ audio: true });
  room.announce({ audio: true });
  assert.equal(socket.sent.length, before + 1);
  assert.equal(socket.packets.at(-1).media.heartbeatMetadata.audio, true);
});

test('the roster, joins and leaves make the members', () => {
  const { room, socket, told } = joinedVisit();
  socket.receive(joined(BOB, 'bob', 'Bob'));
  socket.receive(joined(ME, 'alice'));
  socket.receive(joined(BOB_AGAIN, 'carol'));
  assert.deepEqual(
    room.members.map((m) => m.name),
    ['Bob', 'carol'],
  );
  assert.deepEqual(
    told('joined').map((m) => m.roster),
    [true, false],
  );

  socket.receive(left(BOB, 'bob'));

  assert.deepEqual(
    room.members.map((m) => m.name),
    ['carol'],
  );
  assert.deepEqual(
    told('left').map((m) => m.name),
    ['Bob'],
  );
});

test('a member is made by the first packet of a session nobody announced', () => {
  const { room, socket, told } = joinedVisit();
  socket.receive(beat(BOB, 'bob', { video: true }));
  assert.equal(room.members[0].userId, 'bob');
  assert.equal(room.members[0].video, true);
  assert.equal(told('packet').length, 1);
});

test('media tells what is on until the first heartbeat, which then decides', () => {
  const { room, socket } = joinedVisit();
  const [audio, frame] = [{ mediaType: MediaType.AUDIO }, video(0, 'key')];
  socket.receive(mediaOf(BOB, 'bob', audio));
  socket.receive(mediaOf(BOB, 'bob', frame));
  assert.equal(room.members[0].audio && room.members[0].video, true);

  socket.receive(beat(BOB, 'bob', { audio: false, video: false }));
  socket.receive(mediaOf(BOB, 'bob', frame));

  assert.equal(room.members[0].audio || room.members[0].video, false);
});

test('own packets are ignored', () => {
  const { room, socket, told } = joinedVisit();
  socket.receive(beat(ME, 'alice'));
  assert.equal(room.members.length, 0);
  assert.equal(told('packet').length, 0);
});

test('a reloaded page silently succeeds its old session', () => {
  const { room, socket, told } = joinedVisit();
  socket.receive(joined(BOB, 'bob', 'Bob'));
  socket.receive(beat(BOB_AGAIN, 'bob'));
  assert.deepEqual(
    room.members.map((m) => [m.sessionId, m.name]),
    [[BOB_AGAIN, 'Bob']],
  );
  assert.equal(told('joined').at(-1).succeeds, BOB);
});

test('two announced tabs of a user are two members, and stay two', () => {
  const { room, socket } = joinedVisit();
  socket.receive(joined(BOB, 'bob'));
  socket.receive(joined(BOB_AGAIN, 'bob'));
  socket.receive(beat(BOB, 'bob'));
  socket.receive(beat(BOB_AGAIN, 'bob'));
  assert.equal(room.members.length, 2);
});

test('a member who falls silent for 15 s is removed', () => {
  const { room, clock, socket } = joinedVisit();
  const echoing = (ms) => {
    for (; ms > 0; ms -= 1000) (clock.pass(1000), socket.receive(socket.sent.at(-1)));
  };
  socket.receive(beat(BOB, 'bob'));
  clock.pass(500);
  echoing(15_000);
  assert.equal(room.members.length, 1);
  echoing(2_000);
  assert.equal(room.members.length, 0);
});

test('a loss is resumed with the same secret, and peers are kept', () => {
  const { room, clock, sockets, told } = joinedVisit();
  sockets[0].receive(joined(BOB, 'bob'));
  sockets[0].lose();
  assert.equal(room.state, 'reconnecting');
  assert.equal(room.publish(video(1)), false);

  clock.pass(200);
  sockets[1].assign(ME);

  assert.equal(sockets[1].url.href, sockets[0].url.href);
  assert.deepEqual(told('session').at(-1), { sessionId: ME, resumed: true });
  assert.equal(room.statistics().reconnects, 1);
  assert.equal(told('left').length, 0);
  assert.equal(sentTypes(sockets[1])[0], MediaType.HEARTBEAT);
  assert.deepEqual(
    told('keyframe-wanted')
      .slice(-2)
      .map((k) => k.picture),
    ['VIDEO', 'SCREEN'],
  );
});

test('a peer that left while we were away is removed a little later', () => {
  const { room, clock, sockets } = joinedVisit();
  sockets[0].receive(joined(BOB, 'bob'));
  sockets[0].lose();
  clock.pass(200);
  sockets[1].assign(ME);
  for (let second = 0; second < 9; ++second) {
    clock.pass(1000);
    sockets[1].receive(sockets[1].sent.at(-1));
  }
  assert.equal(room.state, 'joined');
  assert.equal(room.members.length, 0);
});

test('after a restart of the relay the new session of a user replaces the old one', () => {
  const { room, clock, sockets } = joinedVisit();
  sockets[0].receive(joined(BOB, 'bob'));
  sockets[0].lose(1001);
  clock.pass(200);
  sockets[1].assign('42');
  sockets[1].receive(joined(BOB_AGAIN, 'bob'));
  assert.deepEqual(
    room.members.map((m) => m.sessionId),
    [BOB_AGAIN],
  );
  assert.equal(room.sessionId, '42');
});

test('attempts are spread ever wider, up to ten seconds', () => {
  const { clock, sockets, told } = joinedVisit();
  for (let i = 0; i < 9; ++i) {
    sockets.at(-1).lose();
    clock.pass(told('state').at(-1).retryMs);
  }
  const waits = told('state')
    .filter((s) => s.retryMs)
    .map((s) => s.retryMs);
  assert.deepEqual(waits, [200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000]);
  assert.equal(sockets.length, 10);
});

test('jitter takes up to half of the wait', () => {
  const { told, sockets } = joinedVisit({ random: () => 0 });
  sockets[0].lose();
  assert.equal(told('state').at(-1).retryMs, 100);
});

test('a relay that was never reached is given up after four more attempts', () => {
  const { room, clock, sockets } = visit();
  for (let i = 0; i < 5; ++i) {
    sockets.at(-1).lose();
    clock.pass(10_000);
  }
  assert.equal(sockets.length, 5);
  assert.equal(room.state, 'closed');
  assert.equal(room.closed.why, 'unreachable');
});

test('a handshake without an answer is given up and tried again', () => {
  const { clock, sockets } = visit();
  clock.pass(10_000);
  assert.deepEqual(sockets[0].closedWith, { code: 1000, reason: '' });
  clock.pass(200);
  assert.equal(sockets.length, 2);
});

test('reconnectNow does not wait for the back-off', () => {
  const { room, sockets } = joinedVisit();
  sockets[0].lose();
  room.reconnectNow();
  room.reconnectNow();
  assert.equal(sockets.length, 2);
});

for (const [code, reason, why] of [
  [1000, 'resumed elsewhere', 'moved'],
  [1000, '', 'ended'],
  [1008, 'Session rejected', 'refused'],
]) {
  test(`close ${code} "${reason}" is final: ${why}`, () => {
    const { room, clock, sockets } = joinedVisit();
    sockets[0].lose(code, reason);
    clock.pass(60_000);
    assert.equal(room.closed.why, why);
    assert.equal(sockets.length, 1);
    assert.equal(clock.pending, 0);
  });
}

for (const [code, reason] of [
  [1001, ''],
  [1006, ''],
  [1008, 'too slow'],
  [1011, ''],
  [1013, ''],
]) {
  test(`close ${code} "${reason}" reconnects`, () => {
    const { room, clock, sockets } = joinedVisit();
    sockets[0].lose(code, reason);
    clock.pass(200);
    assert.equal(room.state, 'reconnecting');
    assert.equal(sockets.length, 2);
  });
}

test('a refusal tells its reason', () => {
  const { room, sockets, told } = visit();
  sockets[0].open();
  sockets[0].receive(
    notice({ eventType: MeetingEvent.MEETING_ENDED, message: 'Session rejected: reserved name' }),
  );
  sockets[0].lose(1008, 'Session rejected');
  assert.deepEqual(room.closed, { why: 'refused', message: 'reserved name' });
  assert.equal(told('meeting-ended').length, 0);
});

test('the end of the meeting ends the visit', () => {
  const { room, clock, sockets, told } = joinedVisit();
  sockets[0].receive(
    notice({ eventType: MeetingEvent.MEETING_ENDED, message: 'The host has ended the meeting' }),
  );
  assert.equal(told('meeting-ended').length, 1);
  assert.deepEqual(room.closed, { why: 'ended', message: 'The host has ended the meeting' });
  assert.equal(sockets[0].closedWith.code, 1000);
  assert.equal(clock.pending, 0);
});

test('leaving says goodbye and leaves nothing behind', () => {
  const { room, clock, sockets, told } = joinedVisit();
  sockets[0].receive(joined(BOB, 'bob'));
  room.leave();
  room.leave();
  assert.deepEqual(sockets[0].closedWith, { code: 1000, reason: 'left' });
  assert.equal(clock.pending, 0);
  assert.equal(told('state').filter((s) => s.state === 'closed').length, 1);
  assert.equal(room.members.length, 0);
});

test('probes without an answer for eight seconds start a new connection', () => {
  const { room, clock, sockets } = joinedVisit();
  clock.pass(10_000);
  assert.equal(sockets[0].readyState, 3);
  assert.equal(sockets.length, 2);
  assert.equal(room.state, 'reconnecting');
});

test('a page that slept judges nobody by that time', () => {
  const { room, clock, sockets } = joinedVisit();
  sockets[0].receive(joined(BOB, 'bob'));
  clock.sleep(60_000);
  assert.equal(sockets.length, 1);
  assert.equal(room.members.length, 1);
});

test('video is held back above a megabyte, until the next keyframe; control never is', () => {
  const { room, socket, told } = joinedVisit();
  assert.equal(room.publish(video(0, 'key')), true);
  socket.bufferedAmount = 1_000_001;
  assert.equal(room.publish(video(1)), false);
  assert.equal(room.publish({ mediaType: MediaType.AUDIO, data: new Uint8Array(9) }), true);
  assert.equal(room.send({ packetType: PacketType.DIAGNOSTICS, data: new Uint8Array(9) }), true);
  assert.equal(told('keyframe-wanted').length, 0);

  socket.bufferedAmount = 0;
  assert.equal(room.publish(video(2)), false);
  assert.deepEqual(told('keyframe-wanted'), [{ picture: 'VIDEO' }]);
  assert.equal(room.publish(video(3, 'key')), true);
  assert.equal(room.publish(video(4)), true);
  assert.equal(room.statistics().dropped.video, 2);
});

test('keyframe requests are at least 500 ms apart, and a second for the same picture', () => {
  const { room, clock, socket } = joinedVisit();
  socket.receive(beat(BOB, 'bob'));
  socket.receive(beat(BOB_AGAIN, 'carol'));
  const [bob, carol] = room.members;
  assert.equal(room.requestKeyframe(bob), true);
  assert.equal(room.requestKeyframe(carol), false);
  clock.pass(500);
  assert.equal(room.requestKeyframe(bob), false);
  assert.equal(room.requestKeyframe(carol), true);
  clock.pass(500);
  assert.equal(room.requestKeyframe(bob), true);
});

test('a keyframe request counts only if it names us', () => {
  const { socket, told } = joinedVisit();
  socket.receive(beat(BOB, 'bob'));
  const before = told('keyframe-wanted').length;
  const ask = (userId) =>
    mediaOf(BOB, 'bob', {
      mediaType: MediaType.KEYFRAME_REQUEST,
      userId,
      data: new TextEncoder().encode('SCREEN'),
    });
  socket.receive(ask('carol'));
  socket.receive(ask('alice'));
  assert.deepEqual(told('keyframe-wanted').slice(before), [{ picture: 'SCREEN' }]);
});

test('congestion is heard although it bears our own session', () => {
  const { clock, socket, told } = joinedVisit();
  clock.pass(0);
  socket.receive(
    Uint8Array.from([
      0x08,
      0x09,
      0x12,
      0x05,
      ...Buffer.from('carol'),
      0x20,
      ...Buffer.from('81808080808080808001', 'hex'),
    ]),
  );
  assert.deepEqual(told('congestion'), [{ by: 'carol' }]);
});

test('packets that cannot be read are counted and cost nothing else', () => {
  const { room, socket } = joinedVisit();
  for (const bytes of [[0xff], [0x1a, 0x7f], [0x08], new Array(12).fill(0x80)]) {
    socket.receive(Uint8Array.from(bytes));
  }
  assert.equal(room.statistics().malformed, 4);
  assert.equal(room.state, 'joined');
});

test('text messages are ignored', () => {
  const { room, socket } = joinedVisit();
  socket.onmessage({ data: 'hello' });
  assert.equal(room.statistics().malformed, 0);
});

test('encrypted media reaches the application unread', () => {
  const { socket, told } = joinedVisit();
  socket.receive(Uint8Array.from([0x08, 0x03, 0x1a, 0x02, 0xff, 0xff, 0x20, 0x07]));
  assert.equal(told('packet')[0].media, null);
});
