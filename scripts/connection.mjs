// Prints what it takes to connect a help desk: the address of its webhooks, what to tick there, and what to store here.
// See USAGE.

import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { variable } from './dev-vars.mjs';
import { parseAddress, parseFlags, usageFailure } from './flags.mjs';
import { Failure, whenProgram } from './project.mjs';

const SECRET_BYTES_MIN = 16;
const SECRET_BYTES_MAX = 512;
const SECRETS_MAX = 2;
const CONNECTIONS_MAX = 50;
const HOOKS = '/api/conversation-monitor/hooks/';
const EXAMPLE_URL = 'https://monitor.example.com';

const USAGE = `usage: npm run --silent connection -- KIND --organization ID [options]

Prints the address to give to a help desk, what to tick there, and the value of CONNECTIONS to store. In a terminal it
asks for the secret that Chatwoot makes.
KIND is chatwoot, zammad or libredesk.
  --organization ID     the organization that the help desk writes to
  --url URL             where this service runs (default: http://localhost:8787)
  --secret-file FILE    a file with the secret of the help desk's webhook; "-" reads it from standard input.
                        Zammad and LibreDesk take any secret: without this one is made. Chatwoot makes its own.
  --id ID               the id of the connection: to replace its secret, keep the old one working besides
  --ai-users A,B        ids of agents of the help desk that are bots
  --department inbox    Chatwoot: a department is an inbox instead of a team
  --prefix P            what stands before every id: for a second help desk of the same organization
The connections that there are already come from CONNECTIONS, of the environment or of .dev.vars.`;

const OPTIONS = Object.fromEntries(
  ['organization', 'url', 'secret-file', 'id', 'ai-users', 'department', 'prefix'].map((name) => [
    name,
    { type: /** @type {const} */ ('string') },
  ]),
);

/** What to do in each help desk. */
const HELP_DESKS = {
  chatwoot: {
    name: 'Chatwoot',
    makesSecret: true,
    steps: (address) => [
      'Settings → Integrations → Webhooks → Configure → Add new webhook.',
      `URL: ${address}`,
      'Tick: Conversation Created, Conversation Status Changed, Conversation Updated, Message created, Message updated,',
      '      Contact updated. Nothing else.',
      'Save, and copy the secret that the webhook shows. It is made by Chatwoot (4.12 or later) and cannot be chosen.',
    ],
  },
  zammad: {
    name: 'Zammad',
    makesSecret: false,
    steps: (address) => [
      'Manage → Webhook → New Webhook.',
      `Endpoint: ${address}`,
      'HMAC SHA1 Signature Token: the secret below. Leave the payload as it is.',
      'Manage → Trigger → New Trigger: activated by "Action", executed "Always"; conditions: Action is created, or Action',
      '      is updated; execute: Webhook, the one above.',
    ],
  },
  libredesk: {
    name: 'LibreDesk',
    makesSecret: false,
    steps: (address) => [
      'Admin → Integrations → Webhooks → New Webhook.',
      `URL: ${address}`,
      'Events: all of them. Secret: the one below.',
      'If there are AI assistants, say their user ids with --ai-users.',
    ],
  },
};

/** The connections of a value of CONNECTIONS. */
function parseConnections(text) {
  if (!text) return [];
  try {
    const connections = JSON.parse(text);
    if (Array.isArray(connections)) return connections;
  } catch {
    // Said below.
  }
  throw new Failure('CONNECTIONS, of the environment or of .dev.vars, is not a JSON array. Correct it first.');
}

/** The secret of a file, or of standard input. */
function readSecret(file) {
  if (file !== '-' && !existsSync(file)) throw new Failure(`There is no file ${file}.`);
  const secret = readFileSync(file === '-' ? 0 : file, 'utf8').trim();
  const problem = secretProblem(secret);
  if (problem) throw new Failure(problem);
  return secret;
}

/** What is wrong with a secret, if anything is. */
function secretProblem(secret) {
  const bytes = Buffer.byteLength(secret);
  return bytes < SECRET_BYTES_MIN || bytes > SECRET_BYTES_MAX
    ? `The secret has ${bytes} bytes; the service takes ${SECRET_BYTES_MIN} to ${SECRET_BYTES_MAX} of them.`
    : undefined;
}

function settingsOf(kind, options) {
  const settings = {
    ...(options['ai-users'] && { aiUserIds: options['ai-users'].split(',').map((id) => id.trim()) }),
    ...(options.department && { department: options.department }),
    ...(options.prefix && { prefix: options.prefix }),
  };
  if (options.department && (kind !== 'chatwoot' || !['inbox', 'team'].includes(options.department))) {
    throw usageFailure('--department takes inbox or team, for chatwoot only.', USAGE);
  }
  return Object.keys(settings).length > 0 ? { settings } : {};
}

/**
 * The connection that is asked for, and all connections with it in place of an older one of its id. A secret that an
 * older one has stays the second, until the help desk uses the new one.
 *
 * @param {string | undefined} kind
 * @param {Record<string, any>} options
 * @param {{ connections?: any[], secret?: string, id?: () => string, random?: () => string }} [context]
 */
export function connect(kind, options, { connections = [], secret, random = randomSecret } = {}) {
  if (!kind || !Object.hasOwn(HELP_DESKS, kind)) {
    throw usageFailure(`Say which help desk: ${Object.keys(HELP_DESKS).join(', ')}.`, USAGE);
  }
  if (!options.organization) throw usageFailure('--organization is missing.', USAGE);
  const connectionId = options.id ?? `${kind}-${random().slice(0, 16)}`;
  if (!/^[A-Za-z0-9_-]{8,64}$/.test(connectionId)) {
    throw usageFailure('--id takes 8 to 64 letters, digits, - and _.', USAGE);
  }
  const before = connections.find((connection) => connection.connectionId === connectionId);
  if (before && (before.kind !== kind || before.organizationId !== options.organization)) {
    throw new Failure(`The connection ${connectionId} is another help desk's or another organization's.`);
  }
  const made = secret ?? (HELP_DESKS[kind].makesSecret ? undefined : random());
  const secrets = [...new Set([...(made ? [made] : []), ...(before?.secrets ?? [])])].slice(0, SECRETS_MAX);
  const connection = {
    connectionId,
    kind,
    organizationId: options.organization,
    secrets,
    ...(before?.settings && { settings: before.settings }),
    ...settingsOf(kind, options),
  };
  const others = connections.filter((other) => other !== before);
  if (others.length >= CONNECTIONS_MAX) throw new Failure(`There are ${CONNECTIONS_MAX} connections already.`);
  return { connection, connections: [...others, connection], madeSecret: secret ? undefined : made };
}

function randomSecret() {
  return randomBytes(32).toString('hex');
}

/** What to do in the help desk, for a person. */
function stepsOf({ connection, madeSecret }, url) {
  const helpDesk = HELP_DESKS[connection.kind];
  const steps = helpDesk.steps(new URL(HOOKS + connection.connectionId, url).href);
  if (madeSecret) steps.push(`Secret: ${madeSecret}`);
  return [`In ${helpDesk.name}:`, ...steps.map((step) => `  ${step}`), ''];
}

/** What to store here, or how to come to it. */
function storeOf({ connection, connections }, url) {
  if (connection.secrets.length > 0) {
    return [
      'Then store this line as the secret CONNECTIONS (`npx wrangler secret put CONNECTIONS`), or locally in .dev.vars',
      "as CONNECTIONS='…', and start `npm start` again:",
      '',
      JSON.stringify(connections),
      '',
    ];
  }
  return [
    'Then run this, and paste the secret when it waits (end with Ctrl-D); it prints the line to store:',
    '',
    `  npm run --silent connection -- ${connection.kind} --organization ${connection.organizationId} \\`,
    `    --id ${connection.connectionId} --url ${url} --secret-file -`,
    '',
  ];
}

/** What to do, for a person. */
export function instructions(made, url) {
  return [...stepsOf(made, url), ...storeOf(made, url)].join('\n');
}

/**
 * Asks a person for the secret that the help desk shows. None means later.
 *
 * @param {{ input?: NodeJS.ReadableStream, output?: NodeJS.WritableStream }} [streams]
 */
export async function askSecret({ input = process.stdin, output = process.stdout } = {}) {
  const terminal = createInterface({ input, output });
  try {
    for (;;) {
      const secret = (await terminal.question('The secret that it shows (Enter alone: later): ')).trim();
      const problem = secret && secretProblem(secret);
      if (!problem) return secret || undefined;
      output.write(`${problem}\n`);
    }
  } finally {
    terminal.close();
  }
}

await whenProgram(import.meta.url, async (args) => {
  const flags = parseFlags(args, USAGE, OPTIONS, { positionals: 1 });
  if (!flags) return;
  const { values, positionals } = flags;
  const url = parseAddress(values.url ?? 'http://localhost:8787', USAGE, EXAMPLE_URL);
  const secret = values['secret-file'] === undefined ? undefined : readSecret(values['secret-file']);
  const connections = parseConnections(variable('CONNECTIONS'));
  const made = connect(positionals[0], values, { connections, secret });
  process.stdout.write(stepsOf(made, url).join('\n').concat('\n'));
  // Chatwoot makes the secret, so a person has it only now.
  const { connectionId: id, secrets } = made.connection;
  const pasted = secrets.length === 0 && process.stdin.isTTY ? await askSecret() : undefined;
  const complete = pasted ? connect(positionals[0], { ...values, id }, { connections, secret: pasted }) : made;
  process.stdout.write(storeOf(complete, url).join('\n'));
});
