// What connectors cost: kilobytes of the wasm, and for a webhook of each kind of help desk CPU and rows.

import { createHmac } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { compileWorker } from '../scripts/build.mjs';
import { inRoot } from '../scripts/project.mjs';
import { chatwootSequence } from '../tests/oracle/chatwoot-generator.mjs';
import { migrate } from './seed.mjs';
import { cpuMicroseconds, Side, WORK } from './sides.mjs';
import { number, spreadText, table } from './statistics.mjs';

const NAMED = path.join('bench', '.work', 'named');
const STORIES = inRoot('tests', 'data', 'webhooks');
/** Random sequences of Chatwoot's webhooks, some 15 in each. */
const SEQUENCES = 60;
const SECRET = 'a secret of the benchmark';
const CRATE = 'conversation_monitor::';
/** The parts of the wasm, and the modules that make them. */
const PARTS = {
  Chatwoot: ['connector::chatwoot'],
  Zammad: ['connector::zammad'],
  LibreDesk: ['connector::libredesk'],
  'what all of them need': ['connector::', 'auth::connection', 'ingest::delivery', 'worker::routes::hooks'],
  'how a connection is doing': ['directory::connections', 'worker::routes::connections', 'worker::counts'],
};

/** Bytes of the wasm by part: as they are, and by how much the whole would be smaller with `gzip -9` without them. */
async function sizesOfParts({ say }) {
  mkdirSync(inRoot(NAMED), { recursive: true });
  await compileWorker(say, { folder: NAMED, named: true });
  const { functions, bytes } = functionsOf(readFileSync(inRoot(NAMED, 'index_bg.wasm')));
  const whole = gzipSync(bytes, { level: 9 }).length;
  const taken = new Set();
  return Object.entries(PARTS).map(([name, modules]) => {
    const isOf = (label) => modules.some((module) => label.includes(CRATE + module));
    const own = functions.filter((each) => isOf(each.label) && !taken.has(each));
    const without = Buffer.from(bytes);
    for (const each of own) {
      taken.add(each);
      without.fill(0, each.from, each.to);
    }
    const size = own.reduce((sum, { from, to }) => sum + to - from, 0);
    return { name, size, gzipped: whole - gzipSync(without, { level: 9 }).length };
  });
}

/** The functions of a wasm with names, and its bytes up to its names, which a deployed one does not have. */
function functionsOf(wasm) {
  let at = 8;
  const unsigned = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = wasm[at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  const text = () => {
    const length = unsigned();
    at += length;
    return wasm.toString('utf8', at - length, at);
  };
  const bodies = [];
  const names = new Map();
  const kept = [wasm.subarray(0, 8)];
  let keptBytes = 8;
  /** @type {any} The types of workers do not know it. */
  const { Module } = WebAssembly;
  const imports = Module.imports(new Module(wasm));
  const imported = imports.filter(({ kind }) => kind === 'function').length;
  while (at < wasm.length) {
    const begin = at;
    const id = wasm[at++];
    const end = unsigned() + at;
    if (id === 10) {
      for (let count = unsigned(); count > 0; count -= 1) {
        const size = unsigned();
        bodies.push({ from: keptBytes + at - begin, to: keptBytes + at - begin + size });
        at += size;
      }
    }
    if (id === 0 && text() === 'name') {
      while (at < end) {
        const kind = wasm[at++];
        const until = unsigned() + at;
        if (kind === 1) for (let count = unsigned(); count > 0; count -= 1) names.set(unsigned(), text());
        at = until;
      }
    }
    if (id !== 0) {
      kept.push(wasm.subarray(begin, end));
      keptBytes += end - begin;
    }
    at = end;
  }
  const functions = bodies.map((body, index) => ({ ...body, label: names.get(imported + index) ?? '' }));
  return { functions, bytes: Buffer.concat(kept) };
}

/** The webhooks of the stories of a kind, of one connection each, with their own signatures. */
function storyWebhooks(kind) {
  const files = readdirSync(STORIES, { recursive: true, encoding: 'utf8' });
  const stories = files.filter((file) => file.startsWith(kind) && file.endsWith('.expect.json')).sort();
  return stories.map((file) => {
    const { connection } = JSON.parse(readFileSync(path.join(STORIES, file), 'utf8'));
    const lines = readFileSync(path.join(STORIES, file.replace('.expect.json', '.ndjson')), 'utf8')
      .trim()
      .split('\n');
    const { secret, secrets = [secret], settings = {} } = connection;
    return { secrets, settings, webhooks: lines.map((line) => JSON.parse(line)) };
  });
}

/** Webhooks of random sequences of Chatwoot's, in the order in which they come. */
function randomWebhooks() {
  const webhooks = Array.from({ length: SEQUENCES }, (_, index) => chatwootSequence(index + 1, { odd: false }))
    .flatMap(({ deliveries }) => deliveries)
    .map(({ receivedAt, webhook }) => {
      const body = JSON.stringify(webhook);
      const timestamp = String(Math.floor(Date.parse(receivedAt) / 1000));
      const digits = createHmac('sha256', SECRET).update(`${timestamp}.${body}`).digest('hex');
      const headers = { 'x-chatwoot-timestamp': timestamp, 'x-chatwoot-signature': `sha256=${digits}` };
      return { receivedAt, headers, body };
    })
    .sort((left, right) => (left.receivedAt < right.receivedAt ? -1 : 1));
  return [{ secrets: [SECRET], settings: {}, webhooks }];
}

const SOURCES = {
  Chatwoot: { kind: 'chatwoot', sets: randomWebhooks() },
  Zammad: { kind: 'zammad', sets: storyWebhooks('zammad') },
  LibreDesk: { kind: 'libredesk', sets: storyWebhooks('libredesk') },
};

/**
 * Sends the webhooks of each kind to a connection that is new in each round, and says what a webhook took: microseconds
 * of the whole process, and rows by the platform's own count.
 */
async function measureWebhooks({ rounds, say }) {
  const connections = Object.values(SOURCES).flatMap(({ kind, sets }) =>
    sets.flatMap(({ secrets, settings }, set) =>
      Array.from({ length: rounds }, (_, round) => {
        const connectionId = `${kind}-${set}-${round}`;
        return { connectionId: connectionId.padEnd(8, '-'), kind, organizationId: connectionId, secrets, settings };
      }),
    ),
  );
  const state = path.join(WORK, 'state-connectors');
  rmSync(state, { recursive: true, force: true });
  const bindings = { CONNECTIONS: JSON.stringify(connections) };
  const side = await Side.start('ours', { state, counting: true, bindings });
  /** @type {Record<string, { cpu: number[], webhooks: number, rows: any }>} */
  const results = Object.fromEntries(Object.keys(SOURCES).map((name) => [name, { cpu: [], webhooks: 0, rows: {} }]));
  try {
    await migrate(side.database());
    for (let round = 0; round < rounds; round += 1) {
      say(`Webhooks ${round + 1} of ${rounds} …`);
      for (const [name, { kind, sets }] of Object.entries(SOURCES)) {
        await side.counts();
        const cpuBefore = cpuMicroseconds(side.pid);
        let sent = 0;
        for (const [set, { webhooks }] of sets.entries()) {
          const target = `/api/conversation-monitor/hooks/${`${kind}-${set}-${round}`.padEnd(8, '-')}`;
          for (const webhook of webhooks) sent += await deliver(side, target, webhook);
        }
        const cpu = cpuMicroseconds(side.pid) - cpuBefore;
        results[name].cpu.push(cpu / sent);
        results[name].webhooks = sent;
        results[name].rows = await side.counts();
      }
    }
  } finally {
    await side.stop();
  }
  return results;
}

async function deliver(side, target, { receivedAt, headers, body }) {
  const response = await side.fetch(target, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json', 'X-Instant': String(Date.parse(receivedAt)) },
    body,
  });
  const text = await response.text();
  // A story may have a webhook whose signature is refused.
  if (response.status !== 200 && response.status !== 401) throw new Error(`a webhook: ${response.status} ${text}`);
  return 1;
}

/**
 * What connectors cost.
 *
 * @param {{ rounds: number, say: (line: string) => void }} options
 */
export async function measureConnectors({ rounds, say }) {
  return { sizes: await sizesOfParts({ say }), webhooks: await measureWebhooks({ rounds, say }) };
}

/** The results as two tables. */
export function connectorTables({ sizes, webhooks }) {
  const kilobytes = (bytes) => number(bytes / 1000, 1);
  const parts = sizes.map(({ name, size, gzipped }) => [name, kilobytes(size), kilobytes(gzipped)]);
  const kinds = Object.entries(webhooks).map(([name, { cpu, webhooks: count, rows }]) => [
    name,
    String(count),
    spreadText(cpu),
    number(rows.statements / count, 1),
    number(rows.rowsRead / count, 1),
    number(rows.rowsWritten / count, 1),
  ]);
  return [
    table(['part of the wasm', 'KB', 'less with gzip -9, KB'], parts),
    table(['webhooks of', 'webhooks', 'CPU a webhook, µs', 'statements', 'rows read', 'rows written'], kinds),
  ];
}
