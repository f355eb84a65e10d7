// Loads a file of events into a worker through its ingest. See USAGE.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { jwtSecret } from './dev-vars.mjs';
import { readLines, shiftToNow } from './event-lines.mjs';
import { parseFlags, usageFailure } from './flags.mjs';
import { postEvents } from './ingest.mjs';
import { Failure, whenProgram } from './project.mjs';
import { LOCAL_URL } from './refresh.mjs';
import { INGEST_SCOPE, makeToken, readClaims } from './token.mjs';

const BAR_WIDTH = 30;
/** Without a terminal: one line for so many events. */
const PLAIN_STEP = 10_000;

const USAGE = `usage: npm run load -- FILE [--url URL] [--shift-to-now] [--token TOKEN]

Posts the events of an NDJSON file (one event a line; "-" reads stdin) in batches to the worker's ingest.
  --url URL        the worker (default ${LOCAL_URL})
  --shift-to-now   moves all instants so that the latest updatedAt is 90 seconds ago
  --token TOKEN    the token to use (default: one of a SUPERADMIN, made with JWT_SECRET)
What fails for the moment is tried again; events that the worker refuses are named and left out.
The exit code is 0 only if none was refused.`;

/** A function that gives a token for the ingest of any organization; a fresh one each time, so that none runs out. */
export function ingestToken(where) {
  jwtSecret(where);
  return () => makeToken({ role: 'SUPERADMIN', scope: INGEST_SCOPE, user: 'loader', ttl: '10m' }, { where });
}

/** A progress bar on a terminal, else a line now and then. */
export function progressReporter(total, { stream = process.stderr } = {}) {
  const bar = Boolean(stream.isTTY);
  let nextPlain = PLAIN_STEP;
  let shown = false;
  const clear = () => {
    if (shown) stream.write('\r\x1b[K');
    shown = false;
  };
  return {
    note(message) {
      clear();
      stream.write(`${message}\n`);
    },
    progress({ read, refused }) {
      const share = total ? Math.min(1, read / total) : 1;
      const text = `${read}${total ? ` of ${total}` : ''} events${refused ? `, ${refused} refused` : ''}`;
      if (bar) {
        const filled = Math.round(share * BAR_WIDTH);
        stream.write(`\r\x1b[K[${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}] ${text}`);
        shown = true;
      } else if (read >= nextPlain || read === total) {
        stream.write(`${text}\n`);
        nextPlain = read + PLAIN_STEP;
      }
    },
    end: clear,
  };
}

/** Loads `file` and returns the counts of `postEvents`. */
async function load({ file, url, shift, token }) {
  if (file !== '-' && !existsSync(file)) throw new Failure(`There is no file ${file}.`);
  // A file is read twice rather than held; stdin can be read only once.
  const held = file === '-' ? await collect(readLines('-')) : undefined;
  const lines = () => held ?? readLines(file);

  const total = await countLines(lines());
  const reporter = progressReporter(total);
  const counts = await postEvents({
    lines: lines(),
    url,
    token: token ? () => token : ingestToken(),
    mixed: !token || claimsOf(token).role === 'SUPERADMIN',
    shift: shift ? await shiftToNow(lines(), Date.now()) : 0,
    on: {
      refused: (number, reason) => reporter.note(`line ${number} refused: ${reason}`),
      retry: reporter.note,
      progress: reporter.progress,
    },
  }).finally(reporter.end);
  return counts;
}

function claimsOf(token) {
  try {
    return readClaims(token) ?? {};
  } catch {
    throw usageFailure('--token takes a JWT, as `npm run token` prints it.', USAGE);
  }
}

async function collect(lines) {
  const held = [];
  for await (const line of lines) held.push(line);
  return held;
}

async function countLines(lines) {
  let total = 0;
  for await (const _ of lines) total += 1;
  return total;
}

await whenProgram(import.meta.url, async (args) => {
  const options = {
    url: { type: 'string', default: LOCAL_URL },
    'shift-to-now': { type: 'boolean' },
    token: { type: 'string' },
  };
  const flags = parseFlags(args, USAGE, options, { positionals: 1 });
  if (!flags) return 0;
  const [file] = flags.positionals;
  const { url, token, 'shift-to-now': shift } = flags.values;
  if (file === undefined) throw usageFailure('Which file? ("-" for stdin)', USAGE);
  if (!URL.canParse(url)) throw usageFailure(`--url takes an address such as ${LOCAL_URL}; "${url}" is none.`, USAGE);

  // npm runs scripts in the repository's root; the path was typed elsewhere, perhaps.
  const typedIn = process.env.npm_lifecycle_event === 'load' ? process.env.INIT_CWD : undefined;
  const { sent, accepted, applied, ignored, refused } = await load({
    file: file === '-' ? file : path.resolve(typedIn ?? '.', file),
    url,
    shift,
    token,
  });
  console.log(`sent ${sent}, accepted ${accepted}, applied ${applied}, ignored ${ignored}, refused ${refused}`);
  return refused ? 1 : 0;
});
