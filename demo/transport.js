// Which way this page's packets travel, why, and how people are told.

const NAMES = { websocket: 'WebSocket', webtransport: 'WebTransport' };
const WHY = {
  preferred: 'The faster of the two: a lost packet delays no other.',
  asked: "The page's address asks for it.",
  unsupported: 'This browser has no WebTransport.',
  'not-offered': 'The relay offers no WebTransport.',
  remembered: 'WebTransport failed here a short while ago.',
  failed: 'WebTransport was tried first and failed. The network may let no UDP through.',
  late: 'WebTransport was tried first and did not answer in time.',
  blocked: 'The connection before this one fell silent in mid-call.',
};

const MEMORY_KEY = 'parley.webtransport';

/** 'auto', or what the page's address insists on: `?transport=websocket` or `webtransport`. */
export function wantedTransport(address) {
  const wanted = address.get('transport');
  return Object.hasOwn(NAMES, wanted ?? '') ? wanted : 'auto';
}

/** A transport as people read it. */
export function transportName(transport) {
  return NAMES[transport] ?? '–';
}

/** One sentence for { transport, why }, as the client library tells them. */
export function explainTransport({ why }) {
  if (why === 'unsupported') return whyNoWebTransport() ?? WHY.unsupported;
  return WHY[why] ?? '';
}

/** Why the WebTransport of this browser is left alone; null if it works, or if there is none. */
export function whyNoWebTransport({ userAgent } = navigator, isSecure = window.isSecureContext) {
  if (!isSecure) return 'Browsers allow WebTransport on secure pages only.';
  const firefox = Number(userAgent.match(/ Firefox\/(\d+)/)?.[1] ?? Infinity);
  if (firefox < 153) return 'WebTransport works in Firefox 153 and later.';
  // It stops taking streams after some thousands, which is a minute of talk.
  const safari = / Version\/\S+ .*Safari\//.test(userAgent) && !/Chrom/.test(userAgent);
  return safari ? "Safari's WebTransport does not last through a call." : null;
}

/** Keeps over a reload that WebTransport failed; see `memory` of the client library. */
export function failureMemory(storage = sessionStorage, now = () => Date.now()) {
  return {
    load() {
      const { count, until } = JSON.parse(storage.getItem(MEMORY_KEY)) ?? { count: 0, until: 0 };
      return count > 0 ? { count, waitMs: until - now() } : null;
    },
    save({ count, waitMs }) {
      storage.setItem(MEMORY_KEY, JSON.stringify({ count, until: now() + waitMs }));
    },
  };
}

/** The discreet mark in the call's header. */
export class TransportMark {
  #element;

  constructor(element) {
    this.#element = element;
    element.hidden = true;
  }

  show({ transport, why }) {
    const element = this.#element;
    const name = transportName(transport);
    element.hidden = false;
    element.dataset.transport = transport;
    element.title = `${name}. ${explainTransport({ transport, why })}`;
    element.setAttribute('aria-label', element.title);
    element.querySelector('use').setAttribute('href', `#icon-${transport}`);
    element.querySelector('span').textContent = name;
  }
}
