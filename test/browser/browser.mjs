// Chromium, and a page of it in a call.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
];

const DEVICES = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];

/** A browser of its own, with a profile nobody used before. */
export async function openBrowser({ devices = true, hosts = '', ...options } = {}) {
  const profile = await mkdtemp(path.join(tmpdir(), 'parley-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: [
      ...ARGUMENTS,
      ...(devices ? DEVICES : []),
      ...(hosts ? [`--host-resolver-rules=${hosts}`] : []),
    ],
    viewport: { width: 1280, height: 800 },
    ...options,
  });
  const [page] = context.pages();
  const problems = [];
  context.on('weberror', (error) => problems.push(error.error().message));
  return {
    page,
    /** Another tab of it. */
    openTab: () => context.newPage(),
    /** Errors nobody caught on its pages. */
    problems,
    async close() {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}
