import assert from 'node:assert/strict';
import test from 'node:test';

import { FakeClock } from './fakes.mjs';
import { Sorter } from '../../client/sorter.js';

/** A sorter, and what it gave out: numbers, in order. */
function sort({ form = 'picture' } = {}) {
  const clock = new FakeClock();
  const sorter = new Sorter(clock);
  const given = [];
  const add = (number, { isKey = false, ahead = () => false, key = 'bob' } = {}) =>
    sorter.add(key, { number, isKey, form, ahead, give: () => given.push(number) });
  return { clock, sorter, given, add };
}

test('what comes in order goes at once', () => {
  const { given, add, sorter } = sort();
  for (const number of [100, 101, 102]) add(number);
  assert.deepEqual(given, [100, 101, 102]);
  assert.equal(sorter.held, 0);
});

test('frames that overtook their keyframe wait for it', () => {
  const { clock, given, add } = sort();
  let arriving = true;
  const ahead = () => arriving;
  add(99);
  for (const number of [101, 103, 102]) add(number, { ahead });
  clock.pass(600);
  assert.deepEqual(given, [99]);
  arriving = false;
  add(100, { isKey: true });
  assert.deepEqual(given, [99, 100, 101, 102, 103]);
  assert.equal(clock.pending, 1);
  clock.pass(20);
  assert.equal(clock.pending, 0);
});

test('the first frames of somebody who begins wait for the very first', () => {
  const { given, add } = sort();
  for (const number of [1, 2]) add(number);
  assert.deepEqual(given, []);
  add(0, { isKey: true });
  assert.deepEqual(given, [0, 1, 2]);
});

test('what is lost is waited for a moment only', () => {
  const { clock, given, add } = sort();
  for (const number of [100, 102]) add(number);
  clock.pass(80);
  assert.deepEqual(given, [100]);
  clock.pass(40);
  assert.deepEqual(given, [100, 102]);
});

test('sound is waited for less', () => {
  const { clock, given, add } = sort({ form: 'sound' });
  for (const number of [100, 102]) add(number, { ahead: () => true });
  clock.pass(120);
  assert.deepEqual(given, [100, 102]);
});

test('however long something is on its way, a second is enough', () => {
  const { clock, given, add } = sort();
  for (const number of [100, 102]) add(number, { ahead: () => true });
  clock.pass(980);
  assert.deepEqual(given, [100]);
  clock.pass(40);
  assert.deepEqual(given, [100, 102]);
});

test('a keyframe waits for nothing, and takes along what waited', () => {
  const { given, add } = sort();
  for (const number of [100, 102]) add(number);
  add(104, { isKey: true });
  add(105);
  assert.deepEqual(given, [100, 102, 104, 105]);
});

test('what comes too late is passed on as it is', () => {
  const { given, add } = sort();
  for (const number of [100, 101, 99]) add(number);
  assert.deepEqual(given, [100, 101, 99]);
});

test('a sender that begins anew is followed', () => {
  const { given, add } = sort();
  add(5_000);
  for (const number of [1, 0, 2]) add(number, { isKey: number === 0 });
  assert.deepEqual(given, [5_000, 0, 1, 2]);
});

test('senders do not wait for one another', () => {
  const { given, add } = sort();
  for (const number of [100, 102]) add(number);
  add(7_000, { key: 'carol' });
  assert.deepEqual(given, [100, 7_000]);
});

test('only so many are held', () => {
  const { given, add } = sort();
  add(100);
  for (let i = 0; i < 129; ++i) add(102 + i, { ahead: () => true });
  assert.equal(given.length, 130);
});

test('after a flush everything is out and nothing is expected', () => {
  const { clock, sorter, given, add } = sort();
  for (const number of [100, 102]) add(number);
  sorter.flush();
  assert.deepEqual(given, [100, 102]);
  assert.equal(clock.pending, 0);
  add(500);
  assert.deepEqual(given, [100, 102, 500]);
});
