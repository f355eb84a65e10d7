// Moves organizations between databases, while the service runs. See USAGE.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { wrangler } from './command.mjs';
import { parseFlags, usageFailure } from './flags.mjs';
import { Failure, inRoot, whenProgram } from './project.mjs';
import { BUCKETS, bucketOf, databaseOf, parseShards } from './shards/buckets.mjs';
import { databaseBindings, localShards, readShards, withShards } from './shards/config.mjs';
import { move, removeFrom } from './shards/move.mjs';

const WAIT_SECONDS = 600;
const LOCAL_WAIT_SECONDS = 10;
const REFRESH_SECONDS = 20;

const USAGE = `usage: npm run shard -- bucket ORGANIZATION_ID …
       npm run shard -- move --buckets A-B --to BINDING (--remote | --local N) [--wait SECONDS]
       npm run shard -- purge --buckets A-B --from BINDING (--remote | --local N)

bucket says which bucket organizations have, and in which database it is.
move moves buckets to another database, in some steps, and may be interrupted and run again. It changes SHARDS in wrangler.toml
and deploys the worker three times.
purge removes what is left in a database of buckets that were moved, which is the last step of a move.
  --remote        the databases of the deployed worker, and wrangler.toml
  --local N       those of \`npm start -- --shards N\`, which must be running
  --wait SECONDS  how long every isolate of the worker needs to learn of another SHARDS (default ${WAIT_SECONDS}; ${LOCAL_WAIT_SECONDS} with --local)`;

await whenProgram(import.meta.url, async (args) => {
  const options = /** @type {const} */ ({
    buckets: { type: 'string' },
    to: { type: 'string' },
    from: { type: 'string' },
    remote: { type: 'boolean', default: false },
    local: { type: 'string' },
    wait: { type: 'string' },
  });
  const flags = parseFlags(args, USAGE, options, { positionals: 1_000 });
  if (!flags) return 0;
  const [command, ...ids] = flags.positionals;
  const { values } = flags;
  if (command === 'bucket') {
    const ranges = parseShards(readShards(readFileSync(inRoot('wrangler.toml'), 'utf8')));
    for (const id of ids) console.log(`${id}: bucket ${bucketOf(id)}, in ${databaseOf(ranges, id)}`);
    return 0;
  }
  if ((command !== 'move' && command !== 'purge') || ids.length > 0)
    throw usageFailure('move, purge or bucket?', USAGE);
  const range = bucketsOf(values.buckets);
  const name = command === 'move' ? values.to : values.from;
  if (!name) throw usageFailure(`${command} needs --${command === 'move' ? 'to' : 'from'}.`, USAGE);
  if (values.remote === (values.local !== undefined)) throw usageFailure('--remote, or --local N?', USAGE);
  const count = numberOf(values.local ?? '2', 2, 31, '--local');
  const place = values.remote ? remote() : local(count);
  const wait = numberOf(values.wait ?? String(values.remote ? WAIT_SECONDS : LOCAL_WAIT_SECONDS), 0, 86_400, '--wait');
  const { databases, dispose } = await place.open();
  try {
    const platform = {
      databases,
      shards: {
        read: () => readShards(readFileSync(place.config, 'utf8')),
        deploy: async (text) => {
          writeFileSync(place.config, withShards(readFileSync(place.config, 'utf8'), text));
          await place.deploy();
        },
      },
      pause: async (reason) => {
        const seconds = reason === 'isolates' ? wait : REFRESH_SECONDS;
        console.error(`Waiting ${seconds} seconds …`);
        await sleep(seconds * 1_000);
      },
      say: (line) => console.error(line),
      now: () => Date.now(),
    };
    if (!databases[name]) throw new Failure(`${place.config} binds no database as ${name}.`);
    if (command === 'move') await move(platform, { ...range, to: name });
    else await removeFrom(platform, { ...range, from: name });
  } finally {
    await dispose();
  }
  return 0;
});

/** "512-600", or one bucket. */
function bucketsOf(text = '') {
  const [, first, last = first] = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(text) ?? [];
  const range = { first: Number(first), last: Number(last) };
  if (!(range.first <= range.last && range.last < BUCKETS))
    throw usageFailure(`--buckets takes some of 0-${BUCKETS - 1}, such as 512-600; "${text}" is not that.`, USAGE);
  return range;
}

function numberOf(text, min, max, flag) {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  if (number < min || number > max)
    throw usageFailure(`${flag} takes a number from ${min} to ${max}; "${text}" is not one.`, USAGE);
  return number;
}

/** The deployed worker. */
function remote() {
  const config = inRoot('wrangler.toml');
  return {
    config,
    deploy: () => wrangler(['deploy']),
    async open() {
      // The same bindings, of the databases themselves instead of copies on this machine.
      const copy = inRoot('wrangler.remote-shards.toml');
      const toml = readFileSync(config, 'utf8').replace(/^\[\[d1_databases\]\]$/gm, '[[d1_databases]]\nremote = true');
      writeFileSync(copy, toml);
      try {
        return await openDatabases({ configPath: copy, persist: false });
      } finally {
        rmSync(copy);
      }
    },
  };
}

/** The worker of `npm start -- --shards N`, which notices itself that its configuration changes. */
function local(count) {
  const { config, state } = localShards(count);
  return {
    config,
    deploy: async () => {},
    open: () => openDatabases({ configPath: config, persist: { path: `${state}/v3` } }),
  };
}

/** The databases of a configuration, by their bindings. */
async function openDatabases(options) {
  const { getPlatformProxy } = await import('wrangler');
  const bindings = databaseBindings(readFileSync(options.configPath, 'utf8'));
  const { env, dispose } = await getPlatformProxy(options);
  return { databases: Object.fromEntries(bindings.map((binding) => [binding, env[binding]])), dispose };
}
