// An earlier worker, such as that of version 0.1, beside today's over one database: before the migrations that it does
// not know, after them, and in turns. Whatever the order, the reports end up the same as if only today's worker had
// run.
//
// `npm run test:upgrade` builds that worker and runs this. OLD_WORKER says in which folder its modules are,
// OLD_MIGRATION which is the last migration that it knows.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';

import { migrate } from '../../bench/seed.mjs';
import { inRoot } from '../../scripts/project.mjs';
import { DAY, hoursAgo, isoAt, MINUTE, organizationOf, superadminToken, waiting } from './fixtures.mjs';
import { adminToken, EVENTS, ingestToken, REPORT, startService } from './harness.mjs';

const OLD_MAIN = path.join(process.env.OLD_WORKER ?? '', 'index.js');

const NOW = hoursAgo(3 * 24);
const ORGANIZATIONS = ['org-a', 'org-b'];
/** What the old worker knows. */
const isOld = (file) => file <= (process.env.OLD_MIGRATION ?? '');
const ERASURES = '0009_erasure.sql';

/** Three parts of a history: customers who wait, and what becomes of some of them. */
function parts() {
  /** @type {object[][]} */
  const events = [[], [], []];
  for (const organizationId of ORGANIZATIONS) {
    for (const part of [0, 1, 2]) {
      const at = isoAt(NOW + part * MINUTE);
      const common = { organizationId, updatedAt: at };
      events[part].push(organizationOf(organizationId, at));
      events[part].push({ ...common, type: 'user', userId: 'u', fullName: `Agent ${part}` });
      events[part].push({ ...common, type: 'department', departmentId: 'd', name: `Department ${part}` });
      for (let number = 0; number < 4; number += 1) {
        const id = `c${part}${number}`;
        const more = number === 3 ? { agent: 'u', assigneeIds: ['u'], departmentId: 'd' } : {};
        events[part].push(...waiting(organizationId, id, { since: at, contactName: `Contact ${id}`, ...more }));
      }
      // The first of the part before is answered, and the contact of the second has another name.
      if (part > 0) {
        const message = { type: 'message', direction: 'outbound', sender: 'human', at, ...common };
        events[part].push({ ...message, messageId: `answer ${part}`, conversationId: `c${part - 1}0` });
        const contact = {
          type: 'contact',
          contactId: `contact of c${part - 1}1`,
          name: `Renamed in ${part}`,
          ...common,
        };
        events[part].push(contact);
      }
    }
  }
  return events;
}

const PARTS = parts();

async function reportsOf(fetch) {
  const reports = [];
  for (const id of ORGANIZATIONS) {
    const response = await fetch(`${REPORT}?skipThreshold=true&limit=100`, { token: adminToken(id) });
    const answer = await response.json();
    assert.equal(response.status, 200, JSON.stringify(answer));
    const { rows, totalCount } = answer.data;
    reports.push({ id, totalCount, rows });
  }
  return reports;
}

/** What the reports are if today's worker takes in everything. */
async function expected() {
  const service = await startService();
  try {
    await service.post(PARTS.flat());
    await service.refresh(NOW + 60 * MINUTE);
    return await reportsOf(service.fetch);
  } finally {
    await service.close();
  }
}

async function post(fetch, events) {
  const body = events.map((event) => JSON.stringify(event)).join('\n');
  const headers = { 'Content-Type': 'application/x-ndjson' };
  const response = await fetch(EVENTS, { method: 'POST', token: ingestToken(), headers, body });
  assert.equal(response.status, 200, await response.text());
}

/** Steps of an upgrade: `migrate`, or `old` or `new` with what that worker does. */
const ORDERS = {
  'the old cron runs between migrations and deployment': [
    'old ingest',
    'old refresh',
    'migrate',
    'old refresh',
    'old ingest',
    'old refresh',
    'new refresh',
    'new ingest',
  ],
  'both run by turns': [
    'old ingest',
    'old refresh',
    'migrate',
    'new refresh',
    'old refresh',
    'old ingest',
    'new refresh',
    'old refresh',
    'new ingest',
    'old refresh',
  ],
  'the old one takes in and does not run': ['old ingest', 'migrate', 'old ingest', 'new refresh', 'old ingest'],
  'the new one is there first': [
    'migrate',
    'new ingest',
    'new refresh',
    'old ingest',
    'old refresh',
    'new refresh',
    'old ingest',
    'old refresh',
  ],
  'each migration with a run of the old cron after it': [
    'old ingest',
    'old refresh',
    'migrate one by one',
    'old ingest',
    'old refresh',
    'new ingest',
  ],
};

describe(`a worker that knows ${process.env.OLD_MIGRATION} beside this one`, () => {
  for (const [name, steps] of Object.entries(ORDERS)) {
    test(name, async () => {
      const service = await startService({ siblings: { old: { main: OLD_MAIN } }, isWanted: isOld });
      try {
        const workers = { old: service.sibling('old'), new: { fetch: service.fetch, refresh: service.refresh } };
        const parts = [...PARTS];
        let minute = 10;
        for (const step of steps) {
          minute += 1;
          const [who, what] = step.split(' ');
          if (step === 'migrate') {
            await migrate(service.database, (file) => !isOld(file));
          } else if (who === 'migrate') {
            for (const next of readdirSync(inRoot('migrations'))
              .sort()
              .filter((file) => !isOld(file))) {
              await migrate(service.database, (file) => file === next);
              minute += 1;
              await workers.old.refresh(NOW + minute * MINUTE);
              await reportsOf(workers.old.fetch);
            }
          } else if (what === 'ingest') {
            await post(workers[who].fetch, parts.shift() ?? []);
          } else {
            await workers[who].refresh(NOW + minute * MINUTE);
            await reportsOf(workers[who].fetch);
          }
        }
        for (let run = 0; run < 5; run += 1) await service.refresh(NOW + (50 + run) * MINUTE);
        await service.refresh(NOW + 60 * MINUTE);
        assert.deepEqual(await reportsOf(service.fetch), await expected());
        assert.equal((await service.lastRun()).organizationsFailed, 0);
      } finally {
        await service.close();
      }
    });
  }

  test('what the old one takes in of an erased contact is erased by the next pass', {
    skip: isOld(ERASURES),
  }, async () => {
    const service = await startService({ siblings: { old: { main: OLD_MAIN } } });
    try {
      const old = service.sibling('old');
      await service.post(PARTS.flat());
      await service.refresh(NOW + 5 * MINUTE);
      const target = '/api/organizations/org-a/contacts/contact%20of%20c00';
      const erased = await service.fetch(target, { method: 'DELETE', token: superadminToken() });
      assert.deepEqual((await erased.json()).data, { contacts: 1, conversations: 1 });
      await service.refresh(NOW + 6 * MINUTE);
      // As when the removal is older than what is kept.
      await service.database.exec("DELETE FROM record WHERE organization_id = 'org-a' AND deleted = 1");
      await post(old.fetch, PARTS[0]);
      await old.refresh(NOW + 7 * MINUTE);
      const count = async () => {
        const sql = "SELECT count(*) AS n FROM record WHERE organization_id = 'org-a' AND body LIKE '%Contact c00%'";
        return service.database.prepare(sql).first('n');
      };
      assert.equal(await count(), 1);
      for (const minutes of [0, 1]) await service.refresh(NOW + DAY + (10 + minutes) * MINUTE);
      assert.equal(await count(), 0);
    } finally {
      await service.close();
    }
  });
});
