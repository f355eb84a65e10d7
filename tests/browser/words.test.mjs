// The dashboard has words for everything that the service can say.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import {
  categoryName,
  effectWords,
  gateWords,
  olderWords,
  reasonWords,
  waitingWords,
} from '../../public/modules/words.js';
import { ROOT } from '../workerd/harness.mjs';

const textOf = (file) => readFileSync(path.join(ROOT, file), 'utf8');

/** The names of an enum's variants, as answers have them. */
function variantsOf(file, name) {
  const body = new RegExp(`enum ${name} \\{([^}]*)\\}`).exec(textOf(file))[1];
  const variants = [...body.matchAll(/^ {4}(\w+),$/gm)].map(([, variant]) => variant);
  assert.ok(variants.length > 3, `${name} is not read`);
  return variants.map((variant) => variant.replaceAll(/(?<!^)[A-Z]/g, '_$&').toLowerCase());
}

/** What an unknown code is shown as. */
const spelledOut = (code) => code.replaceAll('_', ' ');

/** Who is responsible in the tables of docs/definition.md, and the category of that. */
const TABLES = {
  'the autopilot is responsible': 'ai_stuck',
  'an agent is responsible': 'agent_abandoned',
  'nobody is responsible': 'unassigned',
};

describe('there are words for', () => {
  test('every category', () => {
    for (const category of variantsOf('src/conversation/category.rs', 'Category'))
      assert.notEqual(categoryName(category), spelledOut(category));
  });

  test('every effect of an item, and every gate', () => {
    const { Effect, Gate } = JSON.parse(textOf('public/openapi.json')).components.schemas;
    for (const effect of Effect.enum)
      for (const sender of ['ai', 'human'])
        assert.notEqual(effectWords(effect, sender), spelledOut(effect), `${effect} of ${sender}`);
    for (const gate of Gate.enum) assert.notEqual(gateWords(gate), spelledOut(gate));
  });

  test('every reason, in totals and in every category that it can have', () => {
    const reasons = variantsOf('src/conversation/category.rs', 'Reason');
    for (const reason of reasons)
      for (const category of [undefined, 'snoozed', 'acknowledged'])
        assert.notEqual(reasonWords(reason, category), spelledOut(reason), `${reason} of ${category}`);

    const seen = new Set();
    for (const [head, category] of Object.entries(TABLES)) {
      const [, table] = textOf('docs/definition.md').split(`| ${head} |`);
      const [rows] = table.split('\n\n');
      const named = [...rows.matchAll(/^\| `(\w+)` \|/gm)].map(([, reason]) => reason);
      assert.ok(named.length >= 3, head);
      for (const reason of named) {
        seen.add(reason);
        assert.notEqual(reasonWords(reason, category), spelledOut(reason), `${reason} of ${category}`);
      }
    }
    assert.deepEqual([...seen].sort(), reasons.sort(), 'docs/definition.md names every reason');
  });

  test('what is not known yet', () => {
    assert.equal(reasonWords('a_new_reason', 'ai_stuck'), 'a new reason');
    assert.equal(categoryName('a_new_category'), 'a new category');
  });
});

test('numbers agree with their words', () => {
  assert.equal(waitingWords(1, 5), 'customer waiting 5 minutes or more');
  assert.equal(waitingWords(2, null), 'customers waiting');
  assert.equal(waitingWords(1, 'several'), 'customer waiting at least as long as the threshold');
  assert.equal(waitingWords(2, 'several'), 'customers waiting at least as long as their threshold');
  assert.equal(olderWords(1, 1), '1 waiting for more than 1 day');
  assert.equal(olderWords(3, 30), '3 waiting for more than 30 days');
  assert.equal(olderWords(3, null), '3 waiting too long to be listed');
});
