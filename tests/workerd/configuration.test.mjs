// An isolate may outlive a change of variables and secrets: tokens that it verified before are verified again.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modulesOf, Side } from '../../bench/sides.mjs';
import { build } from '../../scripts/build.mjs';
import { makeToken, signToken } from '../../scripts/token.mjs';
import { REPORT } from './harness.mjs';

const OLD = 'the old secret of the tests, long enough for HMAC-SHA256';
const NEW = 'the new secret of the tests, long enough for HMAC-SHA256';

/** The worker behind a module that hands it the variables which a request names. */
const RECONFIGURED = `
  import worker from './index.js';

  const envs = new Map();

  export default {
    fetch(request, env, context) {
      const variables = request.headers.get('variables');
      if (!envs.has(variables)) envs.set(variables, { ...env, ...JSON.parse(variables) });
      const kept = envs.get(variables);
      return worker.fetch(request, request.headers.has('same') ? kept : { ...kept }, context);
    },
  };
`;

test('another configuration makes an isolate forget the tokens and claims of the one before', async () => {
  await build();
  const [main, ...others] = await modulesOf('ours');
  const modules = [{ type: 'ESModule', path: 'reconfigured.js', contents: RECONFIGURED }, main, ...others];
  const side = await Side.start('reconfigured', { modules });
  const exp = Math.floor(Date.now() / 1000) + 3600;
  const token = signToken({ exp, sub: 'u', role: 'boss', organizationId: 'o', other: { role: 'ADMIN' } }, OLD);
  const isolates = new Set();
  const ask = async (variables, headers = {}) => {
    const response = await side.fetch(REPORT, {
      headers: { Authorization: `Bearer ${token}`, ...headers, variables: JSON.stringify(variables) },
    });
    await response.arrayBuffer();
    isolates.add(response.headers.get('X-Request-Id')?.slice(0, 24));
    const [, source] = /token;desc="(\w+)"/.exec(response.headers.get('Server-Timing') ?? '') ?? [];
    return [response.status, source];
  };
  try {
    const [denied, refused] = [403, 401];
    // The database has no tables here: a request that may read it gets this.
    const permitted = 503;
    for (const headers of [{}, { same: 'yes' }]) {
      const original = { JWT_SECRET: OLD };
      assert.deepEqual(await ask(original, headers), [denied, 'verified']);
      assert.deepEqual(await ask(original, headers), [denied, 'memory']);
      assert.deepEqual(await ask(original), [denied, 'memory'], 'an env with the same values is no change');
      assert.deepEqual(await ask({ JWT_SECRET: NEW }, headers), [refused, undefined]);
      const roles = { JWT_SECRET: OLD, JWT_ROLES: '{"boss":"ADMIN"}' };
      assert.deepEqual(await ask(roles, headers), [permitted, 'verified']);
      assert.deepEqual(await ask(roles, headers), [permitted, 'memory']);
      assert.deepEqual(await ask({ JWT_SECRET: OLD, JWT_CLAIM_ROLE: '/nothing' }, headers), [denied, 'verified']);
      assert.deepEqual(await ask({ JWT_SECRET: OLD, JWT_CLAIM_ROLE: '/other/role' }, headers), [permitted, 'verified']);
      assert.deepEqual(await ask({ JWT_SECRET: OLD, JWT_ISSUER: 'somebody' }, headers), [refused, undefined]);
    }
    // A token of `npm run token` has its claims where these variables say.
    const mapping = {
      JWT_SECRET: OLD,
      JWT_CLAIM_ROLE: '/app~1acme/roles',
      JWT_CLAIM_SCOPE: '/app~1acme/roles',
      JWT_CLAIM_DEPARTMENTS: '/app~1acme/teams',
      JWT_ROLES: '{"head":"DEPARTMENT_HEAD"}',
      JWT_ORGANIZATION: 'o',
    };
    const options = { role: 'DEPARTMENT_HEAD', departments: 'd1,d2', scope: 'conversation-monitor:operate' };
    const made = makeToken(options, { where: { env: mapping, file: '/none', configuration: '/none' } });
    assert.deepEqual(await ask(mapping, { Authorization: `Bearer ${made}` }), [permitted, 'verified']);
  } finally {
    await side.stop();
  }
  assert.equal(isolates.size, 1);
});
