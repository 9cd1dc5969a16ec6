import assert from 'node:assert/strict';
import test from 'node:test';

import { Sequence, isValidId, readToken, roomUrl, toId } from '../../client/index.js';
import { Emitter } from '../../client/emitter.js';
import { Meter, RoundTrip } from '../../client/statistics.js';

test('a sequence tells next, gap, stale and restart', () => {
  const sequence = new Sequence();
  const said = [7, 8, 11, 10, 12, 0, 1].map((number) => sequence.accept(number));
  assert.deepEqual(said, ['next', 'next', 'gap', 'stale', 'next', 'restart', 'next']);
  assert.equal(sequence.lost, 2);
});

test('a sequence far below is a sender that began anew', () => {
  const sequence = new Sequence();
  sequence.accept(5000);
  assert.equal(sequence.accept(3), 'restart');
});

test('what somebody typed becomes an id', () => {
  assert.equal(toId('  Ada Lovelace '), 'Ada_Lovelace');
  assert.equal(toId('Zoë!'), 'Zoe');
  assert.equal(toId('日本'), '');
  assert.equal(toId('x'.repeat(300)).length, 255);
});

test('ids are 1 to 255 of letters, digits, _ and -', () => {
  for (const id of ['a', 'A_b-9', 'x'.repeat(255)]) assert.ok(isValidId(id), id);
  for (const id of ['', 'a b', 'a.b', 'a/b', '*', '>', 'é', 'x'.repeat(256)])
    assert.ok(!isValidId(id), id);
});

test('addresses follow the page to ws or wss', () => {
  assert.equal(roomUrl({ base: 'http://h:1', user: 'a', room: 'b' }), 'ws://h:1/lobby/a/b');
  assert.equal(roomUrl({ base: 'https://h', user: 'a', room: 'b' }), 'wss://h/lobby/a/b');
  assert.equal(
    roomUrl({ base: 'wss://h', token: 't', resume: 'r' }),
    'wss://h/lobby?token=t&resume=r',
  );
});

test('a token that cannot be read says nothing', () => {
  for (const token of ['', 'a', 'a.b.c', 'a.%%.c']) assert.equal(readToken(token), null);
});

test('a meter knows totals and the rate of the last seconds', () => {
  const meter = new Meter();
  for (let second = 0; second <= 10; ++second) {
    meter.mark(second * 1000);
    meter.add(second < 5 ? 100_000 : 125);
  }
  const { packets, bitsPerSecond, packetsPerSecond } = meter.snapshot();
  assert.equal(packets, 11);
  assert.equal(bitsPerSecond, 1000);
  assert.equal(packetsPerSecond, 1);
});

test('a meter never marked has no rate', () => {
  const meter = new Meter();
  meter.add(1);
  assert.equal(meter.snapshot().bitsPerSecond, 0);
});

test('round trips that make no sense are not counted', () => {
  const rtt = new RoundTrip();
  for (const ms of [-1, NaN, 60_000]) rtt.add(ms);
  assert.equal(rtt.snapshot(), null);
  (rtt.add(10), rtt.add(20));
  assert.deepEqual(rtt.snapshot(), { last: 20, average: 15 });
});

test('a listener that fails does not silence the others', (t) => {
  t.mock.method(console, 'error', () => {});
  const emitter = new Emitter();
  const heard = [];
  emitter.on('x', () => {
    throw new Error('no');
  });
  const end = emitter.on('x', (value) => heard.push(value));
  emitter.emit('x', 1);
  end();
  emitter.emit('x', 2);
  assert.deepEqual(heard, [1]);
});
