// A sound server that nobody hears. Without one, or a sound card, Firefox never starts an
// AudioContext, so it neither plays nor captures; Chromium does not care.

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const BINARY = '/usr/bin/pulseaudio';
const START_MS_MAX = 5_000;

/** Starts it, for the browsers opened afterwards. Null where pulseaudio is not installed. */
export async function startSound() {
  if (!existsSync(BINARY)) return null;
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-sound-'));
  const socket = path.join(folder, 'native');
  const child = spawn(
    BINARY,
    [
      ...['-n', '--daemonize=no', '--exit-idle-time=-1', '--use-pid-file=no'],
      ...['-L', 'module-null-sink'],
      ...['-L', `module-native-protocol-unix socket=${socket} auth-anonymous=1`],
    ],
    { stdio: 'ignore', env: { ...process.env, HOME: folder, XDG_RUNTIME_DIR: folder } },
  );
  const ended = new Promise((resolve) => child.once('close', resolve));
  for (let ms = 0; !existsSync(socket) && ms < START_MS_MAX; ms += 50) await wait(50);
  process.env.PULSE_SERVER = `unix:${socket}`;
  return {
    async stop() {
      child.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
