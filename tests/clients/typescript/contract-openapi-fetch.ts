// The types of openapi-typescript, used by openapi-fetch, on the published contract.

import assert from 'node:assert/strict';
import createClient from 'openapi-fetch';
import type { paths } from '../generated/openapi-typescript/contract';
import type { Scenario } from './scenario';

export async function read({ url, at, adminToken }: Scenario) {
  const client = createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${adminToken}` } });
  const { data, error } = await client.GET('/api/conversation-monitor/report', {
    params: { query: { page: 1, category: 'ai_stuck' } },
  });
  assert.ok(data, JSON.stringify(error));
  const { rows, pagination } = data.data;
  assert.equal(pagination.total, 1);
  assert.deepEqual([rows[0].contactName, rows[0].category, rows[0].latestInboundAt], ['Jane', 'ai_stuck', at]);
  const forbidden = await client.GET('/api/conversation-monitor/report', {
    params: { query: { organizationId: 'another organization' } },
  });
  assert.deepEqual([forbidden.response.status, forbidden.error?.error], [403, 'FORBIDDEN']);
}
