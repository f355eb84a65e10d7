// The load generator: a process of its own that sends requests over kept connections, as many as it is told, and says
// how long that took. HTTP/1.1 by hand, because a client library would cost more than the servers under test.

import { fork } from 'node:child_process';
import net from 'node:net';
import { fileURLToPath } from 'node:url';

/** A running load generator. */
export class Load {
  #child = fork(fileURLToPath(import.meta.url), ['--load'], {
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });

  /**
   * Sends `count` requests over `connections`, taking `requests` (`{ path, headers }`) by turns; every answer must have
   * `status`. Returns seconds and the bytes of all bodies.
   */
  run(url, { requests, count, connections = 8, status = 200 }) {
    const { hostname, port } = new URL(url);
    return new Promise((resolve, reject) => {
      this.#child.once('message', (/** @type {any} */ answer) =>
        answer.error ? reject(new Error(answer.error)) : resolve(answer),
      );
      this.#child.send({ hostname, port: Number(port), requests, count, connections, status });
    });
  }

  stop() {
    this.#child.disconnect();
  }
}

if (process.argv[2] === '--load' && process.send) {
  const answer = process.send.bind(process);
  process.on('message', async (/** @type {any} */ order) => {
    try {
      answer(await runOrder(order));
    } catch (error) {
      answer({ error: error.message });
    }
  });
}

async function runOrder({ hostname, port, requests, count, connections, status }) {
  const heads = requests.map(({ path, headers }) => {
    const lines = Object.entries({ Host: `${hostname}:${port}`, ...headers }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    );
    return Buffer.from(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
  });
  let next = 0;
  const take = () => (next < count ? heads[next++ % heads.length] : undefined);
  const startedAt = performance.now();
  const bytes = await Promise.all(Array.from({ length: connections }, () => converse(hostname, port, take, status)));
  return { seconds: (performance.now() - startedAt) / 1000, bytes: bytes.reduce((sum, each) => sum + each, 0) };
}

/** One connection: a request, its whole answer, the next request. Returns the bytes of the bodies. */
function converse(hostname, port, take, status) {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: hostname, port, noDelay: true });
    let received = Buffer.alloc(0);
    let bodies = 0;
    const send = () => {
      const request = take();
      if (request) socket.write(request);
      else socket.end(() => resolve(bodies));
    };
    socket
      .on('connect', send)
      .on('error', reject)
      .on('close', () => reject(new Error('the connection was closed')));
    socket.on('data', (chunk) => {
      received = received.length ? Buffer.concat([received, chunk]) : chunk;
      const answer = readAnswer(received);
      if (!answer) return;
      if (answer.status !== status) {
        socket.destroy(new Error(`answered ${answer.status} and not ${status}: ${received.toString()}`));
        return;
      }
      bodies += answer.bodyBytes;
      received = received.subarray(answer.end);
      send();
    });
  });
}

/** Where an answer ends; undefined while it is not whole. A body has a Content-Length, or none is there (304, HEAD). */
export function readAnswer(buffer) {
  const headEnd = buffer.indexOf('\r\n\r\n');
  if (headEnd === -1) return undefined;
  const head = buffer.latin1Slice(0, headEnd);
  const status = Number(head.slice(9, 12));
  const length = /\r\ncontent-length: *(\d+)/i.exec(head);
  if (!length && /\r\ntransfer-encoding:/i.test(head)) return chunkedAnswer(buffer, headEnd + 4, status);
  const bodyBytes = status === 304 || !length ? 0 : Number(length[1]);
  const end = headEnd + 4 + bodyBytes;
  return end <= buffer.length ? { status, bodyBytes, end } : undefined;
}

function chunkedAnswer(buffer, start, status) {
  let bodyBytes = 0;
  for (let at = start; ; ) {
    const lineEnd = buffer.indexOf('\r\n', at);
    if (lineEnd === -1) return undefined;
    const size = Number.parseInt(buffer.latin1Slice(at, lineEnd), 16);
    at = lineEnd + 2 + size + 2;
    if (at > buffer.length) return undefined;
    bodyBytes += size;
    if (size === 0) return { status, bodyBytes, end: at };
  }
}
