import assert from 'node:assert/strict';
import test from 'node:test';

import { MalformedPacket, Reader, Writer, message } from '../../client/protobuf.js';

const written = (write) => {
  const writer = new Writer(1);
  write(writer);
  return writer.finish();
};

test('varints of every length come back as they were', () => {
  const values = [
    0n,
    1n,
    127n,
    128n,
    2n ** 32n,
    2n ** 49n - 1n,
    2n ** 49n,
    2n ** 53n - 1n,
    2n ** 53n,
    2n ** 63n,
    2n ** 64n - 1n,
  ];
  for (const value of values) {
    const bytes = written((w) => w.varint(value));

    const reader = new Reader(bytes);

    assert.equal(BigInt(reader.varint()), value);
    assert.ok(reader.done);
  }
});

test('a number and a BigInt of the same value are the same bytes', () => {
  for (const value of [0, 300, 2 ** 31, 2 ** 40, Number.MAX_SAFE_INTEGER]) {
    assert.deepEqual(
      written((w) => w.varint(value)),
      written((w) => w.varint(BigInt(value))),
    );
  }
});

test('a varint of eleven bytes is malformed', () => {
  const bytes = new Uint8Array(11).fill(0x80);
  assert.throws(() => new Reader(bytes).varint(), MalformedPacket);
});

test('doubles and floats are little-endian', () => {
  assert.deepEqual([...written((w) => w.double(1))], [0, 0, 0, 0, 0, 0, 0xf0, 0x3f]);
  assert.deepEqual([...written((w) => w.float(1))], [0, 0, 0x80, 0x3f]);
});

const Inner = message({ flag: [1, 'bool'], ratio: [2, 'float'] });
const Outer = message({
  count: [1, 'uint'],
  name: [2, 'text'],
  data: [3, 'bytes'],
  inner: [4, Inner],
  id: [5, 'id'],
});

test('a message comes back as it was', () => {
  const values = {
    count: 7,
    name: 'Grüße',
    data: new Uint8Array(5000).fill(9),
    inner: { flag: true, ratio: 0.5 },
    id: '18446744073709551615',
  };
  assert.deepEqual(Outer.decode(Outer.encode(values)), values);
});

test('defaults are not written, and absent fields are defaults', () => {
  assert.equal(Outer.encode({ count: 0, name: '', id: '0', inner: null }).length, 0);
  assert.deepEqual(Outer.decode(new Uint8Array(0)), {
    count: 0,
    name: '',
    data: new Uint8Array(0),
    inner: null,
    id: '0',
  });
});

test('unknown fields and known fields of another wire type are skipped', () => {
  const bytes = written((w) => {
    (w.tag(100, 0), w.varint(2n ** 63n));
    (w.tag(101, 1), w.double(3));
    (w.tag(102, 2), w.bytes(new Uint8Array(3)));
    (w.tag(103, 5), w.float(3));
    (w.tag(2, 0), w.varint(5));
    (w.tag(1, 0), w.varint(42));
  });
  assert.equal(Outer.decode(bytes).count, 42);
  assert.equal(Outer.decode(bytes).name, '');
});

test('a message cut short at any byte is malformed or shorter, never anything else', () => {
  const whole = Outer.encode({
    count: 300,
    name: 'abc',
    inner: { flag: true, ratio: 2 },
    id: '9223372036854775809',
  });
  for (let length = 0; length < whole.length; ++length) {
    try {
      Outer.decode(whole.subarray(0, length));
    } catch (error) {
      assert.ok(error instanceof MalformedPacket, String(error));
    }
  }
});

test('groups, wire types 6 and 7, and field 0 are malformed', () => {
  for (const bytes of [[0x0b], [0x0e], [0x0f], [0x00, 0x00]]) {
    assert.throws(() => Outer.decode(Uint8Array.from(bytes)), MalformedPacket);
  }
});
