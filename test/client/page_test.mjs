// The parts of the page that need no browser.

import assert from 'node:assert/strict';
import test from 'node:test';

import { JitterBuffer } from '../../demo/jitter_buffer.js';
import { Speech } from '../../demo/speech.js';
import { hue, initials, inventRoom } from '../../demo/names.js';
import { insecurePage } from '../../demo/abilities.js';
import { failureMemory, wantedTransport, whyNoWebTransport } from '../../demo/transport.js';
import { isValidId } from '../../client/index.js';
import { tileSize } from '../../demo/grid.js';

const PIECE = 960;
const QUANTUM = 128;
const piece = (value = 1) => new Float32Array(PIECE).fill(value);

function pull(buffer, samples) {
  const out = new Float32Array(samples);
  for (let at = 0; at < samples; at += QUANTUM)
    buffer.pull(out.subarray(at, Math.min(samples, at + QUANTUM)));
  return out;
}

test('sound begins when 60 ms are there', () => {
  const buffer = new JitterBuffer();
  (buffer.push(piece()), buffer.push(piece()));
  assert.ok(pull(buffer, QUANTUM).every((s) => s === 0));
  buffer.push(piece());
  assert.ok(pull(buffer, QUANTUM).every((s) => s === 1));
});

test('sound comes out as it went in', () => {
  const buffer = new JitterBuffer();
  const sound = Float32Array.from({ length: 3 * PIECE }, (_, i) => i);
  for (let i = 0; i < 3; ++i) buffer.push(sound.slice(i * PIECE, (i + 1) * PIECE));
  assert.deepEqual(pull(buffer, 3 * PIECE - QUANTUM), sound.subarray(0, 3 * PIECE - QUANTUM));
});

test('a buffer that ran dry waits for more the next time', () => {
  const buffer = new JitterBuffer();
  for (let i = 0; i < 3; ++i) buffer.push(piece());
  pull(buffer, 4 * PIECE);
  assert.equal(buffer.underruns, 1);
  assert.equal(buffer.targetMs, 80);
  buffer.push(piece());
  assert.ok(pull(buffer, QUANTUM).every((s) => s === 0));
});

test('what arrives too much at once is skipped, not played late', () => {
  const buffer = new JitterBuffer();
  for (let i = 0; i < 50; ++i) buffer.push(piece());
  assert.ok(buffer.waitingMs <= buffer.targetMs + 120);
  assert.ok(buffer.skippedSamples > 0);
});

test('steady arrival lets the wait shrink to 40 ms, and no further', () => {
  const buffer = new JitterBuffer();
  for (let i = 0; i < 50 * 60; ++i) (buffer.push(piece()), i > 3 && pull(buffer, PIECE));
  assert.equal(buffer.targetMs, 40);
  assert.equal(buffer.underruns, 0);
});

test('speech holds through the pauses between words', () => {
  const speech = new Speech();
  assert.equal(speech.accept(piece(0.3), 0), true);
  assert.equal(speech.accept(piece(0), 500), false);
  assert.equal(speech.speaking, true);
  assert.equal(speech.accept(piece(0), 1000), true);
  assert.equal(speech.speaking, false);
});

test('invented rooms are valid ids', () => {
  for (let i = 0; i < 50; ++i) assert.ok(isValidId(inventRoom()));
});

test('a name has one or two letters and a hue', () => {
  assert.equal(initials('Ada_Lovelace'), 'AL');
  assert.equal(initials('bob'), 'BO');
  assert.equal(initials('zoe@example.org'), 'ZO');
  assert.equal(initials(''), '?');
  assert.equal(hue('x'), hue('x'));
});

test('tiles fit their stage', () => {
  for (let count = 1; count <= 30; ++count) {
    for (const [w, h] of [
      [1280, 660],
      [366, 700],
      [900, 200],
    ]) {
      const { width, height } = tileSize(count, w, h);
      const columns = Math.floor((w + 12) / (width + 12));
      const rows = Math.ceil(count / columns);
      assert.ok(width > 0 && rows * height + (rows - 1) * 12 <= h, `${count} in ${w}x${h}`);
    }
  }
});

test('an insecure page says what to type, a secure one nothing', () => {
  const location = new URL('http://192.168.1.5:8080/?room=tea');
  assert.equal(insecurePage({ isSecureContext: true, location }), null);
  const { text, remedies } = insecurePage({ isSecureContext: false, location });
  assert.match(text, /192\.168\.1\.5/);
  assert.equal(remedies[0].type, 'http://localhost:8080/?room=tea');
});

test('the address may insist on a transport, and nonsense means nothing', () => {
  const wanted = (query) => wantedTransport(new URLSearchParams(query));
  assert.equal(wanted('transport=websocket'), 'websocket');
  assert.equal(wanted('transport=webtransport'), 'webtransport');
  for (const query of ['', 'transport=', 'transport=auto', 'transport=toString'])
    assert.equal(wanted(query), 'auto');
});

test('WebTransport is left alone where it is known not to last', () => {
  const reason = (userAgent, secure = true) => whyNoWebTransport({ userAgent }, secure);
  const apple =
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)';
  const linux = 'Mozilla/5.0 (X11; Linux x86_64';
  assert.match(reason(`${linux}; rv:140.0) Gecko/20100101 Firefox/140.0`), /Firefox 153/);
  assert.equal(reason(`${linux}; rv:153.0) Gecko/20100101 Firefox/153.0`), null);
  assert.match(reason(`${apple} Version/26.4 Safari/605.1.15`), /Safari/);
  assert.equal(reason(`${linux}) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36`), null);
  assert.match(reason(`${linux}) AppleWebKit/537.36 Chrome/156.0.0.0`, false), /secure/);
});

test('a failure of WebTransport is remembered over a reload, for the rest of its time', () => {
  const kept = new Map();
  const storage = { getItem: (key) => kept.get(key) ?? null, setItem: (k, v) => kept.set(k, v) };
  let now = 1_000_000;
  const memory = () => failureMemory(storage, () => now);
  assert.equal(memory().load(), null);
  memory().save({ count: 2, waitMs: 60_000 });
  now += 20_000;
  assert.deepEqual(memory().load(), { count: 2, waitMs: 40_000 });
  memory().save({ count: 0, waitMs: 0 });
  assert.equal(memory().load(), null);
});
