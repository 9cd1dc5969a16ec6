// Makes the connection of a room out of what its application asked for.

import { Connection } from './connection.js';
import { Offers } from './offers.js';
import { WebSocketLink } from './websocket_link.js';
import { WebTransportLink } from './webtransport_link.js';
import { makeSecret, roomUrl } from './address.js';

/** `options` are those of a Room (index.d.ts), `handlers` those of a Connection. */
export function dial(options, clock, handlers) {
  const { url, user, room, token, secret = makeSecret(), transport = 'auto' } = options;
  const { WebTransport = globalThis.WebTransport, fetch = globalThis.fetch } = options;
  const WebSocket = options.WebSocket ?? globalThis.WebSocket;
  const where = { user, room, token, resume: secret };
  const socketUrl = roomUrl({ base: url, ...where });
  const open = {
    websocket: (handlers) => new WebSocketLink({ url: socketUrl, WebSocket, handlers }),
    webtransport: (handlers, offer) =>
      new WebTransportLink({
        url: roomUrl({ base: offer.url, transport: 'webtransport', ...where }),
        hashes: offer.hashes,
        WebTransport,
        clock,
        handlers,
      }),
  };
  return new Connection({
    wanted: transport,
    able: Boolean(WebTransport),
    offers: new Offers({ base: url, fetch: (...request) => fetch(...request), clock }),
    open: (name, handlers, offer) => open[name](handlers, offer),
    clock,
    random: options.random,
    memory: options.memory,
    handlers,
  });
}
