// Posting events: the request, every field of every type, who may post, and which version of a record wins.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';

import {
  checkCommonHeaders,
  conversationIdsOf,
  ERROR_CODES,
  HOUR,
  isoAt,
  MINUTE,
  newOrganizationId,
  OWN_ID_FIELDS,
} from './fixtures.mjs';
import { adminToken, EVENTS, ingestToken, startService, tokenOf } from './harness.mjs';

const BODY_BYTES_MAX = 1024 * 1024;
const COUNTER_MAX = 2 ** 53 - 1;
/** The most bad events, and the most warnings, that a response lists. */
const REMARKS_MAX = 20;
const SCOPE = 'conversation-monitor:ingest';
const JSON_TYPE = { 'Content-Type': 'application/json' };
const NDJSON_TYPE = { 'Content-Type': 'application/x-ndjson' };

let service;
before(async () => {
  service = await startService();
});
after(() => service.close());

// ---------------------------------------------------------------------------------------------------------------
// Events and requests
// ---------------------------------------------------------------------------------------------------------------

/** When everything in this file happened, unless a test says otherwise. */
const AT = '2024-05-18T14:00:00.000Z';

/** The required fields of each type. */
const REQUIRED = {
  organization: { name: 'An organization' },
  department: { departmentId: 'd', name: 'A department' },
  user: { userId: 'u', fullName: 'A user' },
  contact: { contactId: 'ct', name: 'A contact' },
  conversation: { conversationId: 'c', contactId: 'ct', channelType: 'sms' },
  autopilot: { changeId: 'a', conversationId: 'c', at: AT, enabled: true },
  resolution: { changeId: 'r', conversationId: 'c', at: AT, resolved: true },
  message: { messageId: 'm', conversationId: 'c', at: AT, direction: 'inbound', sender: 'contact' },
};
const eventOf = (type, organizationId, more = {}) => ({
  type,
  organizationId,
  updatedAt: AT,
  ...REQUIRED[type],
  ...more,
});

const toJson = (events) => JSON.stringify({ events });
const toNdjson = (events) => events.map((event) => JSON.stringify(event)).join('\n');
/** Gzip of several members, as `cat a.gz b.gz` gives it. */
function membersOf(text, count) {
  const bytes = Buffer.from(text);
  const size = Math.ceil(bytes.length / count);
  return Buffer.concat(
    Array.from({ length: count }, (_, index) => gzipSync(bytes.subarray(index * size, (index + 1) * size))),
  );
}

async function post(body, { headers = JSON_TYPE, token = ingestToken(), query = '' } = {}) {
  const response = await service.fetch(`${EVENTS}${query}`, { method: 'POST', token, headers, body });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

/** Posts a body; the response must have this status and its code. */
async function check(status, body, options) {
  const answer = await post(body, options);
  assert.equal(answer.status, status, JSON.stringify(answer.body));
  assert.equal(answer.body.error, ERROR_CODES[status]);
  assert.equal(answer.body.success, status === 200);
  checkCommonHeaders(answer, { isData: false });
  if (status !== 200) assert.match(answer.body.message, /^\S.*\.$/);
  return answer.body;
}

/** What a receipt says of good events, so many of which were applied. */
const receiptOf = (accepted, applied, warnings = []) => ({
  accepted,
  applied,
  ignored: accepted - applied,
  expired: 0,
  warnings,
});

/** Warnings and details without the reasons. */
const placesOf = (remarks) => remarks.map(({ index, field }) => [index, field]);

/**
 * The warnings about events of which no conversation was known before: `[index, field]`. An inbound message that seems
 * to be written more than an hour before its updatedAt, and the first message of a conversation whose record does not
 * come with it.
 */
function warningsOf(events) {
  const messages = events
    .map((event, index) => ({ ...event, index }))
    .filter(({ type, deleted }) => type === 'message' && deleted !== true);
  const isLate = ({ direction, receivedAt, at, updatedAt }) =>
    direction === 'inbound' && (receivedAt ?? null) === null && Date.parse(updatedAt) - Date.parse(at) > HOUR;
  const conversationOf = ({ organizationId, conversationId }) => JSON.stringify([organizationId, conversationId]);
  const known = new Set(events.filter(({ type }) => type === 'conversation').map(conversationOf));
  const first = new Map(messages.toReversed().map((message) => [conversationOf(message), message.index]));
  const isUnheardOf = (message) =>
    !known.has(conversationOf(message)) && first.get(conversationOf(message)) === message.index;
  return messages.flatMap((message) => [
    ...(isUnheardOf(message) ? [[message.index, 'conversationId']] : []),
    ...(isLate(message) ? [[message.index, 'at']] : []),
  ]);
}

/** Posts events, all of which must be accepted and so many of them applied, with these warnings. */
async function checkReceipt(events, applied, warnings = warningsOf(events)) {
  const { data } = await check(200, toJson(events));
  assert.deepEqual(data, receiptOf(events.length, applied, data.warnings));
  assert.deepEqual(placesOf(data.warnings), warnings);
}

/** All records that are stored for an organization. */
async function recordsOf(organizationId) {
  const statement = service.database.prepare(
    'SELECT * FROM record WHERE organization_id = ?1 ORDER BY type, record_id',
  );
  return (await statement.bind(organizationId).all()).results;
}

/** The only record of each of these organizations, in their order. */
async function recordOfEach(organizationIds) {
  const statement = service.database.prepare(
    'SELECT record.* FROM json_each(?1) JOIN record ON record.organization_id = value ORDER BY key',
  );
  const { results } = await statement.bind(JSON.stringify(organizationIds)).all();
  assert.deepEqual(
    results.map((record) => record.organization_id),
    organizationIds,
  );
  return results;
}

/** The stored fields of an organization's only record. */
async function bodyOf(organizationId) {
  const records = await recordsOf(organizationId);
  assert.equal(records.length, 1);
  return JSON.parse(records[0].body);
}

// ---------------------------------------------------------------------------------------------------------------
// The request
// ---------------------------------------------------------------------------------------------------------------

describe('the body', () => {
  const twoOf = (organizationId) => [eventOf('conversation', organizationId), eventOf('message', organizationId)];

  test('JSON and NDJSON, compressed or not', async () => {
    /** @type {[(events: object[]) => string, string][]} */
    const formats = [
      [toJson, 'application/json'],
      [toJson, 'application/json; charset=utf-8'],
      [toJson, 'APPLICATION/JSON'],
      [toNdjson, 'application/x-ndjson'],
      [toNdjson, 'Application/X-NDJSON ; charset=UTF-8'],
      [(events) => `\n${toNdjson(events)}\n\n`, 'application/x-ndjson'],
      [(events) => events.map((event) => `  ${JSON.stringify(event)} \r\n`).join('\r\n'), 'application/x-ndjson'],
      [(events) => JSON.stringify({ unknown: [1], events, more: null }, null, 2), 'application/json'],
    ];
    /** @type {[string | undefined, (text: string) => string | Buffer][]} */
    const encodings = [
      [undefined, (text) => text],
      ['identity', (text) => text],
      ['gzip', gzipSync],
      ['GZIP', gzipSync],
      ['gzip', (text) => membersOf(text, 3)],
    ];
    for (const [write, type] of formats) {
      for (const [encoding, pack] of encodings) {
        const organizationId = newOrganizationId();
        const headers = { 'Content-Type': type, ...(encoding ? { 'Content-Encoding': encoding } : {}) };
        const { data } = await check(200, pack(write(twoOf(organizationId))), { headers });
        assert.deepEqual(data, receiptOf(2, 2), `${type} ${encoding}`);
        assert.equal((await recordsOf(organizationId)).length, 2);
      }
    }
  });

  test('no events', async () => {
    assert.deepEqual((await check(200, toJson([]))).data, receiptOf(0, 0));
    for (const body of ['', '\n', ' \r\n\n'])
      assert.deepEqual((await check(200, body, { headers: NDJSON_TYPE })).data, receiptOf(0, 0));
  });

  test('another type or encoding: 415', async () => {
    const body = toJson([eventOf('user', newOrganizationId())]);
    const types = [
      'text/plain',
      'application/jsonx',
      'application/json-seq',
      'application/ndjson',
      'json',
      'multipart/form-data',
      ' ',
    ];
    for (const type of types) await check(415, body, { headers: { 'Content-Type': type } });
    // Bytes, because a string would get a type of its own.
    await check(415, Buffer.from(body), { headers: {} });
    for (const encoding of ['br', 'deflate', 'zstd', 'gzip, gzip', 'x']) {
      await check(415, gzipSync(body), { headers: { ...JSON_TYPE, 'Content-Encoding': encoding } });
    }
  });

  test('malformed: 400, and nothing is written', async () => {
    const organizationId = newOrganizationId();
    const good = eventOf('user', organizationId);
    const text = JSON.stringify(good);
    const bodies = {
      empty: '',
      'no JSON': '{"events":[',
      'something after it': `${toJson([good])} x`,
      'not an object': JSON.stringify([good]),
      'no events': '{}',
      'events that are no array': JSON.stringify({ events: good }),
      'events null': '{"events":null}',
      'events a string': '{"events":"[]"}',
      'events twice': `{"events":[${text}],"events":[${text}]}`,
      'a member twice': `{"events":[{"type":"user",${text.slice(1)}]}`,
      'a member twice, escaped': `{"events":[{"typ\\u0065":"user",${text.slice(1)}]}`,
      'a member twice, in a field that is dropped': `{"events":[{"x":{"a":1,"a":1},${text.slice(1)}]}`,
      'not UTF-8': Buffer.from(toJson([{ ...good, fullName: '\u00e9' }]), 'latin1'),
      'too deep': `{"events":[{"x":${'['.repeat(5000)}${']'.repeat(5000)},${text.slice(1)}]}`,
      'a number beyond all numbers': `{"events":[{"x":1e999,${text.slice(1)}]}`,
      'NDJSON as JSON': toNdjson([good, good]),
    };
    for (const [name, body] of Object.entries(bodies)) {
      const { message } = await check(400, body);
      assert.match(message, /JSON|events/, name);
    }
    assert.deepEqual(await recordsOf(organizationId), []);
  });

  test('malformed lines are reported as events, each at its index', async () => {
    const organizationId = newOrganizationId();
    const good = JSON.stringify(eventOf('user', organizationId));
    const lines = [good, '{', '', good, `{"type":"user",${good.slice(1)}`, `${good} ${good}`, '[]', 'null', good];
    const { details } = await check(400, lines.join('\n'), { headers: NDJSON_TYPE });
    assert.deepEqual(
      details.map(({ index, field }) => [index, field]),
      [
        [1, ''],
        [3, ''],
        [4, ''],
        [5, ''],
        [6, ''],
      ],
    );
    assert.deepEqual(await recordsOf(organizationId), []);
  });

  test('lines that are not UTF-8', async () => {
    const organizationId = newOrganizationId();
    const body = Buffer.from(toNdjson([eventOf('user', organizationId, { fullName: '\u00e9' })]), 'latin1');
    await check(400, body, { headers: NDJSON_TYPE });
    assert.deepEqual(await recordsOf(organizationId), []);
  });
});

describe('its size', () => {
  /** A body of exactly this many bytes. */
  const padded = (organizationId, bytes) => {
    const text = toJson([eventOf('user', organizationId)]);
    return text.slice(0, -1) + ' '.repeat(bytes - text.length) + text.slice(-1);
  };

  test('1 MiB is accepted, one byte more is not, compressed or not', async () => {
    const packed = { headers: { ...JSON_TYPE, 'Content-Encoding': 'gzip' } };
    /** @type {[(text: string) => string | Buffer, object][]} */
    const ways = [
      [(text) => text, {}],
      [gzipSync, packed],
      [(text) => membersOf(text, 4), packed],
    ];
    for (const [pack, options] of ways) {
      const organizationId = newOrganizationId();
      await check(413, pack(padded(organizationId, BODY_BYTES_MAX + 1)), options);
      assert.deepEqual(await recordsOf(organizationId), []);
      await check(200, pack(padded(organizationId, BODY_BYTES_MAX)), options);
      assert.equal((await recordsOf(organizationId)).length, 1);
    }
  });

  test('a small body that decompresses to a huge one: 413', async () => {
    const bomb = gzipSync(Buffer.alloc(128 * BODY_BYTES_MAX, ' '));
    assert.ok(bomb.length < BODY_BYTES_MAX);
    for (const type of [JSON_TYPE, NDJSON_TYPE])
      await check(413, bomb, { headers: { ...type, 'Content-Encoding': 'gzip' } });
  });

  test('corrupt gzip: 400', async () => {
    const organizationId = newOrganizationId();
    const packed = gzipSync(toJson([eventOf('user', organizationId)]));
    const corrupt = Buffer.from(packed);
    corrupt[corrupt.length - 6] ^= 0xff;
    const bodies = [
      packed.subarray(0, -12),
      packed.subarray(0, 5),
      corrupt,
      Buffer.from(toJson([])),
      Buffer.from('garbage'),
      Buffer.concat([packed, Buffer.from('garbage')]),
      Buffer.concat([packed, packed.subarray(0, 5)]),
      Buffer.concat([membersOf(toJson([eventOf('user', organizationId)]), 2), corrupt]),
      Buffer.alloc(0),
    ];
    for (const body of bodies) await check(400, body, { headers: { ...JSON_TYPE, 'Content-Encoding': 'gzip' } });
    assert.deepEqual(await recordsOf(organizationId), []);
  });

  test('1,000 events are accepted, 1,001 are not', async () => {
    const users = (organizationId, count) =>
      Array.from({ length: count }, (_, index) => eventOf('user', organizationId, { userId: `u${index}` }));
    /** @type {[(events: object[]) => string, object][]} */
    const formats = [
      [toJson, JSON_TYPE],
      [toNdjson, NDJSON_TYPE],
    ];
    for (const [write, headers] of formats) {
      const organizationId = newOrganizationId();
      await check(413, write(users(organizationId, 1001)), { headers });
      assert.deepEqual(await recordsOf(organizationId), []);
      const { data } = await check(200, write(users(organizationId, 1000)), { headers });
      assert.deepEqual(data, receiptOf(1000, 1000));
      assert.equal((await recordsOf(organizationId)).length, 1000);
    }
  });
});

// ---------------------------------------------------------------------------------------------------------------
// The fields
// ---------------------------------------------------------------------------------------------------------------

/** An instant relative to now; far enough from the limit of 5 minutes that the test's own duration does not matter. */
const inMinutes = (minutes) => () => isoAt(Date.now() + minutes * MINUTE);

/**
 * For each kind of field: values that it does not take, and values that it takes, each with what is stored for it if
 * that is not the value itself. The kinds that are called `later` are those of fields that version 0.1 did not have:
 * their default is not stored.
 */
const KINDS = {
  id: {
    bad: [
      '',
      5,
      true,
      {},
      ['x'],
      'x'.repeat(129),
      'é'.repeat(129),
      '🙂'.repeat(129),
      'a\u0000',
      'a\nb',
      '\u007f',
      '\u0085',
    ],
    good: [['x'], ['x'.repeat(128)], ['é'.repeat(128)], ['🙂'.repeat(128)], [' '], ['"\\\'%_'], ['__proto__']],
  },
  ids: {
    bad: ['u1', 5, {}, { 0: 'u1' }, [5], [null], [''], ['u1', 'x'.repeat(129)], ['a\u0000'], Array(101).fill('u')],
    good: [[[]], [['u2', 'u1']], [['u1', 'u1']], [Array.from({ length: 100 }, (_, index) => `u${index}`)]],
  },
  name: {
    bad: [5, true, {}, ['x'], 'x'.repeat(513)],
    good: [[''], ['é'.repeat(512)], ['line\nbreak \u0000 "quoted" \u2028 🙂']],
  },
  optionalWord: { bad: [5, {}, 'x'.repeat(65)], good: [['+14155550123'], ['x'.repeat(64)]] },
  word: { bad: ['', 5, {}, 'x'.repeat(65)], good: [['whatsapp'], ['x'.repeat(64)]] },
  flag: { bad: ['true', '', 1, 0, {}, []], good: [[true], [false]] },
  laterFlag: { bad: ['false', '', 1, 0, {}, []], good: [[true, undefined], [false]] },
  counter: {
    bad: [-1, 1.5, COUNTER_MAX + 1, 1e300, '1', true, [1]],
    good: [[0], [7], [COUNTER_MAX]],
  },
  instant: {
    bad: [
      '',
      'yesterday',
      '2024-05-18',
      '2024-05-18T14:00:00',
      '2024-05-18 14:00',
      '2024-02-30T14:00:00Z',
      '2024-05-18T25:00:00Z',
      '2024-05-18T13:59:61Z',
      '2024-05-18T14:00:00+02',
      '2024-05-18T14:00:00+2:00',
      '2024-05-18T14:00:00+200',
      '2024-05-18T14:00:00+02000',
      '2024-05-18T14:00:00+0260',
      '2024-05-18T14:00:000200',
      '2024-05-18T14:00:00Z0200',
      '+0200',
      '2024-05-18T14:00:00é+0200',
      1716040800000,
      true,
      {},
    ],
    good: [
      ['2024-05-18T14:00:00Z', AT],
      ['2024-05-18T14:00:00.0009999Z', AT],
      ['2024-05-18T13:59:60Z', AT],
      ['2024-05-18T14:00:00.1239Z', '2024-05-18T14:00:00.123Z'],
      ['2024-05-18T16:30:00.000+02:30', AT],
      ['2024-05-18T16:30:00.000+0230', AT],
      ['2024-05-18T16:30:00+0230', AT],
      ['2024-05-18t13:00:00.0009-0100', AT],
      ['2024-05-18T14:00:00-0000', AT],
      ['2024-05-18T13:00:00-01:00', AT],
      ['1970-01-01T00:00:00.000Z'],
    ],
  },
};
KINDS.past = {
  bad: [...KINDS.instant.bad, inMinutes(6), inMinutes(600), '1969-12-31T23:59:59.999Z', '1970-01-01T00:00:00+01:00'],
  good: [...KINDS.instant.good, [inMinutes(4)], [inMinutes(-600)]],
};
KINDS.future = {
  bad: KINDS.instant.bad,
  good: [...KINDS.instant.good, [inMinutes(600)], ['2999-12-31T00:00:00.000Z']],
};
/** Of a message: one that is not later than `at` is none. */
KINDS.receivedAt = {
  bad: KINDS.past.bad,
  good: [
    [AT, undefined],
    ['2024-05-18T14:00:00.0009Z', undefined],
    ['2024-05-18T14:00:00.001Z'],
    ['2024-05-18T16:30:01+0230', '2024-05-18T14:00:01.000Z'],
    ['2024-05-18T13:59:59.999Z', undefined],
    ['1970-01-01T00:00:00.000Z', undefined],
    [inMinutes(4)],
  ],
};
KINDS.laterCounter = { bad: KINDS.counter.bad, good: [[0, undefined], ...KINDS.counter.good.slice(1)] };

const choice = (...values) => ({
  bad: ['', 'other', values[0].toUpperCase(), `${values[0]} `, 5, true, [values[0]]],
  good: values.map((value) => [value]),
});
/** A choice whose default, the first of the values, is not stored. */
const laterChoice = (...values) => ({
  bad: choice(...values).bad,
  good: [[values[0], undefined], ...values.slice(1).map((value) => [value])],
});

/**
 * The fields of each type with their kinds. `?` marks optional ones; then come what is stored without them, and, if
 * that is something else, their default.
 */
const FIELDS = {
  organization: { name: ['name'] },
  department: { name: ['name'] },
  user: { fullName: ['name'], active: ['flag', '?', true], bot: ['flag', '?', false] },
  contact: {
    name: ['name'],
    phone: ['optionalWord', '?'],
    blocked: ['flag', '?', false],
    mergedInto: ['id', '?'],
  },
  conversation: {
    contactId: ['id'],
    channelType: ['word'],
    departmentId: ['id', '?'],
    ownerId: ['id', '?'],
    assigneeIds: ['ids', '?', []],
    assignedAt: ['past', '?'],
    resolvedAt: ['past', '?'],
    snoozedAt: ['past', '?'],
    draft: ['flag', '?', false],
    mergedInto: ['id', '?'],
    startsWithAutopilot: ['laterFlag', '?', undefined, true],
  },
  autopilot: {
    conversationId: ['id'],
    at: ['past'],
    sequence: ['laterCounter', '?', undefined, 0],
    enabled: ['flag'],
    actorId: ['id', '?'],
    by: [laterChoice('system', 'human', 'ai'), '?', undefined, 'system'],
  },
  resolution: {
    conversationId: ['id'],
    at: ['past'],
    sequence: ['laterCounter', '?', undefined, 0],
    resolved: ['flag'],
    by: [laterChoice('human', 'ai', 'automation'), '?', undefined, 'human'],
  },
  message: {
    conversationId: ['id'],
    at: ['past'],
    receivedAt: ['receivedAt', '?'],
    sequence: ['counter', '?', 0],
    inReplyTo: ['id', '?'],
    direction: [choice('inbound', 'outbound')],
    sender: [choice('contact', 'ai', 'human', 'automation', 'system')],
    senderId: ['id', '?'],
    visibility: [choice('public', 'private'), '?', 'public'],
    kind: [
      choice('text', 'media', 'reaction', 'activity', 'handoff_notice', 'auto_reply', 'campaign', 'opt_out'),
      '?',
      'text',
    ],
    needsReply: ['laterFlag', '?', undefined, true],
    status: [choice('received', 'queued', 'sent', 'delivered', 'read', 'failed'), '?', 'received'],
  },
};
/** What a source that counts its changes says with every event, in removals too. */
const REVISION = { revision: ['laterCounter', '?', undefined, 0] };
/** Fields of the event itself. */
const COMMON = { updatedAt: ['past'], deleted: ['flag', '?', false], organizationId: ['id'], ...REVISION };

const resolve = (value) => (typeof value === 'function' ? value() : value);

/** Events that are each bad in one field: each is refused for that field. */
async function checkBad(organizationId, events, field) {
  const before = await recordsOf(organizationId);
  for (let start = 0; start < events.length; start += 20) {
    const batch = events.slice(start, start + 20);
    const { details, message } = await check(400, toJson(batch));
    assert.deepEqual(
      details.map(({ index }) => index),
      batch.map((_, index) => index),
      `${field}: ${JSON.stringify(batch)}`,
    );
    for (const detail of details) {
      assert.deepEqual(Object.keys(detail).sort(), ['field', 'index', 'reason']);
      assert.equal(detail.field, field);
      assert.match(detail.reason, /\S/);
    }
    assert.match(message, new RegExp(`\\b${batch.length}\\b`));
  }
  assert.deepEqual(await recordsOf(organizationId), before);
}

describe('a field is refused by name', () => {
  for (const [type, fields] of Object.entries(FIELDS)) {
    for (const [field, [kind, optional]] of Object.entries({ ...fields, ...COMMON, [OWN_ID_FIELDS[type]]: ['id'] })) {
      test(`${type}.${field}`, async () => {
        const organizationId = newOrganizationId();
        const { bad } = typeof kind === 'string' ? KINDS[kind] : kind;
        const values = optional ? bad : [...bad, null, undefined];
        const events = values.map((value) => eventOf(type, organizationId, { [field]: resolve(value) }));
        await checkBad(organizationId, events, field);
      });
    }
  }

  test('type', async () => {
    const organizationId = newOrganizationId();
    const types = [undefined, null, '', 'unknown', 'Message', 'messages', 5, ['message'], '__proto__', 'toString'];
    await checkBad(
      organizationId,
      types.map((type) => ({ ...eventOf('message', organizationId), type })),
      'type',
    );
  });

  test('an event that is not an object', async () => {
    await checkBad(newOrganizationId(), [null, 5, 'event', true, [], [{}]], '');
  });

  test('snoozedUntil: only with snoozedAt', async () => {
    const organizationId = newOrganizationId();
    const conversation = (more) => eventOf('conversation', organizationId, more);
    const alone = [{ snoozedUntil: AT }, { snoozedUntil: AT, snoozedAt: null }];
    await checkBad(organizationId, alone.map(conversation), 'snoozedAt');
    const badAt = KINDS.past.bad.map((value) => conversation({ snoozedAt: resolve(value), snoozedUntil: AT }));
    await checkBad(organizationId, badAt, 'snoozedAt');
    const badUntil = KINDS.future.bad.map((value) => conversation({ snoozedAt: AT, snoozedUntil: resolve(value) }));
    await checkBad(organizationId, badUntil, 'snoozedUntil');
    for (const [written, kept = written] of KINDS.future.good) {
      const [value, own] = [resolve(written), newOrganizationId()];
      await checkReceipt([eventOf('conversation', own, { snoozedAt: AT, snoozedUntil: value })], 1);
      const body = await bodyOf(own);
      assert.deepEqual([body.snoozedAt, body.snoozedUntil], [AT, typeof kept === 'function' ? value : kept]);
    }
  });

  test('mergedAt: only with mergedInto', async () => {
    const organizationId = newOrganizationId();
    const conversation = (more) => eventOf('conversation', organizationId, more);
    const alone = [{ mergedAt: AT }, { mergedAt: AT, mergedInto: null }];
    await checkBad(organizationId, alone.map(conversation), 'mergedInto');
    const badAt = KINDS.past.bad.map((value) => conversation({ mergedInto: 'c2', mergedAt: resolve(value) }));
    await checkBad(organizationId, badAt, 'mergedAt');
    for (const [written, kept = written] of KINDS.past.good) {
      const [value, own] = [resolve(written), newOrganizationId()];
      await checkReceipt([eventOf('conversation', own, { mergedInto: 'c2', mergedAt: value })], 1);
      const body = await bodyOf(own);
      assert.deepEqual([body.mergedInto, body.mergedAt], ['c2', typeof kept === 'function' ? value : kept]);
    }
  });

  test('half a surrogate pair in an id', async () => {
    const organizationId = newOrganizationId();
    for (const [type, fields] of Object.entries(FIELDS)) {
      const ids = Object.entries({ ...fields, ...COMMON, [OWN_ID_FIELDS[type]]: ['id'] });
      for (const [field, [kind]] of ids.filter(([, [kind]]) => kind === 'id' || kind === 'ids')) {
        // JSON.stringify writes halves as escapes.
        const halves = ['\ud83d', 'a\ude00b', '\ude00\ud83d'];
        const values = kind === 'ids' ? halves.map((half) => ['u1', half]) : halves;
        const events = values.map((value) => eventOf(type, organizationId, { [field]: value }));
        await checkBad(organizationId, events, field);
      }
    }
  });

  test('only the first 20 are listed, each with its index, and nothing is written', async () => {
    const organizationId = newOrganizationId();
    const events = Array.from({ length: 1000 }, (_, index) =>
      eventOf('user', organizationId, { userId: `u${index}`, fullName: index % 3 === 2 ? 5 : 'A user' }),
    );
    const { details, message } = await check(400, toNdjson(events), { headers: NDJSON_TYPE });
    assert.deepEqual(
      details.map(({ index }) => index),
      Array.from({ length: 20 }, (_, number) => number * 3 + 2),
    );
    assert.match(message, /\b333\b/);
    assert.deepEqual(await recordsOf(organizationId), []);
  });

  test('one bad event refuses the good ones with it, whatever their organization', async () => {
    const [one, other] = [newOrganizationId(), newOrganizationId()];
    const events = [
      eventOf('user', one),
      eventOf('user', other),
      eventOf('contact', other, { name: null }),
      eventOf('message', one),
    ];
    const { details } = await check(400, toJson(events));
    assert.deepEqual(
      details.map(({ index, field }) => [index, field]),
      [[2, 'name']],
    );
    assert.deepEqual([await recordsOf(one), await recordsOf(other)], [[], []]);
  });
});

/** So many events in a request that it lists all warnings about them, of which an event has two at most. */
function portionsOf(values) {
  const size = REMARKS_MAX / 2;
  const count = Math.ceil(values.length / size);
  return Array.from({ length: count }, (_, index) => values.slice(index * size, (index + 1) * size));
}

describe('a field is stored', () => {
  for (const [type, fields] of Object.entries(FIELDS)) {
    for (const [field, [kind, optional, fallback, standard = fallback]] of Object.entries({ ...fields, ...REVISION })) {
      test(`${type}.${field}`, async () => {
        const { good } = typeof kind === 'string' ? KINDS[kind] : kind;
        assert.ok(good.length > 0);
        for (const some of portionsOf(good)) {
          const values = some.map(([written, ...stored]) => ({
            value: resolve(written),
            stored,
            id: newOrganizationId(),
          }));
          await checkReceipt(
            values.map(({ value, id }) => eventOf(type, id, { [field]: value })),
            values.length,
          );
          const records = await recordOfEach(values.map(({ id }) => id));
          for (const [index, { value, stored }] of values.entries())
            assert.deepEqual(JSON.parse(records[index].body)[field], stored.length > 0 ? stored[0] : value);
        }
        if (!optional) return;
        // Absent, null and the default are one and the same version.
        const organizationId = newOrganizationId();
        await checkReceipt([eventOf(type, organizationId)], 1);
        assert.deepEqual((await bodyOf(organizationId))[field], fallback);
        const same = [null, ...(standard === undefined ? [] : [standard])];
        await checkReceipt(
          same.map((value) => eventOf(type, organizationId, { [field]: value })),
          0,
        );
      });
    }

    test(`${type}: its own id, whatever it is`, async () => {
      for (const some of portionsOf(KINDS.id.good)) {
        const values = some.map(([id]) => ({ id, organizationId: type === 'organization' ? id : newOrganizationId() }));
        await checkReceipt(
          values.map(({ id, organizationId }) => eventOf(type, organizationId, { [OWN_ID_FIELDS[type]]: id })),
          values.length,
        );
        const records = await recordOfEach(values.map(({ organizationId }) => organizationId));
        assert.deepEqual(
          records.map((record) => [record.type, record.record_id]),
          values.map(({ id }) => [type, id]),
        );
      }
    });

    test(`${type}: unknown fields are dropped`, async () => {
      const organizationId = newOrganizationId();
      await checkReceipt([eventOf(type, organizationId)], 1);
      const before = await recordsOf(organizationId);
      const more = { text: 'Hello', constructor: {}, deletedAt: 5, thresholdMinutes: 1, nested: { deleted: true } };
      await checkReceipt([eventOf(type, organizationId, more)], 0);
      assert.deepEqual(await recordsOf(organizationId), before);
    });

    test(`${type}: a removal needs only its ids`, async () => {
      const organizationId = newOrganizationId();
      const own = { [OWN_ID_FIELDS[type]]: type === 'organization' ? organizationId : 'x' };
      const removal = { type, organizationId, updatedAt: AT, deleted: true, ...own };
      await checkReceipt([removal], 1);
      // Its other fields are ignored.
      const badFields = Object.fromEntries(Object.keys(fields).map((field) => [field, { bad: true }]));
      await checkReceipt([{ ...badFields, ...removal }], 0);
      const records = await recordsOf(organizationId);
      assert.deepEqual(
        records.map((record) => [record.deleted, record.body]),
        [[1, '']],
      );
    });

    test(`${type}: a removal keeps its revision`, async () => {
      const organizationId = newOrganizationId();
      const event = eventOf(type, organizationId, { deleted: true, revision: 7 });
      await checkReceipt([event], 1);
      assert.deepEqual(await bodyOf(organizationId), { revision: 7 });
      await checkReceipt([{ ...event, revision: 8 }], 1);
      await checkReceipt([{ ...event, revision: 7 }], 0);
      assert.deepEqual(await bodyOf(organizationId), { revision: 8 });
    });
  }

  test('who switched the autopilot, unless it is said: a person if there is an actor', async () => {
    const organizationId = newOrganizationId();
    const change = (more) => eventOf('autopilot', organizationId, { actorId: 'u', ...more });
    await checkReceipt([change()], 1);
    await checkReceipt([change({ by: null }), change({ by: 'human' })], 0);
    assert.equal((await bodyOf(organizationId)).by, undefined);
    for (const by of ['ai', 'system']) {
      await checkReceipt([change({ by })], 1);
      assert.equal((await bodyOf(organizationId)).by, by);
    }
  });

  test('half a surrogate pair in a text becomes U+FFFD', async () => {
    const texts = { '\ud83d': '\ufffd', 'a\ude00\ud83d!': 'a\ufffd\ufffd!', '\ud83d\ud83d\ude00': '\ufffd\u{1f600}' };
    for (const [half, stored] of Object.entries(texts)) {
      for (const [type, field] of [
        ['user', 'fullName'],
        ['contact', 'name'],
        ['contact', 'phone'],
        ['conversation', 'channelType'],
      ]) {
        const organizationId = newOrganizationId();
        await checkReceipt([eventOf(type, organizationId, { [field]: half, 'a field to be dropped': half })], 1);
        assert.equal((await bodyOf(organizationId))[field], stored);
      }
    }
    // It is a character like others, also in ids, and also where another text of the request has half a pair.
    await checkReceipt([eventOf('user', newOrganizationId(), { userId: 'a\ufffd', fullName: '\u{1f600}' })], 1);
    const ids = ['a\ufffd', 'b\ufffe'];
    const halves = ids.map((userId) => eventOf('user', newOrganizationId(), { userId, fullName: 'a\ud83d' }));
    await checkReceipt(halves, 2);
  });

  test('the status of a message that has none', async () => {
    for (const [direction, status] of [
      ['inbound', 'received'],
      ['outbound', 'sent'],
    ]) {
      const organizationId = newOrganizationId();
      await checkReceipt([eventOf('message', organizationId, { direction })], 1);
      assert.equal((await bodyOf(organizationId)).status, status);
    }
  });

  test('a sequence is the same number however it is written', async () => {
    const organizationId = newOrganizationId();
    const text = JSON.stringify(eventOf('message', organizationId));
    const spelled = (sequence) => `{"events":[{"sequence":${sequence},${text.slice(1)}]}`;
    assert.equal((await check(200, spelled('5'))).data.applied, 1);
    for (const spelling of ['5.0', '50e-1', '0.5E1']) {
      assert.equal((await check(200, spelled(spelling))).data.applied, 0, spelling);
    }
    for (const spelling of ['5.5', '-5', '9007199254740992', '1e16', '99999999999999999999'])
      await check(400, spelled(spelling));
  });

  test('nothing that a person wrote is stored', async () => {
    const organizationId = newOrganizationId();
    const written = { text: 'my secret', body: 'my secret', content: { text: 'my secret' } };
    await checkReceipt([eventOf('message', organizationId, written)], 1);
    assert.ok(!JSON.stringify(await recordsOf(organizationId)).includes('my secret'));
  });
});

// ---------------------------------------------------------------------------------------------------------------
// Some good, some bad
// ---------------------------------------------------------------------------------------------------------------

describe('?partial=true', () => {
  const partial = { query: '?partial=true' };
  const user = (organizationId, userId, more = {}) => eventOf('user', organizationId, { userId, ...more });
  const idsOf = async (organizationId) => (await recordsOf(organizationId)).map((record) => record.record_id);

  test('all good', async () => {
    const organizationId = newOrganizationId();
    const events = [user(organizationId, 'u1'), user(organizationId, 'u2')];
    const receipt = { ...receiptOf(2, 2), refused: 0, details: [] };
    assert.deepEqual((await check(200, toJson(events), partial)).data, receipt);
    assert.deepEqual(await idsOf(organizationId), ['u1', 'u2']);
    assert.deepEqual((await check(200, toJson([]), partial)).data, { ...receiptOf(0, 0), refused: 0, details: [] });
  });

  test('some bad: the good ones are taken in, and each bad one is listed at its index', async () => {
    const organizationId = newOrganizationId();
    const events = [
      user(organizationId, 'u1', { fullName: 5 }),
      user(organizationId, 'u2'),
      eventOf('unknown', organizationId),
      user(organizationId, 'u3'),
      user(organizationId, 'u3'),
      { ...user(organizationId, 'u4'), updatedAt: 'yesterday', fullName: null },
    ];
    for (const { write, headers } of [
      { write: toJson, headers: JSON_TYPE },
      { write: toNdjson, headers: NDJSON_TYPE },
    ]) {
      const { data } = await check(200, write(events), { ...partial, headers });
      const { details, ...receipt } = data;
      const applied = write === toJson ? 2 : 0;
      assert.deepEqual(receipt, { ...receiptOf(3, applied), refused: 3 });
      assert.deepEqual(placesOf(details), [
        [0, 'fullName'],
        [2, 'type'],
        [5, 'updatedAt'],
      ]);
      for (const { reason } of details) assert.match(reason, /\S/);
      assert.deepEqual(await idsOf(organizationId), ['u2', 'u3']);
    }
  });

  test('all bad: 200, and nothing is written', async () => {
    const organizationId = newOrganizationId();
    const { data } = await check(200, toJson([{}, user(organizationId, ''), 5]), partial);
    const { details, ...receipt } = data;
    assert.deepEqual(receipt, { ...receiptOf(0, 0), refused: 3 });
    assert.deepEqual(placesOf(details), [
      [0, 'type'],
      [1, 'userId'],
      [2, ''],
    ]);
    assert.deepEqual(await recordsOf(organizationId), []);
  });

  test('a line that is no JSON is one bad event; empty lines are none', async () => {
    const organizationId = newOrganizationId();
    const good = (userId) => JSON.stringify(user(organizationId, userId));
    const lines = [good('u1'), '{', '', good('u2'), `${good('u3')} x`, '"', ' ', good('u4')];
    const { data } = await check(200, lines.join('\n'), { ...partial, headers: NDJSON_TYPE });
    const { details, ...receipt } = data;
    assert.deepEqual(receipt, { ...receiptOf(3, 3), refused: 3 });
    assert.deepEqual(placesOf(details), [
      [1, ''],
      [3, ''],
      [4, ''],
    ]);
    assert.deepEqual(await idsOf(organizationId), ['u1', 'u2', 'u4']);
  });

  test('the first 20 are listed, all are counted', async () => {
    const organizationId = newOrganizationId();
    const isBad = (index) => index % 3 === 2;
    const events = Array.from({ length: 1000 }, (_, index) =>
      user(organizationId, `u${index}`, isBad(index) ? { active: 'yes' } : {}),
    );
    const { data } = await check(200, toNdjson(events), { ...partial, headers: NDJSON_TYPE });
    const { details, ...receipt } = data;
    assert.deepEqual(receipt, { ...receiptOf(667, 667), refused: 333 });
    assert.deepEqual(
      placesOf(details),
      Array.from({ length: REMARKS_MAX }, (_, number) => [number * 3 + 2, 'active']),
    );
    assert.equal((await recordsOf(organizationId)).length, 667);
  });

  test('warnings have the index of the event as it was sent', async () => {
    const organizationId = newOrganizationId();
    const late = { updatedAt: isoAt(Date.parse(AT) + HOUR + 1) };
    const events = [
      {},
      eventOf('message', organizationId, late),
      5,
      eventOf('contact', organizationId, { deleted: true }),
    ];
    const { data } = await check(200, toJson(events), partial);
    assert.deepEqual(placesOf(data.warnings), [
      [1, 'conversationId'],
      [1, 'at'],
    ]);
    assert.equal(data.refused, 2);
  });

  test('a body that cannot be read is refused as ever', async () => {
    const organizationId = newOrganizationId();
    const good = user(organizationId, 'u1');
    for (const body of ['{', toJson([good]).slice(0, -1), JSON.stringify([good]), '{"events":{}}']) {
      await check(400, body, partial);
    }
    const many = Array.from({ length: 1001 }, (_, index) => user(organizationId, `u${index}`, { fullName: 5 }));
    await check(413, toJson(many), partial);
    await check(415, toJson([good]), { ...partial, headers: { 'Content-Type': 'text/plain' } });
    assert.deepEqual(await recordsOf(organizationId), []);
  });

  test('one event of another organization refuses all of them: 403', async () => {
    const [own, other] = [newOrganizationId(), newOrganizationId()];
    const token = tokenOf({ organizationId: own, scope: SCOPE });
    await check(403, toJson([user(own, 'u1'), user(other, 'u1')]), { ...partial, token });
    assert.deepEqual([await recordsOf(own), await recordsOf(other)], [[], []]);
    // What is bad has no organization that could be told from another.
    const { data } = await check(200, toJson([user(own, 'u1'), user(other, '')]), { ...partial, token });
    assert.deepEqual([data.accepted, data.refused], [1, 1]);
  });

  test('without it, or with false, one bad event refuses all of them', async () => {
    const organizationId = newOrganizationId();
    const events = [user(organizationId, 'u1'), user(organizationId, '')];
    for (const query of ['', '?partial=false', '?Partial=true', '?unknown=true']) {
      const { details } = await check(400, toJson(events), { query });
      assert.deepEqual(placesOf(details), [[1, 'userId']]);
    }
    assert.deepEqual(await recordsOf(organizationId), []);
    const receipt = (await check(200, toJson(events.slice(0, 1)), { query: '?partial=false' })).data;
    assert.deepEqual(receipt, receiptOf(1, 1), 'it does not say what was refused');
  });

  test('another value, and one that is given twice: 400', async () => {
    const organizationId = newOrganizationId();
    const body = toJson([user(organizationId, 'u1')]);
    for (const value of ['maybe', '', '1', 'TRUE', 'true%20', 'true&partial=true', 'true&partial=false']) {
      const { message } = await check(400, body, { query: `?partial=${value}` });
      assert.match(message, /\bpartial\b/);
    }
    assert.deepEqual(await recordsOf(organizationId), []);
  });
});

// ---------------------------------------------------------------------------------------------------------------
// Warnings
// ---------------------------------------------------------------------------------------------------------------

describe('a warning', () => {
  const later = (milliseconds) => isoAt(Date.parse(AT) + milliseconds);
  const conversation = (organizationId, conversationId = 'c', more = {}) =>
    eventOf('conversation', organizationId, { conversationId, ...more });
  const message = (organizationId, messageId, more = {}) => eventOf('message', organizationId, { messageId, ...more });

  /** Posts events, which must be accepted; the warnings. */
  async function warningsAfter(events) {
    const { data } = await check(200, toJson(events));
    assert.equal(data.accepted, events.length);
    for (const warning of data.warnings) {
      assert.deepEqual(Object.keys(warning).sort(), ['field', 'index', 'reason']);
      assert.match(warning.reason, /\S/);
    }
    return data.warnings;
  }

  test('an inbound message that was written more than an hour before its updatedAt', async () => {
    const organizationId = newOrganizationId();
    const late = { updatedAt: later(HOUR + 1) };
    const warnings = await warningsAfter([
      conversation(organizationId),
      message(organizationId, 'm1', { updatedAt: later(HOUR) }),
      message(organizationId, 'm2', late),
      message(organizationId, 'm3', { ...late, receivedAt: later(1) }),
      message(organizationId, 'm4', { ...late, receivedAt: null }),
      message(organizationId, 'm5', { ...late, direction: 'outbound', sender: 'human' }),
      message(organizationId, 'm6', { ...late, sender: 'system', kind: 'activity', visibility: 'private' }),
      message(organizationId, 'm7', { ...late, deleted: true }),
      message(organizationId, 'm8', { updatedAt: later(-HOUR) }),
      eventOf('autopilot', organizationId, late),
      eventOf('resolution', organizationId, late),
    ]);
    assert.deepEqual(placesOf(warnings), [
      [2, 'at'],
      [4, 'at'],
      [6, 'at'],
    ]);
    assert.match(warnings[0].reason, /receivedAt.*time zone/);
    // A source that says when it received the message does not send local time as UTC.
    const same = { ...late, receivedAt: AT };
    assert.deepEqual(await warningsAfter([message(organizationId, 'm9', same)]), []);
  });

  test('a message of a conversation whose record is not known, once a conversation', async () => {
    const organizationId = newOrganizationId();
    const known = [conversation(organizationId, 'known'), conversation(organizationId, 'removed', { deleted: true })];
    assert.deepEqual(await warningsAfter(known), []);
    const of = (conversationId, messageId, more = {}) =>
      message(organizationId, messageId, { conversationId, ...more });
    const events = [
      of('known', 'm1'),
      of('unknown', 'm2', { deleted: true }),
      of('unknown', 'm3', { visibility: 'private' }),
      of('another', 'm4'),
      of('unknown', 'm5'),
      of('removed', 'm6'),
      of('comes later', 'm7'),
      eventOf('autopilot', organizationId, { conversationId: 'without a message' }),
      eventOf('resolution', organizationId, { conversationId: 'without a message' }),
      conversation(organizationId, 'comes later'),
      { ...message(newOrganizationId(), 'm1'), conversationId: 'known' },
    ];
    const warnings = await warningsAfter(events);
    assert.deepEqual(placesOf(warnings), [
      [2, 'conversationId'],
      [3, 'conversationId'],
      [10, 'conversationId'],
    ]);
    assert.match(warnings[0].reason, /not|no/);
    // Again, though nothing is stored again; no longer once the record has come.
    assert.deepEqual(await warningsAfter(events), warnings);
    await warningsAfter([conversation(organizationId, 'unknown')]);
    assert.deepEqual(placesOf(await warningsAfter(events.slice(0, 10))), [[3, 'conversationId']]);
  });

  test('also once in a request so large that it takes several statements', async () => {
    const organizationId = newOrganizationId();
    const long = (text) => text.padEnd(128, 'é');
    const events = Array.from({ length: 800 }, (_, index) =>
      message(organizationId, long(`m${index}`), {
        conversationId: long('unknown'),
        inReplyTo: long(`m${index - 1}`),
        senderId: long('u'),
      }),
    );
    const body = toNdjson(events);
    assert.ok(Buffer.byteLength(body) > 950_000 && Buffer.byteLength(body) <= BODY_BYTES_MAX, `${body.length}`);
    const { data } = await check(200, body, { headers: NDJSON_TYPE });
    assert.deepEqual(placesOf(data.warnings), [[0, 'conversationId']]);
  });

  test('a removal without a revision of a record that has one, which is ignored', async () => {
    const organizationId = newOrganizationId();
    const counted = (type, more = {}) => eventOf(type, organizationId, { revision: 3, ...more });
    const types = Object.keys(REQUIRED);
    await warningsAfter([...types.map((type) => counted(type)), eventOf('user', organizationId, { userId: 'u2' })]);
    const before = await recordsOf(organizationId);
    const removal = (event, more = {}) => ({
      ...event,
      deleted: true,
      updatedAt: later(HOUR),
      revision: null,
      ...more,
    });
    const removals = types.map((type) =>
      removal(eventOf(type, organizationId), type === 'contact' ? { revision: 0 } : {}),
    );
    const { data } = await check(200, toJson(removals));
    assert.deepEqual(data, receiptOf(types.length, 0, data.warnings));
    assert.deepEqual(
      placesOf(data.warnings),
      types.map((_, index) => [index, 'revision']),
    );
    assert.match(data.warnings[0].reason, /ignored/);
    assert.deepEqual(await recordsOf(organizationId), before);
    // Not if it counts, if the record has none, or if there is no record.
    const others = [
      removal(eventOf('message', organizationId), { revision: 4 }),
      removal(eventOf('contact', organizationId), { revision: 2 }),
      removal(eventOf('user', organizationId, { userId: 'u2' })),
      removal(eventOf('user', organizationId, { userId: 'u3' })),
    ];
    assert.deepEqual(await warningsAfter(others), []);
    // The removal has a revision, too.
    assert.deepEqual(placesOf(await warningsAfter([removal(eventOf('message', organizationId))])), [[0, 'revision']]);
  });

  test('also where the record comes in the same request', async () => {
    for (const order of [(events) => events, (events) => events.toReversed()]) {
      const organizationId = newOrganizationId();
      const record = eventOf('user', organizationId, { revision: 1 });
      const removal = eventOf('user', organizationId, { deleted: true, updatedAt: later(HOUR) });
      const events = order([record, removal]);
      assert.deepEqual(placesOf(await warningsAfter(events)), [[events.indexOf(removal), 'revision']]);
      assert.deepEqual(await bodyOf(organizationId), { active: true, bot: false, fullName: 'A user', revision: 1 });
    }
  });

  test('only the first 20 are listed, in the order of the events', async () => {
    const organizationId = newOrganizationId();
    const user = (index, more) => eventOf('user', organizationId, { userId: `u${index}`, ...more });
    const isRemoval = (index) => index % 4 === 3;
    const indices = Array.from({ length: 60 }, (_, index) => index);
    await warningsAfter([
      conversation(organizationId, 'known'),
      ...indices.filter(isRemoval).map((index) => user(index, { revision: 1 })),
    ]);
    const events = indices.map((index) => {
      if (isRemoval(index)) return user(index, { deleted: true, updatedAt: later(index) });
      if (index % 4 === 2) return eventOf('contact', organizationId, { contactId: `ct${index}` });
      const late = { updatedAt: later(HOUR + 1), conversationId: 'known' };
      return message(organizationId, `m${index}`, index % 4 === 1 ? late : { conversationId: `c${index}` });
    });
    const places = events.flatMap((event, index) => {
      if (event.type === 'user') return [[index, 'revision']];
      if (event.type === 'contact') return [];
      return [[index, event.conversationId === 'known' ? 'at' : 'conversationId']];
    });
    assert.deepEqual(placesOf(await warningsAfter(events)), places.slice(0, REMARKS_MAX));
    const late = Array.from({ length: 30 }, (_, index) =>
      message(organizationId, `late${index}`, { updatedAt: later(HOUR + 1), conversationId: 'known' }),
    );
    assert.deepEqual(
      placesOf(await warningsAfter(late)),
      Array.from({ length: REMARKS_MAX }, (_, index) => [index, 'at']),
    );
  });
});

// ---------------------------------------------------------------------------------------------------------------
// Who may post
// ---------------------------------------------------------------------------------------------------------------

describe('who may post', () => {
  const forOne = (organizationId) => toJson([eventOf('user', organizationId)]);

  test('not without a token', async () => {
    for (const token of [undefined, 'garbage']) {
      const organizationId = newOrganizationId();
      const response = await service.fetch(EVENTS, {
        method: 'POST',
        token,
        headers: JSON_TYPE,
        body: forOne(organizationId),
      });
      assert.equal(response.status, 401);
      assert.match(response.headers.get('www-authenticate'), /^Bearer /);
      assert.equal((await response.json()).error, 'UNAUTHENTICATED');
      assert.deepEqual(await recordsOf(organizationId), []);
    }
  });

  test("with the scope, for one's own organization; no role is needed", async () => {
    for (const role of [undefined, 'AGENT', 'ADMIN', 'DEPARTMENT_HEAD', 'SUPERADMIN']) {
      for (const scope of [SCOPE, `openid ${SCOPE} email`, ` ${SCOPE} `]) {
        const organizationId = newOrganizationId();
        await check(200, forOne(organizationId), { token: tokenOf({ role, organizationId, scope }) });
        assert.equal((await recordsOf(organizationId)).length, 1);
      }
    }
  });

  test('not without the scope', async () => {
    const scopes = [
      undefined,
      '',
      'conversation-monitor',
      `${SCOPE}:all`,
      `${SCOPE},email`,
      SCOPE.toUpperCase(),
      'conversation-monitor:*',
    ];
    for (const role of [undefined, 'ADMIN', 'SUPERADMIN']) {
      for (const scope of scopes) {
        const organizationId = newOrganizationId();
        await check(403, forOne(organizationId), { token: tokenOf({ role, organizationId, scope }) });
        await check(403, toJson([]), { token: tokenOf({ role, organizationId, scope }) });
        assert.deepEqual(await recordsOf(organizationId), []);
      }
    }
  });

  test("not for another organization, not even among one's own", async () => {
    const [own, other] = [newOrganizationId(), newOrganizationId()];
    const events = [eventOf('user', own), eventOf('user', other), eventOf('contact', own)];
    for (const role of [undefined, 'ADMIN', 'DEPARTMENT_HEAD']) {
      const token = tokenOf({ role, organizationId: own, scope: SCOPE });
      await check(403, toJson(events), { token });
      await check(403, forOne(other), { token });
      await check(403, forOne(own), { token: tokenOf({ role, scope: SCOPE }) });
    }
    assert.deepEqual([await recordsOf(own), await recordsOf(other)], [[], []]);
  });

  test('a SUPERADMIN for any organization, and for several at once', async () => {
    for (const own of [undefined, newOrganizationId()]) {
      const ids = [newOrganizationId(), newOrganizationId()];
      const token = tokenOf({ role: 'SUPERADMIN', organizationId: own, scope: SCOPE });
      const { data } = await check(200, toJson(ids.map((id) => eventOf('user', id))), { token });
      assert.deepEqual(data, receiptOf(2, 2));
      for (const id of ids) assert.equal((await recordsOf(id)).length, 1);
    }
  });

  test('a malformed request is reported before a forbidden one', async () => {
    const [own, other] = [newOrganizationId(), newOrganizationId()];
    const token = tokenOf({ role: 'ADMIN', organizationId: own, scope: SCOPE });
    await check(400, toJson([eventOf('user', other, { fullName: 5 })]), { token });
    await check(400, '{', { token: tokenOf({ organizationId: own }) });
  });

  test('a removed organization still accepts events', async () => {
    const organizationId = newOrganizationId();
    await checkReceipt([eventOf('organization', organizationId, { deleted: true })], 1);
    await check(200, forOne(organizationId), { token: tokenOf({ organizationId, scope: SCOPE }) });
    assert.equal((await recordsOf(organizationId)).length, 2);
  });
});

// ---------------------------------------------------------------------------------------------------------------
// Which version wins
// ---------------------------------------------------------------------------------------------------------------

describe('versions', () => {
  const at = (second) => isoAt(Date.parse(AT) + second * 1000);
  const contact = (organizationId, second, name, more = {}) =>
    eventOf('contact', organizationId, { updatedAt: at(second), name, ...more });

  /** Requests, each as the number of versions that it applies and its versions `[second, name, more]`. */
  async function checkSequence(steps) {
    const organizationId = newOrganizationId();
    for (const [applied, ...versions] of steps) {
      await checkReceipt(
        versions.map((version) => contact(organizationId, ...version)),
        applied,
      );
    }
    const [record] = await recordsOf(organizationId);
    return record.deleted ? 'removed' : JSON.parse(record.body).name;
  }

  const cases = {
    'the same again, and again': [
      'a',
      [
        [1, [1, 'a']],
        [0, [1, 'a']],
        [0, [1, 'a'], [1, 'a']],
      ],
    ],
    'ten times in one request': ['a', [[1, ...Array(10).fill([1, 'a'])]]],
    'a later one': [
      'b',
      [
        [1, [1, 'a']],
        [1, [2, 'b']],
      ],
    ],
    'an older one': [
      'b',
      [
        [1, [2, 'b']],
        [0, [1, 'a']],
      ],
    ],
    'a later one that says the same': [
      'a',
      [
        [1, [1, 'a']],
        [1, [2, 'a']],
      ],
    ],
    'a greater revision, whatever the clock says': [
      'b',
      [
        [1, [5, 'a', { revision: 1 }]],
        [1, [1, 'b', { revision: 2 }]],
        [0, [9, 'c', { revision: 1 }]],
        [0, [9, 'd']],
      ],
    ],
    'a revision beats none, whatever the clock says': [
      'b',
      [
        [1, [5, 'a']],
        [1, [1, 'b', { revision: 1 }]],
        [0, [9, 'c', { revision: 0 }]],
      ],
    ],
    'revisions beyond 32 bits': [
      'b',
      [
        [1, [1, 'a', { revision: 2 ** 53 - 2 }]],
        [1, [1, 'b', { revision: 2 ** 53 - 1 }]],
        [0, [9, 'c', { revision: 2 ** 32 }]],
      ],
    ],
    'the same revision: the later one': [
      'b',
      [
        [1, [5, 'a', { revision: 3 }]],
        [1, [6, 'b', { revision: 3 }]],
        [0, [5, 'c', { revision: 3 }]],
      ],
    ],
    'several revisions in one request': [
      'b',
      [[1, [9, 'a', { revision: 1 }], [1, 'b', { revision: 3 }], [5, 'c', { revision: 2 }]]],
    ],
    'a removal with a greater revision': [
      'removed',
      [
        [1, [5, 'a', { revision: 3 }]],
        [1, [1, 'a', { revision: 4, deleted: true }]],
        [0, [9, 'b', { revision: 3 }]],
      ],
    ],
    'a removal with a lesser revision': [
      'a',
      [
        [1, [5, 'a', { revision: 3 }]],
        [0, [9, 'a', { revision: 2, deleted: true }]],
      ],
    ],
    'a record with a greater revision comes back': [
      'b',
      [
        [1, [5, 'a', { revision: 3, deleted: true }]],
        [1, [1, 'b', { revision: 4 }]],
      ],
    ],
    'several in one request, the latest in the middle': ['b', [[1, [1, 'a'], [3, 'b'], [2, 'c']]]],
    'at the same time the greater one': [
      'b',
      [
        [1, [1, 'a']],
        [1, [1, 'b']],
        [0, [1, 'a']],
      ],
    ],
    'at the same time in one request': ['c', [[1, [1, 'a'], [1, 'c'], [1, 'b']]]],
    'greater by bytes, not by UTF-16 units': [
      '\u{10000}',
      [
        [1, [1, '\u{10000}']],
        [0, [1, '\uffff']],
      ],
    ],
    'greater by bytes, the other way round': [
      '\u{10000}',
      [
        [1, [1, '\uffff']],
        [1, [1, '\u{10000}']],
      ],
    ],
    'greater by the escape, not by the character': [
      'a\\',
      [
        [1, [1, 'a"']],
        [1, [1, 'a\\']],
        [0, [1, 'aZ']],
      ],
    ],
    'members in the order of their names': [
      'a',
      [
        [1, [1, 'z']],
        [1, [1, 'a', { blocked: true }]],
        [0, [1, 'y']],
      ],
    ],
    'at the same time a removal': [
      'removed',
      [
        [1, [1, 'a']],
        [1, [1, 'a', { deleted: true }]],
        [0, [1, 'z']],
        [0, [1, 'a', { deleted: true }]],
      ],
    ],
    'at the same time a removal, in one request': ['removed', [[1, [1, 'z', { deleted: true }], [1, 'zz']]]],
    'a removed record comes again, older': [
      'removed',
      [
        [1, [1, 'a']],
        [1, [3, 'a', { deleted: true }]],
        [0, [2, 'b']],
      ],
    ],
    'a removed record comes again, later': [
      'b',
      [
        [1, [3, 'a', { deleted: true }]],
        [1, [4, 'b']],
      ],
    ],
  };
  for (const [name, [winner, steps]] of Object.entries(cases)) {
    test(name, async () => assert.equal(await checkSequence(steps), winner));
  }

  test('a tie is broken by all fields, whatever the order of arrival', async () => {
    const earlier = '2024-05-18T13:59:59.000Z';
    // The second of each pair is greater.
    const pairs = [
      // By its status: the one that comes later in a message's life.
      ...['received', 'queued', 'sent', 'failed', 'delivered', 'read']
        .map((status) => ({ status }))
        .flatMap((status, index, all) => all.slice(index + 1).map((later) => ['message', status, later])),
      ['message', { status: 'queued', inReplyTo: 'm0', senderId: 'u', needsReply: false }, { status: 'sent' }],
      // By its resolvedAt, and then by not being a draft.
      ['conversation', { ownerId: 'u', departmentId: 'd' }, { resolvedAt: earlier }],
      ['conversation', { resolvedAt: earlier, ownerId: 'u' }, { resolvedAt: AT }],
      ['conversation', { draft: true, ownerId: 'u', departmentId: 'd' }, {}],
      ['conversation', {}, { draft: true, resolvedAt: AT }],
      // By how many fields are not their defaults. `blocked` does not count.
      ['user', { active: true }, { active: false }],
      ['user', { bot: false, fullName: 'z' }, { bot: true, fullName: 'a' }],
      ['contact', {}, { phone: '+1' }],
      ['contact', { blocked: true }, { phone: '+1' }],
      ['contact', { phone: '+1' }, { phone: '+1', mergedInto: 'ct2' }],
      ['conversation', { assigneeIds: [] }, { assigneeIds: ['u1'] }],
      ['conversation', {}, { departmentId: 'd' }],
      ['conversation', { startsWithAutopilot: true }, { startsWithAutopilot: false }],
      ['conversation', { ownerId: 'z' }, { ownerId: 'a', snoozedAt: AT }],
      ['conversation', { snoozedAt: AT }, { snoozedAt: AT, snoozedUntil: AT }],
      ['conversation', { mergedInto: 'c2' }, { mergedInto: 'c2', mergedAt: AT }],
      ['conversation', { ownerId: 'u' }, { ownerId: 'u', assignedAt: AT }],
      ['autopilot', {}, { actorId: 'u' }],
      ['autopilot', { by: 'system' }, { by: 'ai' }],
      ['autopilot', { enabled: true }, { enabled: false, sequence: 1 }],
      ['resolution', { by: 'human' }, { by: 'ai' }],
      ['resolution', { resolved: true }, { resolved: false, sequence: 1 }],
      ['message', {}, { senderId: 'u' }],
      ['message', {}, { inReplyTo: 'm0' }],
      ['message', {}, { needsReply: false }],
      ['message', { receivedAt: earlier }, { receivedAt: '2024-05-18T14:00:00.001Z' }],
      ['message', { kind: 'text' }, { kind: 'media' }],
      ['message', { visibility: 'public' }, { visibility: 'private' }],
      ['message', { sequence: 0, sender: 'human' }, { sequence: 1, sender: 'contact' }],
      ['message', { status: 'received', direction: 'inbound' }, { status: 'received', direction: 'outbound' }],
      // By its RFC 8785 bytes.
      ['contact', { blocked: false }, { blocked: true }],
      ['organization', { name: 'a' }, { name: 'b' }],
      ['department', { name: 'a' }, { name: 'b' }],
      ['conversation', { assigneeIds: ['u1', 'u2'] }, { assigneeIds: ['u1'] }],
      ['conversation', { departmentId: 'd' }, { ownerId: 'u' }],
      ['conversation', { draft: true, mergedInto: 'c2' }, { draft: true, ownerId: 'u' }],
      [
        'autopilot',
        { at: '2024-05-18T14:00:00.001Z', enabled: false },
        { at: '2024-05-18T16:00:00.002+02:00', enabled: false },
      ],
      ['resolution', { resolved: false }, { resolved: true }],
      ['message', { sequence: 10 }, { sequence: 9 }],
      ['message', { direction: 'inbound', status: 'sent' }, { direction: 'outbound', status: 'sent', senderId: 'u' }],
    ];
    for (const [type, lesser, greater] of pairs) {
      const winners = [];
      for (const [first, second, applied] of [
        [lesser, greater, 1],
        [greater, lesser, 0],
      ]) {
        const organizationId = newOrganizationId();
        await checkReceipt([eventOf(type, organizationId, first)], 1);
        await checkReceipt([eventOf(type, organizationId, second)], applied);
        winners.push(await bodyOf(organizationId));
      }
      assert.deepEqual(winners[0], winners[1]);
    }
  });

  test('one version in many spellings', async () => {
    const organizationId = newOrganizationId();
    await checkReceipt([eventOf('user', organizationId, { updatedAt: '2024-05-18T14:00:00.123Z' })], 1);
    const updatedAts = ['2024-05-18T14:00:00.123999Z', '2024-05-18T16:00:00.123+02:00', '2024-05-18t14:00:00.1230z'];
    await checkReceipt(
      updatedAts.map((updatedAt) => eventOf('user', organizationId, { updatedAt, active: true, bot: null })),
      0,
    );
    await checkReceipt([eventOf('user', organizationId, { updatedAt: '2024-05-18T14:00:00.124Z' })], 1);
  });

  test('one id can be a record of every type and of every organization', async () => {
    const ids = [newOrganizationId(), newOrganizationId()];
    const types = Object.keys(REQUIRED).filter((type) => type !== 'organization');
    const events = ids.flatMap((id) => types.map((type) => eventOf(type, id, { [OWN_ID_FIELDS[type]]: 'x' })));
    await checkReceipt(events, events.length);
  });

  test('a moved message changes the conversation it left and the one it is in now', async () => {
    const organizationId = newOrganizationId();
    const since = isoAt(Date.now() - 60 * MINUTE);
    const conversation = (conversationId) =>
      eventOf('conversation', organizationId, { conversationId, updatedAt: since });
    const message = (conversationId, updatedAt) =>
      eventOf('message', organizationId, { conversationId, at: since, updatedAt });
    const listed = async () => {
      await service.refresh(Date.now());
      return conversationIdsOf(await service.report(adminToken(organizationId)));
    };

    await checkReceipt([conversation('c1'), conversation('c2'), message('c1', at(1))], 3);
    assert.deepEqual(await listed(), ['c1']);
    await checkReceipt([message('c2', at(2))], 1, []);
    assert.deepEqual(await listed(), ['c2']);
    // The older version changes nothing; of two at the same instant the greater bytes win, which are those of c2.
    await checkReceipt([message('c1', at(1)), message('c1', at(2))], 0, []);
    assert.deepEqual(await listed(), ['c2']);
    await checkReceipt([message('c3', at(3))], 1);
    assert.deepEqual(await listed(), [], 'its conversation is not known');
    await checkReceipt([conversation('c3')], 1);
    assert.deepEqual(await listed(), ['c3']);
    await checkReceipt([{ ...message('c3', at(4)), deleted: true }], 1);
    assert.deepEqual(await listed(), []);
    await checkReceipt([message('c1', at(5))], 1, []);
    assert.deepEqual(await listed(), ['c1']);
  });
});
