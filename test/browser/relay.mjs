// The relay under test, as a process.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

const START_MS_MAX = 10_000;
const STOP_MS_MAX = 15_000;

// The certificate outlives a relay, as for its user, but not the tests.
const STATE = mkdtempSync(path.join(tmpdir(), 'parley-state-'));
process.once('exit', () => rmSync(STATE, { recursive: true, force: true }));

/** The UDP port of the relay's WebTransport, or null if it offers none. */
export async function offersWebTransport(port) {
  const answer = await fetch(`http://127.0.0.1:${port}/transports`);
  return answer.ok ? ((await answer.json()).webtransport?.port ?? null) : null;
}

/**
 * Starts `parley dev` on `port` (0: a free one) with further `options`. Resolves when it has printed
 * its link.
 */
export async function startRelay(binary, port = 0, options = []) {
  const where = ['--host', '127.0.0.1', '--port', String(port)];
  const child = spawn(binary, ['dev', ...where, ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, XDG_STATE_HOME: STATE },
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const link = await firstLink(child, ended);
  return {
    link,
    port: Number(link.port),
    /** Ends as an operator would end it. */
    async stop() {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
      await ended;
      clearTimeout(timer);
    },
  };
}

function firstLink(child, ended) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the relay printed no link')), START_MS_MAX);
    const settle = (act, value) => {
      clearTimeout(timer);
      act(value);
    };
    child.once('error', (error) => settle(reject, error));
    ended.then((code) =>
      settle(reject, new Error(`the relay ended with ${code} before it was ready`)),
    );
    // Read to the end of its life: a full pipe would stall the relay.
    createInterface({ input: child.stdout }).on('line', (line) => {
      const found = line.match(/http:\/\/\S+\?\S+/);
      if (found) settle(resolve, new URL(found[0]));
    });
  });
}
