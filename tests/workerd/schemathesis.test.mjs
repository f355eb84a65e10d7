// Schemathesis makes valid and invalid requests from the OpenAPI document, as callers of each role. Every response must
// be one that the document describes, and never a fault of the service.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { capture } from '../../scripts/command.mjs';
import { ensureSchemathesis } from '../../scripts/schemathesis.mjs';
import { IS_LONG_RUN } from '../long-run.mjs';
import { manyCandidates } from '../oracle/many-candidates.mjs';
import { EVENTS, STREAM, startService, tokenOf } from './harness.mjs';

const ORGANIZATION = 'an-organization';
/** One of its candidates. */
const CONVERSATION = 'conversation-000000';
const SEED = 20_261_123;
/** Random requests per operation, in addition to those that try the bounds of each parameter. */
const EXAMPLES = IS_LONG_RUN ? 40 : 2;
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
];
/**
 * All operations but four: Schemathesis does not request the document that it reads, would wait for the end of a
 * stream, and would remove the organization that everything is about.
 */
const OPERATIONS = 34;

const claims = { sub: 'user-1', organizationId: ORGANIZATION };
const EVENTS_ONLY = ['--include-path', EVENTS];
const ALL = ['--exclude-path', STREAM, '--exclude-operation-id', 'delete_organization'];
const ALL_BUT_EVENTS = [...ALL, '--exclude-path', EVENTS];
/**
 * The callers. The bounds of parameters are tried by the first one alone, because parameters are read before the role
 * is looked at. Those of events are tried in ingest.test.mjs, and here in the long run only, by the caller whose events
 * are taken.
 */
const CALLERS = {
  ADMIN: {
    claims: { ...claims, role: 'ADMIN' },
    phases: 'coverage,fuzzing',
    options: ALL_BUT_EVENTS,
    operations: OPERATIONS - 1,
  },
  'SUPERADMIN who ingests': {
    claims: { ...claims, role: 'SUPERADMIN', scope: 'conversation-monitor:ingest' },
    phases: IS_LONG_RUN ? 'coverage,fuzzing' : 'fuzzing',
    options: EVENTS_ONLY,
    operations: 1,
  },
  SUPERADMIN: {
    claims: { ...claims, role: 'SUPERADMIN' },
    phases: 'fuzzing',
    options: [...ALL_BUT_EVENTS, '--exclude-method', 'HEAD'],
    operations: 20,
  },
  DEPARTMENT_HEAD: {
    claims: { ...claims, role: 'DEPARTMENT_HEAD', departmentIds: ['department-1', 'department-2'] },
    phases: 'fuzzing',
    options: ALL,
    operations: OPERATIONS,
  },
  nobody: { phases: 'fuzzing', options: ALL, operations: OPERATIONS },
};

let service;
let folder;
before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'schemathesis-'));
  // With a key, so that destinations of alerts can be set.
  service = await startService({ secrets: { SETTINGS_KEY: `2026:${'A'.repeat(43)}` } });
  const now = Date.now() - 3_600_000;
  await service.post(manyCandidates({ organizationId: ORGANIZATION, now, count: 60, thresholdMinutes: 5 }));
  await service.refresh(now);
});
after(async () => {
  await service?.close();
  rmSync(folder, { recursive: true });
});

async function run(program, name, caller) {
  const { url } = service;
  const report = path.join(folder, 'report.json');
  const settings = path.join(folder, 'schemathesis.toml');
  // A random id in the path would hardly ever be that of an existing organization or conversation.
  const ids = `"path.organizationId" = "${ORGANIZATION}"\n"path.conversationId" = "${CONVERSATION}"\n`;
  writeFileSync(settings, `[parameters]\n${ids}`);
  const args = [
    '--config-file',
    settings,
    'run',
    new URL('/openapi.json', url).href,
    '--phases',
    caller.phases,
    '--checks',
    CHECKS.join(','),
    '--seed',
    String(SEED),
    '--max-examples',
    String(EXAMPLES),
    '--continue-on-failure',
    '--warnings',
    'off',
    '--report',
    'json',
    '--report-json-path',
    report,
    ...(caller.options ?? []),
  ];
  if (caller.claims) args.push('--header', `Authorization: Bearer ${tokenOf(caller.claims)}`);
  const env = { ...process.env, NO_COLOR: '1', PYTHONDONTWRITEBYTECODE: '1' };
  const { code, stdout, stderr } = await capture(program, args, { env, cwd: folder });
  assert.equal(code, 0, `${name}: ${stdout}${stderr}`);
  return JSON.parse(readFileSync(report, 'utf8'));
}

test('every response is one that the document describes', async (t) => {
  const { program, reason } = await ensureSchemathesis();
  if (!program) {
    console.error(`\n!!! NOT TESTED: Schemathesis is not available. ${reason}\n`);
    t.skip(reason);
    return;
  }
  let total = 0;
  for (const [name, caller] of Object.entries(CALLERS)) {
    await t.test(name, async (t) => {
      // So that health finds nothing to complain of, however long the callers before took.
      await service.refresh(Date.now());
      const { complete, operations, test_cases: cases, failures, errors } = await run(program, name, caller);
      assert.deepEqual([complete, failures, errors], [true, [], []]);
      assert.equal(operations.tested, caller.operations);
      total += cases.generated;
      t.diagnostic(`${cases.generated} requests`);
    });
  }
  assert.ok(total > 1_000, `only ${total}`);
  t.diagnostic(`${total} requests in all`);
});
