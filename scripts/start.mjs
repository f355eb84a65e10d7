// Everything that runs on a laptop, with one command. See USAGE.

import { build } from './build.mjs';
import { wrangler } from './command.mjs';
import { DEMO_ORGANIZATIONS, demoEvents } from './demo.mjs';
import { ensureAlertVariables, ensureJwtSecret } from './dev-vars.mjs';
import { parseFlags, usageFailure } from './flags.mjs';
import { postEvents } from './ingest.mjs';
import { ingestToken } from './load.mjs';
import { progressReporter } from './progress.mjs';
import { whenProgram } from './project.mjs';
import { triggerRefresh } from './refresh.mjs';
import { assertPortFree, startServer } from './server.mjs';
import { ensureEverything } from './setup.mjs';
import { bindingsOf } from './shards/buckets.mjs';
import { localShards, writeLocalConfig } from './shards/config.mjs';
import { LINK_TTL, signInLinks } from './sign-in-links.mjs';

const DEFAULT_PORT = 8787;
const MINUTE_MS = 60_000;
/** As many as the worker takes. */
const SHARDS_MAX = 31;

const USAGE = `usage: npm start [-- --port N] [--shards N]

Builds the worker and runs it on this machine, with demo data if its database is empty, and refreshes the
reports each minute. Ctrl-C ends it.
  --port N     the port to listen on, on 127.0.0.1 only (default ${DEFAULT_PORT})
  --shards N   use N databases, 2 to ${SHARDS_MAX}, apart from the one that is used without this`;

await whenProgram(import.meta.url, async (args) => {
  const flags = parseFlags(args, USAGE, {
    port: { type: 'string', default: String(DEFAULT_PORT) },
    shards: { type: 'string', default: '1' },
  });
  if (!flags) return 0;
  const port = /^\d{1,5}$/.test(flags.values.port) ? Number(flags.values.port) : 0;
  if (port < 1 || port > 65_535)
    throw usageFailure(`--port takes a number from 1 to 65535; "${flags.values.port}" is not one.`, USAGE);
  const shards = /^\d{1,2}$/.test(flags.values.shards) ? Number(flags.values.shards) : 0;
  if (shards < 1 || shards > SHARDS_MAX)
    throw usageFailure(`--shards takes a number from 1 to ${SHARDS_MAX}; "${flags.values.shards}" is not one.`, USAGE);
  const exitCode = await start(port, shards);
  // Exit instead of setting the exit code, so that a pending request or pause does not keep this process alive.
  process.exit(exitCode);
});

/** Runs until it is told to stop (exit code 0) or the server ends by itself (1). */
async function start(port, shards) {
  const url = `http://127.0.0.1:${port}`;
  await assertPortFree(port);
  await ensureEverything({ need: ['node', 'packages', 'rust', 'tools'] });
  if (!(await build())) say('The worker is built and up to date.');
  if (ensureJwtSecret()) say('Made a random JWT_SECRET in .dev.vars.');
  ensureAlertVariables(port);
  const local = localDatabases(shards);
  for (const binding of local.bindings) {
    say(`Applying the migrations to the local database${shards > 1 ? ` ${binding}` : ''} …`);
    await wrangler(['d1', 'migrations', 'apply', binding, '--local', ...local.options]);
  }
  const present = await anyOrganization(local);

  say(`Starting the worker at ${url} …`);
  const server = startServer(port, local.options);
  try {
    // Whatever is under way when the server ends or Ctrl-C comes is abandoned; all of it can be repeated.
    const serving = (async () => {
      await server.whenReady();
      if (!present) await loadDemoData(url);
      await refresh(url, Date.now());
      const health = await server.health().catch(() => 'nothing');
      if (health !== 200) say(`GET /health answers ${health}; see what it says: curl ${url}/health`);
      invite(url, present ?? DEMO_ORGANIZATIONS[0].organizationId);
      await refreshEachMinute(url, server.ended);
    })();
    return await Promise.race([server.ended, serving.then(() => server.ended)]);
  } finally {
    await server.stop();
  }
}

/** The bindings of so many databases, and the options by which wrangler finds them. */
function localDatabases(shards) {
  if (shards === 1) return { bindings: bindingsOf(1), options: [] };
  writeLocalConfig(shards);
  const { config, state, bindings } = localShards(shards);
  return { bindings, options: ['--config', config, '--persist-to', state] };
}

/** The id of an organization in the databases, the first demo one if it is there; undefined if there is none at all. */
async function anyOrganization({ bindings, options }) {
  const [{ organizationId }] = DEMO_ORGANIZATIONS;
  const query = `SELECT organization_id FROM organization ORDER BY organization_id = '${organizationId}' DESC LIMIT 1`;
  const found = [];
  for (const binding of bindings) {
    const printed = await wrangler(['d1', 'execute', binding, '--local', '--json', '--command', query, ...options]);
    found.push(...JSON.parse(printed)[0].results.map(({ organization_id }) => organization_id));
  }
  return found.includes(organizationId) ? organizationId : found[0];
}

async function loadDemoData(url) {
  const events = demoEvents(Date.now());
  say(`The database is empty: loading demo data (${events.length} events) …`);
  const reporter = progressReporter(events.length);
  const { accepted, refused } = await postEvents({
    lines: events.map((event, index) => ({ number: index + 1, text: JSON.stringify(event) })),
    url,
    token: ingestToken(),
    on: {
      refused: (number, reason) => reporter.note(`demo event ${number} refused: ${reason}`),
      retry: reporter.note,
      progress: reporter.progress,
    },
  }).finally(reporter.end);
  say(`Demo data: ${accepted} events accepted${refused ? `, ${refused} REFUSED` : ''}.`);
}

/** Stands in for the platform's cron, which does not run locally: a refresh at each full minute. */
async function refreshEachMinute(url, ended) {
  const over = ended.then(() => true);
  for (;;) {
    const next = (Math.floor(Date.now() / MINUTE_MS) + 1) * MINUTE_MS;
    if (await Promise.race([over, until(next)])) return;
    await refresh(url, next);
  }
}

/** Resolves at the instant by the wall clock, never earlier. */
function until(instant) {
  return new Promise((resolve) => {
    const check = () => {
      const left = instant - Date.now();
      if (left > 0) setTimeout(check, left).unref();
      else resolve(false);
    };
    check();
  });
}

async function refresh(url, at) {
  try {
    const outcome = await triggerRefresh({ url, at });
    if (outcome !== 'ok')
      say(`The refresh of ${new Date(at).toISOString()} ended with "${outcome}"; the log above says why.`);
  } catch (error) {
    say(`The refresh of ${new Date(at).toISOString()} failed: ${error.message}`);
  }
}

function invite(url, organizationId) {
  const demo = DEMO_ORGANIZATIONS.find((organization) => organization.organizationId === organizationId);
  const links = signInLinks(url, organizationId, demo);
  const [first] = links;
  console.log(`
Conversation Monitor runs at ${url} (Ctrl-C ends it).

Who is waiting at ${demo?.name ?? `organization ${organizationId}`}? These links sign in to the dashboard for ${LINK_TTL}:

${links.map(({ role, link }) => `as ${role}:\n${link}\n`).join('\n')}`);
  // Where JWT_ROLES gives neither administrator a name, there may be no link.
  if (!first) return;
  console.log(`The report itself, as ${first.role}:

curl -s '${url}/api/conversation-monitor/report?limit=5' \\
  -H 'Authorization: Bearer ${first.token}'
`);
}

function say(message) {
  console.error(message);
}
