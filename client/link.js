// A link is one connection to the relay over one transport. WebSocketLink and WebTransportLink are
// alike to those who hold one:
//
//   name                     'websocket' or 'webtransport'
//   keepsOrder               true if packets arrive in the order in which the relay sent them
//   isOpen                   true while packets can be sent
//   handlers                 who is told; may be replaced at any time:
//     received(bytes, ahead)   a packet; `ahead()` is true while one sent before it may still come
//     closed(ending)           it is over, and not by `close`: { verdict, code, reason, broken }
//   send(bytes, kind, isKey) one packet of a kind, see Kind
//   waitingBytes(kind)       what a packet of this kind would wait behind; Infinity if none is taken
//   dropStale(kind)          gives up what nobody wants to see any more; how many packets that were
//   close(reason)            says goodbye; no handler is called any more
//
// `verdict` says what an ending asks for: null to connect again, else why the visit is over: 'moved'
// (another connection took the session), 'refused', or 'ended'. `broken` is true if the transport
// itself failed, and would perhaps fail again.

/** What a packet is to those who must decide what goes first, and what not at all. */
export const Kind = Object.freeze({
  CONTROL: 'control',
  AUDIO: 'audio',
  VIDEO: 'video',
  SCREEN: 'screen',
});

/** What the relay says to a connection whose session another one has taken. */
export const RESUMED_ELSEWHERE = 'resumed elsewhere';

/** The handlers of a link nobody holds any more. */
export const NOBODY = Object.freeze({ received: () => {}, closed: () => {} });
