// Two browsers in one room of a running relay: they see and hear each other, also after a reload,
// a cut cable and a restart. Leaves screenshots in build/screenshots.

import { BINARY, LOAD_MS_MAX, RETURN_MS_MAX, SEEN_MS_MAX } from './call.mjs';
import { base, becomes, check, checkBoth, describe, fits, joined, run, seat } from './call.mjs';
import { sessionOf, shot } from './call.mjs';
import { layCable } from './cable.mjs';
import { layUdpLink } from './udp_link.mjs';
import { openBrowser } from './browser.mjs';
import { offersWebTransport, startRelay } from './relay.mjs';

// Runs on the page before its scripts.
function asFirefox() {
  delete window.MediaStreamTrackProcessor;
  const supported = VideoEncoder.isConfigSupported.bind(VideoEncoder);
  VideoEncoder.isConfigSupported = async (config) =>
    config.codec.startsWith('vp09') ? { supported: false, config } : supported(config);
}

const callOverWebSocket = () => call('websocket');

async function callOverWebTransport() {
  const relay = await startRelay(BINARY);
  const offered = await offersWebTransport(relay.port);
  await relay.stop();
  if (!offered) return console.log('skip the relay offers no WebTransport');
  await call('webtransport');
  await blocked();
}

async function call(transport) {
  let relay = await startRelay(BINARY);
  const { port } = relay;
  const cable = await layCable(port);
  const browsers = await Promise.all([openBrowser(), openBrowser()]);
  const [alice, bob] = browsers.map(({ page }) => page);
  const room = `test-${process.pid}`;
  relay.link.searchParams.set('transport', transport);
  try {
    // Alice comes through the cable, which will be cut; Bob through the printed address, by hand.
    await Promise.all([
      alice.goto(seat(cable.port, room, 'alice', { transport })),
      bob.goto(relay.link.href).then(async () => {
        await bob.getByTestId('name').fill('Bob Example');
        await bob.getByTestId('room').fill(room);
        await bob.getByTestId('join').click();
      }),
    ]);
    const both = await Promise.all([joined(alice), joined(bob)]);
    check(
      `both browsers join by ${transport}, one by address and one by hand`,
      both.every(Boolean),
    );
    const used = await Promise.all([alice, bob].map(transportOf));
    check(
      'and use it',
      used.every((name) => name === transport),
      used.join(),
    );
    await checkBoth('after joining', { alice, bob });
    if (transport === 'websocket') await cut(cable, alice, bob);
    await controls(alice, bob);

    const session = await sessionOf(alice);
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

    const leftsBefore = await eventsOf(bob, 'left');
    await alice.getByTestId('leave').click();
    check('leaving says goodbye', await alice.getByTestId('goodbye').isVisible());
    check(
      'and empties the seat within 5 s',
      await becomes(bob, () => window.parley.members.length === 0, null, SEEN_MS_MAX),
    );
    check('of which bob is told once', (await eventsOf(bob, 'left')) === leftsBefore + 1);
    for (const { problems } of browsers)
      check('no error went uncaught', problems.length === 0, problems.join('; '));
  } finally {
    await Promise.all(browsers.map((browser) => browser.close()));
    cable.close();
    await relay.stop();
  }
}

const transportOf = (page) => page.evaluate(() => window.parley.transport);
const eventsOf = (page, name) =>
  page.evaluate((n) => window.parley.events.filter((e) => e.event === n).length, name);

/** Alice's cable is cut and she comes back; Bob notices nothing. */
async function cut(cable, alice, bob) {
  const lefts = await eventsOf(bob, 'left');
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
  check('bob saw no one leave', (await eventsOf(bob, 'left')) === lefts);
  check(
    'bob still has the same alice',
    await becomes(bob, (id) => window.parley.peers[0]?.sessionId === id, session, 1000),
  );
}

/** UDP stops in mid-call: both go on by WebSocket, and nobody is seen to leave. */
async function blocked() {
  const link = await layUdpLink();
  const relay = await startRelay(BINARY, 0, [`--webtransport.public_url=${link.url}`]);
  link.leadTo(await offersWebTransport(relay.port));
  const browsers = await Promise.all([openBrowser(), openBrowser()]);
  const [alice, bob] = browsers.map(({ page }) => page);
  try {
    await alice.goto(seat(relay.port, 'blocked', 'alice'));
    await bob.goto(seat(relay.port, 'blocked', 'bob'));
    await Promise.all([joined(alice), joined(bob)]);
    const used = await Promise.all([alice, bob].map(transportOf));
    check('without a wish both use WebTransport', used.join() === 'webtransport,webtransport');
    await checkBoth('through the link', { alice, bob });
    const sessions = await Promise.all([alice, bob].map(sessionOf));

    link.block();
    const began = Date.now();
    const moved = await Promise.all(
      [alice, bob].map((page) =>
        becomes(page, () => window.parley.transport === 'websocket', null, SEEN_MS_MAX),
      ),
    );
    check('when UDP is blocked both move to WebSocket', moved.every(Boolean));
    await checkBoth('there', { alice, bob }, SEEN_MS_MAX - (Date.now() - began));
    const after = await Promise.all([alice, bob].map(sessionOf));
    check('as the sessions they were', after.join() === sessions.join());
    const lefts = await Promise.all([alice, bob].map((page) => eventsOf(page, 'left')));
    check('and nobody saw anyone leave', lefts.join() === '0,0', lefts.join());
    check(
      'the mark says which way and why',
      /^WebSocket\..*silent/.test(await alice.getByTestId('transport').getAttribute('title')),
    );
    link.heal();
    await checkBoth('after UDP is back', { alice, bob });
    for (const { problems } of browsers)
      check('no error went uncaught', problems.length === 0, problems.join('; '));
  } finally {
    await Promise.all(browsers.map((browser) => browser.close()));
    link.close();
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

await run(callOverWebSocket, callOverWebTransport, lacking, screenshots);
