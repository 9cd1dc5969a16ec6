// A meeting with a host, through the page: his second tab does not end it, leaving with the last one
// does, and the guests are told. Leaves screenshots in build/screenshots.

import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BINARY, SEEN_MS_MAX, base, becomes, check, describe, fits, joined } from './call.mjs';
import { run, sessionOf, shot } from './call.mjs';
import { openBrowser } from './browser.mjs';
import { startRelay } from './relay.mjs';

const SECRET = 'a secret of more than thirty-two bytes';
const ROOM = 'board';

// Reads it beside the relay, as operators do. Node reads SQLite since 22 only.
const READ = `
import json, sqlite3, sys
file, room = sys.argv[1:]
database = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
[(creator, started, ended)] = database.execute(
    "SELECT creator_id, started_at, ended_at FROM meetings WHERE room_id = ?", [room])
present = [user for user, in database.execute("SELECT user_id FROM session_participants "
    "WHERE room_id = ? AND left_at IS NULL ORDER BY user_id", [room])]
print(json.dumps({"creator": creator, "started": started, "ended": ended, "present": present}))
`;

/** What the parts of the test take place in: a relay with meetings, their record, three people. */
async function meetings() {
  const browsers = await Promise.all([openBrowser(), openBrowser(), openBrowser()]);
  try {
    await inARoom([], browsers, endsWithTheLastTab);
    await inARoom(['--auth.close_ended_meetings=true'], browsers, sendsEverybodyAway);
    for (const { problems } of browsers)
      check('no error went uncaught', problems.length === 0, problems.join('; '));
  } finally {
    await Promise.all(browsers.map((browser) => browser.close()));
  }
}

async function inARoom(options, browsers, part) {
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-meeting-'));
  const file = path.join(folder, 'meetings.db');
  const relay = await startRelay(BINARY, 0, [
    '--auth.meeting_management=true',
    `--auth.jwt_secret=${SECRET}`,
    `--store.url=sqlite:${file}`,
    ...options,
  ]);
  try {
    const [ada, bob, host] = await Promise.all(browsers.map((browser) => browser.openTab()));
    const record = () => JSON.parse(execFileSync('/usr/bin/python3', ['-c', READ, file, ROOM]));
    await part({ port: relay.port, ada, bob, host, openTab: browsers[2].openTab, record });
  } finally {
    await relay.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function endsWithTheLastTab({ port, ada, bob, host, openTab, record }) {
  const tabs = [host, await openTab()];
  check('a guest may come before the host', await comes(ada, port, 'ada'), await describe(ada));
  const all = [comes(bob, port, 'bob'), ...tabs.map((tab) => comes(tab, port, 'host'))];
  check('then come another and the host, in two tabs', (await Promise.all(all)).every(Boolean));
  const [first, second] = await Promise.all(tabs.map(sessionOf));
  check('who are two to the guests', await holds([ada, bob], seesHost, [first, second]));
  const begun = record();
  check('the record says who began it', begun.creator === 'ada' && begun.ended === null);
  check('and names each once', begun.present.join() === 'ada,bob,host', begun.present.join());

  await tabs[0].close();
  check('the guests see the host close one tab', await holds([ada, bob], seesHost, [second]));
  await isHeard('bob', bob, [ada, tabs[1]]);
  await isHeard('ada', ada, [bob, tabs[1]]);
  check('nobody is told of an end', await holds([ada, bob, tabs[1]], isIn));
  check('and the record knows of none', JSON.stringify(record()) === JSON.stringify(begun));

  await tabs[1].close();
  check('when he closes the other both are told', await holds([ada, bob], readsThatItIsOver));
  const ended = record();
  check('the record says so', ended.ended >= ended.started && ended.present.length === 0);
  await pictures(bob);
  await meetsAgain(ada, bob, { begun, record });
}

async function sendsEverybodyAway({ port, ada, bob, host, record }) {
  const all = [comes(ada, port, 'ada'), comes(bob, port, 'bob'), comes(host, port, 'host')];
  check('all come to a meeting that closes', (await Promise.all(all)).every(Boolean));
  check('the guests see the host', await holds([ada, bob], seesHost, [await sessionOf(host)]));
  const begun = record();

  await host.getByTestId('leave').click();
  check('when he leaves both are told', await holds([ada, bob], readsThatItIsOver));
  check('and the record says so', record().ended >= begun.started);
  await meetsAgain(ada, bob, { begun, record });
}

/** Who wants to meets again; nobody is taken back unasked. */
async function meetsAgain(one, other, { begun, record }) {
  await one.getByTestId('rejoin').click();
  check('who joins again is alone', await holds([one], isAlone), await describe(one));
  const now = record();
  check('in another meeting', now.started > begun.started && now.ended === null);
  check('the other stays away', await other.evaluate(staysAway), await describe(other));
}

/** Follows an invitation of the operator's. True if it led into the room. */
async function comes(page, port, user) {
  const claims = ['--user', user, '--room', ROOM, ...(user === 'host' ? ['--host-role'] : [])];
  const token = execFileSync(BINARY, ['token', 'create', ...claims, '--secret', SECRET]);
  await page.goto(`${base(port)}?${new URLSearchParams({ token: String(token).trim(), join: '1' })}`);
  return joined(page);
}

/** True as soon as it holds on all of the pages. */
async function holds(pages, condition, argument = null) {
  const hold = pages.map((page) => becomes(page, condition, argument, SEEN_MS_MAX));
  return (await Promise.all(hold)).every(Boolean);
}

/** What somebody does is seen by others, after whatever they were told before. */
async function isHeard(name, page, others) {
  const hear = (audio) => holds(others, hears, { name, audio });
  const before = await hear(true);
  await page.getByTestId('mic').click();
  check(`all others hear ${name}, until muted`, before && (await hear(false)), await describe(page));
}

/** What guests see at the end: light and dark, on a desktop and on a phone. */
async function pictures(page) {
  for (const colorScheme of ['light', 'dark']) {
    for (const [device, viewport] of [
      ['desktop', { width: 1280, height: 800 }],
      ['phone', { width: 390, height: 844 }],
    ]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize(viewport);
      await shot(page, `meeting-ended-${device}-${colorScheme}`);
      check(`the goodbye fits a ${device}, ${colorScheme}`, await fits(page));
    }
  }
}

// ---- conditions, which run on the page

const isIn = () => window.parley.state === 'joined';

const isAlone = () => window.parley.state === 'joined' && window.parley.members.length === 0;

function hears({ name, audio }) {
  return window.parley.members.some((one) => one.userId === name && one.audio === audio);
}

function seesHost(sessions) {
  const seen = window.parley.members.filter(({ userId }) => userId === 'host');
  return seen.length === sessions.length && seen.every((m) => sessions.includes(m.sessionId));
}

function readsThatItIsOver() {
  const said = (name) => document.querySelector(`[data-testid=${name}]`);
  return (
    said('goodbye').checkVisibility() &&
    said('goodbye-title').textContent === 'The meeting has ended' &&
    said('goodbye-text').textContent === 'The host has ended the meeting.'
  );
}

// One session in all, and no other after its end.
function staysAway() {
  const course = window.parley.events.filter(({ event }) => event === 'state' || event === 'session');
  const sessions = course.filter(({ event }) => event === 'session').length;
  return sessions === 1 && course.at(-1).state === 'closed';
}

await run(meetings);
