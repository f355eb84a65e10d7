// The month's bill of goals.md's scenario, from what one simulated day of one organization makes the platform count.

import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { iso, organizationEvents } from './data.mjs';
import { DAY, DAY_BEGINS, dashboards, eventsBySecond, HOURS, pollsOf } from './day.mjs';
import { migrate, post } from './seed.mjs';
import { SIDES, startIsolates, WORK } from './sides.mjs';
import { number, table } from './statistics.mjs';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const ORGANIZATIONS = 1000;
const DAYS = 22;
/** The cron runs at night and on Sundays, too. */
const RUNS = 30 * 24 * 60;
/** The isolates that a side's readers are spread over, as a platform of many locations does. */
const ISOLATES = 3;
/** Heads may be so old; later than that after a refresh all sides must say the same. */
const HEAD_SECONDS = 6;

/** Dollars a million. */
const PRICES = { requests: 0.3, cpuMs: 0.02, rowsRead: 0.001, rowsWritten: 1, kvReads: 0.5, kvWrites: 5 };
const NAMES = {
  requests: 'requests',
  cpuMs: 'CPU, ms',
  rowsRead: 'D1 rows read',
  rowsWritten: 'D1 rows written',
  kvReads: 'KV reads',
  kvWrites: 'KV writes',
};

/** Runs the day on all sides at once, over one database that our worker writes. Returns what was counted. */
export async function simulateDay({ hours = HOURS, say }) {
  const state = path.join(WORK, 'state-day');
  rmSync(state, { recursive: true, force: true });
  mkdirSync(state, { recursive: true });
  const isolates = { writer: { side: 'ours' } };
  for (const side of SIDES) for (let index = 0; index < ISOLATES; index += 1) isolates[`${side}-${index}`] = { side };
  const running = await startIsolates({ state, isolates });
  const { writer } = running;
  try {
    await migrate(await writer.database());
    await announce(writer);
    await writer.refresh(DAY_BEGINS - 2 * MINUTE);
    await writer.counts();
    await writer.refresh(DAY_BEGINS - MINUTE);
    const idle = await writer.counts();
    const { compared, statuses } = await liveThrough(running, { hours, say });
    const written = await writer.counts();
    const read = {};
    for (const side of SIDES) {
      const counts = await Promise.all(
        Array.from({ length: ISOLATES }, (_, index) => running[`${side}-${index}`].counts()),
      );
      read[side] = counts.reduce(sumOf);
    }
    return { idle, written, read, statuses, compared, refreshes: hours * 60, share: hours / HOURS };
  } finally {
    await writer.stop();
  }
}

/** The organization of the day, and the others, which are silent: a refresh looks whether they are. */
async function announce(writer) {
  const updatedAt = iso(DAY_BEGINS - 5 * MINUTE);
  const others = Array.from({ length: ORGANIZATIONS - 1 }, (_, index) => ({
    type: 'organization',
    organizationId: `silent-${index}`,
    name: `Silent ${index}`,
    updatedAt,
  }));
  await post(writer, [...others, ...organizationEvents({ ...DAY, asOf: DAY_BEGINS })]);
}

const sumOf = (left, right) => Object.fromEntries(Object.keys(left).map((name) => [name, left[name] + right[name]]));

/** Second by second: what happens is posted as it happens, each minute is refreshed, each dashboard polls in its turn. */
async function liveThrough(running, { hours, say }) {
  const events = eventsBySecond();
  const all = dashboards();
  const held = new Map();
  const statuses = Object.fromEntries(SIDES.map((side) => [side, {}]));
  let compared = 0;
  for (let second = 0; second < hours * 3600; second += 1) {
    const now = DAY_BEGINS + second * SECOND;
    for (const event of events.get(second) ?? [])
      await post(running.writer, [event], { headers: { 'X-Instant': `${now}` } });
    if (second % 60 === 0) await running.writer.refresh(now);
    for (const { dashboard, path: target } of pollsOf(all, second)) {
      const answers = await Promise.all(
        SIDES.map((side) =>
          poll(running[`${side}-${dashboard.number % ISOLATES}`], side, dashboard, target, now, held),
        ),
      );
      for (const [index, { status }] of answers.entries()) {
        const ofSide = statuses[SIDES[index]];
        ofSide[status] = (ofSide[status] ?? 0) + 1;
      }
      if (second % 60 >= HEAD_SECONDS) compared += compare(answers, `${target} at second ${second}`);
    }
    if (second % 3600 === 3599) say(`Hour ${(second + 1) / 3600} of ${hours} has passed …`);
  }
  return { statuses, compared };
}

/** Asks as a dashboard does: with the ETag of what it has of this address. Returns what it has then. */
async function poll(isolate, side, { number: dashboard, authorization }, target, now, held) {
  const key = `${side} ${dashboard} ${target}`;
  const before = held.get(key);
  const headers = {
    Authorization: authorization,
    'X-Instant': `${now}`,
    ...(before && { 'If-None-Match': before.etag }),
  };
  const response = await isolate.fetch(target, { headers });
  const { status } = response;
  const text = await response.text();
  if (status !== 200 && !(status === 304 && before)) throw new Error(`${side} answered ${status} ${text}`);
  held.set(key, { etag: response.headers.get('etag'), text: status === 304 ? before.text : text });
  return { status, text: held.get(key).text };
}

/** All dashboards must show the same, whichever side they asked. Returns how many answers were held against ours. */
function compare(answers, what) {
  const [ours, ...others] = answers;
  for (const other of others) if (other.text !== ours.text) throw new Error(`${what}:\n${ours.text}\n${other.text}`);
  return others.length;
}

/** A month's counts of a side. `cpu` is CPU in microseconds of its 200 and its 304, of an event's request and of a run. */
function monthOf(side, { idle, written, read, statuses, refreshes, share }, cpu) {
  const days = (DAYS * ORGANIZATIONS) / share;
  const own = read[side];
  const events = written.requests;
  const counts = { requests: days * (own.requests + events) + RUNS };
  for (const name of ['rowsRead', 'rowsWritten', 'kvReads', 'kvWrites']) {
    // A run's own rows are there once, whatever the number of organizations.
    counts[name] = days * (own[name] + written[name] - refreshes * idle[name]) + RUNS * idle[name];
  }
  const microseconds =
    days *
    ((statuses[side][200] ?? 0) * cpu[side].ok +
      (statuses[side][304] ?? 0) * cpu[side].notModified +
      events * cpu.event);
  counts.cpuMs = (microseconds + RUNS * cpu.run) / 1000;
  return counts;
}

/** The bill: what is counted in a month, and what it costs, of each side; and the ratios of the totals. */
export function billOf(day, cpu) {
  const months = Object.fromEntries(SIDES.map((side) => [side, monthOf(side, day, cpu)]));
  const dollars = (side) =>
    Object.keys(PRICES).reduce((sum, name) => sum + (months[side][name] * PRICES[name]) / 1e6, 0);
  const rows = Object.keys(PRICES).map((name) => [
    `${NAMES[name]} (${PRICES[name]} a million)`,
    ...SIDES.flatMap((side) => [
      `${number(months[side][name] / 1e6, 2)} M`,
      number((months[side][name] * PRICES[name]) / 1e6, 2),
    ]),
  ]);
  rows.push(['all', ...SIDES.flatMap((side) => ['', number(dollars(side), 2)])]);
  return {
    text: table(['a month of 1,000 organizations', ...SIDES.flatMap((side) => [side, '$'])], rows),
    ratios: Object.fromEntries(['plain', 'tuned'].map((side) => [side, dollars('ours') / dollars(side)])),
  };
}
