// The goals that ratios are held against, and whether a run has reached them.

import { ratio, table } from './statistics.mjs';

/**
 * What is compared, the case, the peer and its case, and how much of the peer's CPU ours may take.
 *
 * @type {[string, string, string, string, number][]}
 */
const CPU_GOALS = [
  ['page in memory, ADMIN', 'memory, ADMIN, 25 rows', 'plain', 'memory, ADMIN, 25 rows', 0.33],
  ['page from KV, DEPARTMENT_HEAD', 'KV, DEPARTMENT_HEAD, 25 rows', 'plain', 'KV, DEPARTMENT_HEAD, 25 rows', 0.5],
  ['page from KV, DEPARTMENT_HEAD', 'KV, DEPARTMENT_HEAD, 25 rows', 'tuned', 'KV, DEPARTMENT_HEAD, 25 rows', 0.85],
  ['304 against a 200', '304, ADMIN', 'plain', 'memory, ADMIN, 25 rows', 0.3],
];
const BILL_MAX = 0.5;

/** The goals as a table, from what was timed and from the bill's ratios, and what is missing to those not reached. */
export function goalsText(timing, bill) {
  /** @type {[string, number, number][]} */
  const goals = CPU_GOALS.map(([name, own, peer, theirs, most]) => [
    `CPU, ${name}, ÷ ${peer}`,
    ratio(timing[own].ours.cpu, timing[theirs][peer].cpu),
    most,
  ]);
  goals.push(["the month's bill, ÷ plain", bill.ratios.plain, BILL_MAX]);
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
