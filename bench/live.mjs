// A simulated day of one organization, seen by the same people in several ways at once: each is a column of the bill.

import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { Clock } from './clock.mjs';
import { Dashboard, dashboardModules, Network, PollingClient } from './dashboards.mjs';
import { iso, organizationEvents } from './data.mjs';
import { DAY, DAY_BEGINS, eventsBySecond, HOURS, people } from './day.mjs';
import { migrate, post } from './seed.mjs';
import { startIsolates, WORK } from './sides.mjs';
import { databaseBytes } from './storage.mjs';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY_MS = 24 * 60 * MINUTE;
export const ORGANIZATIONS = 1000;
/** The isolates that a side's readers are spread over, as a platform of many locations does. */
const ISOLATES = 3;
/** How old heads may be: so long after a refresh all columns must show the same. */
const HEAD_SECONDS = 6;
/** By then everybody shows what was published at the beginning of the minute. */
const SHOWN_AFTER_SECONDS = 55;
/** When the sweep is looked at: as long after the day as items are kept, and a day more. */
const SWEPT_AFTER_DAYS = 8;
const SWEEP_RUNS_MAX = 50;

/** The way in which a shipped dashboard, or a client that only polls, asks a side. */
/** @typedef {{ side: string, asks: 'stream' | 'advice' | number, bindings?: Record<string, string> }} Column */

/** @type {Record<string, Column>} */
export const COLUMNS = {
  'ours, stream': { side: 'ours', asks: 'stream' },
  'ours, advice': { side: 'ours', asks: 'advice' },
  'ours, each 5 s': { side: 'ours', asks: 5 },
  plain: { side: 'plain', asks: 10 },
  tuned: { side: 'tuned', asks: 10 },
  'stream, shared after 300 s': { side: 'ours', asks: 'stream', bindings: { PAGE_SHARE_AFTER_SECONDS: '300' } },
  'advice, shared after 300 s': { side: 'ours', asks: 'advice', bindings: { PAGE_SHARE_AFTER_SECONDS: '300' } },
};

/**
 * The seconds between two refreshes in the second bill, and its columns. The writer is not told: it would wait for the
 * runs between two ticks of the cron, which the day begins itself.
 */
export const OFTEN_SECONDS = 20;
const often = { REFRESH_EVERY_SECONDS: `${OFTEN_SECONDS}` };
/** @type {Record<string, Column>} */
export const OFTEN_COLUMNS = {
  'ours, stream': { side: 'ours', asks: 'stream', bindings: often },
  'ours, advice': { side: 'ours', asks: 'advice', bindings: often },
};

/**
 * Runs a day, or its first `seconds`. Returns what was counted of the writer and of each column.
 *
 * @param {object} settings
 * @param {number} [settings.seconds]
 * @param {number} [settings.everySeconds] The seconds between two refreshes.
 * @param {Record<string, Column>} [settings.columns]
 * @param {number} [settings.watchers] How many people look.
 * @param {boolean} [settings.isQuiet] Nothing happens.
 * @param {boolean} [settings.isLooking] They look at other filters now and then.
 * @param {(line: string) => void} settings.say
 * @param {string} [settings.state] A folder for the database.
 */
export async function simulateDay({
  seconds = HOURS * 3600,
  everySeconds = 60,
  columns = COLUMNS,
  watchers,
  isQuiet = false,
  isLooking = true,
  say,
  state = path.join(WORK, 'state-day'),
}) {
  rmSync(state, { recursive: true, force: true });
  mkdirSync(state, { recursive: true });
  const running = await startIsolates({ state, isolates: isolatesOf(columns) });
  try {
    const simulation = new Simulation(running, { columns, watchers, isQuiet, isLooking });
    await simulation.prepare();
    const before = databaseBytes(state);
    await simulation.live(seconds, { everySeconds, say });
    const column = await simulation.countColumns();
    const written = await simulation.writer.counts();
    const after = databaseBytes(state);
    const swept = await simulation.sweep();
    return {
      share: seconds / (HOURS * 3600),
      people: simulation.people.length,
      everySeconds,
      refreshes: Math.ceil(seconds / everySeconds),
      idle: simulation.idle,
      written,
      columns: column,
      compared: simulation.compared,
      swept,
      bytes: { day: after - before, kept: databaseBytes(state) - before },
    };
  } finally {
    await running.writer.stop();
  }
}

/**
 * How often a dashboard asks in hours in which nothing changes, by the stream and by advice.
 *
 * @param {{ seconds?: number, say: (line: string) => void, state?: string }} settings
 */
export async function countQuietRequests({ seconds, say, state = path.join(WORK, 'state-quiet') }) {
  const columns = { stream: COLUMNS['ours, stream'], advice: COLUMNS['ours, advice'] };
  const day = await simulateDay({ seconds, columns, watchers: 1, isQuiet: true, isLooking: false, say, state });
  return { stream: day.columns.stream.asked, advice: day.columns.advice.asked };
}

/** The requests of a dashboard, whatever they are for. */
export const requestsOf = (asked) => Object.values(asked).reduce((sum, count) => sum + count, 0);

function isolatesOf(columns) {
  const isolates = { writer: { side: 'ours' } };
  for (const [name, { side, bindings }] of Object.entries(columns)) {
    for (let index = 0; index < ISOLATES; index += 1)
      isolates[isolateName(name, index)] = { side, bindings, kvNamespaces: { PAGES: `pages-${identifier(name)}` } };
  }
  return isolates;
}

const queryOf = (filters) => new URLSearchParams(filters).toString();
const identifier = (name) => name.replace(/[^a-z0-9]+/g, '-');
const isolateName = (column, index) => `${identifier(column)}-${index}`;

/** Everything that lives through the day. */
class Simulation {
  compared = 0;
  idle = /** @type {any} */ (undefined);
  #clock = new Clock(DAY_BEGINS);
  #network = new Network(this.#clock);
  /** Who looks at each column: by their number, with the last text of those that only poll. */
  #watching = {};

  constructor(running, { columns, watchers, isQuiet, isLooking }) {
    this.running = running;
    this.writer = running.writer;
    this.columns = columns;
    this.people = people(watchers, isLooking);
    this.events = isQuiet ? new Map() : eventsBySecond();
  }

  /** The organization of the day, and the others, which are silent: a refresh looks whether they are. */
  async prepare() {
    await migrate(this.writer.database());
    const updatedAt = iso(DAY_BEGINS - 5 * MINUTE);
    const others = Array.from({ length: ORGANIZATIONS - 1 }, (_, index) => ({
      type: 'organization',
      organizationId: `silent-${index}`,
      name: `Silent ${index}`,
      updatedAt,
    }));
    const headers = { 'X-Instant': `${DAY_BEGINS - 3 * MINUTE}` };
    await post(this.writer, [...others, ...organizationEvents({ ...DAY, asOf: DAY_BEGINS })], { headers });
    await this.writer.refresh(DAY_BEGINS - 2 * MINUTE);
    await this.writer.counts();
    await this.writer.refresh(DAY_BEGINS - MINUTE);
    this.idle = await this.writer.counts();
    const modules = await dashboardModules();
    for (const [name, { asks }] of Object.entries(this.columns)) {
      this.#watching[name] = this.people.map((who) => {
        const isolate = this.running[isolateName(name, who.number % ISOLATES)];
        const settings = { network: this.#network, isolate, who };
        return typeof asks === 'number'
          ? new PollingClient(settings)
          : new Dashboard({ ...settings, modules, isStreaming: asks === 'stream' });
      });
    }
  }

  /** Second by second: what happens is posted as it happens, it is refreshed, and everybody looks. */
  async live(seconds, { everySeconds, say }) {
    for (let second = 0; second < seconds; second += 1) {
      const now = DAY_BEGINS + second * SECOND;
      await this.#network.advanceTo(now);
      for (const event of this.events.get(second) ?? [])
        await post(this.writer, [event], { headers: { 'X-Instant': `${now}` } });
      if (second % everySeconds === 0) await this.writer.refresh(now);
      await this.#look(second);
      if (second % 60 === SHOWN_AFTER_SECONDS && second > 60) this.#compareShown(second);
      if (second % 3600 === 3599) say(`Hour ${(second + 1) / 3600} has passed …`);
    }
    await this.#network.advanceTo(DAY_BEGINS + seconds * SECOND);
  }

  async #look(second) {
    const polled = await Promise.all(
      this.people.map(async (who) => {
        const filters = who.filtersAt(second);
        const query = queryOf(filters);
        const texts = {};
        await Promise.all(
          Object.entries(this.columns).map(async ([name, { asks }]) => {
            const watcher = this.#watching[name][who.number];
            if (typeof asks === 'number') {
              if (second % asks !== who.number % asks) return;
              texts[name] = await watcher.poll(query);
              watcher.last = { query, text: texts[name] };
            } else if (second === who.number) {
              // Not all open the page at the same second.
              watcher.open();
            } else if (second > who.number && filters !== who.filtersAt(second - 1)) {
              watcher.look(filters);
            }
          }),
        );
        return { texts, query };
      }),
    );
    if (second % 60 < HEAD_SECONDS) return;
    for (const { texts, query } of polled) {
      const [first, ...others] = Object.entries(texts);
      for (const [name, text] of others) this.#compare(text, first[1], `${name}, "${query}" at second ${second}`);
    }
  }

  /** Whatever way somebody asks, the same is on the screen. */
  #compareShown(second) {
    const polling = Object.keys(this.columns).find((name) => typeof this.columns[name].asks === 'number');
    if (!polling) return;
    for (const [name, watchers] of Object.entries(this.#watching)) {
      if (typeof this.columns[name].asks === 'number') continue;
      for (const [number, watcher] of watchers.entries()) {
        const { last } = this.#watching[polling][number];
        const { shown } = watcher;
        const what = `${name}, supervisor ${number} at second ${second}`;
        // Who has just clicked may have polled before.
        if (last && shown && last.query === shown.query)
          this.#compare(JSON.stringify(shown.data), JSON.stringify(JSON.parse(last.text).data), what);
      }
    }
  }

  #compare(text, expected, what) {
    if (text !== expected) throw new Error(`${what}:\n${text}\n${expected}`);
    this.compared += 1;
  }

  /** Of each column: what the platform counted, what its dashboards have asked for, and how late they were. */
  async countColumns() {
    const columns = {};
    for (const [name, watchers] of Object.entries(this.#watching)) {
      const isolates = Array.from({ length: ISOLATES }, (_, index) => this.running[isolateName(name, index)]);
      const counted = await Promise.all(isolates.map((isolate) => isolate.counts()));
      columns[name] = {
        ...counted.reduce(sumOf),
        asked: watchers.map(({ requests }) => requests ?? {}).reduce(sumOf),
        lags: watchers.flatMap(({ lags }) => lags ?? []),
      };
    }
    return columns;
  }

  /** Refreshes after the horizon until the day is swept. Returns the rows that this takes beyond those of the runs. */
  async sweep() {
    const database = this.writer.database();
    await this.writer.counts();
    const from = DAY_BEGINS + SWEPT_AFTER_DAYS * DAY_MS;
    for (let run = 1; run <= SWEEP_RUNS_MAX; run += 1) {
      await this.writer.refresh(from + run * MINUTE);
      const last = JSON.parse((await database.prepare('SELECT run FROM refresh').first()).run);
      if (!(Date.parse(last.sweptAsOf) >= from)) continue;
      // What it left behind of versions is removed by then, too.
      await this.writer.refresh(from + (run + 15) * MINUTE);
      const { rowsWritten, rowsRead } = await this.writer.counts();
      return {
        rowsWritten: rowsWritten - (run + 1) * this.idle.rowsWritten,
        rowsRead: rowsRead - (run + 1) * this.idle.rowsRead,
      };
    }
    throw new Error('the sweep does not come to an end');
  }
}

/** Adds what two have counted, member by member. */
function sumOf(left, right) {
  const sum = { ...left };
  for (const [name, value] of Object.entries(right))
    sum[name] = typeof value === 'object' ? sumOf(left[name] ?? {}, value) : (left[name] ?? 0) + value;
  return sum;
}
