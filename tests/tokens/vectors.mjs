// Tokens, and what the service must say of each: transcribed from RFCs, from faults that libraries had, and from other
// libraries' tests.
//
//   node tests/tokens/vectors.mjs
//
// writes them to vectors.json for the native tests, whose clock stands still. Over HTTP the same tokens are made anew,
// for the present.

import { realpathSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fixtureAt, SERVICES } from './fixture.mjs';
import { claimsForm, dates, types } from './sources/claims.mjs';
import { encoding, segments } from './sources/form.mjs';
import { algorithms, critical, header } from './sources/header.mjs';
import { jose } from './sources/jose.mjs';
import { libraries } from './sources/libraries.mjs';
import { rfc7515, rfc7519, rfc7520, rfc8037 } from './sources/rfc.mjs';
import * as rfc8725 from './sources/rfc8725.mjs';
import { anyAlgorithm, ecdsaForms, rsaPaddings } from './sources/signatures.mjs';

/** The clock of the native tests, in seconds. */
export const NOW = 1_780_000_000;
export const FILE = fileURLToPath(new URL('vectors.json', import.meta.url));

/**
 * Generators of `[name, verdict, token, more]`; `more` may name another service than `main`, a clock of its own (`at`),
 * another verdict over HTTP, and a note.
 *
 * @type {Record<string, (fixture: any) => Iterable<any[]>>}
 */
const SOURCES = {
  'RFC 7515': rfc7515,
  'RFC 7519, 7516 and 7797': rfc7519,
  'RFC 7520': rfc7520,
  'RFC 8037': rfc8037,
  ...Object.fromEntries(
    // biome-ignore lint/performance/noDynamicNamespaceImportAccess: nothing bundles the tests
    Array.from({ length: 12 }, (_, index) => [`RFC 8725 section 3.${index + 1}`, rfc8725[`section3_${index + 1}`]]),
  ),
  'form: segments': segments,
  'form: base64url': encoding,
  'header: JSON': header,
  'header: alg': algorithms,
  'header: crit and b64': critical,
  'claims: JSON': claimsForm,
  'claims: dates': dates,
  'claims: types': types,
  'signatures: all algorithms': anyAlgorithm,
  'signatures: ECDSA': ecdsaForms,
  'signatures: RSA': rsaPaddings,
  'faults of libraries': libraries,
  'panva/jose': jose,
};

/**
 * All tokens, made for the second `now`.
 *
 * @returns {any[]}
 */
export function vectorsAt(now) {
  const fixture = fixtureAt(now);
  return Object.entries(SOURCES).flatMap(([source, vectors]) =>
    [...vectors(fixture)].map(([name, verdict, token, more]) => ({ source, name, verdict, token, ...more })),
  );
}

/**
 * The file for the native tests: by source and verdict, a line `[name, token, service, at]` a token, as far as it has
 * them. A segment that several tokens have stands once, in `segments`, and as `#` and its place there in each of them.
 */
export function fileText() {
  const vectors = vectorsAt(NOW);
  const segments = repeated(vectors.flatMap(({ token }) => token.split('.')));
  const places = new Map(segments.map((segment, place) => [segment, `#${place}`]));
  const line = ({ name, token, service, at }) => {
    if (token.includes('#')) throw new Error(`${name}: # stands for a segment`);
    const short = token
      .split('.')
      .map((segment) => places.get(segment) ?? segment)
      .join('.');
    return JSON.stringify(at ? [name, short, service, at] : service ? [name, short, service] : [name, short]);
  };
  const sources = byMember(vectors, 'source').map(([source, group]) => {
    const verdicts = byMember(group, 'verdict').map(([verdict, rows]) =>
      member(verdict, `[\n${rows.map(line).join(',\n')}]`),
    );
    return member(source, `{\n${verdicts.join(',\n')}}`);
  });
  const head = Object.entries({ now: NOW, services: SERVICES, segments }).map(([name, value]) =>
    member(name, JSON.stringify(value)),
  );
  return `{\n${head.join(',\n')},\n"vectors": {\n${sources.join(',\n')}}}\n`;
}

const byMember = (objects, name) => [...Map.groupBy(objects, (object) => object[name])];
const member = (name, text) => `${JSON.stringify(name)}: ${text}`;

/** Those that stand there more than once and are worth a place of their own. */
function repeated(segments) {
  const counts = new Map();
  for (const segment of segments) counts.set(segment, (counts.get(segment) ?? 0) + 1);
  return [...counts].filter(([segment, count]) => count > 1 && segment.length > 8).map(([segment]) => segment);
}

if (realpathSync(process.argv[1]) === FILE.replace('vectors.json', 'vectors.mjs')) writeFileSync(FILE, fileText());
