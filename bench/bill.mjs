// The month's bill of goals.md's scenario, from what one simulated day of one organization makes the platform count.

import { COLUMNS, ORGANIZATIONS } from './live.mjs';
import { number, spread, table } from './statistics.mjs';

const DAYS = 22;
const DAYS_OF_MONTH = 30;
/** The cron runs at night and on Sundays, too. */
const SECONDS_OF_MONTH = DAYS_OF_MONTH * 24 * 60 * 60;
/** How many days items and conversations are kept, as configured by default; a pass of the sweep begins once a day. */
const KEEP_TIMELINE_DAYS = 7.5;
const KEEP_CONVERSATION_DAYS = 180.5;
const GIGABYTE = 1e9;

/**
 * What is billed: its name, what a month of a column has of it, dollars a unit, and how many units a month are free.
 * The units are millions, except of storage: gigabytes.
 *
 * @type {[string, (month: any) => number, number, number?][]}
 */
const ITEMS = [
  ['requests: polls', ({ requests }) => requests.polls, 0.3],
  ['requests: filter clicks', ({ requests }) => requests.clicks, 0.3],
  ['requests: streams opened', ({ requests }) => requests.streams, 0.3],
  ['requests: summaries, scopes, settings', ({ requests }) => requests.others, 0.3],
  ['requests: events', ({ requests }) => requests.events, 0.3],
  ['CPU, ms', ({ cpuMs }) => cpuMs, 0.02],
  ['D1 rows read', ({ rowsRead }) => rowsRead, 0.001],
  ['D1 rows written, by ingest and refresh', ({ rowsWritten }) => rowsWritten, 1],
  ['D1 rows written, by the sweep', ({ rowsSwept }) => rowsSwept, 1],
  ['KV reads', ({ kvReads }) => kvReads, 0.5],
  ['KV writes', ({ kvWrites }) => kvWrites, 5],
  ['log events', ({ logLines }) => logLines, 0.6, 20],
  ['queue operations', () => 0, 0.4],
  ['D1 storage, GB', ({ storage }) => storage, 0.75, 5],
];

/**
 * CPU in microseconds of a request of a side that is answered 200 or 304, of an event's request, and of a run.
 *
 * @typedef {{ event: number, run: number } & Record<string, any>} Cpu
 */

/** How many requests a column was asked with these statuses; `kind` is the path's end, or nothing for all. */
const answered = ({ byKind }, status, kind = '') =>
  Object.entries(byKind)
    .filter(([name]) => name.startsWith(kind) && (!status || name.endsWith(` ${status}`)))
    .reduce((sum, [, count]) => sum + count, 0);

/** A month's counts of a column: in millions, storage in gigabytes. */
function monthOf(name, day, /** @type {Cpu} */ cpu, columns) {
  const { idle, written, swept, refreshes, share, bytes } = day;
  const column = day.columns[name];
  const { side } = columns[name];
  const days = (DAYS * ORGANIZATIONS) / share;
  const runs = SECONDS_OF_MONTH / day.everySeconds;
  const millions = (count) => (days * count) / 1e6;
  const clicks = column.asked['filter click'] ?? 0;
  const streams = column.asked.stream ?? 0;
  const reports = answered(column, '', 'report ');
  const ticks = (what) => column.streamed[what] ?? 0;
  const changes = ticks('report') + ticks('summary');
  /** The rows of a run are there once, whatever the number of organizations. */
  const rows = (what) => (days * (column[what] + written[what] - refreshes * idle[what]) + runs * idle[what]) / 1e6;
  const microseconds =
    (answered(column, 200) + changes) * cpu[side].ok +
    (answered(column, 304) + ticks('tick')) * cpu[side].notModified +
    answered(written, 200) * cpu.event;
  return {
    requests: {
      polls: millions(reports - clicks),
      clicks: millions(clicks),
      streams: millions(streams),
      others: millions(column.requests - reports - streams),
      events: millions(written.requests) + runs / 1e6,
    },
    cpuMs: (days * microseconds + runs * cpu.run) / 1000 / 1e6,
    rowsRead: rows('rowsRead') + millions(swept.rowsRead),
    rowsWritten: rows('rowsWritten'),
    rowsSwept: millions(swept.rowsWritten),
    kvReads: millions(column.kvReads),
    kvWrites: millions(column.kvWrites),
    // The lines of runs are there once.
    logLines: millions(column.logLines) + (runs * (written.logLines / refreshes)) / 1e6,
    storage: storageOf(bytes, share),
    notBilled: { ticks: millions(changes + ticks('tick')), batches: busiestMinute(day, column), lags: column.lags },
  };
}

/** Gigabytes once as much is forgotten every day as comes. */
function storageOf({ day, kept }, share) {
  const workingDays = DAYS / DAYS_OF_MONTH;
  const items = (Math.max(0, day - kept) * KEEP_TIMELINE_DAYS * workingDays) / share;
  const conversations = (kept * KEEP_CONVERSATION_DAYS * workingDays) / share;
  return (ORGANIZATIONS * (items + conversations)) / GIGABYTE;
}

/** D1 batches a second in the minute in which there are most, if all organizations are as busy in the same one. */
function busiestMinute({ written }, column) {
  const minutes = new Set([...Object.keys(written.tripsByMinute), ...Object.keys(column.tripsByMinute)]);
  const trips = [...minutes].map((each) => (written.tripsByMinute[each] ?? 0) + (column.tripsByMinute[each] ?? 0));
  return (Math.max(0, ...trips) * ORGANIZATIONS) / 60;
}

const costOf = ([, count, dollars, free = 0], month) => Math.max(0, count(month) - free) * dollars;
const totalOf = (month) => ITEMS.reduce((sum, item) => sum + costOf(item, month), 0);

/**
 * The bill: what is counted in a month and what it costs, of each column; what is not billed; and what ours cost for
 * each dollar of the peers.
 */
export function billOf(day, /** @type {Cpu} */ cpu, columns = COLUMNS) {
  const names = Object.keys(day.columns);
  const months = Object.fromEntries(names.map((name) => [name, monthOf(name, day, cpu, columns)]));
  const rows = ITEMS.map((item) => {
    const [what, count, dollars, free] = item;
    const unit = what.endsWith('GB') ? 'a GB' : 'a million';
    const label = `${what} (${dollars} ${unit}${free ? ` beyond ${free}` : ''})`;
    return [label, ...names.flatMap((name) => [number(count(months[name]), 2), number(costOf(item, months[name]), 2)])];
  });
  rows.push(['all', ...names.flatMap((name) => ['', number(totalOf(months[name]), 2)])]);
  const peers = names.filter((name) => columns[name].side !== 'ours');
  const ratios = Object.fromEntries(
    names
      .filter((name) => columns[name].side === 'ours')
      .map((name) => [
        name,
        Object.fromEntries(peers.map((peer) => [peer, totalOf(months[name]) / totalOf(months[peer])])),
      ]),
  );
  return {
    text: table(['a month of 1,000 organizations', ...names.flatMap((name) => [name, '$'])], rows),
    more: table(
      ['not billed', ...names],
      [
        ['ticks of streams, millions', ...names.map((name) => number(months[name].notBilled.ticks, 2))],
        ['D1 batches a second of the busiest minute', ...names.map((name) => number(months[name].notBilled.batches))],
        ['from publication to the screen, s: median (max)', ...names.map((name) => lagText(months[name].notBilled))],
        [
          'requests of one dashboard a day',
          ...names.map((name) => number(day.columns[name].requests / day.people / day.share, 1)),
        ],
      ],
    ),
    rowsAnEvent: {
      all: (day.written.rowsWritten - day.refreshes * day.idle.rowsWritten) / day.written.requests,
      swept: day.swept.rowsWritten / day.written.requests,
    },
    months,
    ratios,
  };
}

function lagText({ lags }) {
  if (lags.length === 0) return '';
  const { median, max } = spread(lags.map((each) => each / 1000));
  return `${number(median, 1)} (${number(max, 1)})`;
}

/** What a bill is of another one's, by the columns that both have. */
export function overText(bill, other) {
  const parts = Object.keys(bill.months)
    .filter((name) => name in other.months)
    .map((name) => `${(totalOf(bill.months[name]) / totalOf(other.months[name])).toFixed(2)} × (${name})`);
  return parts.join(', ');
}

/** The ratios as a table. */
export function ratiosText({ ratios }) {
  const rows = Object.entries(ratios).map(([name, of]) => [
    name,
    ...['plain', 'tuned'].map((peer) => (of[peer] === undefined ? '' : of[peer].toFixed(2))),
  ]);
  return table(['the whole bill', '÷ plain', '÷ tuned'], rows);
}
