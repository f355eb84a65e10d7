// The build's guard: what counts as changed, and two builds at once.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { build, digestSources, isUpToDate } from '../../scripts/build.mjs';
import { buildDashboard } from '../../scripts/build-dashboard.mjs';
import { acquireLock } from '../../scripts/build-lock.mjs';
import { lockedVersion } from '../../scripts/project.mjs';

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** A repository with one source file of each part, a compiler and a bundler that count how often they ran. */
function repository(t) {
  const root = mkdtempSync(path.join(tmpdir(), 'build test '));
  t.after(() => rmSync(root, { recursive: true }));
  const write = (name, text) => {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), text);
  };
  write('src/lib.rs', 'fn main() {}');
  write('public/main.js', 'start();');
  let [compiled, bundled] = [0, 0];
  const compile = async () => {
    compiled += 1;
    for (const name of ['index.js', 'index_bg.wasm']) write(`build/${name}`, `${compiled}`);
  };
  const bundle = async () => {
    bundled += 1;
    for (const name of ['index.html', 'main.js', 'main.css']) write(`build/public/${name}`, `${bundled}`);
  };
  const said = [];
  return {
    root,
    write,
    said,
    times: () => compiled,
    timesBundled: () => bundled,
    build: (options) => build({ root, compile, bundle, say: (line) => said.push(line), delay: nextTurn, ...options }),
  };
}

test('a build happens only if something changed', async (t) => {
  const repo = repository(t);
  assert.equal(isUpToDate(repo.root), false);
  assert.equal(await repo.build(), true);
  assert.equal(await repo.build(), false);
  assert.equal(repo.times(), 1);

  for (const change of [
    () => repo.write('src/lib.rs', 'fn main() { }'),
    () => repo.write('src/monitor/mod.rs', ''),
    () => repo.write('Cargo.lock', 'version = 4'),
    () => rmSync(path.join(repo.root, 'src/monitor'), { recursive: true }),
    () => rmSync(path.join(repo.root, 'build/index_bg.wasm')),
  ]) {
    change();
    assert.equal(await repo.build(), true, String(change));
    assert.equal(await repo.build(), false, String(change));
  }
  assert.equal(repo.timesBundled(), 1);
  repo.write('README.md', 'words');
  assert.equal(await repo.build(), false);
  assert.equal(await repo.build({ force: true }), true);
});

test('a change of the dashboard compiles nothing', async (t) => {
  const repo = repository(t);
  await repo.build();
  for (const change of [
    () => repo.write('public/main.js', 'start(2);'),
    () => repo.write('public/styles/base.css', 'a {}'),
    () => rmSync(path.join(repo.root, 'build/public/main.css')),
  ]) {
    change();
    assert.equal(isUpToDate(repo.root), false, String(change));
    assert.equal(await repo.build(), true, String(change));
    assert.equal(await repo.build(), false, String(change));
  }
  assert.deepEqual([repo.times(), repo.timesBundled()], [1, 4]);
});

test('the dashboard is one script, one stylesheet and the other files as they are; nothing of before is left', async (t) => {
  const { root, write } = repository(t);
  const copied = {
    _headers: '/*',
    'another.webmanifest': '{}',
    'icon.svg': '<svg/>',
    'index.html': '<!doctype html>',
    'openapi.json': '{}',
  };
  for (const [name, text] of Object.entries(copied)) write(`public/${name}`, text);
  write('public/main.js', "import { start } from './modules/start.js';\nstart();");
  write('public/modules/start.js', "export const start = () => console.log('started');");
  write('public/main.css', '@import "./styles/base.css";\n@import "./styles/wall.css";');
  write('public/styles/base.css', 'p { color: red }');
  write('public/styles/wall.css', 'p { color: blue }');
  write('build/public/modules/start.js', 'of an earlier version');
  await buildDashboard(root, console.error);

  const built = path.join(root, 'build/public');
  assert.deepEqual(readdirSync(built).sort(), [...Object.keys(copied), 'main.css', 'main.js'].sort());
  const read = (name) => readFileSync(path.join(built, name), 'utf8');
  for (const [name, text] of Object.entries(copied)) assert.equal(read(name), text);
  assert.match(read('main.js'), /started/);
  assert.doesNotMatch(read('main.js'), /\bimport\b/);
  assert.match(read('main.css'), /red.*(blue|#00f)/s);

  write('public/main.js', "import './nothing.js';");
  await assert.rejects(buildDashboard(root, console.error), /The dashboard could not be built/);
});

test('moving bytes from one file to the next is a change', (t) => {
  const repo = repository(t);
  repo.write('src/a.rs', 'ab');
  repo.write('src/b.rs', 'c');
  const before = digestSources(repo.root);
  repo.write('src/a.rs', 'a');
  repo.write('src/b.rs', 'bc');
  assert.notEqual(digestSources(repo.root), before);
});

test('a build that fails leaves nothing that passes for one', async (t) => {
  const repo = repository(t);
  await repo.build();
  repo.write('src/lib.rs', 'changed');
  const compile = async () => {
    throw new Error('no');
  };
  await assert.rejects(repo.build({ compile }), /no/);
  assert.equal(isUpToDate(repo.root), false);
  repo.write('src/lib.rs', 'fn main() {}');
  assert.equal(isUpToDate(repo.root), false);
  assert.equal(await repo.build(), true);
});

test('a build that makes too little is a failure', async (t) => {
  const repo = repository(t);
  await assert.rejects(repo.build({ compile: async () => {} }), /there is no build\/index\.js/);
});

test('an edit during a build is built the next time', async (t) => {
  const repo = repository(t);
  await repo.build();
  const compile = async () => repo.write('src/lib.rs', 'edited meanwhile');
  await repo.build({ force: true, compile });
  assert.equal(isUpToDate(repo.root), false);
});

test('two concurrent builds are one build', async (t) => {
  const repo = repository(t);
  const results = await Promise.all([repo.build(), repo.build()]);
  assert.deepEqual(results.sort(), [false, true]);
  assert.equal(repo.times(), 1);
});

test('a lock is waited for while its process lives, and taken over when it is gone', async (t) => {
  const { root } = repository(t);
  const file = path.join(root, '.lock');
  const release = await acquireLock(file);
  assert.equal(readFileSync(file, 'utf8'), String(process.pid));

  const said = [];
  let waits = 0;
  const delay = async () => {
    waits += 1;
    if (waits === 3) release();
  };
  const second = await acquireLock(file, { pid: process.ppid, delay, say: (line) => said.push(line) });
  assert.equal(waits, 3);
  assert.deepEqual(said, [`Another build (process ${process.pid}) is running: waiting for it …`]);
  second();
  assert.equal(existsSync(file), false);

  // No process has this id: it is above the largest that systems give.
  writeFileSync(file, '2147483646');
  const third = await acquireLock(file, { delay: () => assert.fail('waited for a dead process') });
  third();
});

test('the tools have the versions of Cargo.lock', () => {
  const lock =
    '[[package]]\nname = "wasm-bindgen-macro"\nversion = "1.0.0"\n\n[[package]]\nname = "wasm-bindgen"\nversion = "0.2.129"\nsource = "x"\n';
  assert.equal(lockedVersion('wasm-bindgen', lock), '0.2.129');
  assert.throws(() => lockedVersion('worker', lock), /no crate "worker"/);
});
