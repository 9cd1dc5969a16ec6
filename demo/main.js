// The page's three scenes: lobby, call, goodbye.

import { readToken, toId } from '/client/index.js';
import { Call } from './call.js';
import { Lobby } from './lobby.js';
import { Toasts } from './toasts.js';
import { expose } from './hook.js';
import { inventRoom, readable } from './names.js';
import { wantedTransport } from './transport.js';

const NAME_KEY = 'parley.name';

const element = (id) => document.getElementById(id);
const toasts = new Toasts(element('toasts'));
const address = new URLSearchParams(location.search);

/** Who and where, as the address and the last visit say. */
function wanted() {
  const token = address.get('token') ?? '';
  const claims = token ? readToken(token) : null;
  return {
    token,
    unreadable: Boolean(token && !claims),
    name: claims?.name ?? address.get('name') ?? localStorage.getItem(NAME_KEY) ?? '',
    room: claims?.room ?? toId(address.get('room') ?? ''),
  };
}

function showLobby() {
  const { name, room, token } = wanted();
  document.title = 'Parley';
  const lobby = new Lobby(
    { name: token ? name : readable(name), room: room || inventRoom(), token },
    enter,
  );
  lobby.open();
}

function enter({ name, room, devices }) {
  const { token } = wanted();
  if (!token) remember(name, room);
  document.title = `${readable(room)} · Parley`;
  const transport = wantedTransport(address);
  const call = new Call({ name, room, token, transport, devices, toasts, ended });
  expose(call);
  call.open();
}

// A reload, or the address sent to a friend, leads to the same room.
function remember(name, room) {
  localStorage.setItem(NAME_KEY, readable(name));
  address.set('room', room);
  if (address.has('name')) address.set('name', readable(name));
  history.replaceState(null, '', `?${address}`);
}

function ended({ title, text, again = 'Try again' }) {
  document.title = 'Parley';
  toasts.clear();
  element('goodbye-title').textContent = title;
  element('goodbye-text').textContent = text;
  element('rejoin').textContent = again;
  element('goodbye').hidden = false;
  element('goodbye-title').focus();
}

function leaveGoodbye(next) {
  element('goodbye').hidden = true;
  next();
}

function rejoin() {
  const { name, room, token } = wanted();
  // skip() opens the devices again and enters as the lobby would.
  new Lobby({ name: token ? name : toId(name), room, token }, enter).skip();
}

element('rejoin').addEventListener('click', () => leaveGoodbye(rejoin));
element('to-lobby').addEventListener('click', () => leaveGoodbye(showLobby));

const { name, room, token, unreadable } = wanted();
const complete = token || (toId(name) && room);
if (unreadable) {
  ended({ title: 'This invitation cannot be read', text: 'Ask for a new link.' });
  element('goodbye').querySelector('.row').hidden = true;
} else if (address.get('join') === '1' && complete) {
  rejoin();
} else {
  showLobby();
}
