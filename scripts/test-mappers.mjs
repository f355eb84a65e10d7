// Whether the two mappers of Chatwoot's webhooks make the same events. See USAGE.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { mapChatwoot } from '../tests/oracle/chatwoot.mjs';
import { mappedSequence } from '../tests/oracle/chatwoot-generator.mjs';
import { runLines } from './command.mjs';
import { parseFlags, usageFailure } from './flags.mjs';
import { Failure, inRoot, projectEnv, whenProgram } from './project.mjs';

const SEQUENCES = 300;
/** How many are in a file at a time; each has some 36 KB. */
const SEQUENCES_PER_FILE = 1_000;
const STORIES = inRoot('tests', 'data', 'webhooks');
const FOLDER = inRoot('target', 'test-data-mappers');
const TEST = 'agreement::both_mappers_make_the_same_events';

const USAGE = `usage: npm run test:mappers [-- --sequences N]

Maps the webhooks of the stories, and of random sequences, with the service's mapper of Chatwoot and with the one of
tests/oracle/, and fails where they do not make the same events.
  --sequences N   how many random sequences (default ${SEQUENCES})`;

/** The stories of Chatwoot, as sequences. */
function storySequences() {
  const files = readdirSync(STORIES, { recursive: true, encoding: 'utf8' });
  const stories = files.filter((file) => /^chatwoot.*\.expect\.json$/.test(file)).sort();
  return stories.map((file) => {
    const read = (name) => readFileSync(path.join(STORIES, name), 'utf8');
    const { connection } = JSON.parse(read(file));
    const lines = read(file.replace('.expect.json', '.ndjson')).split('\n').filter(Boolean);
    const deliveries = lines.map((line) => {
      const { receivedAt, body } = JSON.parse(line);
      const webhook = JSON.parse(body);
      const events = mapChatwoot(webhook, { organizationId: 'brindlewick', settings: connection.settings, receivedAt });
      return { receivedAt, webhook, events };
    });
    return { seed: file, settings: connection.settings ?? {}, deliveries };
  });
}

/**
 * Compares the two mappers over the stories and `count` random sequences.
 *
 * @param {number} count
 * @param {{ say?: (line: string) => void }} [options]
 */
export async function compareMappers(count = SEQUENCES, { say = console.log } = {}) {
  await compare(storySequences(), say);
  for (let first = 1; first <= count; first += SEQUENCES_PER_FILE) {
    const length = Math.min(SEQUENCES_PER_FILE, count - first + 1);
    await compare(
      Array.from({ length }, (_, index) => mappedSequence(first + index)),
      say,
    );
  }
}

async function compare(sequences, say) {
  mkdirSync(FOLDER, { recursive: true });
  const file = path.join(FOLDER, 'sequences.ndjson');
  writeFileSync(file, sequences.map((sequence) => `${JSON.stringify(sequence)}\n`).join(''));
  let isRun = false;
  const onLine = (line) => {
    isRun ||= line.startsWith('test result: ok. 1 passed');
    say(line);
  };
  await runLines('cargo', ['test', '--quiet', '--test', 'native', '--', '--ignored', '--exact', TEST], {
    env: projectEnv({ SEQUENCES: file }),
    onLine,
    failure: 'The two mappers of Chatwoot do not make the same events; what is above says of which webhook.',
  });
  if (!isRun) throw new Failure(`There is no test ${TEST}.`);
}

await whenProgram(import.meta.url, async (args) => {
  const flags = parseFlags(args, USAGE, { sequences: { type: 'string', default: String(SEQUENCES) } });
  if (!flags) return;
  const count = Number(flags.values.sequences);
  if (!Number.isInteger(count) || count < 1) {
    throw usageFailure(`--sequences takes a number; "${flags.values.sequences}" is not one.`, USAGE);
  }
  await compareMappers(count);
});
