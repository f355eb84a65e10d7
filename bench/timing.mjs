// The first table: CPU per request and requests per second of each side, in one interleaved run.
//
// In each round every side does the same work, so that whatever else the machine does falls on all of them. Rounds are
// short for the same reason. The order of the sides in a round is random, because a side takes longer behind one than
// behind another: two sides of the same build differed by 3 % in a fixed order. There are many processes of each side,
// one after the other: of two processes of the same build one may take 5 % more CPU for as long as it lives. CPU is the
// whole process's: the platform's share is in it, and shown by a worker that does nothing.

import path from 'node:path';
import { CASES, REPORT } from './cases.mjs';
import { claimsOf, LARGE, signToken } from './data.mjs';
import { Load } from './load.mjs';
import { copyState, cpuMicroseconds, FLOOR, SIDES, Side, WORK } from './sides.mjs';
import { ratio, spreadText, table } from './statistics.mjs';

/** Enough for V8 to have compiled what is hot as well as it can: what it does meanwhile is the process's, too. */
const WARM_UP_COUNT = 10_000;
/** The plain peer takes ten times as long as the others, so it gets this share of their requests. */
const PLAIN_SHARE = 1 / 8;
/** How long what a side does after its answers may take. */
const SETTLE_MS = 30;

/**
 * Measures the cases `names` with so many processes of each side, one after the other.
 * `builds` are further builds of the worker: folders by the names of their sides. Returns, for each case and each side,
 * the CPU of a request in microseconds and the requests a second of every round.
 */
export async function timeCases({ names, processes, seed, keys, say, sides: chosen = SIDES, builds = {} }) {
  const results = {};
  const load = new Load();
  try {
    for (const source of new Set(names.map((name) => CASES[name].source))) {
      const own = names.filter((name) => CASES[name].source === source);
      const all = [...chosen, ...Object.keys(builds), ...(source === 'memory' && chosen === SIDES ? [FLOOR] : [])];
      const states = new Map();
      for (const name of own) results[name] = Object.fromEntries(all.map((side) => [side, { cpu: [], rate: [] }]));
      for (let started = 1; started <= processes; started += 1) {
        for (const name of all) {
          // A side may have put into KV what it has read from D1.
          if (source === 'D1' || !states.has(name))
            states.set(name, await stateOf(name, own, { seed, keys, load, say, folder: builds[name] }));
        }
        say(`Starting ${all.join(', ')}, ${started} of ${processes} …`);
        const sides = await startSides(states, { keys, load, builds });
        try {
          for (const name of own) await timeCase(CASES[name], sides, { keys, load, results: results[name] });
        } finally {
          await Promise.all(sides.map((side) => side.stop()));
        }
      }
      for (const name of own) {
        const { ours, ...others } = results[name];
        const ratios = Object.entries(ours ? others : {}).map(
          ([side, { cpu }]) => `${ratio(ours.cpu, cpu).toFixed(3)} × ${side}`,
        );
        const texts = Object.entries(results[name]).map(([side, { cpu }]) => `${side} ${spreadText(cpu)}`);
        say([`${name}: CPU a request, µs: ${texts.join(', ')}`, ...ratios].join('; '));
      }
    }
  } finally {
    load.stop();
  }
  return results;
}

/** All sides, warm, each over its own state. */
async function startSides(states, { keys, load, builds }) {
  const sides = [];
  try {
    for (const [name, state] of states) {
      const side = await Side.start(name, { state, jwks: keys.jwks, folder: builds[name] });
      sides.push(side);
      await warmUp(side, load);
    }
  } catch (error) {
    await Promise.all(sides.map((side) => side.stop()));
    throw error;
  }
  return sides;
}

/** Lets a side answer one request again and again. */
export function warmUp(side, load) {
  const headers = { Authorization: `Bearer ${signToken(claimsOf('ADMIN', LARGE.organizationId, 3))}` };
  return load.run(side.url, { requests: [{ path: REPORT, headers }], count: shareOf(side, WARM_UP_COUNT) });
}

/** Lets a side answer what `order` has for round 0 of a case. */
export function warmUpCase({ count }, order, side, load) {
  const first = order(0);
  return load.run(side.url, { ...first, count: shareOf(side, Math.max(count, first.requests.length)) });
}

/** A copy of the seed for a side; where these cases take pages from KV, with a KV that has them. */
export async function stateOf(name, cases, { seed, keys, load, say, folder }) {
  const state = copyState(seed, path.join(WORK, `state-timing-${name}`));
  const requests = cases.flatMap((each) => (CASES[each].source === 'KV' ? CASES[each].all() : []));
  if (requests.length) await fillCache(name, state, { requests, keys, load, say, folder });
  return state;
}

/** Asks for every page once, so that each is in the side's KV. */
async function fillCache(name, state, { requests, keys, load, say, folder }) {
  say(`Filling the KV of ${name} with ${requests.length} pages …`);
  // Our worker puts into KV what is asked for again; without a memory of its own, everything.
  const bindings = { PAGE_MEMORY_MEBIBYTES: '0' };
  const side = await Side.start(name, { state, jwks: keys.jwks, folder, bindings });
  try {
    await load.run(side.url, { requests, count: requests.length });
    const pages = side.pages();
    // They are put there after the answers were given: until there come no more.
    let [before, count] = [-1, 0];
    while (before < count) {
      await new Promise((resolve) => setTimeout(resolve, 1000));
      [before, count] = [count, await countKeys(pages)];
    }
    say(`  ${count} pages are in it.`);
  } finally {
    await side.stop();
  }
}

async function countKeys(namespace) {
  let count = 0;
  for (let cursor; ; ) {
    const list = await namespace.list({ cursor });
    count += list.keys.length;
    if (list.list_complete) return count;
    cursor = list.cursor;
  }
}

/** How many of the requests of a case a side gets. */
const shareOf = (side, count) => Math.ceil(count * (side.name === 'plain' ? PLAIN_SHARE : 1));

async function timeCase(each, sides, { keys, load, results }) {
  const orders = new Map();
  for (const side of sides) {
    const order =
      side.name === FLOOR ? () => ({ requests: [{ path: REPORT, headers: {} }] }) : await each.prepare(side, keys);
    orders.set(side, order);
    await warmUpCase(each, order, side, load);
  }
  for (let round = 1; round <= each.rounds; round += 1) {
    for (const side of shuffled(sides)) {
      const count = shareOf(side, each.count);
      const order = orders.get(side)(round);
      const before = cpuMicroseconds(side.pid);
      const { seconds } = await load.run(side.url, { ...order, count });
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      results[side.name].cpu.push((cpuMicroseconds(side.pid) - before) / count);
      results[side.name].rate.push(count / seconds);
    }
  }
}

function shuffled(items) {
  const order = items.map((item) => ({ item, at: Math.random() }));
  return order.sort((left, right) => left.at - right.at).map(({ item }) => item);
}

/** The results as two tables: CPU with the ratios to the others, and requests a second. */
export function timingTables(results, { builds = {} } = {}) {
  const others = [...Object.keys(builds), 'plain', 'tuned'];
  const sides = ['ours', ...others];
  const cpu = Object.entries(results).map(([name, timed]) => [
    name,
    ...[...sides, FLOOR].map((side) => (timed[side] ? spreadText(timed[side].cpu) : '')),
    ...others.map((side) => ratio(timed.ours.cpu, timed[side].cpu).toFixed(2)),
  ]);
  const rate = Object.entries(results).map(([name, timed]) => [
    name,
    ...sides.map((side) => spreadText(timed[side].rate)),
  ]);
  const ratios = others.map((side) => `ours ÷ ${side}`);
  return {
    cpu: table(['CPU a request, µs: median (min–max)', ...sides, 'nothing', ...ratios], cpu),
    rate: table(['requests a second: median (min–max)', ...sides], rate),
  };
}
