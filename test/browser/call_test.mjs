// Two browsers in one room of a running relay: they see and hear each other, also after a reload,
// a cut cable and a restart. Leaves screenshots in build/screenshots.

import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { becomes, openBrowser } from './browser.mjs';
import { layCable } from './cable.mjs';
import { startRelay } from './relay.mjs';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const BINARY = process.env.PARLEY_BIN ?? path.join(ROOT, 'build/release/bin/parley');
const SCREENSHOTS = path.join(ROOT, 'build/screenshots');

// "See and hear each other within 5 s" is the promise.
const SEEN_MS_MAX = 5_000;
// Loading the page and opening the devices on a busy machine comes on top of that.
const LOAD_MS_MAX = 20_000;
// A relay that returns is found within the longest back-off.
const RETURN_MS_MAX = 20_000;

const results = [];

function check(sentence, holds, detail = '') {
  results.push(Boolean(holds));
  console.log(`${holds ? 'ok  ' : 'FAIL'} ${sentence}${holds || !detail ? '' : ` (${detail})`}`);
  return holds;
}

const base = (port) => `http://localhost:${port}/`;
const seat = (port, room, name) => `${base(port)}?room=${room}&name=${name}&join=1`;
const joined = (page, ms = LOAD_MS_MAX) =>
  becomes(page, () => window.parley?.state === 'joined', null, ms);
const sessionOf = (page) => page.evaluate(() => window.parley.sessionId);
const describe = (page) =>
  page.evaluate(() =>
    JSON.stringify({
      state: window.parley?.state,
      peers: window.parley?.peers,
      events: window.parley?.events.slice(-6),
    }),
  );

/** True if the picture of the only peer changes and their sound is decoded, both from now on. */
async function seesAndHears(page, ms) {
  await page.evaluate(() => {
    delete window.before;
  });
  return becomes(
    page,
    () => {
      const canvas = document.querySelector('[data-testid=tile-peer] canvas');
      const peer = window.parley?.peers[0];
      if (!canvas || canvas.hidden || !peer || window.parley.peers.length !== 1) return false;
      const { width, height } = canvas;
      const pixels = canvas.getContext('2d').getImageData(0, 0, width, height).data;
      const now = {
        session: peer.sessionId,
        pixels,
        audio: peer.audioPacketsDecoded,
        moved: false,
      };
      const { before } = window;
      if (before?.session !== now.session || before.pixels.length !== pixels.length) {
        window.before = now;
        return false;
      }
      let changed = 0;
      for (let i = 0; i < pixels.length; i += 4) {
        if (Math.abs(pixels[i] - before.pixels[i]) > 24) changed += 1;
      }
      before.moved ||= changed > 100;
      return before.moved && now.audio >= before.audio + 10;
    },
    null,
    ms,
  );
}

/** `pages` are two, by the name of who sits there. */
async function checkBoth(when, pages, ms = SEEN_MS_MAX) {
  const names = Object.keys(pages);
  const seen = await Promise.all(names.map((name) => seesAndHears(pages[name], ms)));
  for (const [i, name] of names.entries()) {
    const detail = seen[i] ? '' : await describe(pages[name]);
    check(`${when}, ${name} sees ${names[1 - i]} move and hears them`, seen[i], detail);
  }
}

// Runs on the page before its scripts.
function asFirefox() {
  delete window.MediaStreamTrackProcessor;
  const supported = VideoEncoder.isConfigSupported.bind(VideoEncoder);
  VideoEncoder.isConfigSupported = async (config) =>
    config.codec.startsWith('vp09') ? { supported: false, config } : supported(config);
}

const shot = (page, name) => page.screenshot({ path: path.join(SCREENSHOTS, `${name}.png`) });

async function call() {
  let relay = await startRelay(BINARY);
  const { port } = relay;
  const cable = await layCable(port);
  const browsers = await Promise.all([openBrowser(), openBrowser()]);
  const [alice, bob] = browsers.map(({ page }) => page);
  const room = `test-${process.pid}`;
  const bobEvents = (name) =>
    bob.evaluate((n) => window.parley.events.filter((e) => e.event === n).length, name);
  try {
    // Alice comes through the cable, which will be cut; Bob through the printed address, by hand.
    await Promise.all([
      alice.goto(seat(cable.port, room, 'alice')),
      bob.goto(relay.link.href).then(async () => {
        await bob.getByTestId('name').fill('Bob Example');
        await bob.getByTestId('room').fill(room);
        await bob.getByTestId('join').click();
      }),
    ]);
    const both = await Promise.all([joined(alice), joined(bob)]);
    check('both browsers join, one by address and one by hand', both.every(Boolean));
    await checkBoth('after joining', { alice, bob });

    const lefts = await bobEvents('left');
    const session = await sessionOf(alice);
    cable.cut();
    const resumed = await becomes(
      alice,
      () => window.parley.reconnects === 1 && window.parley.state === 'joined',
      null,
      SEEN_MS_MAX,
    );
    check('a cut connection comes back', resumed, resumed ? '' : await describe(alice));
    check('as the same session', (await sessionOf(alice)) === session);
    await checkBoth('after the cut', { alice, bob });
    check('bob saw no one leave', (await bobEvents('left')) === lefts);
    check(
      'bob still has the same alice',
      await becomes(bob, (id) => window.parley.peers[0]?.sessionId === id, session, 1000),
    );

    await controls(alice, bob);

    await alice.reload();
    check('a reloaded page joins again', await joined(alice));
    check('as another session', (await sessionOf(alice)) !== session);
    await checkBoth('after the reload', { alice, bob });

    const sessions = await Promise.all([alice, bob].map(sessionOf));
    await relay.stop();
    const noticed = await Promise.all(
      [alice, bob].map((page) =>
        becomes(page, () => window.parley.state === 'reconnecting', null, SEEN_MS_MAX),
      ),
    );
    check('both say that they are reconnecting while the relay is away', noticed.every(Boolean));
    check('in a banner', await bob.getByTestId('banner').isVisible());
    await shot(bob, 'call-reconnecting');
    relay = await startRelay(BINARY, port);
    const back = await Promise.all(
      [alice, bob].map((page, i) =>
        becomes(
          page,
          (old) => window.parley.state === 'joined' && window.parley.sessionId !== old,
          sessions[i],
          RETURN_MS_MAX,
        ),
      ),
    );
    check('both find the restarted relay', back.every(Boolean));
    await checkBoth('after the restart', { alice, bob }, 2 * SEEN_MS_MAX);
    check('the banner is gone', await bob.getByTestId('banner').isHidden());

    const leftsBefore = await bobEvents('left');
    await alice.getByTestId('leave').click();
    check('leaving says goodbye', await alice.getByTestId('goodbye').isVisible());
    check(
      'and empties the seat within 5 s',
      await becomes(bob, () => window.parley.members.length === 0, null, SEEN_MS_MAX),
    );
    check('of which bob is told once', (await bobEvents('left')) === leftsBefore + 1);
    for (const { problems } of browsers)
      check('no error went uncaught', problems.length === 0, problems.join('; '));
  } finally {
    await Promise.all(browsers.map((browser) => browser.close()));
    cable.close();
    await relay.stop();
  }
}

/** Mute, camera, screen and statistics, as the other side sees them. */
async function controls(alice, bob) {
  const bobSees = (condition) => becomes(bob, condition, null, SEEN_MS_MAX);
  await alice.getByTestId('mic').click();
  check(
    'bob sees that alice is muted',
    await bobSees(
      () =>
        window.parley.members[0].audio === false &&
        document.querySelector('[data-testid=tile-peer]').dataset.audio === 'off',
    ),
  );
  await alice.keyboard.press('m');
  check(
    'and by a key that she is not',
    await bobSees(() => window.parley.members[0].audio === true),
  );
  await alice.getByTestId('camera').click();
  check(
    'without a camera bob sees an avatar',
    await bobSees(() => document.querySelector('[data-testid=tile-peer]').dataset.video === 'off'),
  );
  await alice.getByTestId('camera').click();
  await checkBoth('after camera off and on', { alice, bob });
  await bob.getByTestId('statistics').click();
  check(
    'the statistics name the transport and the peer',
    await bobSees(
      () =>
        /WebSocket|WebTransport/.test(document.querySelector('[data-testid=panel]').textContent) &&
        document.querySelector('[data-testid=panel] h3:nth-of-type(2)').textContent === 'alice',
    ),
  );
  await bob.getByTestId('statistics').click();
  await alice.getByTestId('screen').click();
  check(
    'bob sees the screen alice shares',
    await bobSees(
      () =>
        window.parley.peers[0].screenFramesDecoded > 2 &&
        document.querySelector('[data-testid=tile-screen] canvas[data-drawn]') !== null,
    ),
  );
  await shot(bob, 'call-screen');
  await alice.getByTestId('screen').click();
  check(
    'until she stops',
    await bobSees(() => document.querySelector('[data-testid=tile-screen]') === null),
  );
}

/** Browsers that lack something join all the same, or say why not. */
async function lacking() {
  const relay = await startRelay(BINARY);
  const browsers = [];
  const open = async (options, url) => {
    const browser = await openBrowser(options);
    browsers.push(browser);
    if (options.init) await browser.page.addInitScript(options.init);
    await browser.page.goto(url);
    return browser.page;
  };
  try {
    const host = await open({}, seat(relay.port, 'lacking', 'host'));
    await joined(host);
    check(
      'alone, one is told so',
      await becomes(
        host,
        () => /only one/.test(document.querySelector('[data-testid=banner]').textContent),
        null,
        SEEN_MS_MAX,
      ),
    );
    await shot(host, 'call-alone');

    const bare = await open({ devices: false }, seat(relay.port, 'lacking', 'bare'));
    check('a browser without camera and microphone joins', await joined(bare));
    check(
      'and sees the other',
      await becomes(bare, () => window.parley.peers[0]?.framesDecoded > 5, null, SEEN_MS_MAX),
    );
    check(
      'who sees an avatar',
      await becomes(
        host,
        () => document.querySelector('[data-testid=tile-peer]')?.dataset.video === 'off',
        null,
        SEEN_MS_MAX,
      ),
    );
    await shot(bare, 'call-no-devices');

    await bare.getByTestId('leave').click();
    await becomes(host, () => window.parley.members.length === 0, null, SEEN_MS_MAX);

    const other = await open({ init: asFirefox }, seat(relay.port, 'lacking', 'other'));
    check('a browser without VP9 and without track processors joins', await joined(other));
    await checkBoth('there', { host, other });
    check('in VP8', (await host.evaluate(() => window.parley.peers[0].codec)) === 'vp8');
    await other.getByTestId('leave').click();

    const plain = await open(
      { hosts: 'MAP relay.test 127.0.0.1' },
      `http://relay.test:${relay.port}/?room=lacking&name=plain`,
    );
    const notice = await plain.getByTestId('notice').textContent();
    check(
      'an insecure page says so and what to type',
      notice.includes('not a secure address') && notice.includes(`http://localhost:${relay.port}/`),
      notice,
    );
    await shot(plain, 'lobby-insecure');
    await plain.getByTestId('join').click();
    check('and can still join', await joined(plain));

    const token = ['{"alg":"HS256"}', '{"sub":"eve","room":"lacking","exp":1}', 'x']
      .map((part) => Buffer.from(part).toString('base64url'))
      .join('.');
    const eve = await open({}, `${base(relay.port)}?token=${token}&join=1`);
    check(
      'a forged invitation ends in words',
      await becomes(
        eve,
        () => document.querySelector('[data-testid=goodbye]').checkVisibility(),
        null,
        LOAD_MS_MAX,
      ),
    );
    check(
      'and the words say more than that it failed',
      (await eve.getByTestId('goodbye-text').textContent()).length > 20,
    );
    await shot(eve, 'goodbye-forged');
    await eve.goto(`${base(relay.port)}?token=nonsense`);
    check('so does one that cannot be read', await eve.getByTestId('goodbye').isVisible());

    await host.goto(`${base(relay.port)}?room=lacking`);
    await host.getByTestId('name').fill('日本');
    await host.getByTestId('join').click();
    check(
      'a name that cannot be an id is refused in words',
      await host.getByTestId('entry-problem').isVisible(),
    );
    for (const { problems } of browsers)
      check('no error went uncaught', problems.length === 0, problems.join('; '));
  } finally {
    for (const browser of browsers) await browser.close();
    await relay.stop();
  }
}

/** Each scene in light and dark, on a desktop and on a phone. */
async function screenshots() {
  const relay = await startRelay(BINARY);
  const browsers = [];
  try {
    const guest = await openBrowser();
    browsers.push(guest);
    await guest.page.goto(seat(relay.port, 'garden', 'Grace_Hopper'));
    await joined(guest.page);
    for (const colorScheme of ['light', 'dark']) {
      for (const [device, viewport] of [
        ['desktop', { width: 1280, height: 800 }],
        ['phone', { width: 390, height: 844 }],
      ]) {
        const browser = await openBrowser({ colorScheme, viewport });
        browsers.push(browser);
        const { page } = browser;
        const name = `${device}-${colorScheme}`;
        await page.goto(`${base(relay.port)}?room=garden&name=Ada%20Lovelace`);
        await becomes(
          page,
          () => document.querySelector('[data-testid=preview-video]').videoWidth > 0,
          null,
          LOAD_MS_MAX,
        );
        await shot(page, `lobby-${name}`);
        check(`the lobby fits a ${name}`, await fits(page));
        await page.getByTestId('join').click();
        await joined(page);
        await becomes(page, () => window.parley.peers[0]?.framesDecoded > 5, null, SEEN_MS_MAX);
        await shot(page, `call-${name}`);
        check(`the call fits a ${name}`, await fits(page));
        await page.getByTestId('statistics').click();
        await becomes(
          page,
          () =>
            window.parley.peers[0]?.framesPerSecond > 1 &&
            window.parley.statistics.in.bitsPerSecond > 0,
          null,
          SEEN_MS_MAX,
        );
        await becomes(
          page,
          () => / [1-9]\d* fps/.test(document.querySelector('[data-testid=panel]').textContent),
          null,
          SEEN_MS_MAX,
        );
        await shot(page, `statistics-${name}`);
        await page.setViewportSize({ width: 360, height: 640 });
        check(`and shrinks to 360 pixels`, await fits(page));
        await browser.close();
        // Or the next picture shows who has just left.
        await becomes(guest.page, () => window.parley.members.length === 0, null, SEEN_MS_MAX);
      }
    }
  } finally {
    for (const browser of browsers) await browser.close();
    await relay.stop();
  }
}

const fits = (page) =>
  page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth);

await mkdir(SCREENSHOTS, { recursive: true });
for (const part of [call, lacking, screenshots]) {
  try {
    await part();
  } catch (error) {
    check(`${part.name} runs to its end`, false, error.stack);
  }
}
const passed = results.filter(Boolean).length;
const failed = results.length - passed;
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
