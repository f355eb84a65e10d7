// What streams keep in an isolate, by counts: while a client does not read, and when all have ended. Memory itself is
// looked at in stream-memory.test.mjs.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { Side } from '../../bench/sides.mjs';
import { inRoot } from '../../scripts/project.mjs';

const EVENT_BYTES = 1024 * 1024;
/** How many events a client reads while another one reads none. */
const EVENTS_READ = 200;
/** How many of them may have been made for the one who reads none: what the network takes, in buffers of some megabytes. */
const EVENTS_UNREAD_MAX = 32;
const ATTEMPTS_MAX = 10_000;

/**
 * The bodies of the worker's streams, of events that a test can count: at `/busy/…` without a pause between them, at
 * `/idle/…` with one that outlasts the test.
 */
const COUNTED = `
  import { streamBody } from './stream.js';

  const text = 'x'.repeat(${EVENT_BYTES});
  const counts = { timers: 0, streams: {} };
  const { setTimeout, clearTimeout } = globalThis;
  const pending = new Set();
  globalThis.setTimeout = (...parameters) => {
    const timer = setTimeout(...parameters);
    pending.add(timer);
    return timer;
  };
  globalThis.clearTimeout = (timer) => {
    pending.delete(timer);
    clearTimeout(timer);
  };

  export default {
    fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname === '/counts') return Response.json({ ...counts, timers: pending.size });
      const count = { made: 0, ended: 0 };
      counts.streams[pathname] = count;
      async function* open({ sleep, isStopped }) {
        while (!isStopped()) {
          count.made += 1;
          yield text;
          if (pathname.startsWith('/idle/')) await sleep(2 ** 30);
        }
      }
      return new Response(streamBody(open, () => (count.ended += 1)));
    },
  };
`;

let side;
before(async () => {
  const module = (path, contents) => ({ type: 'ESModule', path, contents });
  const stream = readFileSync(inRoot('src', 'worker', 'stream.js'), 'utf8');
  side = await Side.start('counted', { modules: [module('counted.js', COUNTED), module('stream.js', stream)] });
});
after(() => side?.stop());

const counts = async () => (await side.fetch('/counts')).json();

/** Asks for the counts until they are as they must become. */
async function countsWhen(condition, failure) {
  for (let attempts = 0; attempts < ATTEMPTS_MAX; attempts += 1) {
    const found = await counts();
    if (condition(found)) return found;
  }
  throw new Error(failure);
}

/** A client that asks for a stream and never reads what comes. */
async function askAndNeverRead(path) {
  const { hostname, port } = new URL(side.url);
  const socket = net.connect({ host: hostname, port: Number(port) });
  await new Promise((resolve, reject) => {
    socket.on('connect', resolve).on('error', reject);
  });
  socket.pause();
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`);
  return socket;
}

test('for a client that never reads no more is made than the network takes', async () => {
  const socket = await askAndNeverRead('/busy/unread');
  await countsWhen(({ streams }) => streams['/busy/unread']?.made > 0, 'the stream has not begun');
  const response = await side.fetch('/busy/read');
  let bytes = 0;
  for await (const chunk of response.body) {
    bytes += chunk.byteLength;
    if (bytes >= EVENTS_READ * EVENT_BYTES) break;
  }
  const { streams } = await counts();
  assert.ok(streams['/busy/read'].made >= EVENTS_READ);
  assert.ok(streams['/busy/unread'].made <= EVENTS_UNREAD_MAX, `${streams['/busy/unread'].made} events were made`);
  assert.equal(streams['/busy/unread'].ended, 0, 'it goes on as soon as the client reads');
  socket.destroy();
  const over = await countsWhen(
    (found) => found.streams['/busy/unread'].ended > 0 && found.streams['/busy/read'].ended > 0,
    'the streams have not ended',
  );
  assert.deepEqual([over.streams['/busy/unread'].ended, over.streams['/busy/read'].ended], [1, 1]);
  assert.ok(over.streams['/busy/unread'].made <= EVENTS_UNREAD_MAX);
});

test('of a hundred streams nothing goes on once all have ended', async () => {
  const paths = Array.from({ length: 100 }, (_, number) => `/idle/${number}`);
  const readers = await Promise.all(
    paths.map(async (path) => {
      const { body } = await side.fetch(path);
      const reader = body.getReader();
      await reader.read();
      return reader;
    }),
  );
  await countsWhen(({ streams }) => paths.every((path) => streams[path]?.made === 1), 'not all have begun');
  await Promise.all(readers.map((reader) => reader.cancel()));
  const over = await countsWhen(
    ({ streams }) => paths.every((path) => streams[path].ended > 0),
    'not all streams have ended',
  );
  for (const path of paths) assert.deepEqual(over.streams[path], { made: 1, ended: 1 }, path);
  assert.equal(over.timers, 0, 'no timer is left');
});
