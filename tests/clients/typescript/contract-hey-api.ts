// The client that @hey-api/openapi-ts generates from the published contract.

import assert from 'node:assert/strict';
import { getConversationMonitorReport } from '../generated/hey-api/contract';
import { createClient } from '../generated/hey-api/contract/client';
import type { Scenario } from './scenario';

export async function read({ url, at, adminToken }: Scenario) {
  const client = createClient({ baseUrl: url, auth: adminToken });
  const { data, error } = await getConversationMonitorReport({ client, query: { page: 1, category: 'ai_stuck' } });
  assert.ok(data, JSON.stringify(error));
  const { rows, pagination } = data.data;
  assert.equal(pagination.total, 1);
  assert.deepEqual([rows[0].contactName, rows[0].category, rows[0].latestInboundAt], ['Jane', 'ai_stuck', at]);
  const forbidden = await getConversationMonitorReport({ client, query: { organizationId: 'another organization' } });
  assert.deepEqual([forbidden.response?.status, forbidden.error?.error], [403, 'FORBIDDEN']);
}
