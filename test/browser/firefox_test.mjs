// Firefox and Chromium in one room of a running relay, over each transport the relay offers. Leaves
// screenshots in build/screenshots.

import { BINARY, LOAD_MS_MAX, SEEN_MS_MAX, becomes, check, checkBoth, describe } from './call.mjs';
import { joined, run, seat, sees, seesAndHears, sessionOf, shot } from './call.mjs';
import { offersWebTransport, startRelay } from './relay.mjs';
import { openBrowser } from './browser.mjs';
import { openFirefox } from './firefox.mjs';
import { startSound } from './sound.mjs';

const transportOf = (page) => page.evaluate(() => window.parley.transport);

let sound = null;

/** Each sees the other; who hears depends on what this machine can do. */
async function checkPictures(when, { chrome, fox }) {
  if (sound) return checkBoth(when, { chrome, fox });
  const [there, back] = await Promise.all([
    seesAndHears(fox, SEEN_MS_MAX),
    sees(chrome, SEEN_MS_MAX),
  ]);
  check(`${when}, fox sees chrome move and hears them`, there, there || (await describe(fox)));
  check(`${when}, chrome sees fox move`, back, back || (await describe(chrome)));
}

async function call(transport) {
  const relay = await startRelay(BINARY);
  const browsers = await Promise.all([openBrowser(), openFirefox()]);
  const [chrome, fox] = browsers.map(({ page }) => page);
  const room = `fox-${process.pid}`;
  try {
    await Promise.all([
      chrome.goto(seat(relay.port, room, 'chrome', { transport })),
      fox.goto(seat(relay.port, room, 'fox', { transport, join: '0' })).then(async () => {
        await becomes(
          fox,
          () => document.querySelector('[data-testid=preview-video]').videoWidth > 0,
          null,
          LOAD_MS_MAX,
        );
        await shot(fox, 'firefox-lobby');
        await fox.getByTestId('join').click();
      }),
    ]);
    const both = await Promise.all([joined(chrome), joined(fox)]);
    check(`Chromium and Firefox join by ${transport}`, both.every(Boolean));
    const used = await Promise.all([chrome, fox].map(transportOf));
    check('and use it', used.join() === `${transport},${transport}`, used.join());
    await checkPictures('after joining', { chrome, fox });
    await fox.getByTestId('statistics').click();
    check(
      'the statistics fit beside the pictures',
      await becomes(fox, tilesFit, null, SEEN_MS_MAX),
    );
    await shot(fox, `firefox-${transport}`);
    await fox.getByTestId('statistics').click();

    await fox.getByTestId('camera').click();
    const hidden = () => document.querySelector('[data-testid=tile-peer]').dataset.video === 'off';
    check(
      'Firefox without its camera is an avatar',
      await becomes(chrome, hidden, null, SEEN_MS_MAX),
    );
    await fox.getByTestId('camera').click();
    await checkPictures('after camera off and on', { chrome, fox });

    await withoutClick(chrome, fox, seat(relay.port, room, 'fox', { transport }));
    await fox.getByTestId('leave').click();
    check(
      'who leaves is gone within 5 s',
      await becomes(chrome, () => window.parley.members.length === 0, null, SEEN_MS_MAX),
    );
    for (const { problems } of browsers)
      check('no error went uncaught', problems.length === 0, problems.join('; '));
  } finally {
    await Promise.all(browsers.map((browser) => browser.close()));
    await relay.stop();
  }
}

// Runs on the page.
function tilesFit() {
  const stage = document.querySelector('[data-testid=stage]').getBoundingClientRect();
  return [...document.querySelectorAll('.tile')].every((tile) => {
    const { top, bottom, left, right } = tile.getBoundingClientRect();
    const inside = top >= stage.top - 1 && bottom <= stage.bottom + 1;
    return inside && left >= stage.left - 1 && right <= stage.right + 1;
  });
}

/** Firefox may keep quiet on a page nobody has touched; one click anywhere is enough. */
async function withoutClick(chrome, fox, address) {
  const session = await sessionOf(fox);
  await fox.goto(address);
  check('a page that joins by itself joins', await joined(fox));
  check('as another session', (await sessionOf(fox)) !== session);
  check('and is seen', await sees(chrome, 2 * SEEN_MS_MAX));
  if (!sound) return;
  await fox.getByTestId('stage').click();
  await checkBoth('after a click', { chrome, fox });
  check('the page asks for no click any more', await fox.getByTestId('banner').isHidden());
}

async function overWebSocket() {
  await call('websocket');
}

async function overWebTransport() {
  const relay = await startRelay(BINARY);
  const offered = await offersWebTransport(relay.port);
  await relay.stop();
  if (offered) await call('webtransport');
  else console.log('skip the relay offers no WebTransport');
}

async function prepare() {
  sound = await startSound();
  if (!sound) console.log('skip without pulseaudio Firefox cannot be heard');
}

await run(prepare, overWebSocket, overWebTransport, async function end() {
  await sound?.stop();
});
