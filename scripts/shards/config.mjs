// The worker's configuration with several databases: what `SHARDS` says in a wrangler.toml, and a copy of it for this
// machine.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { Failure, inRoot } from '../project.mjs';
import { bindingsOf, evenShards, ONE_DATABASE } from './buckets.mjs';

/** The line of `SHARDS`, which stands under `[vars]`. */
const LINE = /^SHARDS\s*=\s*"([^"]*)"/m;

/** What `SHARDS` says in a configuration. */
export function readShards(toml) {
  return LINE.exec(toml)?.[1] || ONE_DATABASE;
}

/** The bindings of the databases in a configuration, in order. */
export function databaseBindings(toml) {
  return [...toml.matchAll(/^\[\[d1_databases\]\]\s+(?:remote = true\s+)?binding = "(\w+)"/gm)].map(
    ([, binding]) => binding,
  );
}

/** The configuration with another `SHARDS`. */
export function withShards(toml, shards) {
  const line = `SHARDS = "${shards}"`;
  if (LINE.test(toml)) return toml.replace(LINE, line);
  if (!/^\[vars\]$/m.test(toml)) throw new Failure('The configuration has no [vars], where SHARDS belongs.');
  return toml.replace(/^\[vars\]$/m, `[vars]\n${line}`);
}

/**
 * Where a local worker with so many databases has its configuration and its state: apart from those of a worker with
 * one, whose organizations it would not find.
 */
export function localShards(count) {
  const config = inRoot(`wrangler.${count}-shards.toml`);
  return { config, state: inRoot('.wrangler', `state-of-${count}-shards`), bindings: bindingsOf(count) };
}

/** Writes that configuration: wrangler.toml with more databases. `SHARDS` stays what it was, if there is one. */
export function writeLocalConfig(count) {
  const { config, bindings } = localShards(count);
  const databases = bindings
    .slice(1)
    .map(
      (binding) =>
        `\n[[d1_databases]]\nbinding = "${binding}"\ndatabase_name = "${binding}"\ndatabase_id = "${binding}"\nmigrations_dir = "migrations"\n`,
    );
  const shards = existsSync(config) ? readShards(readFileSync(config, 'utf8')) : evenShards(bindings);
  writeFileSync(config, withShards(readFileSync(inRoot('wrangler.toml'), 'utf8'), shards) + databases.join(''));
}
