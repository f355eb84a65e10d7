// The client and the zod schemas that orval generates from the published contract.

import assert from 'node:assert/strict';
import { getConversationMonitorReport } from '../generated/orval/contract/fetch';
import { GetConversationMonitorReportResponse } from '../generated/orval/contract/zod';
import type { Scenario } from '../typescript/scenario';

export async function read({ at, adminToken }: Scenario) {
  const options = { headers: { Authorization: `Bearer ${adminToken}` } };
  const report = await getConversationMonitorReport({ page: 1, category: 'ai_stuck' }, options);
  assert.equal(report.status, 200);
  const { rows, pagination } = GetConversationMonitorReportResponse.parse(report.data).data;
  assert.equal(pagination.total, 1);
  assert.deepEqual([rows[0].contactName, rows[0].category, rows[0].latestInboundAt], ['Jane', 'ai_stuck', at]);
  const forbidden = await getConversationMonitorReport({ organizationId: 'another organization' }, options);
  assert.equal(forbidden.status, 403);
  assert.equal(forbidden.data.error, 'FORBIDDEN');
}
