// index.d.ts says what index.js does.

import assert from 'node:assert/strict';
import test from 'node:test';
import { readFileSync } from 'node:fs';

import * as client from '../../client/index.js';
import { FakeClock, fakeWebSockets } from './fakes.mjs';
import { makePlan } from '../../client/plan.js';

const declared = readFileSync(new URL('../../client/index.d.ts', import.meta.url), 'utf8');
const names = (text, pattern) => [...text.matchAll(pattern)].map(([, name]) => name).sort();

/** The lines between `export … name {` and its end, without those of nested braces. */
function bodyOf(name) {
  const [, body] = declared.match(new RegExp(`export \\w+ ${name}\\b[^{]*{\\n(.*?)\\n}`, 's'));
  return body.replace(/\{[^{}]*\}/g, '{}');
}

const keysOf = (name) => names(bodyOf(name), /^ {2}(?:readonly )?'?([\w-]+)'?\??:/gm);

function aRoom(options = {}) {
  const clock = new FakeClock();
  const { WebSocket } = fakeWebSockets();
  return new client.Room({ url: 'ws://h', user: 'a', room: 'b', WebSocket, clock, ...options });
}

test('everything exported is declared, and nothing else', () => {
  const values = names(declared, /^export (?:class|function|const) (\w+)/gm);
  assert.deepEqual(values, Object.keys(client).sort());
});

test('a room has the members that are declared', () => {
  const body = bodyOf('Room');
  const { prototype } = client.Room;
  const has = (name) => name in prototype || Object.hasOwn(aRoom(), name);
  const inherited = Object.getOwnPropertyNames(Object.getPrototypeOf(prototype));
  const own = Object.getOwnPropertyNames(prototype);
  const shown = names(body, /^ {2}(?:readonly )?(\w+)[(:<]/gm).filter((n) => n !== 'constructor');
  for (const name of shown) assert.ok(has(name), `${name} is declared only`);
  for (const name of [...own, ...inherited]) {
    if (name !== 'constructor' && name !== 'emit')
      assert.ok(shown.includes(name), `${name} is not declared`);
  }
});

test('statistics have the keys that are declared', () => {
  assert.deepEqual(Object.keys(aRoom().statistics()).sort(), keysOf('RoomStatistics'));
});

test('every reason for a transport is declared', () => {
  const said = names(declared.match(/type TransportWhy =(.*?);/s)[1], /'([\w-]+)'/g);
  const reasons = new Set(['failed']); // what a race makes of 'late'
  const either = [true, false];
  for (const wanted of ['auto', 'websocket', 'webtransport'])
    for (const able of either)
      for (const offer of [{}, null])
        for (const failed of either)
          for (const blocked of [null, 'websocket', 'webtransport'])
            for (const { why } of makePlan({ wanted, able, offer, failed, blocked }))
              reasons.add(why);
  assert.deepEqual([...reasons].sort(), said);
});
