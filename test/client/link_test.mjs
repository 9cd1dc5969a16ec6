// One WebTransport session: streams out, streams in, endings.

import assert from 'node:assert/strict';
import test from 'node:test';

import { FakeClock } from './fakes.mjs';
import { Kind } from '../../client/link.js';
import { WebTransportLink, sessionVerdict } from '../../client/webtransport_link.js';
import { fakeWebTransports, settle } from './fake_webtransport.mjs';
import { readOffer } from '../../client/offers.js';

const packet = (...bytes) => Uint8Array.from(bytes);

async function openLink({ hashes } = {}) {
  const clock = new FakeClock();
  const { sessions, WebTransport } = fakeWebTransports();
  const heard = [];
  const endings = [];
  const link = new WebTransportLink({
    url: 'https://127.0.0.1:4433/lobby/a/b?resume=1',
    hashes,
    WebTransport,
    clock,
    handlers: {
      received: (bytes, ahead) => heard.push({ first: bytes[0], length: bytes.length, ahead }),
      closed: (ending) => endings.push(ending),
    },
  });
  const [session] = sessions;
  session.accept();
  await settle();
  return { link, clock, session, heard, endings, firsts: () => heard.map(({ first }) => first) };
}

test('hashes of the certificate are given to the browser, none if there are none', async () => {
  const hash = packet(1, 2, 3);
  const { session } = await openLink({ hashes: [hash] });
  assert.deepEqual(session.options, {
    serverCertificateHashes: [{ algorithm: 'sha-256', value: hash }],
  });
  assert.deepEqual((await openLink()).session.options, {});
});

test('an offer without an address is at the name of the page, and localhost by number', () => {
  const offer = (webtransport, base) => readOffer({ webtransport }, new URL(base));
  const at = (base) => offer({ port: 4433, url: null }, base).url;
  assert.equal(at('http://localhost:8080'), 'https://127.0.0.1:4433');
  assert.equal(at('https://example.org'), 'https://example.org:4433');
  assert.equal(at('http://[::1]:8080'), 'https://[::1]:4433');
  assert.deepEqual(
    offer({ port: 1, url: 'https://proxy:7', certificate_hashes: ['AQI='] }, 'http://localhost'),
    { url: 'https://proxy:7', hashes: [packet(1, 2)] },
  );
  assert.equal(offer(null, 'http://localhost'), null);
});

test('every packet has a stream of its own, and sound goes before pictures', async () => {
  const { link, session } = await openLink();
  link.send(packet(1), Kind.VIDEO, true);
  link.send(packet(2), Kind.AUDIO, false);
  link.send(packet(3), Kind.CONTROL, false);
  await settle();
  assert.deepEqual(session.sent, [packet(1), packet(2), packet(3)]);
  const [video, audio, control] = session.streams.map(({ options }) => options.sendOrder);
  assert.ok(control > audio && audio > video);
});

test('a keyframe that is stuck does not keep sound waiting', async () => {
  const { link, session } = await openLink();
  session.stuck = true;
  link.send(packet(1), Kind.VIDEO, true);
  await settle();
  session.stuck = false;
  link.send(packet(2), Kind.AUDIO, false);
  await settle();
  assert.deepEqual(session.sent, [packet(2)]);
  assert.equal(link.waitingBytes(Kind.VIDEO), 1);
  assert.equal(link.waitingBytes(Kind.AUDIO), 0);
  session.move();
  await settle();
  assert.deepEqual(session.sent, [packet(2), packet(1)]);
  assert.equal(link.waitingBytes(Kind.VIDEO), 0);
});

test('of each kind only so many are on their way', async () => {
  const { link, session } = await openLink();
  session.withoutCredit = true;
  for (let i = 0; i < 200; ++i) link.send(packet(i), Kind.VIDEO, false);
  await settle();
  // The 33rd finds no room, which ends the session: whoever holds the link asks before.
  assert.equal(session.streams.length, 32);
});

test('pictures that are late are given up, keyframes later', async () => {
  const { link, clock, session } = await openLink();
  session.stuck = true;
  link.send(packet(1), Kind.VIDEO, true);
  for (let i = 0; i < 31; ++i) link.send(packet(2), Kind.VIDEO, false);
  link.send(packet(3), Kind.AUDIO, false);
  await settle();
  assert.equal(link.waitingBytes(Kind.VIDEO), Infinity);
  assert.equal(link.dropStale(Kind.VIDEO), 0);

  clock.pass(1_500);
  assert.equal(link.dropStale(Kind.VIDEO), 31);
  assert.equal(link.dropStale(Kind.VIDEO), 0);
  assert.equal(link.dropStale(Kind.AUDIO), 0);
  await settle();
  assert.equal(link.waitingBytes(Kind.VIDEO), 1);
  assert.equal(session.streams.filter(({ aborted }) => aborted).length, 31);

  clock.pass(2_500);
  assert.equal(link.dropStale(Kind.VIDEO), 1);
});

test('streams are read side by side', async () => {
  const { session, firsts, heard } = await openLink();
  const big = session.openStream().push(packet(1, 1));
  const small = session.openStream();
  session.receive(packet(3));
  await settle();
  assert.deepEqual(firsts(), [3]);
  assert.equal(heard[0].ahead(), true);

  small.push(packet(2)).finish();
  await settle();
  assert.equal(heard[1].ahead(), true);
  big.push(packet(1)).finish();
  await settle();

  assert.deepEqual(firsts(), [3, 2, 1]);
  assert.equal(heard[2].length, 3);
  assert.ok(heard.every(({ ahead }) => !ahead()));
});

test('accepting never waits: hundreds of streams are taken while none is finished', async () => {
  const { session, heard } = await openLink();
  const streams = Array.from({ length: 300 }, () => session.openStream().push(packet(9)));
  await settle();
  for (const stream of streams) stream.finish();
  await settle();
  assert.equal(heard.length, 300);
});

test('a stream that is reset, or longer than any packet, costs that packet', async () => {
  const { link, session, firsts } = await openLink();
  session.openStream().push(packet(1)).reset();
  const endless = session.openStream();
  for (let i = 0; i < 5; ++i) endless.push(new Uint8Array(1_000_000));
  session.receive(packet(2));
  await settle();
  assert.deepEqual(firsts(), [2]);
  assert.equal(endless.cancelled, true);
  assert.deepEqual(link.lost, { resets: 1, oversize: 1 });
});

test('datagrams are packets, and are taken in bursts', async () => {
  const { session, firsts } = await openLink();
  for (let i = 0; i < 50; ++i) session.receiveDatagram(packet(i));
  await settle();
  assert.equal(firsts().length, 50);
  assert.ok(session.datagrams.incomingHighWaterMark > 100);
});

for (const [code, reason, verdict] of [
  [0, 'resumed elsewhere', 'moved'],
  [0, 'The host has ended the meeting', 'ended'],
  [0, '', null],
  [1, 'Session rejected', 'refused'],
  [2, 'too slow', null],
  [3, '', null],
  [4, '', null],
  [5, '', null],
  [6, '', null],
]) {
  test(`close code ${code} "${reason}" means ${verdict ?? 'come back'}`, async () => {
    const { session, endings, link } = await openLink();
    session.end(code, reason);
    await settle();
    assert.deepEqual(endings, [{ verdict, code, reason, broken: code >= 5 }]);
    assert.equal(sessionVerdict(code, reason), verdict);
    assert.equal(link.isOpen, false);
  });
}

test('a session that breaks, or never comes about, ends once', async () => {
  const { session, endings } = await openLink();
  session.breakDown('Connection lost.');
  await settle();
  assert.deepEqual(endings, [
    { verdict: null, code: null, reason: 'Connection lost.', broken: true },
  ]);
});

test('after closing nothing is told any more, and every stream is given up', async () => {
  const { link, session, heard, endings } = await openLink();
  session.stuck = true;
  link.send(packet(1), Kind.VIDEO, true);
  session.openStream().push(packet(1));
  await settle();
  link.close('left');
  link.close('left');
  await settle();
  assert.deepEqual(session.closedWith, { closeCode: 0, reason: 'left' });
  assert.deepEqual([heard, endings], [[], []]);
  assert.equal(session.streams[0].aborted, true);
});
