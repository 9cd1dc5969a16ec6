// The call: joins what the room tells, what the devices give, and what the page shows.

import { MediaType, Room } from '/client/index.js';
import { canEncodeAudio, canEncodeVideo } from './abilities.js';
import { Banner } from './banner.js';
import { canShareScreen, explain, openScreen } from './devices.js';
import { farewell } from './farewell.js';
import { Grid } from './grid.js';
import { Panel } from './panel.js';
import { Peer } from './peer.js';
import { PictureSender, camera, screen } from './picture_sender.js';
import { Speaker } from './speaker.js';
import { Tile } from './tile.js';
import { TransportMark, failureMemory, whyNoWebTransport } from './transport.js';
import { VoiceSender } from './voice_sender.js';
import { drawSwitch } from './lobby.js';
import { readable } from './names.js';

const REFRESH_MS = 1_000;

const element = (id) => document.getElementById(id);

export class Call {
  #where;
  #devices;
  #toasts;
  #ended;
  #abort = new AbortController();
  #refresh = null;

  #speaker = new Speaker();
  #grid = new Grid(element('stage'));
  #panel = new Panel(element('panel'), () => this.#togglePanel());
  #banner = new Banner(element('banner'));
  #mark = new TransportMark(element('transport'));
  #camera;
  #screen;
  #voice;
  #screenTrack = null;
  #switching = new Set();

  #peers = new Map();
  #tiles = new Map();
  #selfVideo = makeVideo();
  #screenVideo = makeVideo();

  room;

  /** `ended({ title, text })` is called once, when it is over. */
  constructor({ name, room, token, transport, devices, toasts, ended }) {
    this.#where = { user: name, room, token, transport };
    this.#devices = devices;
    this.#toasts = toasts;
    this.#ended = ended;
    this.room = new Room({
      url: location.origin,
      user: name,
      room,
      token,
      transport,
      memory: failureMemory(),
      ...(whyNoWebTransport() ? { WebTransport: null } : {}),
    });
    const failed = (noun) => (error) =>
      this.#toasts.say(`The ${noun} cannot be sent: ${error.message}`, 'problem');
    this.#camera = new PictureSender(this.room, camera, failed('camera'));
    this.#screen = new PictureSender(this.room, screen, failed('screen'));
    this.#voice = new VoiceSender(this.room, this.#speaker.context, () => this.#announce());
  }

  open() {
    element('call').hidden = false;
    element('call-room').textContent = readable(this.#where.room);
    element('copy').hidden = Boolean(this.#where.token);
    element('screen').hidden = !canShareScreen() || !canEncodeVideo();
    this.#panel.toggle(false);
    this.#listenToPage();
    this.#listenToRoom();
    this.#speaker.resume();
    this.#startOwn();
    this.#refresh = setInterval(() => this.#everySecond(), REFRESH_MS);
    this.#drawBanner();
    this.room.join();
  }

  /** Everything counted about each peer. */
  peerStatistics() {
    return [...this.#peers.values()].map((peer) => peer.statistics());
  }

  // ---- the page

  #listenToPage() {
    const { signal } = this.#abort;
    const on = (id, act) => element(id).addEventListener('click', act, { signal });
    on('mic', () => this.#once('mic', () => this.#toggleMicrophone()));
    on('camera', () => this.#once('camera', () => this.#toggleCamera()));
    on('screen', () => this.#once('screen', () => this.#toggleScreen()));
    on('statistics', () => this.#togglePanel());
    on('transport', () => this.#togglePanel());
    on('copy', () => this.#copyLink());
    on('leave', () => this.room.leave());
    const keys = { m: 'mic', v: 'camera', s: 'screen', i: 'statistics' };
    document.addEventListener(
      'keydown',
      (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
        if (event.key === 'Escape' && this.#panel.isOpen) this.#togglePanel();
        const button = element(keys[event.key.toLowerCase()]);
        if (button && !button.hidden) button.click();
      },
      { signal },
    );
    // Any touch of the page lets the browser play sound.
    for (const event of ['pointerdown', 'keydown']) {
      document.addEventListener(event, () => this.#speaker.resume(), { signal });
    }
    this.#speaker.context?.addEventListener('statechange', () => this.#drawBanner(), { signal });
    window.addEventListener('online', () => this.room.reconnectNow(), { signal });
    // Peers learn at once that the page is gone, not only when the connection is missed.
    window.addEventListener('pagehide', () => this.room.leave(), { signal });
  }

  // Opening a device takes a while; a second click meanwhile does nothing.
  async #once(name, act) {
    if (this.#switching.has(name)) return;
    this.#switching.add(name);
    try {
      await act();
    } finally {
      this.#switching.delete(name);
    }
  }

  #togglePanel() {
    const open = !this.#panel.isOpen;
    this.#panel.toggle(open);
    element('statistics').setAttribute('aria-pressed', String(open));
    element('statistics').classList.toggle('active', open);
    if (open) this.#drawPanel();
  }

  async #copyLink() {
    const link = `${location.origin}/?room=${encodeURIComponent(this.#where.room)}`;
    try {
      await navigator.clipboard.writeText(link);
      this.#toasts.say('Link copied');
    } catch {
      // Without permission, or over plain http: shown, to be copied by hand.
      prompt('Copy this link:', link);
    }
  }

  #everySecond() {
    const { startTimeMs } = this.room.meeting;
    element('call-time').textContent = startTimeMs ? duration(Date.now() - startTimeMs) : '';
    if (this.#panel.isOpen) this.#drawPanel();
  }

  #drawPanel() {
    this.#panel.show({
      room: this.room.statistics(),
      peers: this.peerStatistics(),
      own: {
        codec: this.#camera.codec,
        framesSent: this.#camera.framesSent + this.#screen.framesSent,
        audioPacketsSent: this.#voice.packetsSent,
      },
    });
  }

  #drawBanner() {
    element('call').classList.toggle('away', this.room.state === 'reconnecting');
    this.#banner.show(this.#bannerLine());
  }

  // What the user should know now, or null.
  #bannerLine() {
    switch (this.room.state) {
      case 'connecting':
        return { text: 'Connecting…', quiet: true };
      case 'reconnecting':
        return {
          text: 'Connection lost. Reconnecting…',
          action: 'Try now',
          act: () => this.room.reconnectNow(),
        };
      case 'joined':
        if (this.#speaker.isBlocked) {
          return {
            text: 'The browser keeps quiet until you click.',
            action: 'Play sound',
            act: () => this.#speaker.resume(),
          };
        }
        if (this.#peers.size === 0) {
          const invite = { action: 'Copy the link', act: () => this.#copyLink() };
          return {
            text: 'You are the only one here.',
            quiet: true,
            ...(this.#where.token ? {} : invite),
          };
        }
    }
    return null;
  }

  // ---- what we give

  #startOwn() {
    this.#makeOwnTile();
    const { camera, microphone } = this.#devices;
    this.#once('camera', () => this.#startDevice(camera, (track) => this.#cameraOpened(track)));
    this.#once('mic', () =>
      this.#startDevice(microphone, (track) => this.#microphoneOpened(track)),
    );
  }

  async #startDevice(device, opened) {
    await device.settled;
    if (this.#abort.signal.aborted) return device.close();
    if (device.track) await opened(device.track);
    else if (device.problem) this.#toasts.say(device.problem, 'problem');
    this.#announce();
  }

  async #toggleMicrophone() {
    const { microphone } = this.#devices;
    if (microphone.track) {
      this.#voice.mute(!this.#voice.muted);
    } else if (await microphone.open()) {
      await this.#microphoneOpened(microphone.track);
    } else {
      this.#toasts.say(microphone.problem, 'problem');
    }
    this.#announce();
  }

  async #microphoneOpened(track) {
    if (!canEncodeAudio()) return;
    track.addEventListener('ended', () => this.#microphoneLost());
    this.#voice.mute(false);
    await this.#voice.start(track).catch((error) => {
      this.#toasts.say(`The microphone cannot be sent: ${error.message}`, 'problem');
      this.#microphoneLost();
    });
  }

  #microphoneLost() {
    this.#voice.stop();
    this.#devices.microphone.close();
    this.#announce();
  }

  async #toggleCamera() {
    const { camera } = this.#devices;
    if (camera.track) this.#closeCamera();
    else if (await camera.open()) await this.#cameraOpened(camera.track);
    else this.#toasts.say(camera.problem, 'problem');
    this.#announce();
  }

  async #cameraOpened(track) {
    this.#selfVideo.srcObject = new MediaStream([track]);
    track.addEventListener('ended', () => this.#closeCamera());
    if (canEncodeVideo())
      await this.#camera.start(track).catch((e) => this.#toasts.say(e.message, 'problem'));
  }

  #closeCamera() {
    this.#camera.stop();
    this.#devices.camera.close();
    this.#selfVideo.srcObject = null;
    this.#announce();
  }

  async #toggleScreen() {
    if (this.#screenTrack) return this.#closeScreen();
    try {
      this.#screenTrack = await openScreen();
    } catch (error) {
      // Closing the picker is an answer, not a problem.
      if (error.name !== 'NotAllowedError') this.#toasts.say(explain(error, 'screen'), 'problem');
      return;
    }
    this.#screenTrack.addEventListener('ended', () => this.#closeScreen());
    this.#screenVideo.srcObject = new MediaStream([this.#screenTrack]);
    this.#addTile('own screen', { kind: 'screen', sessionId: 'own', picture: this.#screenVideo });
    await this.#screen
      .start(this.#screenTrack)
      .catch((e) => this.#toasts.say(e.message, 'problem'));
    this.#announce();
  }

  #closeScreen() {
    this.#screen.stop();
    this.#screenTrack?.stop();
    this.#screenTrack = null;
    this.#screenVideo.srcObject = null;
    this.#removeTile('own screen');
    this.#announce();
  }

  get #own() {
    return {
      video: Boolean(this.#devices.camera.track) && canEncodeVideo(),
      audio: Boolean(this.#devices.microphone.track) && canEncodeAudio() && !this.#voice.muted,
      screen: Boolean(this.#screenTrack),
      speaking: this.#voice.speech.speaking,
    };
  }

  // Tells the room and the page what is on.
  #announce() {
    if (this.#abort.signal.aborted) return;
    const own = this.#own;
    this.room.announce(own);
    const name = this.#where.user;
    const label = `${readable(name)} (you)`;
    this.#tiles
      .get('own')
      .show({ ...own, name, label, video: Boolean(this.#devices.camera.track) });
    this.#tiles
      .get('own screen')
      ?.show({ name, label: 'You are presenting', video: true, audio: true, speaking: false });
    drawSwitch(element('mic'), 'mic', own.audio);
    drawSwitch(element('camera'), 'camera', Boolean(this.#devices.camera.track));
    element('screen').setAttribute('aria-pressed', String(own.screen));
    element('screen').classList.toggle('active', own.screen);
  }

  #makeOwnTile() {
    this.#addTile('own', { kind: 'self', sessionId: 'own', picture: this.#selfVideo });
    this.#announce();
  }

  // ---- what the room tells

  #listenToRoom() {
    const { room } = this;
    room.on('state', (change) => this.#stateChanged(change));
    room.on('session', () => this.#interrupted());
    room.on('transport', (change) => this.#mark.show(change));
    room.on('meeting-started', () => this.#everySecond());
    room.on('joined', (member) => this.#joined(member));
    room.on('left', (member) => this.#left(member));
    room.on('changed', (member) => this.#showMember(member));
    room.on('packet', ({ media, member }) => {
      if (media) this.#peers.get(member.sessionId)?.accept(media);
    });
    room.on('keyframe-wanted', ({ picture }) => {
      (picture === 'SCREEN' ? this.#screen : this.#camera).wantKeyframe();
    });
    room.on('congestion', () => {
      this.#camera.congested();
      this.#screen.congested();
    });
  }

  #stateChanged({ state, why, message }) {
    this.#drawBanner();
    if (state === 'closed') this.#over(why, message);
  }

  // Frames were missed while the connection was away.
  #interrupted() {
    for (const { video, screen } of this.#peers.values()) {
      video.interrupt();
      screen.interrupt();
    }
  }

  #joined(member) {
    const { sessionId } = member;
    const peer = new Peer(member, this.room, this.#speaker);
    this.#peers.set(sessionId, peer);
    this.#addTile(sessionId, { kind: 'peer', sessionId, picture: peer.video.canvas });
    this.#showMember(member);
    if (!member.roster && !member.succeeds) this.#toasts.say(`${readable(member.name)} joined`);
  }

  #left(member) {
    const { sessionId } = member;
    this.#peers.get(sessionId)?.close();
    this.#peers.delete(sessionId);
    this.#removeTile(sessionId);
    this.#removeTile(`${sessionId} screen`);
    const succeeded = this.room.members.some((other) => other.userId === member.userId);
    if (this.room.state !== 'closed' && !succeeded)
      this.#toasts.say(`${readable(member.name)} left`);
  }

  #showMember(member) {
    const { sessionId, name } = member;
    const key = `${sessionId} screen`;
    this.#tiles.get(sessionId)?.show(member);
    if (member.screen && !this.#tiles.has(key)) {
      this.#addTile(key, {
        kind: 'screen',
        sessionId,
        picture: this.#peers.get(sessionId).screen.canvas,
      });
      this.#tiles.get(key).show({
        name,
        label: `${readable(name)} is presenting`,
        video: true,
        audio: true,
        speaking: false,
      });
    } else if (!member.screen) {
      this.#removeTile(key);
    }
  }

  async #over(why, message) {
    this.close();
    this.#ended(await farewell(why, message, this.#where));
  }

  // ---- tiles

  #addTile(key, options) {
    const tile = new Tile(options);
    this.#tiles.set(key, tile);
    element(options.kind === 'screen' ? 'screens' : 'people').append(tile.element);
    this.#tilesChanged();
  }

  #removeTile(key) {
    this.#tiles.get(key)?.element.remove();
    if (this.#tiles.delete(key)) this.#tilesChanged();
  }

  #tilesChanged() {
    element('call-count').textContent = this.#peers.size + 1;
    this.#grid.arrange();
    this.#drawBanner();
  }

  close() {
    this.#abort.abort();
    clearInterval(this.#refresh);
    this.#camera.stop();
    this.#screen.stop();
    this.#voice.stop();
    this.#screenTrack?.stop();
    this.#devices.camera.close();
    this.#devices.microphone.close();
    for (const peer of this.#peers.values()) peer.close();
    this.#speaker.close();
    this.#grid.close();
    element('screens').replaceChildren();
    element('people').replaceChildren();
    element('call').hidden = true;
  }
}

function makeVideo() {
  const video = document.createElement('video');
  video.muted = true;
  video.playsInline = true;
  video.autoplay = true;
  return video;
}

function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (number) => String(number).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours
    ? `${hours}:${two(minutes)}:${two(seconds % 60)}`
    : `${minutes}:${two(seconds % 60)}`;
}
