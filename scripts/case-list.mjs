// The numbered cases of the definition, listed in docs/definition.md from tests/cases.json. See USAGE.

import { readFileSync, writeFileSync } from 'node:fs';
import { parseFlags } from './flags.mjs';
import { Failure, inRoot, whenProgram } from './project.mjs';

const DOCUMENT = 'docs/definition.md';
const CASES = 'tests/cases.json';
/** A case has a heading that a person wrote; what stands below it, up to the next one, is written here. */
const HEADING = /^### Case (\d+): .+$/gm;

const USAGE = `usage: node scripts/case-list.mjs [--write]

Fails unless ${DOCUMENT} lists the cases of ${CASES} by their titles.
  --write   renews the lists`;

/** The numbered cases: `{number, variant, title, …}`, one for each variant. */
export function readCases() {
  return JSON.parse(readFileSync(inRoot(CASES), 'utf8'));
}

/** The document with the titles of all variants below the heading of their case. */
export function withCases(document, cases) {
  const headings = [...document.matchAll(HEADING)];
  const numbers = [...new Set(cases.map(({ number }) => number))];
  const headed = headings.map(([, number]) => Number(number));
  if (headed.join() !== numbers.join()) {
    throw new Failure(
      `${DOCUMENT} has headings for the cases ${headed.join(', ')}; ${CASES} has ${numbers.join(', ')}.`,
    );
  }
  const sections = headings.map(([heading, number]) => {
    const variants = cases.filter((each) => each.number === Number(number));
    return `${heading}\n\n${variants.map(({ title }) => `- ${title}`).join('\n')}\n`;
  });
  return `${document.slice(0, headings[0].index)}${sections.join('\n')}`;
}

await whenProgram(import.meta.url, (args) => {
  const flags = parseFlags(args, USAGE, { write: { type: 'boolean' } });
  if (!flags) return;
  const document = readFileSync(inRoot(DOCUMENT), 'utf8');
  const renewed = withCases(document, readCases());
  if (flags.values.write) writeFileSync(inRoot(DOCUMENT), renewed);
  else if (renewed !== document) {
    throw new Failure(`${DOCUMENT} is not what ${CASES} says. Renew it: node scripts/case-list.mjs --write`);
  }
});
