// The secrets and variables of the local worker, as wrangler reads them: of .dev.vars, which is never committed, and of
// [vars] in wrangler.toml.

import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { Failure, inRoot } from './project.mjs';

/** The shortest secret that the worker accepts. */
export const SECRET_MIN_BYTES = 32;
const SECRET_RANDOM_BYTES = 48;
const FILE = inRoot('.dev.vars');
const CONFIGURATION = inRoot('wrangler.toml');

/**
 * The value of `name`: the environment's, else that of .dev.vars, else that of wrangler.toml, else undefined. An empty
 * one counts as none.
 */
export function variable(name, { env = process.env, file = FILE, configuration = CONFIGURATION } = {}) {
  return env[name] || readDevVars(file)[name] || readConfigured(configuration, name) || undefined;
}

/** The secret that tokens are signed with. */
export function jwtSecret(where) {
  const secret = variable('JWT_SECRET', where);
  if (!secret) {
    throw new Failure('There is no JWT_SECRET, neither in the environment nor in .dev.vars. `npm start` makes one.');
  }
  const bytes = Buffer.byteLength(secret);
  if (bytes < SECRET_MIN_BYTES) {
    throw new Failure(`JWT_SECRET is ${bytes} bytes long; the worker accepts none below ${SECRET_MIN_BYTES}.`);
  }
  return secret;
}

/** Creates .dev.vars with a random secret, or adds one to it. Returns whether it did. */
export function ensureJwtSecret(file = FILE) {
  return ensure('JWT_SECRET', () => randomBytes(SECRET_RANDOM_BYTES).toString('base64url'), file);
}

/**
 * What alerts need on this machine: a key, the address of the dashboard, and a receiver in place of all others. An
 * address of the dashboard that an earlier start has written is changed to `port`; any other is left alone.
 */
export function ensureAlertVariables(port, file = FILE) {
  ensure('SETTINGS_KEY', () => `local:${randomBytes(32).toString('base64url')}`, file);
  const dashboard = `http://127.0.0.1:${port}/`;
  if (!ensure('DASHBOARD_URL', () => dashboard, file)) {
    const text = readFileSync(file, 'utf8');
    const moved = text.replace(/^DASHBOARD_URL="http:\/\/127\.0\.0\.1:\d+\/"$/m, `DASHBOARD_URL="${dashboard}"`);
    if (moved !== text) writeFileSync(file, moved);
  }
  ensure('ALERTS_RECEIVER', () => 'http://127.0.0.1:8790/', file);
}

/** Adds a variable to .dev.vars, which is made if need be, unless it is there. Returns whether it did. */
function ensure(name, newValue, file) {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  if (parseDevVars(text)[name]) return false;
  const gap = text && !text.endsWith('\n') ? '\n' : '';
  writeFileSync(file, `${text}${gap}${name}="${newValue()}"\n`, { mode: 0o600 });
  // The mode above is used only if the file is new.
  chmodSync(file, 0o600);
  return true;
}

function readDevVars(file) {
  return existsSync(file) ? parseDevVars(readFileSync(file, 'utf8')) : {};
}

/** The text that [vars] of a wrangler.toml has for `name`. */
function readConfigured(file, name) {
  if (!existsSync(file)) return undefined;
  const [, rest = ''] = readFileSync(file, 'utf8').split(/^[ \t]*\[vars\].*$/m);
  const [section] = rest.split(/^[ \t]*\[/m);
  const raw = section.match(new RegExp(`^[ \\t]*"?${name}"?[ \\t]*=[ \\t]*(.*)$`, 'm'))?.[1];
  if (raw === undefined) return undefined;
  // A text on one line: the escapes of TOML's basic texts that it shares with JSON are enough.
  const [, literal, basic] = raw.match(/^(?:'([^']*)'|("(?:[^"\\]|\\.)*"))\s*(?:#.*)?$/) ?? [];
  if (literal !== undefined) return literal;
  try {
    return JSON.parse(basic);
  } catch {
    throw new Failure(`${name} of ${file} is not a text on one line: set it in the environment or in .dev.vars.`);
  }
}

/** The dotenv format: NAME=value, quotes optional, `#` begins a comment; the last of two lines wins. */
export function parseDevVars(text) {
  const values = {};
  for (const line of text.split(/\r?\n/)) {
    const match = line.match(/^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*[=:]\s*(.*)$/);
    if (match) values[match[1]] = unquote(match[2]);
  }
  return values;
}

function unquote(raw) {
  const quoted = raw.match(/^(["'`])(.*?)\1\s*(?:#.*)?$/);
  if (!quoted) return raw.replace(/\s*#.*$/, '').trim();
  return quoted[1] === '"' ? quoted[2].replaceAll('\\n', '\n') : quoted[2];
}
