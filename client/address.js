// Where a room is: the two endpoints of the relay, and the secret that makes a later connection
// the same session.

// Node 18 has no global crypto.
const { getRandomValues } = await webCrypto();

async function webCrypto() {
  const source = globalThis.crypto ?? (await import('node:crypto')).webcrypto;
  return { getRandomValues: (array) => source.getRandomValues(array) };
}

const ID = /^[A-Za-z0-9_-]{1,255}$/;

/** True if the relay takes `id` as a room, or as a user on the path endpoint. */
export function isValidId(id) {
  return ID.test(id);
}

/**
 * The nearest valid id to what somebody typed: spaces become `_`, accents are dropped, what is
 * left over vanishes. May be empty.
 */
export function toId(name) {
  return name
    .trim()
    .normalize('NFKD')
    .replace(/\s+/g, '_')
    .replace(/[^A-Za-z0-9_-]/g, '')
    .slice(0, 255);
}

/** 32 hex digits nobody can guess. */
export function makeSecret() {
  const bytes = getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * The address of a room for a WebSocket, or for WebTransport. With a token the token says who and
 * where; otherwise `user` and `room` do. `base` is the relay, as `ws://host:port` or
 * `http://host:port`.
 */
export function roomUrl({ base, user, room, token, resume, transport = 'websocket' }) {
  const url = new URL(base);
  if (transport === 'websocket') url.protocol = url.protocol.replace(/^http/, 'ws');
  if (token) {
    url.pathname = '/lobby';
    url.searchParams.set('token', token);
  } else {
    if (!isValidId(user)) throw new RangeError(`not a user id: "${user}"`);
    if (!isValidId(room)) throw new RangeError(`not a room id: "${room}"`);
    url.pathname = `/lobby/${user}/${room}`;
  }
  if (resume) url.searchParams.set('resume', resume);
  return url.href;
}

/**
 * What a token says about its bearer: { user, room, name }, or null if it cannot be read. The
 * relay alone decides whether it is true.
 */
export function readToken(token) {
  try {
    const base64 = token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/');
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder().decode(bytes));
    return { user: claims.sub, room: claims.room, name: claims.display_name || claims.sub };
  } catch {
    return null;
  }
}
