// Which transports to try, in which order, and why: `why` tells people what they got.
//
//   preferred     the best there is
//   asked         the application wants this one and no other
//   unsupported   this browser has no WebTransport
//   not-offered   the relay has no WebTransport
//   remembered    WebTransport failed a short while ago
//   failed        WebTransport was tried first and failed
//   late          WebTransport was tried first and was not there in time
//   blocked       the connection before this one fell silent

/**
 * A list of { name, why }. `wanted` is 'auto' or a transport; `able` is false where there is no
 * WebTransport; `offer` is the relay's; `failed` if WebTransport failed lately; `blocked` is the
 * transport that fell silent, or null.
 */
export function makePlan({ wanted, able, offer, failed, blocked = null }) {
  if (wanted === 'websocket') return [{ name: 'websocket', why: 'asked' }];
  if (wanted === 'webtransport') return offer ? [{ name: 'webtransport', why: 'asked' }] : [];
  const socket = (why) => ({ name: 'websocket', why });
  if (blocked === 'webtransport') return [socket('blocked')];
  if (!able) return [socket('unsupported')];
  if (!offer) return [socket('not-offered')];
  if (blocked === 'websocket' && !failed) {
    return [{ name: 'webtransport', why: 'blocked' }, socket('blocked')];
  }
  if (failed) return [socket(blocked ? 'blocked' : 'remembered')];
  return [{ name: 'webtransport', why: 'preferred' }, socket('late')];
}
