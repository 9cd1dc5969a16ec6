// What the tests ask of pages in a call, in whichever browser.

import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const SCREENSHOTS = path.join(ROOT, 'build/screenshots');

export const BINARY = process.env.PARLEY_BIN ?? path.join(ROOT, 'build/release/bin/parley');

// "See and hear each other within 5 s" is the promise.
export const SEEN_MS_MAX = 5_000;
// Loading the page and opening the devices on a busy machine comes on top of that.
export const LOAD_MS_MAX = 20_000;
// A relay that returns is found within the longest back-off.
export const RETURN_MS_MAX = 20_000;

const results = [];

export function check(sentence, holds, detail = '') {
  results.push(Boolean(holds));
  console.log(`${holds ? 'ok  ' : 'FAIL'} ${sentence}${holds || !detail ? '' : ` (${detail})`}`);
  return holds;
}

/** Runs the parts of a test and ends the process with what they came to. */
export async function run(...parts) {
  await mkdir(SCREENSHOTS, { recursive: true });
  for (const part of parts) {
    try {
      await part();
    } catch (error) {
      check(`${part.name || 'everything'} runs to its end`, false, error.stack);
    }
  }
  const passed = results.filter(Boolean).length;
  const failed = results.length - passed;
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed ? 1 : 0);
}

/** True as soon as `condition(argument)` holds on the page; false when `ms` have passed. */
export function becomes(page, condition, argument, ms) {
  return page.waitForFunction(condition, argument, { timeout: ms, polling: 50 }).then(
    () => true,
    () => false,
  );
}

export const base = (port) => `http://localhost:${port}/`;

/** The address at which somebody joins at once; `more` are further parameters. */
export function seat(port, room, name, more = {}) {
  return `${base(port)}?${new URLSearchParams({ room, name, join: '1', ...more })}`;
}

export const joined = (page, ms = LOAD_MS_MAX) =>
  becomes(page, () => window.parley?.state === 'joined', null, ms);

export const sessionOf = (page) => page.evaluate(() => window.parley.sessionId);

export const describe = (page) =>
  page.evaluate(() =>
    JSON.stringify({
      state: window.parley?.state,
      transport: window.parley?.transport,
      peers: window.parley?.peers,
      events: window.parley?.events.slice(-6),
    }),
  );

export const shot = (page, name) =>
  page.screenshot({ path: path.join(SCREENSHOTS, `${name}.png`) });

/** True if nothing of the page is cut off at its side. */
export const fits = (page) =>
  page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth);

/**
 * True if the picture of the only peer changes and, unless `hears` is false, their sound is decoded,
 * both from now on.
 */
export async function seesAndHears(page, ms, hears = true) {
  await page.evaluate(() => {
    delete window.before;
  });
  return becomes(
    page,
    (packets) => {
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
        const differs = (at) => Math.abs(pixels[at] - before.pixels[at]) > 24;
        if (differs(i) || differs(i + 1) || differs(i + 2)) changed += 1;
      }
      before.moved ||= changed > 100;
      return before.moved && now.audio >= before.audio + packets;
    },
    hears ? 10 : 0,
    ms,
  );
}

/** True if the picture of the only peer changes from now on. */
export const sees = (page, ms) => seesAndHears(page, ms, false);

/** `pages` are two, by the name of who sits there. */
export async function checkBoth(when, pages, ms = SEEN_MS_MAX) {
  const names = Object.keys(pages);
  const seen = await Promise.all(names.map((name) => seesAndHears(pages[name], ms)));
  for (const [i, name] of names.entries()) {
    const detail = seen[i] ? '' : await describe(pages[name]);
    check(`${when}, ${name} sees ${names[1 - i]} move and hears them`, seen[i], detail);
  }
}
