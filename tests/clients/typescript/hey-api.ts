// The client that @hey-api/openapi-ts generates from the service's own document.

import assert from 'node:assert/strict';
import {
  type ConversationMonitorRow,
  type Event,
  getAutopilotMonitorSettings,
  getConversationMonitorReport,
  getConversationMonitorReportCsv,
  getConversationMonitorScopes,
  getConversationMonitorSummary,
  getHealth,
  headConversationMonitorReport,
  postConversationMonitorEvents,
  putAutopilotMonitorSettings,
} from '../generated/hey-api/service';
import { createClient } from '../generated/hey-api/service/client';
import type { Scenario } from './scenario';

export async function post({ url, organizationId, at, ingestToken }: Scenario) {
  const client = createClient({ baseUrl: url, auth: ingestToken });
  const common = { organizationId, updatedAt: at };
  const contact = { ...common, type: 'contact', contactId: 'contact' } as const;
  const item = { ...common, conversationId: 'conversation', at };
  const events: Event[] = [
    { ...common, type: 'organization', name: 'An organization' },
    { ...common, type: 'department', departmentId: 'department', name: 'Sales' },
    { ...common, type: 'user', userId: 'user', fullName: 'Alice' },
    { ...contact, name: 'Jane', phone: '+14155550123' },
    {
      ...common,
      type: 'conversation',
      conversationId: 'conversation',
      contactId: 'contact',
      channelType: 'sms',
      departmentId: 'department',
      assigneeIds: ['user'],
    },
    { ...item, type: 'autopilot', changeId: 'change', enabled: true },
    { ...item, type: 'message', messageId: 'message', direction: 'inbound', sender: 'contact' },
    { ...contact, contactId: 'another contact', deleted: true },
  ];
  const { data, error } = await postConversationMonitorEvents({ client, body: { events } });
  assert.deepEqual(
    data?.data,
    { accepted: 8, applied: 8, ignored: 0, expired: 0, warnings: [] },
    JSON.stringify(error),
  );

  const tooLong: Event = { ...contact, name: 'x'.repeat(513) };
  const refused = await postConversationMonitorEvents({ client, body: { events: [tooLong] } });
  assert.equal(refused.response?.status, 400);
  assert.equal(refused.error?.error, 'INVALID_REQUEST');
  assert.equal(refused.error?.details?.[0].field, 'name');
}

export async function read({ url, organizationId, at, adminToken }: Scenario) {
  const client = createClient({ baseUrl: url, auth: adminToken });
  const query = { limit: 10, category: 'ai_stuck' } as const;
  const report = await getConversationMonitorReport({ client, query });
  assert.ok(report.data, JSON.stringify(report.error));
  const { rows, counts, pagination, snapshotId } = report.data.data;
  assert.deepEqual([counts.ai_stuck, counts.agent_abandoned, pagination.total], [1, 0, 1]);
  const row: ConversationMonitorRow = rows[0];
  assert.equal(new Date(row.stalledSince).toISOString(), at);
  const { reason, departmentId, assigneeNames } = row;
  assert.deepEqual(
    { reason, departmentId, assigneeNames },
    {
      reason: 'no_reply',
      departmentId: 'department',
      assigneeNames: ['Alice'],
    },
  );

  const etag = report.response?.headers.get('ETag') ?? '';
  const same = await getConversationMonitorReport({ client, query, headers: { 'If-None-Match': etag } });
  assert.equal(same.response?.status, 304);
  const head = await headConversationMonitorReport({ client, query });
  assert.deepEqual([head.response?.status, head.response?.headers.get('ETag')], [200, etag]);

  const snapshot = snapshotId ?? undefined;
  const csv = await getConversationMonitorReportCsv({ client, query: { snapshot } });
  const text: string | undefined = csv.data;
  assert.match(text ?? '', /^conversationId,.*\r\nconversation,contact,Jane,/);
  const summary = await getConversationMonitorSummary({ client, query: { snapshot } });
  assert.equal(summary.data?.data.byReason.no_reply, 1);
  assert.deepEqual(summary.data?.data.byChannel, { sms: 1 });
  const scopes = await getConversationMonitorScopes({ client });
  assert.deepEqual(scopes.data?.data.departments, [{ departmentId: 'department', name: 'Sales' }]);

  const path = { organizationId };
  const changed = await putAutopilotMonitorSettings({ client, path, body: { thresholdMinutes: 30 } });
  assert.equal(changed.data?.data.thresholdMinutes, 30);
  const settings = await getAutopilotMonitorSettings({ client, path });
  assert.equal(settings.data?.data.organizationId, organizationId);
  assert.equal(settings.data?.data.thresholdMinutes, 30);
  const health = await getHealth({ client });
  // Of a token, health wants a scope.
  assert.equal(health.error?.error, 'FORBIDDEN');

  const forbidden = await getConversationMonitorReport({ client, query: { organizationId: 'another organization' } });
  assert.equal(forbidden.response?.status, 403);
  assert.equal(forbidden.error?.error, 'FORBIDDEN');
}
