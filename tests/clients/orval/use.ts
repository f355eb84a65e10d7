// The client and the zod schemas that orval generates from the service's own document.

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
} from '../generated/orval/service/fetch';
import {
  GetAutopilotMonitorSettingsResponse,
  GetConversationMonitorReportResponse,
  GetConversationMonitorScopesResponse,
  GetConversationMonitorSummaryResponse,
  GetHealthResponse,
  PostConversationMonitorEventsBody,
  PostConversationMonitorEventsResponse,
} from '../generated/orval/service/zod';
import type { Scenario } from '../typescript/scenario';

const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } });

export async function post({ organizationId, at, ingestToken }: Scenario) {
  const options = bearer(ingestToken);
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
      ownerId: null,
      assigneeIds: ['user'],
    },
    { ...item, type: 'autopilot', changeId: 'change', enabled: true },
    { ...item, type: 'message', messageId: 'message', direction: 'inbound', sender: 'contact' },
    { ...contact, contactId: 'another contact', deleted: true },
  ];
  PostConversationMonitorEventsBody.parse({ events });
  const posted = await postConversationMonitorEvents({ events }, {}, options);
  assert.equal(posted.status, 200);
  const { data } = PostConversationMonitorEventsResponse.parse(posted.data);
  assert.deepEqual(data, { accepted: 8, applied: 8, ignored: 0, expired: 0, warnings: [] });

  const tooLong: Event = { ...contact, name: 'x'.repeat(513) };
  assert.equal(PostConversationMonitorEventsBody.safeParse({ events: [tooLong] }).success, false);
  const refused = await postConversationMonitorEvents({ events: [tooLong] }, {}, options);
  assert.equal(refused.status, 400);
  assert.deepEqual([refused.data.error, refused.data.details?.[0].field], ['INVALID_REQUEST', 'name']);
}

export async function read({ organizationId, at, adminToken }: Scenario) {
  const options = bearer(adminToken);
  const query = { limit: 10, category: 'ai_stuck' } as const;
  const report = await getConversationMonitorReport(query, options);
  assert.equal(report.status, 200);
  assert.deepEqual(GetConversationMonitorReportResponse.parse(report.data), report.data);
  const { rows, counts, pagination, snapshotId } = report.data.data;
  assert.deepEqual([counts.ai_stuck, counts.agent_abandoned, pagination.total], [1, 0, 1]);
  const row: ConversationMonitorRow = rows[0];
  assert.equal(new Date(row.stalledSince).toISOString(), at);
  assert.deepEqual([row.reason, row.departmentId, row.assigneeNames], ['no_reply', 'department', ['Alice']]);

  const etag = report.headers.get('ETag') ?? '';
  const headers = { ...options.headers, 'If-None-Match': etag };
  assert.equal((await getConversationMonitorReport(query, { headers })).status, 304);
  const head = await headConversationMonitorReport(query, options);
  assert.deepEqual([head.status, head.headers.get('ETag')], [200, etag]);

  const snapshot = snapshotId ?? undefined;
  const csv = await getConversationMonitorReportCsv({ snapshot }, options);
  assert.equal(csv.status, 200);
  assert.match(csv.data, /^\u{feff}?conversationId,.*\r\nconversation,contact,Jane,/u);
  const summary = await getConversationMonitorSummary({ snapshot }, options);
  const numbers = GetConversationMonitorSummaryResponse.parse(summary.data).data;
  assert.deepEqual([numbers.byReason.no_reply, numbers.byChannel], [1, { sms: 1 }]);
  const scopes = await getConversationMonitorScopes(undefined, options);
  const { departments } = GetConversationMonitorScopesResponse.parse(scopes.data).data;
  assert.deepEqual(departments, [{ departmentId: 'department', name: 'Sales' }]);

  const changed = await putAutopilotMonitorSettings(organizationId, { thresholdMinutes: 30 }, options);
  assert.equal(changed.status, 200);
  assert.equal(changed.data.data.thresholdMinutes, 30);
  const settings = await getAutopilotMonitorSettings(organizationId, options);
  const parsed = GetAutopilotMonitorSettingsResponse.parse(settings.data).data;
  assert.deepEqual([parsed.organizationId, parsed.thresholdMinutes], [organizationId, 30]);
  assert.equal(GetHealthResponse.parse((await getHealth()).data).data.configuration, 'sound');

  const forbidden = await getConversationMonitorReport({ organizationId: 'another organization' }, options);
  assert.equal(forbidden.status, 403);
  assert.equal(forbidden.data.error, 'FORBIDDEN');
}
