/**
 * The summary and the CSV of the oracle's rows, computed as simply as possible: every number is counted in a walk of
 * its own over all rows.
 */

import { CATEGORIES, compareUtf8, parseInstant } from './oracle.mjs';

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

/**
 * The summary's `data`, except what only a published snapshot has. `question` is that of `Oracle.report`. "byCategory
 * has all five categories under all filters but the category's; total and every other count is of the rows that the
 * report with the same parameters has."
 */
export function summaryOf(oracle, question) {
  const { organizationId, thresholdMinutes, olderCount, rows } = allRows(oracle, question);
  const { asOf } = question;
  const everybody = allRows(oracle, { ...question, skipThreshold: true }).rows.length;
  const inCategory = (category) => allRows(oracle, { ...question, category }).rows.length;
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
    olderCount,
    belowThresholdCount: everybody - rows.length - olderCount,
    byCategory: Object.fromEntries(CATEGORIES.map((category) => [category, inCategory(category)])),
    byReason: objectOf(countsOf(rows, (row) => [row.reason])),
    byChannel: objectOf(countsOf(rows, (row) => [row.channelType])),
    byDepartment: countsOf(rows, (row) => [row.departmentId]).map(({ key, count }) => ({
      departmentId: key,
      name: oracle.departmentName(organizationId, key),
      count,
    })),
    // "A row with two assignees counts for both, one with none under name null."
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

/** "Who and when and the note", where acknowledged rows are asked for. */
const ACKNOWLEDGEMENT_COLUMNS = ['acknowledgedBy', 'acknowledgedAt', 'note'];

const SEPARATORS = { comma: ',', semicolon: ';', tab: '\t' };

/** The file's text, including the byte order mark. `separator` is the parameter's value. */
export function csvOf(oracle, { separator = 'comma', ...question }) {
  const { rows } = allRows(oracle, question);
  const columns = question.category === 'acknowledged' ? [...COLUMNS, ...ACKNOWLEDGEMENT_COLUMNS] : COLUMNS;
  const cellsOf = (row) => {
    const shown = {
      ...row,
      stalledMinutes: Math.floor(ageOf(row, question.asOf) / MINUTE),
      assigneeNames: row.assigneeNames.join(' / '),
    };
    return columns.map((column) => String(shown[column] ?? ''));
  };
  const between = SEPARATORS[separator];
  const lineOf = (cells) => `${cells.map((cell) => quoted(harmless(cell), between)).join(between)}\r\n`;
  return `\uFEFF${[columns, ...rows.map(cellsOf)].map(lineOf).join('')}`;
}

/**
 * An apostrophe is put before the first character of a cell, and of what follows a comma, semicolon, tab or line break
 * within it, if that is an equals sign, a plus, a minus, an at sign, a tab or a line break; but a cell of one plus and
 * digits only is a phone number and stays as it is.
 */
export function harmless(cell) {
  if (/^\+[0-9]+$/.test(cell)) return cell;
  const characters = [...cell];
  const isFirst = (index) => index === 0 || [',', ';', '\t', '\r', '\n'].includes(characters[index - 1]);
  const isDangerous = (character) => ['=', '+', '-', '@', '\t', '\r', '\n'].includes(character);
  return characters
    .map((character, index) => (isFirst(index) && isDangerous(character) ? `'${character}` : character))
    .join('');
}

/** RFC 4180: in quotes if it has the separator, a quote or a line break in it. */
function quoted(cell, separator) {
  const needsQuotes = [separator, '"', '\r', '\n'].some((character) => cell.includes(character));
  return needsQuotes ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** What is in quotes, or else what is bare, and what ends it, by separator. */
const CELLS = {
  comma: /^(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/,
  semicolon: /^(?:"((?:[^"]|"")*)"|([^";\r\n]*))(;|\r\n)/,
  tab: /^(?:"((?:[^"]|"")*)"|([^"\t\r\n]*))(\t|\r\n)/,
};

/** Reads RFC 4180 back: rows of cells. A quote in a bare cell, or anything after a closing quote, is an error. */
export function parseCsv(text, separator = 'comma') {
  const rows = [];
  let rest = text;
  for (let row = []; rest.length > 0; ) {
    const [all, inQuotes, bare, end] = CELLS[separator].exec(rest) ?? [];
    if (all === undefined) throw new Error(`no CSV: ${JSON.stringify(rest.slice(0, 80))}`);
    row.push(inQuotes === undefined ? bare : inQuotes.replaceAll('""', '"'));
    rest = rest.slice(all.length);
    if (end === SEPARATORS[separator]) continue;
    rows.push(row);
    row = [];
  }
  return rows;
}

function allRows(oracle, question) {
  return oracle.report({ ...question, page: 1, limit: Number.MAX_SAFE_INTEGER });
}
