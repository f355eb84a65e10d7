// What `SHARDS` says in wrangler.toml, and how it is changed there.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { inRoot } from '../../scripts/project.mjs';
import { bindingsOf, evenShards, ONE_DATABASE, parseShards } from '../../scripts/shards/buckets.mjs';
import { databaseBindings, readShards, withShards } from '../../scripts/shards/config.mjs';

const OURS = readFileSync(inRoot('wrangler.toml'), 'utf8');

test('as delivered all organizations are in one database', () => {
  assert.equal(readShards(OURS), ONE_DATABASE);
  assert.deepEqual(parseShards(''), [{ first: 0, last: 1023, database: 'DB' }]);
});

test('it is set, and set again, and nothing else changes', () => {
  const once = withShards(OURS, '0-511:DB,512-1023:DB>DB_1');
  assert.equal(readShards(once), '0-511:DB,512-1023:DB>DB_1');
  const twice = withShards(once, '0-511:DB,512-1023:DB_1');
  assert.equal(readShards(twice), '0-511:DB,512-1023:DB_1');
  assert.equal(twice.replace('SHARDS = "0-511:DB,512-1023:DB_1"\n', ''), OURS);
  assert.throws(() => withShards('name = "x"', ONE_DATABASE), /no \[vars\]/);
});

test('the databases are those of the deployment, and none that is commented out or of another environment', () => {
  assert.deepEqual(databaseBindings(OURS), ['DB']);
  const more =
    '\n[[d1_databases]]\nremote = true\nbinding = "DB_1"\n\n[[env.staging.d1_databases]]\nbinding = "DB_2"\n';
  assert.deepEqual(databaseBindings(OURS + more), ['DB', 'DB_1']);
});

test('buckets are divided evenly among any number of databases', () => {
  for (let count = 1; count <= 31; count += 1) {
    const ranges = parseShards(evenShards(bindingsOf(count)));
    assert.deepEqual(
      ranges.map(({ database }) => database),
      bindingsOf(count),
    );
    const sizes = ranges.map(({ first, last }) => last - first + 1);
    assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1, `${sizes}`);
  }
});
