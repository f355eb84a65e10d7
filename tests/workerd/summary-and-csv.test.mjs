// The summary and the CSV of a snapshot: what the oracle makes of its own rows, byte for byte, and which response is
// given when.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { seededRandom } from '../../scripts/demo/random.mjs';
import { IS_LONG_RUN, inTurn } from '../long-run.mjs';
import { organizationIdsOf, readHistories } from '../oracle/histories.mjs';
import { manyCandidates } from '../oracle/many-candidates.mjs';
import { CATEGORIES, formatInstant, oracleOf, RememberingOracle } from '../oracle/oracle.mjs';
import { csvOf, parseCsv, summaryOf } from '../oracle/summary-and-csv.mjs';
import { acknowledgeSome, SUPERVISORS } from './acknowledgements.mjs';
import {
  Clock,
  checkCommonHeaders,
  DEFAULT_THRESHOLD_MINUTES,
  departmentHeadToken,
  MINUTE,
  NO_ROWS,
  newOrganizationId,
  superadminToken,
  waiting,
} from './fixtures.mjs';
import { adminToken, CSV, REPORT, SUMMARY, startService, tokenOf } from './harness.mjs';

/** Earlier than any history. */
const MANY_CANDIDATES_NOW = Date.UTC(2019, 11, 1, 12);

let service;
before(async () => {
  service = await startService({ siblings: SUPERVISORS });
});
after(() => service?.close());

/** The response to a GET; `text` keeps the byte order mark. */
async function ask(target, parameters = {}, init = {}) {
  const response = await service.fetch(`${target}?${new URLSearchParams(parameters)}`, init);
  const text = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true }).decode(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, text };
}

async function check(status, target, parameters, init) {
  const answer = await ask(target, parameters, init);
  assert.equal(answer.status, status, `${target} ${JSON.stringify(parameters)}: ${answer.text}`);
  checkCommonHeaders(answer);
  return answer;
}

async function summary(token, parameters) {
  return JSON.parse((await check(200, SUMMARY, parameters, { token })).text).data;
}

// ---------------------------------------------------------------------------------------------------------------
// Against the oracle
// ---------------------------------------------------------------------------------------------------------------

/** Every combination of the values of these lists. */
const productOf = (...lists) =>
  lists.reduce((rows, list) => rows.flatMap((row) => list.map((value) => [...row, value])), [[]]);

/** Every value of both lists, beside another one of the other list in each `turn`. */
function rotation(turn, left, right) {
  const length = Math.max(left.length, right.length);
  return Array.from({ length }, (_, index) => [left[index % left.length], right[(index + turn) % right.length]]);
}

/**
 * Filters, with and without the threshold: the request's parameters, and the oracle's question. In the long run every
 * combination of a category, a department and the threshold; otherwise every category and every department with both,
 * and another of the other kind in each turn. Rows are selected by each of them alone: src/snapshot/query.rs tries
 * every combination.
 */
function* filtersOf(departmentIds, turn) {
  const departments = [undefined, ...departmentIds, 'unknown'];
  const categories = [undefined, ...CATEGORIES];
  const skips = [false, true];
  const combinations = IS_LONG_RUN
    ? productOf(departments, categories, skips)
    : skips.flatMap((skip) => rotation(turn + Number(skip), departments, categories).map((pair) => [...pair, skip]));
  for (const [departmentId, category, skipThreshold] of combinations) {
    const parameters = { skipThreshold, ...(category && { category }), ...(departmentId && { departmentId }) };
    yield {
      parameters,
      question: { skipThreshold, category: category ?? null, ...(departmentId && { departments: [departmentId] }) },
    };
  }
}

/** The summary and the CSV that a caller sees are the oracle's. Returns the number of rows. */
async function checkForms(token, parameters, { oracle, ...question }) {
  const name = JSON.stringify([question.organizationId, parameters]);
  const { generatedAt, snapshotId, snapshotMissing, stale, ...counted } = await summary(token, parameters);
  // Whatever category is asked for, all are counted.
  const { byCategory } = summaryOf(oracle, { ...question, category: null });
  const expected = { ...summaryOf(oracle, question), byCategory: { ...NO_ROWS, ...byCategory } };
  assert.deepEqual(counted, expected, name);
  assert.deepEqual([generatedAt, snapshotMissing, stale], [formatInstant(question.asOf), false, true]);
  assert.match(snapshotId, /^v\d+-/);
  const { text, headers } = await check(200, CSV, parameters, { token });
  assert.equal(text, csvOf(oracle, question), name);
  assert.equal(headers.get('content-type'), 'text/csv; charset=utf-8; header=present');
  return counted.total;
}

/** What heads see: of one department, of two and of none. */
const HEADS = [1, 2, 0];
/** How often organizations were checked. */
let turns = 0;

/** What an ADMIN sees with filters, and what a head sees: in the long run, with all filters and every head. */
async function checkOrganization(oracle, organizationId, asOf, thresholdMinutes = DEFAULT_THRESHOLD_MINUTES) {
  const rows = oracle.rows(organizationId, asOf);
  const departmentIds = [...new Set(rows.map((row) => row.departmentId))].filter((id) => id !== null);
  const common = { oracle, organizationId, asOf, thresholdMinutes };
  const turn = turns;
  turns += 1;
  let total = 0;
  const token = adminToken(organizationId);
  for (const { parameters, question } of filtersOf(departmentIds, turn)) {
    total += await checkForms(token, parameters, { ...common, ...question });
  }
  const subject = rows.flatMap((row) => row.people)[0] ?? 'nobody';
  for (const count of inTurn(HEADS, turn)) {
    const departments = departmentIds.slice(0, count);
    const view = { departments, viewer: { subject }, skipThreshold: true, category: null };
    const token = departmentHeadToken(organizationId, departments, subject);
    total += await checkForms(token, { skipThreshold: true, departmentId: 'foreign' }, { ...common, ...view });
  }
  return total;
}

test('3,000 candidates: filters, and every chunk of the CSV', async (t) => {
  const organizationId = 'many-candidates';
  const asOf = MANY_CANDIDATES_NOW;
  const events = manyCandidates({
    organizationId,
    now: asOf,
    count: 3_000,
    thresholdMinutes: DEFAULT_THRESHOLD_MINUTES,
  });
  const oracle = oracleOf(events);
  await service.post(events);
  await service.refresh(asOf);
  const filtered = await checkOrganization(oracle, organizationId, asOf);
  const everything = { oracle, organizationId, asOf, thresholdMinutes: DEFAULT_THRESHOLD_MINUTES, skipThreshold: true };
  const all = await checkForms(adminToken(organizationId), { skipThreshold: true }, { ...everything, category: null });
  assert.equal(all, 3_000);
  t.diagnostic(`${filtered + all} rows counted and listed`);
});

test('random histories', async (t) => {
  let total = 0;
  const reasons = new Set();
  const random = seededRandom('acknowledgements');
  let acknowledged = 0;
  for (const { now, events } of readHistories('summary-and-csv', { name: 'history' })) {
    const oracle = new RememberingOracle();
    const half = Math.floor(events.length / 2);
    for (const [index, batch] of [events.slice(0, half), events.slice(half)].entries()) {
      await service.post(batch);
      oracle.takeIn(batch);
      const asOf = now + index * MINUTE;
      await service.refresh(asOf);
      for (const organizationId of organizationIdsOf(events)) {
        if (!oracle.exists(organizationId)) continue;
        for (const { row } of oracle.rows(organizationId, asOf)) reasons.add(row.reason);
        total += await checkOrganization(oracle, organizationId, asOf);
        acknowledged += await acknowledgeSome(service, oracle, { organizationId, asOf, random });
      }
    }
  }
  assert.ok(total > 300 && turns > 20, `only ${total} rows in ${turns} turns`);
  assert.ok(reasons.size >= 8, `only ${[...reasons]}`);
  assert.ok(acknowledged > 10, `only ${acknowledged} acknowledged`);
  t.diagnostic(`${total} rows counted and listed`);
});

// ---------------------------------------------------------------------------------------------------------------
// Details
// ---------------------------------------------------------------------------------------------------------------

/** Later than any history. */
const clock = new Clock(Date.UTC(2024, 0, 1, 12));

/**
 * A customer with a name who has waited for this many minutes.
 *
 * @param {string} organizationId
 * @param {string} conversationId
 * @param {number} minutes
 * @param {{ name?: string, [field: string]: unknown }} [options]
 */
const waitingFor = (organizationId, conversationId, minutes, { name = 'Jane', ...more } = {}) =>
  waiting(organizationId, conversationId, { since: clock.iso(minutes * MINUTE), contactName: name, ...more });

async function publish(events) {
  await service.post(events);
  await clock.refresh(service);
}

const department = (organizationId, more) => ({
  type: 'department',
  organizationId,
  departmentId: 'd1',
  updatedAt: clock.iso(),
  name: 'Sales',
  ...more,
});

describe('names of departments', () => {
  test('appear with the next refresh, and disappear when the record is removed', async () => {
    const organizationId = newOrganizationId();
    const token = adminToken(organizationId);
    await publish(waitingFor(organizationId, 'c1', 60, { departmentId: 'd1' }));
    const first = await summary(token);
    assert.deepEqual(first.byDepartment, [{ departmentId: 'd1', name: null, count: 1 }]);
    await service.post([department(organizationId)]);
    assert.deepEqual(await summary(token), first, 'before the refresh');
    await publish([]);
    assert.equal((await summary(token)).byDepartment[0].name, 'Sales');
    await publish([department(organizationId, { name: 'Support' })]);
    const renamed = await summary(token);
    assert.equal(renamed.byDepartment[0].name, 'Support');
    await publish([department(organizationId, { deleted: true })]);
    assert.equal((await summary(token)).byDepartment[0].name, null);
    assert.deepEqual(await summary(token, { snapshot: renamed.snapshotId }), renamed, 'what is pinned keeps its names');
  });
});

describe('without a snapshot', () => {
  test('the summary counts nothing, and the CSV is a header', async () => {
    const organizationId = newOrganizationId();
    await service.post(waitingFor(organizationId, 'c1', 60));
    const token = adminToken(organizationId);
    assert.deepEqual(await summary(token), {
      organizationId,
      generatedAt: null,
      snapshotId: null,
      thresholdMinutes: 5,
      snapshotMissing: true,
      stale: false,
      total: 0,
      olderCount: 0,
      belowThresholdCount: 0,
      byCategory: NO_ROWS,
      byReason: {},
      byChannel: {},
      byDepartment: [],
      byAssignee: [],
      ageMinutes: [
        [0, 5],
        [5, 15],
        [15, 30],
        [30, 60],
        [60, 240],
        [240, 1440],
        [1440, null],
      ].map(([from, to]) => ({ from, to, count: 0 })),
    });
    const { text, headers } = await check(200, CSV, {}, { token });
    assert.equal(parseCsv(text).length, 1);
    assert.match(
      headers.get('content-disposition'),
      /^attachment; filename="conversation-monitor-[\w-]+-no-snapshot\.csv"/,
    );
  });
});

describe('the file', () => {
  test('is named after its organization and its instant', async () => {
    const organizationId = `Größe "${newOrganizationId()}"/..`;
    await publish(waitingFor(organizationId, 'c1', 60));
    const { headers } = await check(200, CSV, { organizationId }, { token: superadminToken() });
    const instant = clock.iso().slice(0, 19).replaceAll(':', '-');
    const [, plain = '', encoded = ''] =
      /^attachment; filename="([\w.-]+)"; filename\*=UTF-8''([\w.%-]+)$/.exec(headers.get('content-disposition')) ?? [];
    assert.ok(plain.endsWith(`-${instant}Z.csv`), plain);
    assert.ok(decodeURIComponent(encoded).includes('Größe'), encoded);
    assert.ok(!/[/"]/.test(decodeURIComponent(encoded)), encoded);
  });

  test('is read back by a spreadsheet, which runs none of it', async () => {
    const organizationId = newOrganizationId();
    const names = [
      '=1+1',
      '+1',
      '-1',
      '@x',
      '\tx',
      '\rx',
      'a,b',
      'a"b',
      '"',
      '""',
      'a\nb',
      '\r\n',
      '=HYPERLINK("http://x","y")',
      "'=x",
      '',
      'é\u{1F600}',
      ' =1',
      '-',
      'a;b',
      '\uFEFFx',
      'a\u0000b',
      '+14155550123',
      '+1 415',
      'Jane, =1+1; @x\t-1',
      'a,=b;+c\t@d\n-e\r\tf',
    ];
    await publish(
      names.flatMap((name, index) => waitingFor(organizationId, `c${String(index).padStart(2, '0')}`, 60, { name })),
    );
    const token = adminToken(organizationId);
    const etags = new Set();
    // One plus and digits only: it stays as it is.
    const isPhoneNumber = (cell) => /^\+\d+$/.test(cell);
    for (const separator of ['comma', 'semicolon', 'tab']) {
      const { text, headers } = await check(200, CSV, { separator }, { token });
      etags.add(headers.get('etag'));
      assert.equal(text.charCodeAt(0), 0xfeff);
      const [header, ...rows] = parseCsv(text.slice(1), separator);
      const column = header.indexOf('contactName');
      for (const [index, name] of names.entries()) {
        const expected = isPhoneNumber(name) ? name : name.replaceAll(/(?<=^|[,;\t\r\n])(?=[=+\-@\t\r\n])/g, "'");
        assert.equal(rows[index][column], expected, separator);
        for (const cell of rows[index].filter((cell) => !isPhoneNumber(cell))) {
          // However a spreadsheet separates cells, none begins like a formula.
          for (const piece of cell.split(/[,;\t\r\n]/)) assert.doesNotMatch(piece, /^[=+\-@]/, JSON.stringify(cell));
        }
      }
      assert.equal(rows.length, names.length);
    }
    assert.equal(etags.size, 3);
    assert.equal(
      (await check(200, CSV, {}, { token })).text,
      (await check(200, CSV, { separator: 'comma' }, { token })).text,
    );
    await check(400, CSV, { separator: ';' }, { token });
  });

  test('stops when its client leaves, and continues for others', async () => {
    const token = adminToken('many-candidates');
    const leaving = new AbortController();
    const response = await service.fetch(`${CSV}?skipThreshold=true`, { token, signal: leaving.signal });
    const reader = response.body.getReader();
    await reader.read();
    leaving.abort();
    await assert.rejects(async () => {
      while (!(await reader.read()).done);
    });
    const complete = await check(200, CSV, { skipThreshold: true }, { token });
    assert.equal(parseCsv(complete.text).length, 3_001);
  });

  test('is aborted, and the fault logged, if a row is corrupt', async () => {
    const organizationId = newOrganizationId();
    const events = manyCandidates({ organizationId, now: clock.now, count: 1_200, thresholdMinutes: 5 });
    await publish(events);
    await service.database
      .prepare(
        "UPDATE snapshot_row SET json = '?' WHERE organization_id = ?1 AND row_no = (SELECT value ->> 1 FROM snapshot_part, json_each(entries, '$.entries') WHERE organization_id = ?1 ORDER BY key DESC LIMIT 1)",
      )
      .bind(organizationId)
      .run();
    const token = adminToken(organizationId);
    await assert.rejects(async () => {
      const response = await service.fetch(`${CSV}?skipThreshold=true`, { token });
      assert.equal(response.status, 200);
      await response.text();
    });
    const lines = service.logs().map((line) => JSON.stringify(line));
    assert.ok(
      lines.some((line) => line.includes('CSV export aborted')),
      lines.slice(-3).join('\n'),
    );
    // A corrupt row in the first chunk is answered with a status.
    await service.database
      .prepare("UPDATE snapshot_row SET json = '?' WHERE organization_id = ?1")
      .bind(organizationId)
      .run();
    await check(500, CSV, {}, { token });
  });
});

describe('like the report', () => {
  /** @type {[string, number, Record<string, string>][]} */
  const SAMPLE = [
    ['c1', 60, { departmentId: 'd1', ownerId: 'u1' }],
    ['c2', 50, { departmentId: 'd2' }],
    ['c3', 1, { departmentId: 'd1' }],
  ];

  async function sample() {
    const organizationId = newOrganizationId();
    await publish(SAMPLE.flatMap(([id, minutes, more]) => waitingFor(organizationId, id, minutes, more)));
    return organizationId;
  }

  for (const target of [SUMMARY, CSV]) {
    test(`${target}: precedence 401, 400, 403, 404, 410, 304`, async () => {
      const organizationId = await sample();
      const faults = {
        401: { token: 'garbage' },
        400: { parameters: { category: 'x' } },
        403: { parameters: { organizationId: 'nowhere' } },
        404: { token: adminToken('another nowhere') },
        410: { parameters: { snapshot: 'x' } },
        304: { headers: { 'If-None-Match': '*' } },
      };
      const order = [401, 400, 403, 404, 410, 304];
      for (const [index, first] of order.entries()) {
        for (const others of [order.slice(index + 1), ...order.slice(index + 1).map((status) => [status])]) {
          const given = [first, ...others].map((status) => faults[status]).reverse();
          const parameters = Object.assign({}, ...given.map((fault) => fault.parameters));
          const token = Object.assign(
            { token: adminToken(organizationId) },
            ...given.map(({ token }) => (token ? { token } : {})),
          ).token;
          const headers = Object.assign({}, ...given.map((fault) => fault.headers));
          const { text } = await check(first, target, parameters, { token, headers });
          assert.equal(text === '', first === 304);
        }
      }
      await check(403, target, {}, { token: tokenOf({ sub: 'u', role: 'AGENT', organizationId }) });
    });

    test(`${target}: page and limit are ignored; HEAD; ETag`, async () => {
      const organizationId = await sample();
      const token = adminToken(organizationId);
      const answer = await check(200, target, {}, { token });
      const etag = answer.headers.get('etag');
      assert.match(etag, /^"[\x21\x23-\x7e]+"$/);
      const same = await check(
        200,
        target,
        [
          ['page', '0'],
          ['page', 'x'],
          ['limit', ''],
          ['limit', '1000'],
        ],
        { token },
      );
      assert.deepEqual([same.text, same.headers.get('etag')], [answer.text, etag]);
      const head = await service.fetch(target, { token, method: 'HEAD' });
      assert.deepEqual([head.status, await head.text(), head.headers.get('etag')], [200, '', etag]);
      assert.equal(head.headers.get('content-type'), answer.headers.get('content-type'));
      assert.equal(head.headers.get('content-disposition'), answer.headers.get('content-disposition'));
      await check(304, target, {}, { token, headers: { 'If-None-Match': `"x", W/${etag}` } });
      const etags = [
        etag,
        (await check(200, target === CSV ? SUMMARY : CSV, {}, { token })).headers.get('etag'),
        (await check(200, REPORT, {}, { token })).headers.get('etag'),
      ];
      const others = [
        [{ skipThreshold: true }, token],
        [{ category: 'ai_stuck' }, token],
        [{ departmentId: 'd1' }, token],
        [{}, departmentHeadToken(organizationId, ['d1'], 'u1')],
        [{}, departmentHeadToken(organizationId, ['d1'], 'u2')],
      ];
      for (const [parameters, caller] of others) {
        etags.push((await check(200, target, parameters, { token: caller })).headers.get('etag'));
      }
      assert.equal(new Set(etags).size, etags.length);
      await publish([]);
      await check(200, target, {}, { token, headers: { 'If-None-Match': etag } });
    });

    test(`${target}: a pinned snapshot repeats itself`, async () => {
      const organizationId = await sample();
      const token = adminToken(organizationId);
      const { snapshotId } = await summary(token);
      const first = await check(200, target, { snapshot: snapshotId }, { token });
      await publish(waitingFor(organizationId, 'c9', 90));
      const newer = await check(200, target, {}, { token });
      assert.notEqual(newer.text, first.text);
      const again = await check(200, target, { snapshot: snapshotId }, { token });
      assert.deepEqual([again.text, again.headers.get('etag')], [first.text, first.headers.get('etag')]);
    });

    test(`${target}: 405`, async () => {
      const response = await service.fetch(target, { method: 'POST', token: adminToken('o') });
      await response.arrayBuffer();
      assert.deepEqual([response.status, response.headers.get('allow')], [405, 'GET, HEAD']);
    });
  }

  test('hasAccess is the caller’s own', async () => {
    const organizationId = await sample();
    const accessOf = async (token) => {
      const { text } = await check(200, CSV, { skipThreshold: true }, { token });
      return parseCsv(text)
        .slice(1)
        .map((cells) => [cells[0], cells.at(-1)]);
    };
    for (let round = 0; round < 2; round += 1) {
      assert.deepEqual(await accessOf(adminToken(organizationId)), [
        ['c1', 'true'],
        ['c2', 'true'],
        ['c3', 'true'],
      ]);
      assert.deepEqual(await accessOf(departmentHeadToken(organizationId, ['d1'], 'u1')), [
        ['c1', 'true'],
        ['c3', 'false'],
      ]);
    }
  });
});
