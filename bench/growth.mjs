// What happens when there is much of something: each load that is larger than a run, an isolate or a table should like,
// run by run, with the memory of the isolate and how long anybody waits; and sixty days with all that is forgotten
// meanwhile.

import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { RememberingOracle } from '../tests/oracle/oracle.mjs';
import { REPORT } from './cases.mjs';
import { AS_OF, claimsOf, hexId, iso, movedConversation, organizationEvents, signToken } from './data.mjs';
import { dayEvents } from './day.mjs';
import { Profiler } from './profiler.mjs';
import { migrate, post } from './seed.mjs';
import { Side, WORK } from './sides.mjs';
import { number, table } from './statistics.mjs';
import { databaseBytes } from './storage.mjs';

const MINUTE = 60_000;
const DAY_MS = 24 * 60 * MINUTE;
const MEBIBYTE = 1024 * 1024;
/** A load that is not worked off in so many runs never will be. */
const RUNS_MAX = 40;
const SAMPLE_EVERY_MS = 250;
/** As many events a request may have. */
const BATCH = 1000;
/** How many requests a noisy tenant has under way. */
const CONNECTIONS = 8;
/** How many mebibytes the heap of the isolate may have. Without a limit V8 collects no garbage until the heap has about 200. */
const HEAP_MAX = 40;

/** A worker with a database that grows, and what its runs do. */
export class Growth {
  /** Runs in a row after which an organization is not up to date, by its id. */
  #behind = new Map();
  #profiler;
  runs = [];
  /** How many runs it took at most until an organization's change was published. */
  longestWait = new Map();
  peak = { wasm: 0, heap: 0 };
  /** Rows that were counted while memory was looked at. */
  counted = { rowsWritten: 0, rowsRead: 0 };

  /**
   * @param {string} name
   * @param {{ bindings?: Record<string, string>, at?: number, say: (line: string) => void, folder?: string }} settings
   */
  static async start(name, { bindings = {}, at = AS_OF, say, folder = WORK }) {
    const state = path.join(folder, `state-growth-${name}`);
    rmSync(state, { recursive: true, force: true });
    mkdirSync(state, { recursive: true });
    const growth = new Growth({ state, bindings, at, say });
    await growth.restart();
    await migrate(growth.side.database());
    return growth;
  }

  constructor({ state, bindings, at, say }) {
    this.state = state;
    this.bindings = bindings;
    this.now = at;
    this.say = say;
    this.side = /** @type {any} */ (undefined);
  }

  /** An isolate that has done nothing yet, over the same database. */
  async restart() {
    await this.stop();
    const { state, bindings } = this;
    this.side = await Side.start('ours', { state, counting: true, inspectorPort: 0, heapMax: HEAP_MAX, bindings });
    this.#profiler = await Profiler.attach(await this.side.miniflare.getInspectorURL(), 'ours');
    this.peak = { wasm: 0, heap: 0 };
  }

  async stop() {
    this.#profiler?.detach();
    await this.side?.stop();
  }

  /** Posts events as of now. Says how far it is every 100,000. */
  async post(events) {
    let count = 0;
    const posted = (more) => {
      if (Math.floor(count / 100_000) < Math.floor((count + more) / 100_000))
        this.say(`  ${number(count + more)} events …`);
      count += more;
    };
    await post(this.side, events, { posted, headers: { 'X-Instant': `${this.now}` } });
    return count;
  }

  /** Lets work be done while the memory of the isolate is looked at again and again. */
  async sampled(work) {
    let isDone = false;
    const sample = async () => {
      this.peak.heap = Math.max(this.peak.heap, (await this.#profiler.heapBytes()) / MEBIBYTE);
    };
    const sampling = (async () => {
      while (!isDone) {
        await sample();
        await new Promise((resolve) => setTimeout(resolve, SAMPLE_EVERY_MS));
      }
    })();
    try {
      return await work();
    } finally {
      isDone = true;
      await sampling;
      await sample();
      // The memory of the wasm never shrinks.
      const { wasmBytes, rowsWritten, rowsRead } = await this.side.counts();
      this.counted.rowsWritten += rowsWritten;
      this.counted.rowsRead += rowsRead;
      this.peak.wasm = Math.max(this.peak.wasm, wasmBytes / MEBIBYTE);
    }
  }

  /** What the isolate has now, in mebibytes: the memory of its wasm, and its heap after full collections. */
  async memory() {
    const heap = (await this.#profiler.heapBytes()) / MEBIBYTE;
    const { wasmBytes } = await this.side.counts();
    return { wasm: wasmBytes / MEBIBYTE, heap };
  }

  /** The refresh of the next minute. Returns what it did. */
  async run(later = MINUTE) {
    this.now += later;
    const database = this.side.database();
    const startedAt = performance.now();
    await this.sampled(() => this.side.refresh(this.now));
    const seconds = (performance.now() - startedAt) / 1000;
    const run = JSON.parse((await database.prepare('SELECT run FROM refresh').first()).run);
    if (Date.parse(run.asOf) !== this.now) throw new Error(`the run of ${iso(this.now)} did not finish`);
    if (run.organizationsFailed > 0) throw new Error(`${run.organizationsFailed} organizations failed`);
    const { results } = await database
      .prepare(
        `SELECT organization_id AS id FROM organization WHERE held_as_of IS NOT NULL
         UNION SELECT organization_id FROM pending`,
      )
      .all();
    const behind = new Map(results.map(({ id }) => [id, (this.#behind.get(id) ?? 0) + 1]));
    for (const [id, runs] of behind) this.longestWait.set(id, Math.max(this.longestWait.get(id) ?? 0, runs));
    this.#behind = behind;
    const done = { ...run, seconds, behind: behind.size };
    this.runs.push(done);
    this.say(
      `  run ${this.runs.length}: ${seconds.toFixed(2)} s, ${run.statements} statements, ${number(run.conversationsFolded)} folded, ${number(run.organizationsPublished)} organizations published, ${number(behind.size)} behind; wasm ${number(this.peak.wasm)} MiB, heap ${number(this.peak.heap)} MiB`,
    );
    return done;
  }

  /** Runs until everything is published. Returns the runs. */
  async runUntilDone() {
    const first = this.runs.length;
    for (let count = 0; count < RUNS_MAX; count += 1)
      if ((await this.run()).behind === 0) return this.runs.slice(first);
    throw new Error(`not done after ${RUNS_MAX} runs`);
  }

  /** In how many runs, at most, a change of these organizations was published: 1 is the next one. */
  waitOf(isMeant = (_id) => true) {
    const waits = [...this.longestWait].filter(([id]) => isMeant(id)).map(([, runs]) => runs);
    return 1 + Math.max(0, ...waits);
  }

  /** The report of an organization as an ADMIN sees it. */
  async report(organizationId, query = 'skipThreshold=true') {
    const response = await this.sampled(() =>
      this.side.fetch(`${REPORT}?${query}`, {
        headers: {
          Authorization: `Bearer ${signToken(claimsOf('ADMIN', organizationId))}`,
          'X-Instant': `${this.now}`,
        },
      }),
    );
    const answer = await response.json();
    if (response.status !== 200) throw new Error(`report: ${response.status} ${JSON.stringify(answer)}`);
    return answer.data;
  }

  /** A line of the table. */
  row(runs = this.runs) {
    const most = (name) => Math.max(0, ...runs.map((run) => run[name]));
    return {
      runs: runs.length,
      seconds: most('seconds'),
      statements: most('statements'),
      published: 1 + runs.findIndex(({ organizationsPublished }) => organizationsPublished > 0),
      wait: this.waitOf(),
      ...this.peak,
    };
  }
}

// ---------------------------------------------------------------------------------------------------------------
// Loads
// ---------------------------------------------------------------------------------------------------------------

export const organizationIds = (count, prefix = 'organization') =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

export function* candidatesOf(ids, candidates, asOf) {
  for (const organizationId of ids) yield* organizationEvents({ organizationId, candidates, asOf, withStaff: false });
}

/** One candidate of each organization moves to another department. */
export function* oneChangeEach(ids, turn, updatedAt) {
  for (const organizationId of ids) yield movedConversation({ organizationId }, 0, { turn, updatedAt });
}

/**
 * The loads, with their full and their small size. Each gives lines of the table: what was measured, and how.
 *
 * @type {Record<string, { full: any, small: any, run: (growth: Growth, size: any) => Promise<[string, any][]> }>}
 */
export const LOADS = {
  'all open conversations are new': {
    full: { organizations: 10_000, candidates: 100 },
    small: { organizations: 20, candidates: 10 },
    async run(growth, { organizations, candidates }) {
      const ids = organizationIds(organizations);
      await growth.post(candidatesOf(ids, candidates, growth.now));
      const allNew = growth.row(await growth.runUntilDone());
      await growth.post(oneChangeEach(ids, 1, growth.now));
      const changed = growth.row(await growth.runUntilDone());
      return [
        [`${number(organizations)} organizations × ${number(candidates)} conversations, all new`, allNew],
        ['one conversation of each has changed', changed],
      ];
    },
  },
  'large organizations, a message a minute in each': {
    full: { organizations: 70, candidates: 10_001, minutes: 20 },
    small: { organizations: 4, candidates: 50, minutes: 13 },
    async run(growth, { organizations, candidates, minutes }) {
      const ids = organizationIds(organizations);
      await growth.post(candidatesOf(ids, candidates, growth.now));
      await growth.runUntilDone();
      growth.longestWait.clear();
      const first = growth.runs.length;
      for (let minute = 0; minute < minutes; minute += 1) {
        await growth.post(oneChangeEach(ids, minute, growth.now));
        await growth.run();
      }
      const runs = growth.runs.slice(first);
      await growth.runUntilDone();
      return [
        [
          `${organizations} organizations of ${number(candidates)}, a message each in ${minutes} minutes`,
          growth.row(runs),
        ],
      ];
    },
  },
  'an import of contacts': {
    full: { contacts: 41_000 },
    small: { contacts: 300 },
    async run(growth, { contacts }) {
      await growth.post(contactsOf('import', contacts, growth.now));
      await growth.post(candidatesOf(['import'], 1, growth.now));
      await growth.runUntilDone();
      const { totalCount } = await growth.report('import');
      if (totalCount !== 1) throw new Error(`${totalCount} wait, and not 1`);
      const first = growth.row();
      await growth.post(contactsOf('import', contacts, growth.now));
      await growth.post(oneChangeEach(['import'], 1, growth.now));
      return [
        [`${number(contacts)} contacts and one waiting customer`, first],
        ['all contacts again', growth.row(await growth.runUntilDone())],
      ];
    },
  },
  'a noisy tenant beside quiet ones': {
    full: { conversations: 25_000, messages: 30, requests: 6_000, quiet: 500, minutes: 8 },
    small: { conversations: 60, messages: 3, requests: 20, quiet: 5, minutes: 3 },
    async run(growth, { conversations, messages, requests, quiet, minutes }) {
      // It would be worked on first if work went by the id.
      const noisy = 'a-noisy-tenant';
      const ids = organizationIds(quiet, 'quiet');
      await growth.post(candidatesOf(ids, 10, growth.now));
      await growth.post(candidatesOf([noisy], conversations, growth.now));
      await growth.post(moreMessages(noisy, conversations, messages, growth.now));
      await growth.runUntilDone();
      growth.longestWait.clear();
      const first = growth.runs.length;
      for (let minute = 0; minute < minutes; minute += 1) {
        await growth.post(oneChangeEach(ids, minute, growth.now));
        await makeNoise(growth, { organizationId: noisy, conversations, requests, turn: minute });
        await growth.run();
      }
      const runs = growth.runs.slice(first);
      const waits = { quiet: growth.waitOf((id) => id !== noisy), noisy: growth.waitOf((id) => id === noisy) };
      return [
        [
          `a tenant with ${number(requests)} requests a minute about ${number(conversations)} conversations; ${quiet} quiet ones`,
          { ...growth.row(runs), wait: `quiet ${waits.quiet}, noisy ${waits.noisy}`, waits },
        ],
      ];
    },
  },
  'long names and many assignees': {
    full: { conversations: 1_000, assignees: 100, emoji: 512 },
    small: { conversations: 10, assignees: 100, emoji: 512 },
    async run(growth, { conversations, assignees, emoji }) {
      await refuseLongName(growth, emoji);
      // The longest that is taken.
      const name = (which) => `${String(which).padStart(4, '0')}${'😀'.repeat(NAME_BYTES_MAX / 4 - 1)}`;
      const users = Array.from({ length: assignees }, (_, index) => hexId('a', index));
      await growth.post(longNames('names', { conversations, users, name, now: growth.now }));
      await growth.restart();
      await growth.runUntilDone();
      await growth.report('names', 'skipThreshold=true&limit=100');
      return [
        [
          `${number(conversations)} conversations × ${assignees} assignees, names of ${NAME_BYTES_MAX} bytes`,
          growth.row(),
        ],
      ];
    },
  },
  'a long timeline': {
    full: { messages: 400_000 },
    small: { messages: 2_500 },
    async run(growth, { messages }) {
      await growth.post(candidatesOf(['timeline'], 1, growth.now));
      await growth.post(moreMessages('timeline', 1, messages, growth.now));
      await growth.restart();
      await growth.runUntilDone();
      const { totalCount } = await growth.report('timeline');
      return [[`a timeline of ${number(messages)} messages (${totalCount} listed)`, growth.row()]];
    },
  },
  'many departments': {
    full: { departments: 150_000 },
    small: { departments: 1_500 },
    async run(growth, { departments }) {
      await growth.post(departmentsOf('departments', departments, growth.now));
      await growth.post(candidatesOf(['departments'], 1, growth.now));
      await growth.runUntilDone();
      await growth.restart();
      const first = growth.runs.length;
      await growth.post(oneChangeEach(['departments'], 1, growth.now));
      await growth.runUntilDone();
      return [[`a message where there are ${number(departments)} departments`, growth.row(growth.runs.slice(first))]];
    },
  },
};

/** The longest name that is taken, in bytes. */
const NAME_BYTES_MAX = 1024;

function* contactsOf(organizationId, count, at) {
  for (let index = 0; index < count; index += 1)
    yield {
      type: 'contact',
      organizationId,
      contactId: hexId('b', index),
      name: `Contact ${index} ${at}`,
      updatedAt: iso(at),
    };
}

/** The customers of these conversations go on writing, `count` messages each. */
function* moreMessages(organizationId, conversations, count, asOf) {
  for (let conversation = 0; conversation < conversations; conversation += 1) {
    for (let message = 0; message < count; message += 1) {
      const at = iso(asOf - DAY_MS - (count - message) * 100);
      const ids = { conversationId: hexId('c', conversation), messageId: `${conversation}-${message}` };
      yield { type: 'message', organizationId, ...ids, at, updatedAt: at, direction: 'inbound', sender: 'contact' };
    }
  }
}

/** A minute of a tenant that uses all that it may: some full requests that change everything, and many small ones. */
async function makeNoise(growth, { organizationId, conversations, requests, turn }) {
  const { now } = growth;
  const change = (which, more) => movedConversation({ organizationId }, which, { turn, updatedAt: now + more });
  const full = Math.min(requests, Math.ceil(conversations / BATCH));
  await growth.post(Array.from({ length: conversations }, (_, which) => change(which, 0)));
  let left = requests - full;
  const client = async () => {
    while (left > 0) {
      left -= 1;
      await growth.post([change(left % conversations, left)]);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, client));
}

async function refuseLongName(growth, emoji) {
  const event = {
    type: 'user',
    organizationId: 'names',
    userId: 'u',
    fullName: '😀'.repeat(emoji),
    updatedAt: iso(AS_OF),
  };
  try {
    await growth.post([event]);
  } catch (error) {
    if (error.message.includes('400')) return;
    throw error;
  }
  throw new Error(`a name of ${emoji} emoji was taken in`);
}

function* longNames(organizationId, { conversations, users, name, now }) {
  const updatedAt = iso(now - DAY_MS);
  for (const [index, userId] of users.entries())
    yield { type: 'user', organizationId, userId, fullName: name(index), updatedAt };
  for (const event of candidatesOf([organizationId], conversations, now)) {
    if (event.type === 'contact') yield { ...event, name: name(0) };
    else if (event.type === 'conversation') yield { ...event, ownerId: users[0], assigneeIds: users };
    else yield event;
  }
}

function* departmentsOf(organizationId, count, now) {
  const updatedAt = iso(now - DAY_MS);
  for (let index = 0; index < count; index += 1) {
    const name = `Department ${index} `.padEnd(200, 'x');
    yield { type: 'department', organizationId, departmentId: `department-${index}`, name, updatedAt };
  }
}

/**
 * Runs the loads `names` in their full or small size. Returns the lines of the table; of a load that failed, one with
 * an `error`.
 *
 * @param {{ names?: string[], isSmall?: boolean, sizes?: Record<string, any>, say: (line: string) => void, folder?: string }} settings
 */
export async function measureGrowth({ names = Object.keys(LOADS), isSmall = false, sizes = {}, say, folder }) {
  /** @type {[string, any][]} */
  const lines = [];
  for (const [place, name] of names.entries()) {
    const { full, small, run } = LOADS[name];
    say(`${name} …`);
    // The platform's clock goes on during a run, so that its budget of time counts.
    const growth = await Growth.start(`load-${place}`, { say, folder, bindings: { CLOCK: 'running' } });
    try {
      lines.push(...(await run(growth, { ...(isSmall ? small : full), ...sizes[name] })));
    } catch (error) {
      // The other loads are of interest all the same.
      say(`  ${error.message}`);
      lines.push([`${name}: ${error.message}`, { ...growth.row(), error: error.message }]);
    } finally {
      await growth.stop();
      rmSync(growth.state, { recursive: true, force: true });
    }
  }
  return lines;
}

/** The lines as a table. */
export function growthTable(lines) {
  const rows = lines.map(([name, { runs, published, wait, seconds, statements, wasm, heap }]) => [
    name,
    runs,
    published,
    wait,
    seconds.toFixed(1),
    number(statements),
    ...[wasm, heap, wasm + heap].map((each) => number(each)),
  ]);
  return table(
    [
      'load',
      'runs',
      'first published in run',
      'published after at most, runs',
      'longest run, s',
      'most statements',
      'wasm, MiB',
      'heap at most, MiB',
      'both',
    ],
    rows,
  );
}

// ---------------------------------------------------------------------------------------------------------------
// Days
// ---------------------------------------------------------------------------------------------------------------

/** Days of organizations of goals.md's scenario. `keepConversationDays` is short enough for the end of it to be seen. */
export const DAYS = {
  full: {
    days: 60,
    organizations: 50,
    conversations: 200,
    refreshMinutes: 10,
    keepTimelineDays: 7,
    keepConversationDays: 30,
    compareEveryHours: 2,
  },
  small: {
    days: 11,
    organizations: 2,
    conversations: 20,
    refreshMinutes: 120,
    keepTimelineDays: 4,
    keepConversationDays: 5,
    compareEveryHours: 2,
  },
};

/** The first day, a Monday. */
const BEGIN = Date.UTC(2026, 9, 12);
const OPENS_AT = 8 * 60 * MINUTE;
const WATCHED = 'organization-0';
const isWorkingDay = (day) => day % 7 < 5;

/**
 * Lives through days with a refresh every `refreshMinutes`, all of which sweep. Again and again while people write, and
 * at the end of each day, the report of one organization is what an oracle says that forgets nothing. Returns of each
 * day the records, the bytes of the database, the rows written, and how many candidates were compared.
 *
 * @param {{ size: Record<string, number>, say: (line: string) => void, folder?: string }} settings
 */
export async function simulateDays({ size, say, folder }) {
  const { days, organizations, conversations, refreshMinutes, keepTimelineDays, keepConversationDays } = size;
  const { compareEveryHours } = size;
  const bindings = { KEEP_TIMELINE_DAYS: `${keepTimelineDays}`, KEEP_CONVERSATION_DAYS: `${keepConversationDays}` };
  const growth = await Growth.start('days', { bindings, at: BEGIN, say: () => {}, folder });
  try {
    const database = growth.side.database();
    const oracle = new RememberingOracle();
    const ids = organizationIds(organizations);
    const results = [];
    for (let day = 0; day < days; day += 1) {
      const begins = BEGIN + day * DAY_MS;
      const events = isWorkingDay(day) ? eventsOf(ids, { day, begins, conversations }) : [];
      await growth.side.counts();
      growth.counted = { rowsWritten: 0, rowsRead: 0 };
      let posted = 0;
      let compared = 0;
      for (let at = begins + refreshMinutes * MINUTE; at <= begins + DAY_MS; at += refreshMinutes * MINUTE) {
        const from = posted;
        while (posted < events.length && Date.parse(events[posted].updatedAt) <= at) posted += 1;
        growth.now = at;
        const batch = events.slice(from, posted);
        oracle.takeIn(batch.filter(({ organizationId }) => organizationId === WATCHED));
        await growth.post(batch);
        await growth.side.refresh(at);
        const hour = (at - begins) / (60 * MINUTE);
        const isCompared = hour === 24 || (hour % compareEveryHours === 0 && hour > 8 && hour < 18);
        if (isCompared && oracle.exists(WATCHED)) compared += await compareWithOracle(growth, oracle);
      }
      const last = await growth.side.counts();
      const rowsWritten = growth.counted.rowsWritten + last.rowsWritten;
      const rowsRead = growth.counted.rowsRead + last.rowsRead;
      const { records } = await database.prepare('SELECT count(*) AS records FROM record').first();
      const { run } = await database.prepare('SELECT run FROM refresh').first();
      const result = {
        day: day + 1,
        events: events.length,
        records,
        bytes: databaseBytes(growth.state),
        rowsWritten,
        rowsRead,
        compared,
        sweptAsOf: JSON.parse(run).sweptAsOf,
      };
      results.push(result);
      say(
        `  day ${result.day}: ${number(events.length)} events, ${number(records)} records, ${number(result.bytes / MEBIBYTE, 1)} MiB, ${number(rowsWritten)} rows written, ${compared} candidates as the oracle`,
      );
    }
    return results;
  } finally {
    await growth.stop();
    rmSync(growth.state, { recursive: true, force: true });
  }
}

/** What happens on a day in all organizations, in order. */
function eventsOf(ids, { day, begins, conversations }) {
  const events = ids.flatMap((organizationId) => [
    ...dayEvents({ organizationId, begins: begins + OPENS_AT, conversations, first: day * conversations }),
  ]);
  return events.sort((left, right) => Date.parse(left.updatedAt) - Date.parse(right.updatedAt));
}

/** Throws unless the worker's report is the oracle's. Returns how many rows both have. */
async function compareWithOracle(growth, oracle) {
  const organizationId = WATCHED;
  const question = { organizationId, asOf: growth.now, thresholdMinutes: 5, limit: 100, skipThreshold: true };
  const expected = oracle.report(question);
  const { rows, totalCount } = await growth.report(organizationId, 'skipThreshold=true&limit=100');
  const ours = JSON.stringify({ totalCount, ids: rows.map(essence) });
  const theirs = JSON.stringify({ totalCount: expected.totalCount, ids: expected.rows.map(essence) });
  if (ours !== theirs) throw new Error(`at ${iso(growth.now)}:\n${ours}\n${theirs}`);
  return totalCount;
}

const essence = ({ conversationId, category, reason, waitingSince, stalledSince }) => [
  conversationId,
  category,
  reason,
  waitingSince,
  stalledSince,
];

/** The days as a table: the first ones, and then one a week. */
export function daysTable(results) {
  const shown = results.filter(({ day }) => day <= 3 || day % 7 === 5 || day === results.length);
  const rows = shown.map(({ day, events, records, bytes, rowsWritten, compared }) => [
    day,
    number(events),
    number(records),
    number(bytes / MEBIBYTE, 1),
    number(rowsWritten),
    events ? (rowsWritten / events).toFixed(2) : '',
    compared,
  ]);
  return table(
    [
      'day',
      'events',
      'records at its end',
      'database, MiB',
      'rows written',
      'an event',
      'candidates, as the oracle says',
    ],
    rows,
  );
}
