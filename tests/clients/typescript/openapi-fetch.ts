// The types of openapi-typescript, used by openapi-fetch, on the service's own document.

import assert from 'node:assert/strict';
import createClient from 'openapi-fetch';
import type { components, paths } from '../generated/openapi-typescript/service';
import type { Scenario } from './scenario';

type Event = components['schemas']['Event'];
type Row = components['schemas']['ConversationMonitorRow'];

const clientOf = (url: string, token: string) =>
  createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${token}` } });

export async function post({ url, organizationId, at, ingestToken }: Scenario) {
  const client = clientOf(url, ingestToken);
  const common = { organizationId, updatedAt: at };
  const contact = { ...common, type: 'contact', contactId: 'contact' } as const;
  const events: Event[] = [
    { ...common, type: 'organization', name: 'An organization' },
    { ...common, type: 'department', departmentId: 'department', name: 'Sales' },
    { ...common, type: 'user', userId: 'user', fullName: 'Alice', active: true, bot: false },
    { ...contact, name: 'Jane', phone: null, blocked: false },
    {
      ...common,
      type: 'conversation',
      conversationId: 'conversation',
      contactId: 'contact',
      channelType: 'sms',
      departmentId: 'department',
      ownerId: null,
      assigneeIds: ['user'],
      draft: false,
    },
    { ...common, type: 'autopilot', changeId: 'change', conversationId: 'conversation', at, enabled: true },
    {
      ...common,
      type: 'message',
      messageId: 'message',
      conversationId: 'conversation',
      at,
      sequence: 1,
      direction: 'inbound',
      sender: 'contact',
    },
    { ...contact, contactId: 'another contact', deleted: true },
  ];
  const { data, error } = await client.POST('/api/conversation-monitor/events', { body: { events } });
  assert.deepEqual(
    data?.data,
    { accepted: 8, applied: 8, ignored: 0, expired: 0, warnings: [] },
    JSON.stringify(error),
  );

  const tooLong: Event = { ...contact, name: 'x'.repeat(513), blocked: false };
  const refused = await client.POST('/api/conversation-monitor/events', { body: { events: [tooLong] } });
  assert.equal(refused.response.status, 400);
  assert.equal(refused.error?.error, 'INVALID_REQUEST');
  assert.equal(refused.error?.details?.[0].field, 'name');
}

export async function read({ url, organizationId, at, adminToken }: Scenario) {
  const client = clientOf(url, adminToken);
  const report = await client.GET('/api/conversation-monitor/report', {
    params: { query: { limit: 10, category: 'ai_stuck', skipThreshold: 'false' } },
  });
  assert.ok(report.data, JSON.stringify(report.error));
  const { rows, counts, pagination, snapshotId } = report.data.data;
  assert.deepEqual([counts.ai_stuck, counts.agent_abandoned, pagination.total], [1, 0, 1]);
  const row: Row = rows[0];
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

  const etag = report.response.headers.get('ETag') ?? '';
  const query = { limit: 10, category: 'ai_stuck' } as const;
  const same = await client.GET('/api/conversation-monitor/report', {
    params: { query, header: { 'If-None-Match': etag } },
  });
  assert.equal(same.response.status, 304);
  assert.equal(same.data, undefined);
  const head = await client.HEAD('/api/conversation-monitor/report', { params: { query } });
  assert.deepEqual([head.response.status, head.response.headers.get('ETag')], [200, etag]);

  const snapshot = snapshotId ?? undefined;
  const csv = await client.GET('/api/conversation-monitor/report.csv', {
    params: { query: { snapshot } },
    parseAs: 'text',
  });
  const text: string | undefined = csv.data;
  assert.match(text ?? '', /^conversationId,.*\r\nconversation,contact,Jane,/);
  const summary = await client.GET('/api/conversation-monitor/summary', { params: { query: { snapshot } } });
  assert.equal(summary.data?.data.byReason.no_reply, 1);
  assert.deepEqual(summary.data?.data.byChannel, { sms: 1 });
  const scopes = await client.GET('/api/conversation-monitor/scopes');
  assert.deepEqual(scopes.data?.data.departments, [{ departmentId: 'department', name: 'Sales' }]);

  const path = { organizationId };
  const changed = await client.PUT('/api/organizations/{organizationId}/autopilot-monitor-settings', {
    params: { path },
    body: { thresholdMinutes: 30 },
  });
  assert.equal(changed.data?.data.thresholdMinutes, 30);
  const settings = await client.GET('/api/organizations/{organizationId}/autopilot-monitor-settings', {
    params: { path },
  });
  assert.equal(settings.data?.data.organizationId, organizationId);
  assert.equal(settings.data?.data.thresholdMinutes, 30);
  const health = await client.GET('/health');
  // Of a token, health wants a scope.
  assert.equal(health.error?.error, 'FORBIDDEN');

  const forbidden = await client.GET('/api/conversation-monitor/report', {
    params: { query: { organizationId: 'another organization' } },
  });
  assert.equal(forbidden.response.status, 403);
  assert.equal(forbidden.error?.error, 'FORBIDDEN');
}
