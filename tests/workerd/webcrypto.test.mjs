// Two implementations of the signatures: WebCrypto in workerd must give the verdicts that jwt-compact gives on the
// host, on every vector of Wycheproof that the platform is asked about.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { convertV4MiniflareOptions, Miniflare } from '../../scripts/miniflare.mjs';
import { readTestData } from '../../scripts/test-data.mjs';
import { readWorkerOptions } from '../../scripts/worker-options.mjs';
import { printTable } from './fixtures.mjs';
import { ROOT } from './harness.mjs';

const VERDICTS = new URL('../native/wycheproof/verdicts.json', import.meta.url);
const ALGORITHMS = { RSA: 'RS256', EC: 'ES256', OKP: 'EdDSA' };

/** Verdicts of vectors that the platform is asked about; the others are refused before. */
const ASKED = ['accepted', 'refused', 'key not imported'];

/** Vectors of which WebCrypto gives another verdict, and why that is harmless. */
const DISAGREEMENTS = {
  'keys that are none 5': {
    listed: 'key not imported',
    found: 'refused',
    reason:
      'BoringSSL does not check an Ed25519 key when it imports it; it then refuses every signature, so such a key can be ' +
      'configured but is useless',
  },
};

/** The verdict of every vector by its name, such as "rsa_signature_2048_sha256 17". The native tests check the list. */
function readVerdicts() {
  const verdicts = new Map();
  for (const [source, byVerdict] of Object.entries(JSON.parse(readFileSync(VERDICTS, 'utf8')))) {
    for (const [verdict, ranges] of Object.entries(byVerdict)) {
      for (const range of ranges.split(' ')) {
        const [first, last = first] = range.split('-').map(Number);
        for (let number = first; number <= last; number += 1) verdicts.set(`${source} ${number}`, verdict);
      }
    }
  }
  return verdicts;
}

let miniflare;
before(async () => {
  const { workerOptions } = await readWorkerOptions();
  const { compatibilityDate } = workerOptions;
  const scriptPath = path.join(ROOT, 'tests/workerd/webcrypto/worker.mjs');
  miniflare = new Miniflare(convertV4MiniflareOptions({ modules: true, scriptPath, compatibilityDate }));
  await miniflare.ready;
});
after(() => miniflare.dispose());

async function ask(questions) {
  const verdicts = [];
  for (let start = 0; start < questions.length; start += 250) {
    const body = JSON.stringify(questions.slice(start, start + 250));
    const response = await miniflare.dispatchFetch('http://worker.test', { method: 'POST', body });
    assert.equal(response.status, 200, await response.clone().text());
    verdicts.push(...(await response.json()));
  }
  return verdicts;
}

describe('WebCrypto', () => {
  test('is asked in the words of the worker', () => {
    const original = readFileSync(path.join(ROOT, 'src/worker/bindings/webcrypto.rs'), 'utf8');
    for (const words of [
      'PublicKey::Rsa { .. } => "RSASSA-PKCS1-v1_5"',
      'PublicKey::P256 { .. } => "ECDSA"',
      'PublicKey::Ed25519 { .. } => "Ed25519"',
      'object([("name", algorithm), ("hash", "SHA-256"), ("namedCurve", "P-256")])',
      '.import_key_with_object("jwk", &jwk(key)?, &parameters(algorithm)?, false, &usages)',
      'Array::of1(&JsValue::from_str("verify"))',
      'object([("kty", "RSA"), ("n", &text(modulus)), ("e", &text(exponent))])',
      'object([("kty", "EC"), ("crv", "P-256"), ("x", &text(x)), ("y", &text(y))])',
      'object([("kty", "OKP"), ("crv", "Ed25519"), ("x", &text(x))])',
    ]) {
      assert.ok(original.includes(words), `webcrypto.rs no longer says \`${words}\`: change the replica as well`);
    }
  });

  test("gives jwt-compact's verdict on every vector", async (t) => {
    const verdicts = readVerdicts();
    const isAsked = ({ vector }) => ASKED.includes(verdicts.get(vector));
    const vectors = readTestData('wycheproof.ndjson').trimEnd().split('\n');
    const questions = vectors.map((line) => JSON.parse(line)).filter(isAsked);
    const found = await ask(questions);
    const counts = {};
    const disagreements = {};
    for (const [index, { vector, key }] of questions.entries()) {
      const algorithm = ALGORITHMS[key.kty];
      counts[algorithm] ??= { compared: 0, accepted: 0, refused: 0, 'key not imported': 0, disagreements: 0 };
      counts[algorithm].compared += 1;
      counts[algorithm][found[index]] += 1;
      const listed = verdicts.get(vector);
      if (listed === found[index]) continue;
      counts[algorithm].disagreements += 1;
      disagreements[vector] = { listed, found: found[index] };
    }
    printTable(t, 'WebCrypto and jwt-compact', counts);
    for (const [name, { reason }] of Object.entries(DISAGREEMENTS)) t.diagnostic(`${name}: ${reason}`);
    const expected = Object.entries(DISAGREEMENTS).map(([name, { reason, ...verdict }]) => [name, verdict]);
    assert.deepEqual(disagreements, Object.fromEntries(expected));

    // All that jwt-compact was asked; HMAC is never left to the platform.
    const listed = [...verdicts].filter(([name, verdict]) => !name.startsWith('hmac') && ASKED.includes(verdict));
    assert.equal(questions.length, listed.length);
    assert.ok(questions.length > 1000);
  });

  test('accepts no signature under an Ed25519 key that is not a point', async () => {
    const key = { kty: 'OKP', crv: 'Ed25519', x: Buffer.from([2, ...Array(31).fill(0)]).toString('base64url') };
    const message = Buffer.from('message').toString('base64url');
    const halves = [Buffer.alloc(32), Buffer.from([1, ...Array(31).fill(0)]), Buffer.from([2, ...Array(31).fill(0)])];
    const signatures = halves.flatMap((r) => halves.map((s) => Buffer.concat([r, s]).toString('base64url')));
    const verdicts = await ask(signatures.map((signature) => ({ key, message, signature })));
    assert.deepEqual(new Set(verdicts), new Set(['refused']));
  });
});
