// Posting events: the request, every field of every type, who may post, and which version of a record wins.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';

import {
  checkCommonHeaders,
  conversationIdsOf,
  ERROR_CODES,
  isoAt,
  MINUTE,
  newOrganizationId,
  OWN_ID_FIELDS,
} from './fixtures.mjs';
import { adminToken, EVENTS, ingestToken, startService, tokenOf } from './harness.mjs';

const BODY_BYTES_MAX = 1024 * 1024;
const SEQUENCE_MAX = 2 ** 53 - 1;
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

async function post(body, { headers = JSON_TYPE, token = ingestToken() } = {}) {
  const response = await service.fetch(EVENTS, { method: 'POST', token, headers, body });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

/** Posts a body; the answer must have this status and its code. */
async function check(status, body, options) {
  const answer = await post(body, options);
  assert.equal(answer.status, status, JSON.stringify(answer.body));
  assert.equal(answer.body.error, ERROR_CODES[status]);
  assert.equal(answer.body.success, status === 200);
  checkCommonHeaders(answer, { isData: false });
  if (status !== 200) assert.match(answer.body.message, /^\S.*\.$/);
  return answer.body;
}

/** Posts events, all of which must be accepted and so many of them applied. */
async function checkReceipt(events, applied) {
  const { data } = await check(200, toJson(events));
  assert.deepEqual(data, { accepted: events.length, applied, ignored: events.length - applied });
}

/** All records that are stored for an organization. */
async function recordsOf(organizationId) {
  const statement = service.database.prepare(
    'SELECT * FROM record WHERE organization_id = ?1 ORDER BY type, record_id',
  );
  return (await statement.bind(organizationId).all()).results;
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
    ];
    for (const [write, type] of formats) {
      for (const [encoding, pack] of encodings) {
        const organizationId = newOrganizationId();
        const headers = { 'Content-Type': type, ...(encoding ? { 'Content-Encoding': encoding } : {}) };
        const { data } = await check(200, pack(write(twoOf(organizationId))), { headers });
        assert.deepEqual(data, { accepted: 2, applied: 2, ignored: 0 }, `${type} ${encoding}`);
        assert.equal((await recordsOf(organizationId)).length, 2);
      }
    }
  });

  test('no events', async () => {
    const none = { accepted: 0, applied: 0, ignored: 0 };
    assert.deepEqual((await check(200, toJson([]))).data, none);
    for (const body of ['', '\n', ' \r\n\n'])
      assert.deepEqual((await check(200, body, { headers: NDJSON_TYPE })).data, none);
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
      'half a character': `{"events":[{"x":"\\ud800",${text.slice(1)}]}`,
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
      assert.deepEqual(data, { accepted: 1000, applied: 1000, ignored: 0 });
      assert.equal((await recordsOf(organizationId)).length, 1000);
    }
  });
});

// ---------------------------------------------------------------------------------------------------------------
// The fields
// ---------------------------------------------------------------------------------------------------------------

/** An instant relative to now; far enough from the limit of 5 minutes that the test's own duration does not matter. */
const inMinutes = (minutes) => () => isoAt(Date.now() + minutes * MINUTE);

/** For each kind of field: values that it does not take, and values that it takes, each with what is stored for it. */
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
  sequence: {
    bad: [-1, 1.5, SEQUENCE_MAX + 1, 1e300, '1', true, [1]],
    good: [[0], [7], [SEQUENCE_MAX]],
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
      1716040800000,
      true,
      {},
    ],
    good: [
      ['2024-05-18T14:00:00Z', AT],
      ['2024-05-18T14:00:00.0009999Z', AT],
      ['2024-05-18T14:00:00.1239Z', '2024-05-18T14:00:00.123Z'],
      ['2024-05-18T16:30:00.000+02:30', AT],
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

const choice = (...values) => ({
  bad: ['', 'other', values[0].toUpperCase(), `${values[0]} `, 5, true, [values[0]]],
  good: values.map((value) => [value]),
});

/** The fields of each type with their kinds. `?` marks optional ones; the value after it is what is stored without them. */
const FIELDS = {
  organization: { name: ['name'] },
  department: { name: ['name'] },
  user: { fullName: ['name'], active: ['flag', '?', true], bot: ['flag', '?', false] },
  contact: { name: ['name'], phone: ['optionalWord', '?'], blocked: ['flag', '?', false] },
  conversation: {
    contactId: ['id'],
    channelType: ['word'],
    departmentId: ['id', '?'],
    ownerId: ['id', '?'],
    assigneeIds: ['ids', '?', []],
    resolvedAt: ['past', '?'],
    draft: ['flag', '?', false],
    mergedInto: ['id', '?'],
  },
  autopilot: { conversationId: ['id'], at: ['past'], enabled: ['flag'], actorId: ['id', '?'] },
  message: {
    conversationId: ['id'],
    at: ['past'],
    sequence: ['sequence', '?', 0],
    direction: [choice('inbound', 'outbound')],
    sender: [choice('contact', 'ai', 'human', 'automation', 'system')],
    senderId: ['id', '?'],
    visibility: [choice('public', 'private'), '?', 'public'],
    kind: [choice('text', 'media', 'reaction', 'activity', 'handoff_notice', 'auto_reply', 'campaign'), '?', 'text'],
    status: [choice('received', 'queued', 'sent', 'delivered', 'read', 'failed'), '?', 'received'],
  },
};
/** Fields of the event itself. */
const COMMON = { updatedAt: ['past'], deleted: ['flag', '?', false], organizationId: ['id'] };

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

  test('snoozedUntil and snoozedAt: both or neither', async () => {
    const organizationId = newOrganizationId();
    const conversation = (more) => eventOf('conversation', organizationId, more);
    await checkBad(
      organizationId,
      [conversation({ snoozedUntil: AT }), conversation({ snoozedUntil: AT, snoozedAt: null })],
      'snoozedAt',
    );
    await checkBad(
      organizationId,
      [conversation({ snoozedAt: AT }), conversation({ snoozedUntil: null, snoozedAt: AT })],
      'snoozedUntil',
    );
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

describe('a field is stored', () => {
  for (const [type, fields] of Object.entries(FIELDS)) {
    for (const [field, [kind, optional, fallback]] of Object.entries(fields)) {
      test(`${type}.${field}`, async () => {
        const { good } = typeof kind === 'string' ? KINDS[kind] : kind;
        for (const [written, kept = written] of good) {
          const [value, organizationId] = [resolve(written), newOrganizationId()];
          await checkReceipt([eventOf(type, organizationId, { [field]: value })], 1);
          assert.deepEqual((await bodyOf(organizationId))[field], typeof kept === 'function' ? value : kept);
        }
        if (!optional) return;
        // Absent, null and the default are one and the same version.
        const organizationId = newOrganizationId();
        await checkReceipt([eventOf(type, organizationId)], 1);
        assert.deepEqual((await bodyOf(organizationId))[field], fallback);
        const same = [null, ...(fallback === undefined ? [] : [fallback])];
        await checkReceipt(
          same.map((value) => eventOf(type, organizationId, { [field]: value })),
          0,
        );
      });
    }

    test(`${type}: its own id, whatever it is`, async () => {
      for (const [id] of KINDS.id.good) {
        const organizationId = type === 'organization' ? id : newOrganizationId();
        await checkReceipt([eventOf(type, organizationId, { [OWN_ID_FIELDS[type]]: id })], 1);
        const records = await recordsOf(organizationId);
        assert.deepEqual(
          records.map((record) => [record.type, record.record_id]),
          [[type, id]],
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
  }

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
      assert.deepEqual(data, { accepted: 2, applied: 2, ignored: 0 });
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
    // The second of each pair is greater by its RFC 8785 bytes.
    const pairs = [
      ['user', { active: false }, { active: true }],
      ['user', { bot: false, fullName: 'z' }, { bot: true, fullName: 'a' }],
      ['contact', { phone: '+1' }, {}],
      ['conversation', { assigneeIds: ['u1'] }, { assigneeIds: [] }],
      ['conversation', { assigneeIds: ['u1', 'u2'] }, { assigneeIds: ['u1'] }],
      ['conversation', { departmentId: 'd' }, {}],
      ['conversation', { draft: true, mergedInto: 'c2' }, { draft: true, ownerId: 'u' }],
      ['autopilot', { actorId: 'u' }, {}],
      [
        'autopilot',
        { at: '2024-05-18T14:00:00.001Z', enabled: false },
        { at: '2024-05-18T16:00:00.002+02:00', enabled: false },
      ],
      ['message', { sequence: 10 }, { sequence: 9 }],
      ['message', { direction: 'inbound' }, { direction: 'outbound' }],
      ['message', { senderId: 'u' }, {}],
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
    await checkReceipt([message('c2', at(2))], 1);
    assert.deepEqual(await listed(), ['c2']);
    // The older version changes nothing; of two at the same instant the greater bytes win, which are those of c2.
    await checkReceipt([message('c1', at(1)), message('c1', at(2))], 0);
    assert.deepEqual(await listed(), ['c2']);
    await checkReceipt([message('c3', at(3))], 1);
    assert.deepEqual(await listed(), [], 'its conversation is not known');
    await checkReceipt([conversation('c3')], 1);
    assert.deepEqual(await listed(), ['c3']);
    await checkReceipt([{ ...message('c3', at(4)), deleted: true }], 1);
    assert.deepEqual(await listed(), []);
    await checkReceipt([message('c1', at(5))], 1);
    assert.deepEqual(await listed(), ['c1']);
  });
});
