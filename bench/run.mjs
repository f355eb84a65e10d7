// `npm run bench`: the worker beside two peers, in figures. See USAGE.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import path from 'node:path';
import { build } from '../scripts/build.mjs';
import { duration } from '../scripts/command.mjs';
import { parseFlags, usageFailure } from '../scripts/flags.mjs';
import { Failure, inRoot, whenProgram } from '../scripts/project.mjs';
import { EVERYTHING, ensureEverything } from '../scripts/setup.mjs';
import { CASES } from './cases.mjs';
import { makeKeys } from './data.mjs';
import { goalsText, QUIET_HOURS } from './goals.mjs';
import { withSection } from './sections.mjs';
import { ratio, spread } from './statistics.mjs';

const USAGE = `usage: npm run bench [-- [--rounds 6] [--hours 8] [--only PART …] [--write] [--case NAME …] [--against FOLDER]]
       npm run bench -- --only growth [--load NAME …] [--open 1000000] [--small]

Builds the worker and its two peers in TypeScript, checks that all three answer the same bytes to the same requests, then
measures them side by side in bare workerd. All parts except growth take about three quarters of an hour; their results go
to bench/RESULTS.md, unless only some are asked for. growth takes longer, and is run only if it is asked for: its results go
to bench/GROWTH.md, unless they are of some loads only, or of small ones.
  --rounds N    rounds of what is timed (3 to 7); for CPU and requests, twice as many processes of each side
  --hours N     hours of the simulated day (1 to 8)
  --only PART   only this part: equality, timing, counts, hops, throughput, bill, memory, connectors, start, growth
  --write       with --only: put these parts into bench/RESULTS.md, each with its date and commit
  --case NAME   of the timing only this case: ${Object.keys(CASES)
    .map((name) => `"${name}"`)
    .join(', ')}
  --load NAME   of the growth only this load, or "days"
  --open N      how many conversations are open in the load of all open conversations, 100 in each organization
  --small       small loads, which take seconds
  --against FOLDER   time another build of the worker, too: FOLDER is a checkout with its build/, usually of an older
                commit, which must be able to read the database that this one writes`;

const RESULTS = inRoot('bench', 'RESULTS.md');
const GROWTH_RESULTS = inRoot('bench', 'GROWTH.md');
const GROWTH = 'growth';
const say = (line) => console.error(line);

/** Each part, what it is about, and what it gives: texts for RESULTS.md, and what later parts need. */
const PARTS = {
  async equality({ seed, keys }) {
    const { compareSides } = await import('./equality.mjs');
    const { differences, requests } = await compareSides({ seed, keys });
    if (differences.length) throw new Failure(`The sides differ:\n${differences.join('\n')}`);
    return [
      `All three sides answered the same to ${requests} requests, each asked twice: status, headers and every byte of the body.`,
    ];
  },
  async timing({ seed, keys, rounds, names, builds }, results) {
    const { timeCases, timingTables } = await import('./timing.mjs');
    results.timing = await timeCases({ names, processes: 2 * rounds, seed, keys, say, builds });
    const { cpu, rate } = timingTables(results.timing, { builds });
    return [cpu, rate];
  },
  async counts({ seed }) {
    const { countSteps, countsTable } = await import('./counts.mjs');
    return [countsTable(await countSteps({ seed, say }))];
  },
  async hops({ seed, keys }) {
    const { countHops, hopsTables } = await import('./hops.mjs');
    const { counts, times, roundTrips } = hopsTables(await countHops({ seed, keys, say }));
    return [counts, times, roundTrips];
  },
  async throughput({ rounds }, results) {
    const { measureThroughput, throughputTables } = await import('./throughput.mjs');
    results.throughput = await measureThroughput({ rounds, say });
    const { ingest, refreshes } = throughputTables(results.throughput);
    return [ingest, refreshes];
  },
  async bill({ hours }, results) {
    const { countQuietRequests, OFTEN_COLUMNS, OFTEN_SECONDS, simulateDay, requestsOf } = await import('./live.mjs');
    const { billOf, overText, ratiosText } = await import('./bill.mjs');
    const cpu = cpuOf(results);
    const day = await simulateDay({ seconds: hours * 3600, say });
    const quiet = await countQuietRequests({ seconds: QUIET_HOURS * 3600, say });
    say(`A refresh every ${OFTEN_SECONDS} seconds …`);
    const oftenDay = { seconds: hours * 3600, everySeconds: OFTEN_SECONDS, columns: OFTEN_COLUMNS, say };
    const often = billOf(await simulateDay(oftenDay), cpu, OFTEN_COLUMNS);
    results.bill = { ...billOf(day, cpu), quiet };
    const { text, more, rowsAnEvent } = results.bill;
    return [
      `What was on the screen was compared ${day.compared} times, between all columns: always the same.`,
      text,
      more,
      `Rows written an event: ${rowsAnEvent.all.toFixed(2)}, and ${rowsAnEvent.swept.toFixed(2)} when it is swept.`,
      `Requests of a dashboard in ${QUIET_HOURS} hours in which nothing changes: ${requestsOf(quiet.stream)} by the stream, ${requestsOf(quiet.advice)} by advice.`,
      ratiosText(results.bill),
      `With a refresh every ${OFTEN_SECONDS} seconds, that is ${overText(often, results.bill)} of the bill above:`,
      often.text,
      often.more,
    ];
  },
  async memory() {
    const { growthOf, HOUR, hourTable, measureLargeLoads, measureMemory, memoryTable, soak } = await import(
      './memory.mjs'
    );
    const { growthTable } = await import('./growth.mjs');
    const large = growthTable(await measureLargeLoads({ say }));
    const requests = memoryTable(await measureMemory({ say }));
    say('an hour …');
    const hour = await soak({ size: HOUR.full, say });
    return [
      large,
      requests,
      `An hour of ${HOUR.full.organizations} organizations, with events, a refresh and requests in each minute:`,
      hourTable(hour),
      `In its last third there was at most ${growthOf(hour).toFixed(1)} MiB more than in its second.`,
    ];
  },
  async connectors({ rounds }) {
    const { connectorTables, measureConnectors } = await import('./connectors.mjs');
    return connectorTables(await measureConnectors({ rounds, say }));
  },
  async start({ rounds, builds }) {
    const { measureStart, startTable } = await import('./sizes.mjs');
    return [startTable(await measureStart({ rounds, say, builds }))];
  },
};

const TITLES = {
  equality: 'The same answers',
  timing: 'CPU and requests',
  counts: 'What a request is billed for',
  hops: 'One after the other',
  throughput: 'Ingest and refresh',
  bill: "The month's bill",
  memory: 'Memory',
  connectors: 'Connectors',
  start: 'Size and start',
};

/** Runs the loads of the part growth, and the days. Returns the texts of their tables, and whether it was all of it. */
async function measureAllGrowth({ load, open, small }) {
  const { DAYS, daysTable, growthTable, LOADS, measureGrowth, simulateDays } = await import('./growth.mjs');
  const [largest] = Object.keys(LOADS);
  const candidates = LOADS[largest].full.candidates;
  const names = load.length ? load.filter((name) => name !== 'days') : Object.keys(LOADS);
  for (const name of names) if (!(name in LOADS)) throw usageFailure(`There is no load "${name}".`, USAGE);
  const sizes = open === undefined ? {} : { [largest]: { organizations: Math.ceil(open / candidates) } };
  const texts = [];
  if (names.length) texts.push(growthTable(await measureGrowth({ names, isSmall: small, sizes, say })));
  if (load.length === 0 || load.includes('days')) {
    const size = small ? DAYS.small : DAYS.full;
    say('days …');
    texts.push(
      `${size.organizations} organizations for ${size.days} days; items are kept for ${size.keepTimelineDays} days and conversations for ${size.keepConversationDays}.`,
      daysTable(await simulateDays({ size, say })),
    );
  }
  return { texts, isWhole: load.length === 0 && open === undefined && !small };
}

/** CPU in microseconds of what the bill counts: measured before, or a guess that is named as one. */
function cpuOf({ timing, throughput }) {
  if (!timing || !throughput)
    throw new Failure(
      'The bill needs the parts timing and throughput of the same run: add `--only timing --only throughput`.',
    );
  const medianOf = (name, side) => spread(timing[name][side].cpu).median;
  const sideOf = (side) => ({
    ok: medianOf('memory, DEPARTMENT_HEAD, 25 rows', side),
    notModified: medianOf('304, DEPARTMENT_HEAD', side),
  });
  const [{ ingest }] = throughput;
  const runs = throughput.at(-1).refreshes['none changed'].map(({ cpuSeconds }) => cpuSeconds * 1e6);
  return {
    ours: sideOf('ours'),
    plain: sideOf('plain'),
    tuned: sideOf('tuned'),
    event: ingest.cpuOfOne,
    run: spread(runs).median,
  };
}

/** The cases in which a side is faster than ours, worst first. */
function losses(timing) {
  const found = Object.entries(timing).flatMap(([name, sides]) =>
    ['plain', 'tuned'].map((peer) => ({
      name,
      peer,
      ratio: ratio(sides.ours.cpu, sides[peer].cpu),
    })),
  );
  const lost = found.filter(({ ratio }) => ratio > 1).sort((left, right) => right.ratio - left.ratio);
  if (!lost.length) return 'No case takes ours more CPU than a peer.';
  return [
    'Cases that take ours more CPU than a peer:',
    '',
    ...lost.map(({ name, peer, ratio }) => `- ${name}: ${ratio.toFixed(2)} × ${peer}`),
  ].join('\n');
}

/** The build of the checkout in `folder`, by the name that its side has in the tables: its commit. */
function buildAgainst(folder) {
  const build = path.resolve(folder, 'build');
  for (const name of ['index.js', 'index_bg.wasm'])
    if (!existsSync(path.join(build, name)))
      throw new Failure(`There is no ${path.join(build, name)}: run \`npm run build\` in ${folder} first.`);
  return { [capture('git', '-C', path.resolve(folder), 'rev-parse', '--short', 'HEAD')]: build };
}

function capture(program, ...args) {
  return execFileSync(program, args, { cwd: inRoot(), encoding: 'utf8' }).trim();
}

/** When something was measured, and on what. */
function aboutNow() {
  const isClean = capture('git', 'status', '--porcelain') === '';
  const versionOf = (name) => JSON.parse(readFileSync(inRoot('node_modules', name, 'package.json'), 'utf8')).version;
  const versions = ['workerd', 'hono', 'jose'].map((name) => `${name} ${versionOf(name)}`).join(', ');
  return `${new Date().toISOString().slice(0, 10)}, commit ${capture('git', 'rev-parse', 'HEAD')}${isClean ? '' : ' with uncommitted changes'}.
${cpus()[0].model}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release().split('-')[0]}, ${versions}.`;
}

function heading({ rounds, hours }) {
  return `# Results

${aboutNow()}

Written by \`npm run bench\` (${rounds} rounds, ${hours} simulated hours); [README.md](README.md) says what is measured and how, and where
the time goes. Times are of a shared machine: only ratios within one run mean something. Counts are exact.`;
}

await whenProgram(import.meta.url, async (args) => {
  const flags = parseFlags(args, USAGE, {
    rounds: { type: 'string', default: '6' },
    hours: { type: 'string', default: '8' },
    only: { type: 'string', multiple: true, default: [] },
    write: { type: 'boolean', default: false },
    case: { type: 'string', multiple: true, default: [] },
    against: { type: 'string' },
    load: { type: 'string', multiple: true, default: [] },
    open: { type: 'string' },
    small: { type: 'boolean', default: false },
  });
  if (!flags) return;
  const { only, load, small, write: isWritten } = flags.values;
  if (isWritten && (only.length === 0 || flags.values.case.length > 0 || only.includes(GROWTH)))
    throw usageFailure('--write takes whole parts, except growth: name them with --only, and no case.', USAGE);
  if (only.includes(GROWTH)) {
    if (only.length > 1) throw usageFailure('growth is run alone.', USAGE);
    const open = flags.values.open && wholeNumber('open', flags.values.open, 100, 10_000_000);
    return growthAlone({ load, small, open });
  }
  const rounds = wholeNumber('rounds', flags.values.rounds, 3, 7);
  const hours = wholeNumber('hours', flags.values.hours, 1, 8);
  const names = flags.values.case.length ? flags.values.case : Object.keys(CASES);
  for (const [name, known] of [...only.map((each) => [each, PARTS]), ...names.map((each) => [each, CASES])]) {
    if (!(name in known)) throw usageFailure(`There is no "${name}".`, USAGE);
  }
  const builds = flags.values.against === undefined ? {} : buildAgainst(flags.values.against);
  await ensureEverything({ need: EVERYTHING });
  await build();
  const { ensureSeed } = await import('./seed.mjs');
  const shared = { seed: await ensureSeed({ say }), keys: makeKeys(), rounds, hours, names, builds };

  const isWhole = only.length === 0 && flags.values.case.length === 0;
  const text = [heading(shared)];
  const results = {};
  for (const part of Object.keys(PARTS).filter((each) => isWhole || only.length === 0 || only.includes(each))) {
    say(`\n▶ ${TITLES[part]}`);
    const startedAt = performance.now();
    const paragraphs = await PARTS[part](shared, results);
    if (part === 'timing') paragraphs.push(losses(results.timing));
    text.push(`## ${TITLES[part]}`, ...paragraphs);
    if (isWritten) {
      const section = [`Measured later than the rest (${rounds} rounds): ${aboutNow()}`, ...paragraphs].join('\n\n');
      writeFileSync(RESULTS, withSection(readFileSync(RESULTS, 'utf8'), TITLES[part], section));
    }
    console.log(`\n${paragraphs.join('\n\n')}`);
    say(`✔ ${TITLES[part]}: ${duration(performance.now() - startedAt)}`);
  }
  if (!isWhole) return;
  text.splice(1, 0, '## Goals', goalsText(results.timing, results.bill));
  writeFileSync(RESULTS, `${text.join('\n\n')}\n`);
  say(`\nWritten to ${RESULTS}`);
});

async function growthAlone(options) {
  await ensureEverything({ need: EVERYTHING });
  await build();
  const startedAt = performance.now();
  const { texts, isWhole } = await measureAllGrowth(options);
  console.log(`\n${texts.join('\n\n')}`);
  say(`✔ growth: ${duration(performance.now() - startedAt)}`);
  if (!isWhole) return;
  const about =
    'Written by `npm run bench -- --only growth`; [README.md](README.md#growth) says what is measured and how.';
  writeFileSync(GROWTH_RESULTS, `${['# Growth', aboutNow(), about, ...texts].join('\n\n')}\n`);
  say(`\nWritten to ${GROWTH_RESULTS}`);
}

function wholeNumber(name, text, min, max) {
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max)
    throw usageFailure(`--${name} takes a whole number from ${min} to ${max}.`, USAGE);
  return value;
}
