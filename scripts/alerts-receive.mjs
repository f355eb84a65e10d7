// A receiver of alerts on this machine: verifies what comes and prints it. See USAGE.

import { createServer } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { parseFlags, usageFailure } from './flags.mjs';
import { whenProgram } from './project.mjs';

export const RECEIVER_PORT = 8790;
/** The most bytes of a message. */
const BODY_BYTES_MAX = 256 * 1024;

const USAGE = `usage: npm run alerts:receive [-- --secret SECRET] [--port N] [--answer STATUS]

Receives the alerts of the worker that \`npm start\` runs, whatever their addresses are, and prints them. Ctrl-C ends it.
  --secret SECRET   the secret of the destination, whsec_…: refuses what is not signed with it
  --port N          the port to listen on, on 127.0.0.1 only (default ${RECEIVER_PORT}: ALERTS_RECEIVER in .dev.vars)
  --answer STATUS   what it answers (default 200), to see what becomes of messages that are refused`;

/**
 * The receiver. It prints a line for each message with \`say\`.
 *
 * @param {{ secret?: string, status?: number, say: (line: string) => void }} options
 */
export function receiver({ secret, status = 200, say }) {
  return createServer(async (request, response) => {
    const chunks = [];
    let bytes = 0;
    for await (const chunk of request) {
      bytes += chunk.length;
      if (bytes > BODY_BYTES_MAX) return response.writeHead(413).end();
      chunks.push(chunk);
    }
    const body = Buffer.concat(chunks).toString('utf8');
    const verdict = verdictOf(secret, body, request.headers);
    say(`${new Date().toISOString()} ${request.headers['webhook-id'] ?? 'without an id'}: ${verdict}\n${pretty(body)}`);
    return response.writeHead(verdict.startsWith('refused') ? 401 : status).end();
  });
}

function verdictOf(secret, body, headers) {
  if (secret === undefined) return headers['webhook-signature'] ? 'signed, and not verified' : 'not signed';
  try {
    new Webhook(secret).verify(body, headers);
    return 'signed with the secret';
  } catch (error) {
    return `refused: ${error.message}`;
  }
}

function pretty(body) {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

await whenProgram(import.meta.url, async (args) => {
  const flags = parseFlags(args, USAGE, {
    secret: { type: 'string' },
    port: { type: 'string', default: String(RECEIVER_PORT) },
    answer: { type: 'string', default: '200' },
  });
  if (!flags) return undefined;
  const { secret } = flags.values;
  const number = (name, least, most) => {
    const value = Number(flags.values[name]);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw usageFailure(`--${name} takes a number from ${least} to ${most}.`, USAGE);
  };
  const port = number('port', 1, 65_535);
  const server = receiver({ secret, status: number('answer', 200, 599), say: (line) => console.log(line) });
  await new Promise((resolve, reject) =>
    server.once('error', reject).listen(port, '127.0.0.1', () => resolve(undefined)),
  );
  console.log(`Waiting for alerts at http://127.0.0.1:${port} (Ctrl-C ends it).`);
  return new Promise(() => {});
});
