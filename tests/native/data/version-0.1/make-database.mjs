// Makes database.sql: a database that the worker of version 0.1 has filled in workerd, with its own migrations,
// histories and demo data. The same checkout makes the same rows, except for what is random: `refresh.generation`,
// change tokens, and how long the last run took.

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const USAGE = `usage: node tests/native/data/version-0.1/make-database.mjs CHECKOUT

Writes database.sql next to this file.

  CHECKOUT   a checkout of version 0.1 (commit 08bba32) in which npm install and npm run build have been run`;

/** The instant of the last refresh: that of the native tests. */
const NOW = 1_780_000_000_000;
const MINUTE = 60_000;

/** The tables in the order in which they are filled, and the columns of each. */
const TABLES = {
  organization: [
    'organization_id',
    'version',
    'as_of',
    'held_as_of',
    'next_row_no',
    'candidates',
    'retired',
    'retire_at',
    'threshold_minutes',
  ],
  record: ['organization_id', 'type', 'record_id', 'conversation_id', 'updated_at', 'deleted', 'body'],
  pending: ['organization_id', 'type', 'record_id', 'mark', 'fold', 'publish'],
  conversation_state: ['organization_id', 'conversation_id', 'candidate', 'due_at'],
  snapshot_row: ['organization_id', 'row_no', 'people', 'json'],
  snapshot_part: ['organization_id', 'version', 'part', 'entries'],
};

/** The organization of the demo data that is taken in, as it is called here, and how many of its conversations. */
const DEMO_ID = 'd0';
const DEMO_CONVERSATIONS = 96;
/** Those of the demo's conversations that have fewer items. */
const DEMO_ITEMS_MAX = 5;

const checkout = process.argv[2];
if (checkout === undefined) {
  console.error(USAGE);
  process.exit(2);
}
const load = (file) => import(pathToFileURL(path.resolve(checkout, file)).href);
const { startService, settingsOf, adminToken } = await load('tests/workerd/harness.mjs');
const { randomHistory } = await load('tests/oracle/history.mjs');
const { DEMO_ORGANIZATIONS, demoEvents } = await load('scripts/demo.mjs');

/** Some conversations of the demo's first organization, with everybody in them. */
function demo() {
  const [{ organizationId }] = DEMO_ORGANIZATIONS;
  const events = demoEvents(NOW).filter((event) => event.organizationId === organizationId);
  const items = (id) => events.filter((event) => event.conversationId === id && event.type !== 'conversation').length;
  const conversations = events.filter(
    (event) => event.type === 'conversation' && items(event.conversationId) < DEMO_ITEMS_MAX,
  );
  const chosen = conversations.slice(0, DEMO_CONVERSATIONS);
  const ids = new Set(chosen.map((event) => event.conversationId));
  const contacts = new Set(chosen.map((event) => event.contactId));
  return events.filter(({ type, conversationId, contactId }) => {
    if (type === 'contact') return contacts.has(contactId);
    return conversationId === undefined || ids.has(conversationId);
  });
}

/** The same events with ids of a few characters instead of 24. */
function withShortIds(events) {
  const short = new Map();
  const shortened = (id) => short.get(id) ?? short.set(id, `d${short.size.toString(36)}`).get(id);
  return JSON.parse(JSON.stringify(events).replace(/\b[0-9a-f]{24}\b/g, shortened));
}

/** Two organizations of a random history. Every second merged conversation is merged into one that is known. */
function history() {
  let merged = 0;
  const random = randomHistory(2, { now: NOW, organizations: 2, conversations: 50, events: 520 });
  // One of its ids is so long that it would be a tenth of the file.
  const events = JSON.parse(JSON.stringify(random).replaceAll('x'.repeat(128), 'x'.repeat(20)));
  return events.map((event) => {
    if (!event.mergedInto) return event;
    merged += 1;
    return merged % 2 === 0 ? event : { ...event, mergedInto: `conversation-${merged}` };
  });
}

/** Everything that comes in, in order. */
function events() {
  const random = history();
  const told = withShortIds(demo());
  const share = told.length / random.length;
  return random.flatMap((event, index) => [
    event,
    ...told.slice(Math.round(index * share), Math.round((index + 1) * share)),
  ]);
}

async function fill(service) {
  const all = events();
  const part = (from, to) => all.slice(Math.floor(all.length * from), Math.floor(all.length * to));
  await service.post(part(0, 0.6));
  await service.refresh(NOW - 12 * MINUTE);
  await service.post(part(0.6, 0.7));
  // Those of the run before are removed by the next one, ten minutes later.
  await service.refresh(NOW - 11 * MINUTE);
  await service.post(part(0.7, 0.85));
  await service.refresh(NOW - 1 * MINUTE);
  for (const [id, thresholdMinutes] of [
    [DEMO_ID, 30],
    ['org-1', 1],
  ]) {
    const response = await service.fetch(settingsOf(id), {
      method: 'PUT',
      token: adminToken(id),
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ thresholdMinutes }),
    });
    if (response.status !== 200) throw new Error(`settings: ${response.status} ${await response.text()}`);
  }
  await service.post(part(0.85, 0.95));
  await service.refresh(NOW);
  // No refresh follows: what this changes is pending.
  await service.post(part(0.95, 1));
}

function literal(value) {
  if (value === null) return 'NULL';
  return typeof value === 'number' ? String(value) : `'${value.replaceAll("'", "''")}'`;
}

/** One statement that fills a table, a row a line. */
async function insertion(database, table, columns) {
  const { results } = await database.prepare(`SELECT ${columns.join(', ')} FROM ${table}`).all();
  const rows = results.map((row) => `(${columns.map((column) => literal(row[column])).join(',')})`);
  return rows.length === 0 ? [] : [`INSERT INTO ${table} (${columns.join(', ')}) VALUES`, `${rows.join(',\n')};`];
}

async function dump(database) {
  const refresh = await database.prepare('SELECT * FROM refresh').first();
  const settings = Object.entries(refresh).filter(([column]) => column !== 'id');
  const lines = [
    '-- What a database of version 0.1 (commit 08bba32) has stored, whose worker has filled it in workerd: see',
    '-- make-database.mjs, which has written this. The schema is that of the migrations 0001 and 0002.',
    `UPDATE refresh SET ${settings.map(([column, value]) => `${column} = ${literal(value)}`).join(', ')};`,
  ];
  for (const [table, columns] of Object.entries(TABLES)) lines.push(...(await insertion(database, table, columns)));
  return lines.join('\n');
}

const service = await startService();
try {
  await fill(service);
  writeFileSync(new URL('database.sql', import.meta.url), `${await dump(service.database)}\n`);
} finally {
  await service.close();
}
