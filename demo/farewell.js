// What the page says when a call is over.

import { explainUnreachable } from './refusal.js';

/** The title, text and button for this reason, as the room told it. */
export async function farewell(why, message, where) {
  switch (why) {
    case 'left':
      return { title: 'You left the call', text: '', again: 'Rejoin' };
    case 'refused':
      return {
        title: 'You cannot join this room',
        text: message || 'The relay refused the connection.',
      };
    case 'moved':
      return {
        title: 'The call continues elsewhere',
        text: 'This session was taken over by another connection.',
      };
    case 'ended':
      return { title: 'The meeting has ended', text: sentence(message), again: 'Meet again' };
    default:
      return explainUnreachable(where, message);
  }
}

// The relay's words come without a full stop.
const sentence = (text) => (/[^.!?]$/.test(text) ? `${text}.` : text);
