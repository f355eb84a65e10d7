// Loads a file of events into a worker through its ingest. See USAGE.

import { accessSync, constants, existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { jwtSecret } from './dev-vars.mjs';
import { readLines, shiftToNow } from './event-lines.mjs';
import { parseAddress, parseFlags, usageFailure } from './flags.mjs';
import { postEvents } from './ingest.mjs';
import { progressReporter } from './progress.mjs';
import { Failure, whenProgram } from './project.mjs';
import { LOCAL_URL } from './refresh.mjs';
import { INGEST_SCOPE, makeToken, readClaims } from './token.mjs';

/** How many refused lines are named; a file that is no NDJSON at all has nothing but such lines. */
const REFUSALS_SHOWN = 20;

const USAGE = `usage: npm run load -- FILE [--url URL] [--shift-to-now] [--token TOKEN]

Posts the events of an NDJSON file (one event a line; "-" reads stdin) in batches to the worker's ingest.
  --url URL        the worker (default ${LOCAL_URL})
  --shift-to-now   moves all instants so that the latest updatedAt is 90 seconds ago
  --token TOKEN    the token to use (default: one of a SUPERADMIN, made with JWT_SECRET)
A request that fails for a passing reason is tried again. Events that the worker refuses are left out, and the first
${REFUSALS_SHOWN} of them are named. The exit code is 0 only if none was refused.`;

/** A function that makes a new token at each call, for the ingest of any organization: so none expires on the way. */
export function ingestToken(where) {
  jwtSecret(where);
  return () => makeToken({ role: 'SUPERADMIN', scope: INGEST_SCOPE, user: 'loader', ttl: '10m' }, { where });
}

/** Loads `file` and returns the counts of `postEvents`. */
async function load({ file, url, shift, token }) {
  if (file !== '-') checkFile(file);
  // A file is read twice rather than kept in memory; stdin can be read only once.
  const collected = file === '-' ? await collect(readLines('-')) : undefined;
  const lines = () => collected ?? readLines(file);

  const total = await countLines(lines());
  const reporter = progressReporter(total);
  let refused = 0;
  const counts = await postEvents({
    lines: lines(),
    url,
    token: token ? () => token : ingestToken(),
    mixed: !token || claimsOf(token).role === 'SUPERADMIN',
    shift: shift ? await shiftToNow(lines(), Date.now()) : 0,
    on: {
      refused: (number, reason) => {
        refused += 1;
        if (refused <= REFUSALS_SHOWN) reporter.note(`line ${number} refused: ${reason}`);
      },
      retry: reporter.note,
      progress: reporter.progress,
    },
  }).finally(() => {
    if (refused > REFUSALS_SHOWN) reporter.note(`… and ${refused - REFUSALS_SHOWN} more lines refused`);
    reporter.end();
  });
  return counts;
}

/** Throws unless the file can be read. */
function checkFile(file) {
  if (!existsSync(file)) throw new Failure(`There is no file ${file}.`);
  if (statSync(file).isDirectory()) {
    throw new Failure(`${file} is a folder. Name a file in it, with one event a line.`);
  }
  try {
    accessSync(file, constants.R_OK);
  } catch (error) {
    throw new Failure(`${file} cannot be read (${error.code}).`);
  }
}

function claimsOf(token) {
  try {
    return readClaims(token) ?? {};
  } catch {
    throw usageFailure('--token takes a JWT, as `npm run --silent token` prints it.', USAGE);
  }
}

async function collect(lines) {
  const collected = [];
  for await (const line of lines) collected.push(line);
  return collected;
}

async function countLines(lines) {
  let total = 0;
  for await (const _ of lines) total += 1;
  return total;
}

await whenProgram(import.meta.url, async (args) => {
  /** @type {import('node:util').ParseArgsConfig['options']} */
  const options = {
    url: { type: 'string', default: LOCAL_URL },
    'shift-to-now': { type: 'boolean' },
    token: { type: 'string' },
  };
  const flags = parseFlags(args, USAGE, options, { positionals: 1 });
  if (!flags) return 0;
  const [file] = flags.positionals;
  const { token, 'shift-to-now': shift } = flags.values;
  const url = parseAddress(flags.values.url, USAGE, LOCAL_URL);
  if (file === undefined) throw usageFailure('Which file? ("-" for stdin)', USAGE);

  // npm runs scripts in the repository's root, but the path may have been typed in another folder.
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
