// Firefox, and a page of it in a call. Puppeteer's page in the clothes of Playwright's, as far as
// the tests need it.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import puppeteer from 'puppeteer-core';

const PREFERENCES = {
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  // 0 is dark, 1 is light.
  'layout.css.prefers-color-scheme.content-override': 1,
};

/** A browser of its own, with a profile nobody used before. */
export async function openFirefox({ colorScheme = 'light', viewport, preferences = {} } = {}) {
  const profile = await mkdtemp(path.join(tmpdir(), 'parley-firefox-'));
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr',
    headless: true,
    userDataDir: profile,
    extraPrefsFirefox: {
      ...PREFERENCES,
      'layout.css.prefers-color-scheme.content-override': colorScheme === 'dark' ? 0 : 1,
      ...preferences,
    },
    defaultViewport: viewport ?? { width: 1280, height: 800 },
  });
  const page = await browser.newPage();
  const problems = [];
  page.on('pageerror', (error) => problems.push(error.message));
  return {
    page: dress(page),
    /** Errors nobody caught on the page. */
    problems,
    async close() {
      await browser.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}

function dress(page) {
  return {
    goto: (url) => page.goto(url),
    reload: () => page.reload(),
    evaluate: (act, argument) => page.evaluate(act, argument),
    waitForFunction: (condition, argument, options) =>
      page.waitForFunction(condition, options, argument),
    getByTestId: (id) => byTestId(page, id),
    keyboard: page.keyboard,
    screenshot: (options) => page.screenshot(options),
    setViewportSize: (size) => page.setViewport(size),
    onConsole: (act) => page.on('console', (message) => act(message.text())),
  };
}

function byTestId(page, id) {
  const selector = `[data-testid=${id}]`;
  return {
    click: () => page.locator(selector).click(),
    fill: (text) => page.locator(selector).fill(text),
    textContent: () => page.$eval(selector, (element) => element.textContent),
    isVisible: () => page.$eval(selector, (element) => element.checkVisibility()),
    isHidden: () => page.$eval(selector, (element) => !element.checkVisibility()),
  };
}
