// The statistics panel: how the connection and every picture are doing.

import { icon } from './tile.js';
import { readable } from './names.js';
import { explainTransport, transportName } from './transport.js';

const kbits = (bits) =>
  bits >= 1e6 ? `${(bits / 1e6).toFixed(2)} Mbit/s` : `${Math.round(bits / 1e3)} kbit/s`;
const ms = (value) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;

export class Panel {
  #element;
  #body = document.createElement('div');

  /** `closed()` is called when the user closes it. */
  constructor(element, closed) {
    this.#element = element;
    const header = document.createElement('header');
    const title = document.createElement('h2');
    const close = document.createElement('button');
    title.textContent = 'Statistics';
    close.type = 'button';
    close.setAttribute('aria-label', 'Close statistics');
    close.append(icon('close'));
    close.addEventListener('click', closed);
    header.append(title, close);
    element.replaceChildren(header, this.#body);
  }

  get isOpen() {
    return !this.#element.hidden;
  }

  toggle(open) {
    this.#element.hidden = !open;
  }

  /** `room` are the room's statistics, `peers` the peers', `own` what we send. */
  show({ room, peers, own }) {
    const dropped = room.dropped.video + room.dropped.screen + room.dropped.audio;
    const parts = [
      list([['Transport', transportName(room.transport)]]),
      note(explainTransport(room)),
      list([
        ['Round trip', room.rtt ? ms(room.rtt.average) : '–'],
        ['Receiving', kbits(room.in.bitsPerSecond)],
        ['Sending', kbits(room.out.bitsPerSecond)],
        ['Reconnects / moves', `${room.reconnects} / ${room.moves}`],
      ]),
      heading('You'),
      list([
        ['Video codec', own.codec ?? '–'],
        ['Frames sent', own.framesSent],
        ['Audio packets sent', own.audioPacketsSent],
        ['Dropped before sending', dropped],
        ['Waiting to be sent', `${Math.round(room.waitingBytes / 1024)} KiB`],
      ]),
    ];
    for (const peer of peers) {
      const traffic = room.members.find((member) => member.sessionId === peer.sessionId);
      parts.push(heading(readable(peer.name)), list(peerRows(peer, traffic)));
    }
    this.#body.replaceChildren(...parts);
  }
}

function peerRows(peer, traffic) {
  const rows = [
    ['Receiving', kbits(traffic?.bitsPerSecond ?? 0)],
    ['Picture', peer.size ? `${peer.size}, ${Math.round(peer.framesPerSecond)} fps` : '–'],
    ['Frames decoded', peer.framesDecoded],
    ['Frames lost / unusable', `${peer.framesLost} / ${peer.framesDropped}`],
    ['Audio packets / lost', `${peer.audioPacketsDecoded} / ${peer.audioPacketsLost}`],
    ['Audio buffer', ms(peer.audioWaitingMs)],
  ];
  if (peer.screenFramesDecoded) rows.push(['Screen frames', peer.screenFramesDecoded]);
  if (peer.decodeErrors) rows.push(['Decoding errors', peer.decodeErrors]);
  return rows;
}

function note(text) {
  const element = document.createElement('p');
  element.className = 'note';
  element.dataset.testid = 'transport-why';
  element.textContent = text;
  return element;
}

function heading(text) {
  const element = document.createElement('h3');
  element.textContent = text;
  return element;
}

function list(rows) {
  const element = document.createElement('dl');
  for (const [term, value] of rows) {
    const dt = document.createElement('dt');
    const dd = document.createElement('dd');
    dt.textContent = term;
    dd.textContent = value;
    element.append(dt, dd);
  }
  return element;
}
