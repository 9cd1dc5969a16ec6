// Before the call: who you are, where you go, and how you will look.

import { toId } from '/client/index.js';
import { insecurePage, missingCodecs } from './abilities.js';
import { explain, listDevices, openCamera, openMicrophone } from './devices.js';
import { drawAvatar } from './tile.js';
import { startSound } from './sound_source.js';
import { Speech } from './speech.js';

const element = (id) => document.getElementById(id);

/**
 * The lobby. `wanted` is { name, room, token } as the address says; `enter({ name, room, devices })`
 * is called when the user joins, with the tracks the preview had open.
 */
export class Lobby {
  #enter;
  #wanted;
  #camera = new Device('camera', openCamera);
  #microphone = new Device('microphone', openMicrophone);
  #sound = null;
  #abort = new AbortController();

  constructor(wanted, enter) {
    this.#wanted = wanted;
    this.#enter = enter;
  }

  open() {
    element('lobby').hidden = false;
    element('name').value = this.#wanted.name;
    element('room').value = this.#wanted.room;
    const invited = Boolean(this.#wanted.token);
    element('name').readOnly = element('room').readOnly = invited;
    if (invited) element('lead').textContent = 'Your invitation says who you are and where you go.';
    this.#showNotice();
    this.#listen();
    this.#drawPreview();
    this.#openDevices();
    (this.#wanted.name ? element('join') : element('name')).focus();
  }

  /** Opens what was on last time without showing the lobby. */
  async skip() {
    await Promise.all([this.#camera.open(), this.#microphone.open()]);
    this.#leave(this.#wanted.name, this.#wanted.room);
  }

  #listen() {
    const { signal } = this.#abort;
    const on = (id, event, act) => element(id).addEventListener(event, act, { signal });
    on('entry', 'submit', (event) => this.#submit(event));
    on('name', 'input', () => this.#drawPreview());
    on('preview-camera', 'click', () => this.#toggle(this.#camera));
    on('preview-mic', 'click', () => this.#toggle(this.#microphone));
    on('camera-select', 'change', ({ target }) => this.#choose(this.#camera, target.value));
    on('microphone-select', 'change', ({ target }) => this.#choose(this.#microphone, target.value));
  }

  #submit(event) {
    event.preventDefault();
    const { token } = this.#wanted;
    const name = token ? this.#wanted.name : toId(element('name').value);
    const room = token ? this.#wanted.room : toId(element('room').value);
    const problem = element('entry-problem');
    problem.hidden = Boolean(name && room);
    if (name && room) return this.#leave(name, room);
    const what = name ? 'room' : 'name';
    problem.textContent = `Please give ${name ? 'the room' : 'yourself'} a name of letters or digits (A–Z, 0–9).`;
    element(what).focus();
  }

  #leave(name, room) {
    this.#abort.abort();
    this.#sound?.stop();
    element('lobby').hidden = true;
    element('preview-video').srcObject = null;
    this.#enter({ name, room, devices: { camera: this.#camera, microphone: this.#microphone } });
  }

  async #openDevices() {
    await Promise.all([this.#camera.open(), this.#microphone.open()]);
    await this.#changed();
  }

  async #toggle(device) {
    if (device.track) device.close();
    else await device.open();
    await this.#changed();
  }

  async #choose(device, id) {
    device.close();
    device.id = id;
    await device.open();
    await this.#changed();
  }

  async #changed() {
    // Joined, while a permission was being asked for.
    if (this.#abort.signal.aborted) return;
    this.#drawPreview();
    this.#listenToMicrophone();
    const { cameras, microphones } = await listDevices();
    fill(element('camera-select'), cameras, this.#camera);
    fill(element('microphone-select'), microphones, this.#microphone);
  }

  #drawPreview() {
    const video = element('preview-video');
    const { track } = this.#camera;
    video.hidden = !track;
    video.srcObject = track ? new MediaStream([track]) : null;
    const name = toId(element('name').value);
    drawAvatar(element('preview-avatar'), name || '?');
    element('preview-avatar').hidden = Boolean(track);
    drawSwitch(element('preview-camera'), 'camera', Boolean(track));
    drawSwitch(element('preview-mic'), 'mic', Boolean(this.#microphone.track));
    const note = element('preview-note');
    note.textContent = [this.#camera.problem, this.#microphone.problem].filter(Boolean).join(' ');
    // On an insecure page the notice says it better.
    note.hidden = note.textContent === '' || insecurePage() !== null;
  }

  // The level moves without an audio context, which would need a click first, where tracks can be
  // read; elsewhere it stays at rest.
  async #listenToMicrophone() {
    this.#sound?.stop();
    this.#sound = null;
    element('preview-level').style.transform = '';
    const { track } = this.#microphone;
    if (!track || !('MediaStreamTrackProcessor' in window)) return;
    const speech = new Speech();
    this.#sound = await startSound(track, null, (samples) => {
      speech.accept(samples, performance.now());
      element('preview-level').style.transform = `scaleX(${Math.min(1, speech.level * 5)})`;
    });
  }

  #showNotice() {
    const notice = element('notice');
    const insecure = insecurePage();
    const text = insecure?.text ?? missingCodecs();
    notice.hidden = !text;
    element('no-devices-hint').hidden = Boolean(text);
    if (!text) return;
    const paragraph = document.createElement('p');
    paragraph.textContent = text;
    notice.replaceChildren(paragraph);
    for (const { when, type } of insecure?.remedies ?? []) {
      const line = document.createElement('p');
      const code = document.createElement('code');
      line.textContent = when;
      code.textContent = type;
      line.append(code);
      notice.append(line);
    }
  }
}

/** A camera or microphone that may be open: its track, or the problem it had. */
class Device {
  #open;
  #noun;
  id = '';
  track = null;
  problem = '';

  constructor(noun, open) {
    this.#noun = noun;
    this.#open = open;
  }

  /** Resolves when nothing is being opened: a permission may be asked for while the user joins. */
  settled = Promise.resolve();

  /** Never throws: `track` or `problem` says how it went. */
  open() {
    this.settled = this.#tryToOpen();
    return this.settled;
  }

  async #tryToOpen() {
    this.problem = '';
    try {
      this.track = await this.#open(this.id);
    } catch (error) {
      this.problem = explain(error, this.#noun);
    }
    return this.track;
  }

  close() {
    this.track?.stop();
    this.track = null;
  }
}

export function drawSwitch(button, icon, on) {
  button.setAttribute('aria-pressed', String(on));
  button.classList.toggle('off', !on);
  button.querySelector('use').setAttribute('href', on ? `#icon-${icon}` : `#icon-${icon}-off`);
}

function fill(select, devices, { track, id }) {
  const current = id || track?.getSettings().deviceId;
  const options = devices.map(
    (device) => new Option(device.label, device.id, false, device.id === current),
  );
  if (options.length === 0) options.push(new Option('None found', ''));
  select.replaceChildren(...options);
  select.disabled = devices.length === 0;
}
