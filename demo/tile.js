// One rectangle of the stage: a participant, or a screen somebody shares.

import { hue, initials, readable } from './names.js';

/** A round picture of a name. */
export function drawAvatar(element, name) {
  element.style.setProperty('--hue', hue(name));
  const letters = document.createElement('span');
  letters.textContent = initials(name);
  element.replaceChildren(letters);
}

export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  use.setAttribute('href', `#icon-${name}`);
  svg.setAttribute('aria-hidden', 'true');
  svg.append(use);
  return svg;
}

export class Tile {
  #avatar = document.createElement('div');
  #label = document.createElement('div');
  #name = document.createElement('span');
  #muted = icon('mic-off');
  #picture;

  element = document.createElement('article');

  /** `picture` is a canvas or video; `kind` is 'self', 'peer' or 'screen'. */
  constructor({ kind, sessionId, picture }) {
    const { element } = this;
    this.#picture = picture;
    element.className = `tile ${kind}`;
    element.dataset.testid = `tile-${kind}`;
    element.dataset.session = sessionId;
    picture.hidden = true;
    picture.setAttribute('aria-hidden', 'true');
    this.#avatar.className = 'avatar';
    this.#avatar.setAttribute('aria-hidden', 'true');
    this.#label.className = 'label';
    this.#label.append(this.#muted, this.#name);
    element.append(this.#avatar, picture, this.#label);
  }

  /** { name, video, audio, speaking } */
  show({ name, label = readable(name), video, audio, speaking }) {
    const { element } = this;
    if (this.#name.textContent !== label) {
      this.#name.textContent = label;
      this.#name.dir = 'auto';
      drawAvatar(this.#avatar, name);
    }
    this.#picture.hidden = !video;
    this.#muted.toggleAttribute('hidden', audio);
    element.classList.toggle('speaking', speaking);
    element.dataset.audio = audio ? 'on' : 'off';
    element.dataset.video = video ? 'on' : 'off';
    const state = [label, audio ? '' : 'muted', video ? '' : 'camera off'].filter(Boolean);
    element.setAttribute('aria-label', state.join(', '));
  }
}
