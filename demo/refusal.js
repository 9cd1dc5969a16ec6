import { roomUrl } from '/client/index.js';

const REFUSED = 'You cannot join this room';
const AWAY = 'No connection';

const WORDS = {
  401: [REFUSED, 'Your invitation has expired. Ask for a new link.'],
  403: [REFUSED, 'Your invitation is not valid for this room.'],
  404: [AWAY, 'There are no rooms at this address.'],
  410: [REFUSED, 'This relay lets people in by invitation only. Ask for a link with a token.'],
  500: [REFUSED, 'This relay is not set up for invitations.'],
  503: [AWAY, 'The relay is full, or about to restart. Try again in a moment.'],
};

/**
 * Why a connection never came about, as { title, text }. Browsers hide the status of a refused
 * WebSocket handshake, but the relay gives the same answer to an ordinary request.
 */
export async function explainUnreachable({ user, room, token, transport }, message) {
  const url = roomUrl({ base: location.origin, user, room, token }).replace(/^ws/, 'http');
  try {
    const { status } = await fetch(url, { cache: 'no-store' });
    if (status in WORDS) return said(WORDS[status]);
    if (transport === 'webtransport') {
      return { title: AWAY, text: `This page's address wants WebTransport only: ${message}.` };
    }
    return { title: AWAY, text: 'The relay answers, but refuses the connection.' };
  } catch {
    return { title: AWAY, text: 'The relay cannot be reached. Check your network and try again.' };
  }
}

const said = ([title, text]) => ({ title, text });
