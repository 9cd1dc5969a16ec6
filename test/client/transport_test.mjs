// Which transport a visit uses, in virtual time: races, blocked paths, restarts. The relay is a fake
// that knows the rules of resuming, so that a loser who takes the session from the winner is seen.

import assert from 'node:assert/strict';
import test from 'node:test';

import { FakeClock } from './fakes.mjs';
import { FakeRelay } from './fake_relay.mjs';
import { Room } from '../../client/index.js';

/** A visit to a relay, and the longest time without a frame since `watch` was called. */
function visit(relay, options = {}) {
  const room = new Room({ ...relay.options, ...options });
  const all = { room, sessions: [], transports: [], silentMs: 0 };
  let heardAt = null;
  const note = () => {
    const now = relay.clock.now();
    if (heardAt !== null) all.silentMs = Math.max(all.silentMs, now - heardAt);
    heardAt = now;
  };
  room.on('packet', note);
  room.on('session', ({ sessionId }) => all.sessions.push(sessionId));
  room.on('transport', ({ transport, why }) => all.transports.push(`${transport} ${why}`));
  all.watch = () => ((heardAt = relay.clock.now()), (all.silentMs = 0));
  return all;
}

const attempts = (relay, name) =>
  relay.asked.filter(
    (what) => !what.startsWith('/') && (what === 'websocket') === (name === 'websocket'),
  ).length;

// Each begins a visit on these paths and lets three seconds pass. Whatever happens, peers see one
// join and nothing else, also much later.
const races = [
  {
    name: 'where everything works, WebTransport is taken and no WebSocket opened',
    paths: () => {},
    transport: 'webtransport preferred',
    sockets: 0,
  },
  {
    name: 'where UDP is silent, a WebSocket is taken after 1.5 s',
    paths: (relay) => (relay.answers = 'no'),
    transport: 'websocket late',
    sockets: 1,
    joinedAfterMs: [1_500, 1_700],
  },
  {
    name: 'where WebTransport is refused, a WebSocket is taken at once',
    paths: (relay) => (relay.answers = 'refuses'),
    transport: 'websocket failed',
    sockets: 1,
    joinedAfterMs: [0, 300],
  },
  {
    name: 'WebTransport that is late but first is kept, and the WebSocket is closed',
    paths: (relay) => ((relay.udp.delayMs = 450), (relay.tcp.delayMs = 250)),
    transport: 'webtransport preferred',
    sockets: 1,
  },
  {
    name: 'a WebSocket that overtakes a late WebTransport is kept',
    paths: (relay) => (relay.udp.delayMs = 500),
    transport: 'websocket late',
    sockets: 1,
  },
  {
    name: 'both that join in the same moment are one session',
    paths: (relay) => ((relay.udp.delayMs = 390), (relay.tcp.delayMs = 10)),
    sockets: 1,
  },
  {
    name: 'a relay without WebTransport is visited by WebSocket at once',
    paths: (relay) => (relay.offer = () => ({ websocket: {}, webtransport: null })),
    transport: 'websocket not-offered',
    sockets: 1,
    joinedAfterMs: [0, 300],
  },
  {
    name: 'so is one that does not know the question',
    paths: (relay) => (relay.offer = () => null),
    transport: 'websocket not-offered',
    sockets: 1,
  },
  {
    name: 'a browser without WebTransport does not even ask',
    paths: (relay) => (relay.offer = assert.fail),
    options: { WebTransport: null },
    transport: 'websocket unsupported',
    sockets: 1,
    joinedAfterMs: [0, 100],
  },
  {
    name: 'who asks for a WebSocket gets it',
    paths: (relay) => (relay.offer = assert.fail),
    options: { transport: 'websocket' },
    transport: 'websocket asked',
    sockets: 1,
  },
  {
    name: 'who asks for WebTransport gets that and no WebSocket, however long it takes',
    paths: (relay) => (relay.udp.delayMs = 600),
    options: { transport: 'webtransport' },
    transport: 'webtransport asked',
    sockets: 0,
  },
];

for (const { name, paths, options, transport, sockets, joinedAfterMs = [0, 3_000] } of races) {
  test(name, async () => {
    const relay = new FakeRelay(new FakeClock());
    paths(relay);
    const { room, sessions, transports } = visit(relay, options);
    const begin = relay.clock.now();
    let joinedAfter = Infinity;
    room.once('session').then(() => (joinedAfter = relay.clock.now() - begin));

    room.join();
    await relay.pass(3_000);

    assert.equal(room.state, 'joined');
    if (transport) assert.deepEqual(transports, [transport]);
    assert.equal(attempts(relay, 'websocket'), sockets);
    const [least, most] = joinedAfterMs;
    assert.ok(joinedAfter >= least && joinedAfter <= most, `joined after ${joinedAfter} ms`);
    await relay.pass(6_000);
    assert.deepEqual(relay.told, ['joined']);
    assert.equal(sessions.length, 1);
    room.leave();
  });
}

/** A visit that has been on WebTransport for a while. */
async function longVisit(options) {
  const relay = new FakeRelay(new FakeClock());
  const all = visit(relay, options);
  all.room.join();
  await relay.pass(12_000);
  assert.equal(all.room.transport, 'webtransport');
  all.watch();
  return { relay, ...all, all };
}

test('a path that is blocked in mid-call is left within five seconds, and nobody sees it', async () => {
  const { relay, room, all } = await longVisit();

  relay.udp.block();
  await relay.pass(8_000);

  assert.deepEqual(all.transports, ['webtransport preferred', 'websocket blocked']);
  assert.ok(all.silentMs < 5_000, `${all.silentMs} ms of silence`);
  assert.equal(new Set(all.sessions).size, 1);
  assert.equal(room.statistics().moves, 1);
  assert.equal(room.statistics().reconnects, 0);
  relay.udp.heal();
  await relay.pass(10_000);
  assert.equal(room.state, 'joined');
  assert.deepEqual(relay.told, ['joined']);
});

test('a path that is blocked for two seconds is kept', async () => {
  const { relay, room, all } = await longVisit();
  relay.udp.block();
  await relay.pass(1_900);
  relay.udp.heal();
  await relay.pass(5_000);
  assert.equal(room.transport, 'webtransport');
  assert.equal(attempts(relay, 'websocket'), 0);
  assert.deepEqual(all.transports, ['webtransport preferred']);
});

test('a path that heals before the other has joined is kept, and the other closed unseen', async () => {
  const { relay, room, all } = await longVisit();
  relay.tcp.delayMs = 800;
  relay.udp.block();
  await relay.pass(3_200);
  relay.udp.heal();
  await relay.pass(8_000);
  assert.equal(attempts(relay, 'websocket'), 1);
  assert.deepEqual(all.transports, ['webtransport preferred']);
  assert.equal(room.state, 'joined');
  assert.deepEqual(relay.told, ['joined']);
});

test('a network that is away altogether for some seconds costs no leave', async () => {
  const { relay, room, all } = await longVisit();
  for (const path of [relay.udp, relay.tcp]) path.block();
  await relay.pass(6_000);
  for (const path of [relay.udp, relay.tcp]) path.heal();
  await relay.pass(20_000);
  assert.equal(room.state, 'joined');
  assert.equal(new Set(all.sessions).size, 1);
  assert.deepEqual(relay.told, ['joined']);
});

test('nor does one that is away so long that the connection is given up', async () => {
  const { relay, room, all } = await longVisit();
  for (const path of [relay.udp, relay.tcp]) path.block();
  await relay.pass(12_000);
  assert.equal(room.state, 'reconnecting');
  for (const path of [relay.udp, relay.tcp]) path.heal();
  await relay.pass(20_000);
  assert.equal(room.state, 'joined');
  assert.equal(new Set(all.sessions).size, 1);
  assert.deepEqual(relay.told, ['joined']);
});

test('a WebSocket that falls silent is left as well', async () => {
  const relay = new FakeRelay(new FakeClock());
  const all = visit(relay, { transport: 'websocket' });
  all.room.join();
  await relay.pass(5_000);
  all.watch();
  const stuck = relay.changeNetwork('tcp');
  await relay.pass(8_000);
  assert.deepEqual(all.transports, ['websocket asked', 'websocket asked']);
  assert.ok(all.silentMs < 5_000);
  stuck.heal();
  await relay.pass(5_000);
  assert.equal(all.room.state, 'joined');
  assert.deepEqual(relay.told, ['joined']);
});

test('on a WebSocket that falls silent WebTransport is tried first, unless it just failed', async () => {
  const relay = new FakeRelay(new FakeClock());
  relay.answers = 'no';
  const all = visit(relay);
  all.room.join();
  await relay.pass(5_000);
  relay.answers = 'yes';
  relay.changeNetwork('tcp');
  await relay.pass(5_000);
  assert.deepEqual(all.transports, ['websocket late', 'websocket blocked']);
  await relay.pass(30_000);
  relay.changeNetwork('tcp');
  await relay.pass(5_000);
  assert.equal(all.transports.at(-1), 'webtransport blocked');
  assert.deepEqual(relay.told, ['joined']);
});

test('an attempt that was given up and arrives late does not end the visit', async () => {
  const { relay, room, all } = await longVisit();
  // The WebSocket that is tried beside the blocked session joins, and its first packet is stuck.
  relay.udp.block();
  await relay.pass(3_200);
  assert.equal(room.transport, 'websocket');
  const stuck = relay.changeNetwork('tcp');
  await relay.pass(6_000);
  assert.equal(room.state, 'joined');
  stuck.heal();
  relay.udp.heal();
  await relay.pass(10_000);
  assert.equal(room.state, 'joined');
  assert.equal(new Set(all.sessions).size, 1);
  assert.deepEqual(relay.told, ['joined']);
});

test('a winner that the relay sends away for the loser comes back', async () => {
  const { relay, room, all } = await longVisit();
  for (const name of ['tcp', 'udp']) relay[name].block();
  await relay.pass(12_000);
  assert.equal(room.state, 'reconnecting');
  // The old connection still lives on the relay, so both newcomers wait there, and the later one
  // counts; it is the other that hears first that it has joined.
  for (const name of ['tcp', 'udp']) relay.changeNetwork(name);
  relay.udp.delayMs = 450;
  relay.tcp.delayMs = 250;
  room.reconnectNow();
  await relay.pass(10_000);
  assert.deepEqual(all.transports.slice(0, 2), [
    'webtransport preferred',
    'webtransport preferred',
  ]);
  assert.ok(all.transports.length > 2, 'it was sent away');
  assert.equal(room.state, 'joined');
  assert.equal(new Set(all.sessions).size, 1);
  assert.deepEqual(relay.told, ['joined']);
});

test('a relay that shuts down in good order is found again, with its new certificate', async () => {
  const { relay, room, all } = await longVisit();
  relay.stop();
  relay.asked.length = 0;
  await relay.pass(7_000);
  assert.equal(room.state, 'reconnecting');
  assert.ok(
    relay.asked.every((what) => what.startsWith('/')),
    'only questions while it is away',
  );

  relay.certificate = 'second';
  relay.start();
  await relay.pass(8_000);

  assert.equal(room.state, 'joined');
  assert.deepEqual(all.transports, ['webtransport preferred', 'webtransport preferred']);
  assert.deepEqual(
    relay.asked.filter((what) => !what.startsWith('/')),
    ['second'],
  );
});

test('a relay that dies without a word is found again on WebTransport', async () => {
  const { relay, room, all } = await longVisit();
  relay.die();
  relay.asked.length = 0;
  await relay.pass(15_000);
  assert.equal(room.state, 'reconnecting');
  assert.equal(attempts(relay, 'webtransport'), 0);

  relay.certificate = 'second';
  relay.start();
  await relay.pass(11_000);

  assert.equal(room.state, 'joined');
  assert.equal(all.transports.at(-1), 'webtransport preferred');
  assert.equal(attempts(relay, 'webtransport'), 1);
});

test('a certificate that changed since the hash was fetched costs one attempt', async () => {
  const relay = new FakeRelay(new FakeClock());
  const { offer } = relay;
  const old = offer();
  relay.certificate = 'second';
  relay.offer = () => old;
  const all = visit(relay);
  all.room.join();
  await relay.pass(1_000);
  assert.deepEqual(all.transports, ['websocket failed']);
});

test('a relay that the page may not ask is visited by WebSocket, and found again', async () => {
  const relay = new FakeRelay(new FakeClock());
  const fetch = () => Promise.reject(new TypeError('another origin'));
  const { room, transports } = visit(relay, { fetch });
  room.join();
  await relay.pass(1_000);
  relay.stop();
  await relay.pass(1_000);
  relay.start();
  await relay.pass(3_000);
  assert.equal(room.state, 'joined');
  assert.deepEqual(transports, ['websocket not-offered', 'websocket not-offered']);
});

test('WebTransport that failed is not tried again for a while, nor after a reload', async () => {
  const relay = new FakeRelay(new FakeClock());
  relay.answers = 'no';
  let kept = null;
  const memory = { load: () => kept, save: (what) => (kept = what) };
  const join = async () => {
    const all = visit(relay, { memory });
    all.room.join();
    await relay.pass(3_000);
    all.room.leave();
    return all.transports;
  };
  assert.deepEqual(await join(), ['websocket late']);
  assert.deepEqual(kept, { count: 1, waitMs: 30_000 });
  assert.deepEqual(await join(), ['websocket remembered']);

  kept = { count: 1, waitMs: -1 };
  assert.deepEqual(await join(), ['websocket late']);
  assert.deepEqual(kept, { count: 2, waitMs: 60_000 });
});

test('a network that is said to be another is tried without prejudice', async () => {
  const relay = new FakeRelay(new FakeClock());
  relay.answers = 'no';
  const all = visit(relay);
  all.room.join();
  await relay.pass(3_000);
  relay.answers = 'yes';
  relay.stop();
  await relay.pass(500);
  relay.start();
  all.room.reconnectNow();
  await relay.pass(1_000);
  assert.deepEqual(all.transports, ['websocket late', 'webtransport preferred']);
});

test('WebTransport that keeps breaking soon after it joined is given up for a WebSocket', async () => {
  const relay = new FakeRelay(new FakeClock());
  const sessions = [];
  const { WebTransport, ...options } = relay.options;
  const Remembered = class extends WebTransport {
    constructor(...all) {
      super(...all);
      sessions.push(this);
    }
  };
  const all = visit(relay, { ...options, WebTransport: Remembered });
  all.room.join();
  await relay.pass(1_000);
  sessions[0].breakDown('Connection lost.');
  await relay.pass(1_000);
  assert.deepEqual(all.transports, ['webtransport preferred', 'websocket remembered']);
  assert.deepEqual(relay.told, ['joined']);
});

test('who insists on WebTransport where there is none is told so', async () => {
  const relay = new FakeRelay(new FakeClock());
  relay.offer = () => ({ webtransport: null });
  const { room } = visit(relay, { transport: 'webtransport' });
  room.join();
  await relay.pass(8_000);
  assert.equal(room.closed.why, 'unreachable');
  assert.match(room.closed.message, /WebTransport/);
});

test('leaving ends everything, at every moment of the beginning', async () => {
  for (const ms of [0, 10, 50, 100, 1_000, 1_600, 3_000]) {
    const relay = new FakeRelay(new FakeClock());
    relay.udp.delayMs = 350;
    relay.tcp.delayMs = 20;
    const { room } = visit(relay);
    room.join();
    await relay.pass(ms);
    room.leave();
    await relay.pass(4_000);
    assert.equal(room.state, 'closed');
    assert.equal(relay.clock.pending, 0, `left after ${ms} ms`);
    const seen = relay.told.length;
    assert.ok(seen === 0 || seen === 2, `left after ${ms} ms: ${relay.told}`);
  }
});
