// The map of the modules: the one in ARCHITECTURE.md is the code's, no arrow goes up, no files form a circle.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';

import {
  dependencies,
  drawing,
  FLOORS,
  problems,
  readSources,
  withDrawing,
  withoutCommentsAndStrings,
} from '../../scripts/module-map.mjs';
import { inRoot } from '../../scripts/project.mjs';

describe('the code', () => {
  const graph = dependencies(readSources());

  test('all arrows go down, and no files form a circle', () => {
    assert.deepEqual(problems(graph), []);
  });

  test('the table in src/lib.rs has the same floors', () => {
    const rows = readFileSync(inRoot('src/lib.rs'), 'utf8').matchAll(/^\/\/! \| (\d+) \| \[?`(\w+)`/gm);
    /** @type {string[][]} */
    const floors = FLOORS.map(() => []);
    for (const [, floor, room] of rows) floors[Number(floor) - 1].push(room);
    assert.deepEqual(
      floors.map((rooms) => rooms.sort()),
      FLOORS.map((rooms) => rooms.toSorted()),
    );
  });

  test('the drawing in ARCHITECTURE.md is current', () => {
    const document = readFileSync(inRoot('ARCHITECTURE.md'), 'utf8');
    const hint = 'renew it: node scripts/module-map.mjs --write';
    assert.equal(withDrawing(document, drawing(graph)), document, hint);
  });
});

/** What each file of a small crate depends on. */
function uses(files) {
  const graph = dependencies(new Map(Object.entries(files)));
  return Object.fromEntries([...graph].map(([file, targets]) => [file, [...targets]]));
}

describe('how dependencies are read', () => {
  test('a use, a path in an expression and a grouped import each count', () => {
    const found = uses({
      'lib.rs': 'mod a; mod b; mod c; mod d;',
      'a.rs': 'use crate::{b::{One, two as three}, c};\nfn f() { crate::d::run(); }',
      'b.rs': 'pub struct One; pub fn two() {}',
      'c.rs': '',
      'd.rs': 'pub fn run() {}',
    });
    assert.deepEqual(found['a.rs'], ['b.rs', 'c.rs', 'd.rs']);
  });

  test('super and self, also from within an inline module', () => {
    const found = uses({
      'lib.rs': 'mod a;',
      'a/mod.rs': 'mod b; mod c; pub struct Here;',
      'a/b.rs': 'use super::c::Other;\nmod inner { use super::super::Here; use super::Own; }\nstruct Own;',
      'a/c.rs': 'use self::inner::X; mod inner { pub struct X; } pub struct Other;',
    });
    assert.deepEqual(found['a/b.rs'], ['a/c.rs', 'a/mod.rs']);
    assert.deepEqual(found['a/c.rs'], []);
  });

  test('a child module is found without a prefix', () => {
    const found = uses({
      'lib.rs': 'mod a;',
      'a/mod.rs': 'mod fold; mod plan;\nuse plan::Plan;\nfn f() { fold::run(); other::run(); }',
      'a/fold.rs': '',
      'a/plan.rs': 'pub struct Plan;',
    });
    assert.deepEqual(found['a/mod.rs'], ['a/fold.rs', 'a/plan.rs']);
  });

  test('a re-export counts for the file that defines the name, by name and by glob', () => {
    const found = uses({
      'lib.rs': 'mod a; mod b;',
      'a/mod.rs': 'mod deep; mod wide; pub use deep::Thing as Renamed; pub(crate) use wide::*; pub struct Own;',
      'a/deep.rs': 'pub struct Thing;',
      'a/wide.rs': 'pub fn spread() {}',
      'b.rs': 'use crate::a::{Renamed, spread, Own};',
    });
    assert.deepEqual(found['b.rs'], ['a/deep.rs', 'a/mod.rs', 'a/wide.rs']);
    assert.deepEqual(found['a/mod.rs'], []);
  });

  test('tests, comments, strings and other crates do not count', () => {
    const found = uses({
      'lib.rs': 'mod a; mod b;',
      'a.rs': [
        "use serde::Serialize; // crate::b::One\n/* crate::b /* nested */ crate::b */ const Q: char = '\"';",
        'const S: &str = "crate::b::One"; const R: &str = r#"" crate::b::One"#;',
        '#[cfg(test)]\nmod tests { use crate::b::One; #[test] fn t() { crate::b::two(); } }',
        '#[cfg(all(test, unix))]\n#[allow(dead_code)]\nfn f(a: [u8; 2]) { crate::b::two(); }',
      ].join('\n'),
      'b.rs': '',
    });
    assert.deepEqual(found['a.rs'], []);
  });

  test('what follows the tests of a file still counts', () => {
    const found = uses({
      'lib.rs': 'mod a; mod b;',
      'a.rs': "#[cfg(test)]\nmod tests { fn f<'a>(x: &'a str) { let _ = ('{', '\\'', b'}'); } }\nuse crate::b::One;",
      'b.rs': 'pub struct One;',
    });
    assert.deepEqual(found['a.rs'], ['b.rs']);
  });

  test('code outside comments and strings stays as it is', () => {
    const code = "fn f<'a>(x: &'a [u8]) -> u32 { x.len() as u32 / 2 }";
    assert.equal(withoutCommentsAndStrings(code), code);
  });
});

describe('what is refused', () => {
  const floors = [['ground'], ['above']];
  const problemsOf = (files) => problems(dependencies(new Map(Object.entries(files))), floors);

  test('an arrow that goes up', () => {
    const found = problemsOf({ 'ground.rs': 'use crate::above::One;', 'above.rs': 'pub struct One;' });
    assert.deepEqual(found, ['src/ground.rs (floor 1) uses src/above.rs, which is not below it.']);
  });

  test('an arrow that stays on its floor', () => {
    const found = problems(
      dependencies(
        new Map([
          ['a.rs', 'use crate::b::One;'],
          ['b.rs', 'pub struct One;'],
        ]),
      ),
      [['a', 'b']],
    );
    assert.deepEqual(found, ['src/a.rs (floor 1) uses src/b.rs, which is not below it.']);
  });

  test('a circle of files, said once', () => {
    const found = problemsOf({
      'above/mod.rs': 'mod a; mod b;',
      'above/a.rs': 'use super::b::B;',
      'above/b.rs': 'use super::a::A;',
    });
    assert.deepEqual(found, ['Files form a circle: src/above/a.rs → src/above/b.rs → src/above/a.rs.']);
  });

  test('a room without a floor', () => {
    const [found] = problemsOf({ 'cellar.rs': '' });
    assert.match(found, /^src\/cellar is on no floor/);
  });
});

test('the drawing goes from the top floor down and leaves out arrows that a longer way implies', () => {
  const sources = new Map([
    ['a.rs', ''],
    ['b.rs', 'use crate::a::A;'],
    ['c.rs', 'use crate::a::A; use crate::b::B;'],
  ]);
  const drawn = drawing(dependencies(sources), [['a'], ['b'], ['c']]);
  assert.match(drawn, /subgraph floor3[\s\S]*subgraph floor2[\s\S]*subgraph floor1/);
  assert.match(drawn, /b --> a\n {2}c --> b\n/);
  assert.doesNotMatch(drawn, /c --> a/);
  assert.match(drawn, /\| 3 \| `c` \| `a`, `b` \|/);
});
