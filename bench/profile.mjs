// Where the CPU of one side goes: a sampling profile of its isolate under load, by function. See USAGE.

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { compileWorker } from '../scripts/build.mjs';
import { parseFlags } from '../scripts/flags.mjs';
import { inRoot, whenProgram } from '../scripts/project.mjs';
import { CASES } from './cases.mjs';
import { makeKeys } from './data.mjs';
import { Load } from './load.mjs';
import { Profiler } from './profiler.mjs';
import { ensureSeed } from './seed.mjs';
import { cpuMicroseconds, modulesOf, Side, WORK } from './sides.mjs';
import { stateOf, warmUp, warmUpCase } from './timing.mjs';

const USAGE = `usage: node bench/profile.mjs [--side ours] [--case NAME] [--top 40] [--built]

Runs a case under V8's sampling profiler and prints the functions that took the most time, by themselves and with all
that they call. The whole profile goes to bench/.work/NAME.cpuprofile: Chrome's DevTools and speedscope read it.
Cases: ${Object.keys(CASES)
  .map((name) => `"${name}"`)
  .join(' ')}`;

const NAMED = path.join('bench', '.work', 'named');

/** A table of the functions: microseconds a request of their own, and with what they call. */
function print(profile, count, top) {
  const own = new Map();
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  for (const node of profile.nodes) for (const child of node.children ?? []) nodes.get(child).parent = node;
  for (const [index, id] of profile.samples.entries()) {
    own.set(id, (own.get(id) ?? 0) + (profile.timeDeltas[index] ?? 0));
  }
  const functions = new Map();
  for (const [id, microseconds] of own) {
    const seen = new Set();
    for (let node = nodes.get(id), first = true; node; node = node.parent, first = false) {
      const label = labelOf(node);
      const entry = functions.get(label) ?? { own: 0, total: 0 };
      if (first) entry.own += microseconds;
      if (!seen.has(label)) entry.total += microseconds;
      seen.add(label);
      functions.set(label, entry);
    }
  }
  const rows = [...functions].map(([label, entry]) => ({ label, own: entry.own / count, total: entry.total / count }));
  console.log('\n  own µs  total µs  function');
  for (const { label, own, total } of rows.sort((left, right) => right.own - left.own).slice(0, top)) {
    console.log(`${own.toFixed(1).padStart(8)}${total.toFixed(1).padStart(10)}  ${label}`);
  }
  console.log('\nWho calls whom (µs a request, with all that is called):');
  printTree(nodes, own, count);
}

/** Branches below this share of all samples are left out. */
const BRANCH_SHARE_MIN = 0.007;

/** The calls from the outermost inwards; equal callees of one caller are one branch. */
function printTree(nodes, own, count) {
  const root = { label: '', total: 0, children: new Map() };
  for (const [id, microseconds] of own) {
    const path = [];
    for (let node = nodes.get(id); node; node = node.parent) path.unshift(labelOf(node));
    let branch = root;
    branch.total += microseconds;
    for (const label of path) {
      if (!branch.children.has(label)) branch.children.set(label, { label, total: 0, children: new Map() });
      branch = branch.children.get(label);
      branch.total += microseconds;
    }
  }
  const least = root.total * BRANCH_SHARE_MIN;
  const show = (branch, depth) => {
    console.log(`${(branch.total / count).toFixed(1).padStart(8)}  ${'  '.repeat(depth)}${branch.label}`);
    const children = [...branch.children.values()].filter(({ total }) => total >= least);
    for (const child of children.sort((left, right) => right.total - left.total)) show(child, depth + 1);
  };
  for (const branch of root.children.values()) show(branch, 0);
}

const labelOf = ({ callFrame: { functionName, url, lineNumber, columnNumber } }) => {
  if (functionName.startsWith('(')) return functionName;
  const name =
    functionName.replace(/::h[0-9a-f]{16}/, '').replace(/\[[0-9a-f]{16}\]/g, '') ||
    `anonymous ${lineNumber}:${columnNumber}`;
  return url.startsWith('wasm') ? `${name} (wasm)` : name;
};

await whenProgram(import.meta.url, async (args) => {
  const flags = parseFlags(args, USAGE, {
    side: { type: 'string', default: 'ours' },
    case: { type: 'string', default: 'memory, ADMIN, 25 rows' },
    top: { type: 'string', default: '40' },
    built: { type: 'boolean', default: false },
  });
  if (!flags) return;
  const { side: name, case: caseName, top, built } = flags.values;
  // The worker as it is built, but with the names of its functions.
  if (name === 'ours' && !built) await compileWorker(console.error, { folder: NAMED, named: true });
  const keys = makeKeys();
  const seed = await ensureSeed({ say: console.error });
  const load = new Load();
  const state = await stateOf(name, [caseName], { seed, keys, load, say: console.error, folder: undefined });
  const modules = await modulesOf(name, { folder: inRoot(NAMED), readable: true });
  const side = await Side.start(name, { state, jwks: keys.jwks, modules, inspectorPort: 0 });
  try {
    const each = CASES[caseName];
    const { count, rounds } = each;
    const order = await each.prepare(side, keys);
    await warmUp(side, load);
    await warmUpCase(each, order, side, load);
    const profiler = await Profiler.attach(await side.miniflare.getInspectorURL(), name);
    const before = cpuMicroseconds(side.pid);
    await profiler.start();
    for (let round = 1; round <= rounds; round += 1) await load.run(side.url, { ...order(round), count });
    const profile = await profiler.stop();
    profiler.detach();
    const requests = rounds * count;
    const cpu = (cpuMicroseconds(side.pid) - before) / requests;
    mkdirSync(WORK, { recursive: true });
    const file = path.join(WORK, `${name}-${caseName.replaceAll(/\W+/g, '-')}.cpuprofile`);
    writeFileSync(file, JSON.stringify(profile));
    console.log(`${name}, ${caseName}: ${cpu.toFixed(0)} µs of CPU a request of the whole process, profiled`);
    print(profile, requests, Number(top));
    console.log(`\n${file}`);
  } finally {
    load.stop();
    await side.stop();
  }
});
