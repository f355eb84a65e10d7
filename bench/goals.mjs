// The goals that ratios are held against, and whether a run has reached them.

import { requestsOf } from './live.mjs';
import { ratio, table } from './statistics.mjs';

/**
 * What is compared, the case, the peer and its case, and how much of the peer's CPU ours may take.
 *
 * @type {[string, string, string, string, number][]}
 */
const CPU_GOALS = [
  ['page in memory, ADMIN', 'memory, ADMIN, 25 rows', 'plain', 'memory, ADMIN, 25 rows', 0.15],
  ['page in memory, ADMIN', 'memory, ADMIN, 25 rows', 'tuned', 'memory, ADMIN, 25 rows', 1.1],
  ['304', '304, ADMIN', 'plain', '304, ADMIN', 0.1],
  ['304', '304, ADMIN', 'tuned', '304, ADMIN', 1.1],
  ['page from KV, DEPARTMENT_HEAD', 'KV, DEPARTMENT_HEAD, 25 rows', 'plain', 'KV, DEPARTMENT_HEAD, 25 rows', 0.35],
  ['page from KV, DEPARTMENT_HEAD', 'KV, DEPARTMENT_HEAD, 25 rows', 'tuned', 'KV, DEPARTMENT_HEAD, 25 rows', 0.9],
];
const BILL_MAX = 0.25;
const ROWS_AN_EVENT_MAX = 3;
/** So long nothing changes when a dashboard's requests are counted. */
export const QUIET_HOURS = 8;
const QUIET_REQUESTS_MAX = { stream: 20, advice: 600 };

/** The goals as a table, from what was timed and from the bill, and what is missing to those not reached. */
export function goalsText(timing, bill) {
  /** @type {[string, number, number][]} */
  const goals = CPU_GOALS.map(([name, own, peer, theirs, most]) => [
    `CPU, ${name}, ÷ ${peer}`,
    ratio(timing[own].ours.cpu, timing[theirs][peer].cpu),
    most,
  ]);
  for (const way of ['ours, stream', 'ours, advice'])
    goals.push([`the month's bill, ${way}, ÷ tuned`, bill.ratios[way].tuned, BILL_MAX]);
  goals.push(['rows written an event over the day', bill.rowsAnEvent.all, ROWS_AN_EVENT_MAX]);
  for (const [way, most] of Object.entries(QUIET_REQUESTS_MAX))
    goals.push([`requests of a dashboard while nothing changes, ${way}`, requestsOf(bill.quiet[way]), most]);
  const rows = goals.map(([name, measured, most]) => [
    name,
    most.toFixed(2),
    measured.toFixed(2),
    measured <= most ? 'reached' : `${(measured - most).toFixed(2)} too much`,
  ]);
  const missed = goals.some(([, measured, most]) => measured > most);
  const text = table(['goal', 'at most', 'measured', ''], rows);
  return missed
    ? `${text}\n\nWhere the time goes in what is not reached, by profile, and what was tried: [README.md](README.md#where-the-time-goes).`
    : text;
}
