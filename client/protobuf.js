// The little of protobuf that packets need: a writer, a reader, and `message`, which makes a
// codec from a table of fields. Unknown fields are skipped; a packet that does not walk cleanly
// to its end throws MalformedPacket.

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;

// A varint of 64 bits takes at most ten bytes.
const VARINT_BYTES_MAX = 10;
// Below 2^53 a varint is an exact number; above it needs BigInt.
const EXACT_MAX = Number.MAX_SAFE_INTEGER;

const utf8 = new TextEncoder();
const text = new TextDecoder();

/** Thrown by every decoder for bytes that are not the message they claim to be. */
export class MalformedPacket extends Error {
  name = 'MalformedPacket';
}

/** Appends fields to a buffer that grows. */
export class Writer {
  #bytes;
  #view;
  #length = 0;

  constructor(capacity = 64) {
    this.#grow(capacity);
  }

  /** What was written so far. The view stays valid until the next write. */
  finish() {
    return this.#bytes.subarray(0, this.#length);
  }

  tag(field, wire) {
    this.varint(field * 8 + wire);
  }

  /** A non-negative integer: a number up to 2^53, a BigInt above. */
  varint(value) {
    this.#reserve(VARINT_BYTES_MAX);
    if (typeof value === 'bigint') {
      value = BigInt.asUintN(64, value);
      while (value > EXACT_MAX) {
        this.#bytes[this.#length++] = Number(value & 0x7fn) | 0x80;
        value >>= 7n;
      }
      value = Number(value);
    }
    while (value > 0x7f) {
      this.#bytes[this.#length++] = (value % 0x80) | 0x80;
      value = Math.floor(value / 0x80);
    }
    this.#bytes[this.#length++] = value;
  }

  double(value) {
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  float(value) {
    this.#reserve(4);
    this.#view.setFloat32(this.#length, value, true);
    this.#length += 4;
  }

  bytes(value) {
    this.varint(value.length);
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  #reserve(more) {
    if (this.#length + more > this.#bytes.length) {
      this.#grow(Math.max(this.#bytes.length * 2, this.#length + more));
    }
  }

  #grow(capacity) {
    const old = this.#bytes;
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
    if (old) this.#bytes.set(old.subarray(0, this.#length));
  }
}

/** Takes fields off the front of some bytes. */
export class Reader {
  #bytes;
  #view;
  #at = 0;

  constructor(bytes) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get done() {
    return this.#at === this.#bytes.length;
  }

  /** A varint as a number while that is exact, as a BigInt above. */
  varint() {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < VARINT_BYTES_MAX; ++count) {
      const byte = this.#byte();
      const bits = byte & 0x7f;
      if (count < 7) {
        value += bits * scale;
        scale *= 0x80;
      } else {
        value = BigInt(value) + (BigInt(bits) << BigInt(7 * count));
      }
      if (byte < 0x80) return simplest(value);
    }
    throw new MalformedPacket('varint longer than ten bytes');
  }

  double() {
    return this.#view.getFloat64(this.#skip(8), true);
  }

  float() {
    return this.#view.getFloat32(this.#skip(4), true);
  }

  /** A view into the packet, not a copy. */
  bytes() {
    const length = Number(this.varint());
    const start = this.#skip(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** The next field as [number, wire type]. */
  tag() {
    const tag = Number(this.varint());
    const field = Math.floor(tag / 8);
    if (field === 0 || field > 0x1fffffff) throw new MalformedPacket('bad field number');
    return [field, tag % 8];
  }

  /** Steps over the value of a field nobody asked for. */
  skip(wire) {
    if (wire === VARINT) this.varint();
    else if (wire === FIXED64) this.#skip(8);
    else if (wire === LENGTH) this.bytes();
    else if (wire === FIXED32) this.#skip(4);
    else throw new MalformedPacket(`wire type ${wire}`);
  }

  #byte() {
    return this.#bytes[this.#skip(1)];
  }

  #skip(count) {
    const start = this.#at;
    if (count > this.#bytes.length - start) throw new MalformedPacket('packet ends early');
    this.#at += count;
    return start;
  }
}

function simplest(value) {
  if (typeof value === 'number') return value;
  value = BigInt.asUintN(64, value);
  return value <= EXACT_MAX ? Number(value) : value;
}

// The kinds of field. `empty` says which values are the default and are not written.
const kinds = {
  uint: { wire: VARINT, initial: 0, read: (r) => Number(r.varint()), write: (w, v) => w.varint(v) },
  // Sessions are opaque 64-bit numbers: a decimal string is exact, a map key, and prints itself.
  id: {
    wire: VARINT,
    initial: '0',
    read: (r) => String(r.varint()),
    write: (w, v) => w.varint(BigInt(v)),
  },
  bool: {
    wire: VARINT,
    initial: false,
    read: (r) => Number(r.varint()) !== 0,
    write: (w, v) => w.varint(v ? 1 : 0),
  },
  double: { wire: FIXED64, initial: 0, read: (r) => r.double(), write: (w, v) => w.double(v) },
  float: { wire: FIXED32, initial: 0, read: (r) => r.float(), write: (w, v) => w.float(v) },
  // Text on the wire is `string` or `bytes`, by the message's history; here it is always a string.
  text: {
    wire: LENGTH,
    initial: '',
    read: (r) => text.decode(r.bytes()),
    write: (w, v) => w.bytes(utf8.encode(v)),
  },
  bytes: {
    wire: LENGTH,
    initial: new Uint8Array(0),
    empty: (v) => v.length === 0,
    read: (r) => r.bytes(),
    write: (w, v) => w.bytes(v),
  },
};

function kindOf(type) {
  if (typeof type === 'string') return kinds[type];
  return {
    wire: LENGTH,
    initial: null,
    empty: (v) => v === null,
    read: (r) => type.decode(r.bytes()),
    write: (w, v) => w.bytes(type.encode(v)),
  };
}

/**
 * A codec from a table `{ name: [number, kind] }`, fields in ascending order; a kind is one of the
 * names above or another codec. Decoding fills absent fields with their defaults, encoding leaves
 * defaults out.
 */
export function message(table) {
  const fields = Object.entries(table).map(([name, [number, type]]) => {
    const kind = kindOf(type);
    const empty = kind.empty ?? ((value) => value === kind.initial);
    return { name, number, ...kind, empty };
  });
  const byNumber = new Map(fields.map((field) => [field.number, field]));

  return {
    encode(values) {
      const writer = new Writer((values.data?.length ?? 0) + 64);
      for (const { name, number, wire, empty, write } of fields) {
        const value = values[name];
        if (value === undefined || empty(value)) continue;
        writer.tag(number, wire);
        write(writer, value);
      }
      return writer.finish();
    },

    decode(bytes) {
      const values = {};
      for (const { name, initial } of fields) values[name] = initial;
      const reader = new Reader(bytes);
      while (!reader.done) {
        const [number, wire] = reader.tag();
        const field = byNumber.get(number);
        if (field?.wire === wire) values[field.name] = field.read(reader);
        else reader.skip(wire);
      }
      return values;
    },
  };
}
