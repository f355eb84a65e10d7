/**
 * The summary and the CSV of the oracle's rows, computed as simply as possible: every number is counted in a walk of its
 * own over all rows.
 */

import { compareUtf8, parseInstant } from './oracle.mjs';

const MINUTE = 60_000;
const AGES = [
  [0, 5],
  [5, 15],
  [15, 30],
  [30, 60],
  [60, 240],
  [240, 1440],
  [1440, null],
];

/** "Sorted by count descending, then id or name (null last)." */
function byCount(left, right) {
  if (left.count !== right.count) return right.count - left.count;
  if (left.key === null) return 1;
  if (right.key === null) return -1;
  return compareUtf8(left.key, right.key);
}

/** `[{key, count}, …]`: how many rows have each of the keys. */
function countsOf(rows, keysOf) {
  const keys = [...new Set(rows.flatMap(keysOf))];
  return keys.map((key) => ({ key, count: rows.filter((row) => keysOf(row).includes(key)).length })).sort(byCount);
}

const objectOf = (counts) => Object.fromEntries(counts.map(({ key, count }) => [key, count]));
const ageOf = (row, asOf) => Math.max(0, asOf - parseInstant(row.stalledSince));

/** The summary's `data`, except what only a published snapshot has. `question` is that of `Oracle.report`. */
export function summaryOf(oracle, question) {
  const { organizationId, thresholdMinutes, rows } = allRows(oracle, question);
  const { asOf } = question;
  const inCategory = (category) => rows.filter((row) => row.category === category).length;
  const inAge =
    ([from, to]) =>
    (row) => {
      const age = ageOf(row, asOf);
      return age >= from * MINUTE && (to === null || age < to * MINUTE);
    };
  return {
    organizationId,
    thresholdMinutes,
    total: rows.length,
    byCategory: { ai_stuck: inCategory('ai_stuck'), agent_abandoned: inCategory('agent_abandoned') },
    byReason: objectOf(countsOf(rows, (row) => [row.reason])),
    byChannel: objectOf(countsOf(rows, (row) => [row.channelType])),
    byDepartment: countsOf(rows, (row) => [row.departmentId]).map(({ key, count }) => ({
      departmentId: key,
      name: oracle.departmentName(organizationId, key),
      count,
    })),
    byAssignee: countsOf(rows, (row) => (row.assigneeNames.length > 0 ? row.assigneeNames : [null])).map(
      ({ key, count }) => ({ name: key, count }),
    ),
    ageMinutes: AGES.map(([from, to]) => ({ from, to, count: rows.filter(inAge([from, to])).length })),
  };
}

const COLUMNS = [
  'conversationId',
  'contactId',
  'contactName',
  'contactPhone',
  'channelType',
  'category',
  'reason',
  'waitingSince',
  'stalledSince',
  'stalledMinutes',
  'latestInboundAt',
  'latestInboundMessageId',
  'departmentId',
  'assigneeNames',
  'hasAccess',
];

/** The file's text, including the byte order mark. */
export function csvOf(oracle, question) {
  const { rows } = allRows(oracle, question);
  const cellsOf = (row) => {
    const shown = {
      ...row,
      stalledMinutes: Math.floor(ageOf(row, question.asOf) / MINUTE),
      assigneeNames: row.assigneeNames.join('; '),
    };
    return COLUMNS.map((column) => String(shown[column] ?? ''));
  };
  return `\uFEFF${[COLUMNS, ...rows.map(cellsOf)].map((cells) => `${cells.map(cellOf).join(',')}\r\n`).join('')}`;
}

function cellOf(text) {
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

/** Reads RFC 4180 back: rows of cells. A quote in a bare cell, or anything after a closing quote, is an error. */
export function parseCsv(text) {
  const rows = [];
  let rest = text;
  for (let row = []; rest.length > 0; ) {
    const [all, quoted, bare, end] = /^(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/.exec(rest) ?? [];
    if (all === undefined) throw new Error(`no CSV: ${JSON.stringify(rest.slice(0, 80))}`);
    row.push(quoted === undefined ? bare : quoted.replaceAll('""', '"'));
    rest = rest.slice(all.length);
    if (end === ',') continue;
    rows.push(row);
    row = [];
  }
  return rows;
}

function allRows(oracle, question) {
  return oracle.report({ ...question, page: 1, limit: Number.MAX_SAFE_INTEGER });
}
