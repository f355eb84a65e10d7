// The two implementations of the signatures against each other: jwt-compact's on the host, WebCrypto in workerd, on
// every vector of Wycheproof that the platform is asked about at all.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createTestHarness, experimental_readRawConfig } from 'wrangler';

import { nativeReport, printTable } from '../tokens/native.mjs';
import { ROOT } from './harness.mjs';

/** Where they differ, by name: `native` and `webcrypto` say how, `reason` why that is harmless. */
const DISAGREEMENTS = {
  'keys that are none 5': {
    native: 'import',
    webcrypto: true,
    reason:
      'BoringSSL does not look at an Ed25519 key before it verifies with it; then it refuses every signature, so that ' +
      'the key is configured and of no use',
  },
};

let server;
before(async () => {
  const { rawConfig } = experimental_readRawConfig({ config: path.join(ROOT, 'wrangler.toml') });
  const { compatibility_date: date } = rawConfig;
  const config = { name: 'webcrypto', main: 'tests/workerd/webcrypto/worker.mjs', compatibility_date: date };
  server = createTestHarness({ root: ROOT, workers: [{ config }] });
  await server.listen();
});
after(() => server.close());

async function ask(questions) {
  const answers = [];
  for (let start = 0; start < questions.length; start += 250) {
    const body = JSON.stringify(questions.slice(start, start + 250));
    const response = await server.fetch('/', { method: 'POST', body });
    assert.equal(response.status, 200);
    answers.push(...(await response.json()));
  }
  return answers;
}

describe('WebCrypto', () => {
  test('is asked in the words of the worker', () => {
    const original = readFileSync(path.join(ROOT, 'src/bindings/webcrypto.rs'), 'utf8');
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

  test('gives the answers of jwt-compact', async (t) => {
    const questions = await nativeReport('wycheproof');
    const answers = await ask(questions);
    const names = { RSA: 'RS256', EC: 'ES256', OKP: 'EdDSA' };
    const counts = {};
    const differing = {};
    for (const [index, { vector, key, question, native: verified }] of questions.entries()) {
      const native = question === 'import' ? 'import' : verified;
      const webcrypto = answers[index];
      const count = (counts[names[key.kty]] ??= {
        compared: 0,
        accepted: 0,
        refused: 0,
        'key refused': 0,
        differing: 0,
      });
      count.compared += 1;
      count[webcrypto === 'import' ? 'key refused' : native === true ? 'accepted' : 'refused'] += 1;
      if (native === webcrypto) continue;
      count.differing += 1;
      differing[vector] = { native, webcrypto };
    }
    printTable(t, 'WebCrypto and jwt-compact', counts);
    for (const [name, { reason }] of Object.entries(DISAGREEMENTS)) t.diagnostic(`${name}: ${reason}`);
    const expected = Object.entries(DISAGREEMENTS).map(([name, { native, webcrypto }]) => [
      name,
      { native, webcrypto },
    ]);
    assert.deepEqual(differing, Object.fromEntries(expected));
    assert.ok(questions.length > 1000);
  });

  test('accepts nothing under an Ed25519 key that is no point', async () => {
    const key = { kty: 'OKP', crv: 'Ed25519', x: Buffer.from([2, ...Array(31).fill(0)]).toString('base64url') };
    const message = Buffer.from('message').toString('base64url');
    const halves = [Buffer.alloc(32), Buffer.from([1, ...Array(31).fill(0)]), Buffer.from([2, ...Array(31).fill(0)])];
    const signatures = halves.flatMap((r) => halves.map((s) => Buffer.concat([r, s]).toString('base64url')));
    const answers = await ask(signatures.map((signature) => ({ key, question: 'verify', message, signature })));
    assert.deepEqual(new Set(answers), new Set([false]));
  });
});
