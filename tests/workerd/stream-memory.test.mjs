// What streams take of an isolate's memory when all have ended.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { AS_OF, claimsOf, iso, organizationEvents, SMALL, signToken } from '../../bench/data.mjs';
import { Profiler } from '../../bench/profiler.mjs';
import { migrate, post } from '../../bench/seed.mjs';
import { modulesOf, Side } from '../../bench/sides.mjs';
import { build } from '../../scripts/build.mjs';
import { inRoot } from '../../scripts/project.mjs';

const MINUTE = 60_000;
const MEBIBYTE = 1024 * 1024;
/** How much more memory than before may be taken. */
const MORE_MAX = 5 * MEBIBYTE;
const { organizationId } = SMALL;
const QUERY = 'limit=100&skipThreshold=true';
const CANDIDATES = 100;
/** The most characters that a name may have. Of two bytes each, a page of the report has more than 200 KB. */
const NAME_CHARACTERS = 512;

/**
 * The worker with a clock that stands until a request for its memory sets it, and with timers a hundred times as fast: a stream
 * that waits for a publication looks at the clock five times a second.
 */
const WATCHED = `
  import { wasmBytes } from './instances.js';
  import worker from './index.js';

  export * from './index.js';

  let instant = ${AS_OF};
  Date.now = () => instant;
  const { setTimeout } = globalThis;
  globalThis.setTimeout = (callback, milliseconds, ...rest) => setTimeout(callback, milliseconds / 100, ...rest);

  export default {
    fetch(request, env, context) {
      const url = new URL(request.url);
      if (url.pathname !== '/memory') return worker.fetch(request, env, context);
      instant = Number(url.searchParams.get('at'));
      return new Response(String(wasmBytes()));
    },
    scheduled: (event, env, context) => worker.scheduled(event, env, context),
  };
`;

let side;
let profiler;
/** The instant of the last refresh. */
let asOf = AS_OF;
let published = 0;

before(async () => {
  await build();
  const [main, ...others] = await modulesOf('ours');
  const own = (path, contents) => ({ type: 'ESModule', path, contents });
  const modules = [
    own('watched.js', WATCHED),
    own('instances.js', readFileSync(inRoot('bench', 'instances.js'), 'utf8')),
    main,
    ...others,
  ];
  // Pages in memory have a limit of their own, which these would fill.
  side = await Side.start('watched', { modules, inspectorPort: 0, bindings: { PAGE_MEMORY_MEBIBYTES: '0' } });
  profiler = await Profiler.attach(await side.miniflare.getInspectorURL(), 'watched');
  await migrate(await side.database());
  const events = [...organizationEvents({ organizationId, candidates: CANDIDATES, asOf: AS_OF })];
  const named = ({ fullName, ...event }) => ({ ...event, ...(fullName && { fullName: longName(fullName) }) });
  await post(side, events.map(named));
  await publish();
});
after(async () => {
  profiler?.detach();
  await side?.stop();
});

/** Lets the clock be two seconds after the last publication, when a stream looks for it. Returns the bytes of the wasm. */
async function setClock() {
  const response = await side.fetch(`/memory?at=${asOf + 2_000}`);
  return Number(await response.text());
}

/** What the isolate has after a full collection, in bytes: the memory of its wasm, which never shrinks, and its heap. */
async function memory() {
  return (await setClock()) + (await profiler.heapBytes());
}

const longName = (name) => name.padEnd(NAME_CHARACTERS, 'é');

/** A minute later every customer has another name, so that every row has changed. */
async function publish() {
  published += 1;
  const contacts = new Map();
  for (const event of organizationEvents({ organizationId, candidates: CANDIDATES, withStaff: false })) {
    if (event.type === 'contact') contacts.set(event.contactId, event);
  }
  const name = longName(`${published}`);
  const updatedAt = iso(asOf + MINUTE);
  await post(
    side,
    [...contacts.values()].map((contact) => ({ ...contact, name, updatedAt })),
  );
  asOf += MINUTE;
  await side.refresh(asOf);
  await setClock();
}

const streamPath = `/api/conversation-monitor/report/stream?${QUERY}`;
const authorization = (number) => `Bearer ${signToken(claimsOf('ADMIN', organizationId, number))}`;

/** A stream that is read event by event. */
class Reader {
  #reader;
  #text = '';

  static async open(number) {
    const response = await side.fetch(streamPath, { headers: { Authorization: authorization(number) } });
    assert.equal(response.status, 200);
    return new Reader(response.body.getReader());
  }

  constructor(reader) {
    this.#reader = reader;
  }

  /** Reads until an event with this name has come. */
  async until(name) {
    const decoder = new TextDecoder();
    for (;;) {
      const start = this.#text.indexOf(`event: ${name}\n`);
      const end = start === -1 ? -1 : this.#text.indexOf('\n\n', start);
      if (end !== -1) {
        this.#text = this.#text.slice(end + 2);
        return;
      }
      const { value, done } = await this.#reader.read();
      assert.ok(!done, `the stream has ended before ${name}: ${this.#text}`);
      this.#text += decoder.decode(value, { stream: true });
    }
  }

  close() {
    return this.#reader.cancel();
  }
}

test('memory is where it was once all streams have ended', async () => {
  const first = await Reader.open(0);
  await first.until('summary');
  await publish();
  await first.until('report');
  await first.close();
  const start = await memory();

  const readers = await Promise.all(Array.from({ length: 100 }, (_, number) => Reader.open(number)));
  for (const reader of readers) await reader.until('summary');
  for (let publication = 0; publication < 3; publication += 1) {
    await publish();
    for (const reader of readers) await reader.until('report');
  }
  await Promise.all(readers.map((reader) => reader.close()));

  asOf += MINUTE;
  let end = await memory();
  // The platform tells the worker on its own time that a client has left.
  for (let attempts = 0; attempts < 200 && end > start + MORE_MAX; attempts += 1) end = await memory();
  assert.ok(end <= start + MORE_MAX, `${start} bytes, then ${end}`);
});
