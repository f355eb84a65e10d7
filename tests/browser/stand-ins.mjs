// Stands in for endpoints of the API that the worker does not have yet, computed from its own report. To be removed.

import { readClaims } from '../../scripts/token.mjs';
import { adminToken } from '../workerd/harness.mjs';

const NOT_YET = ['summary', 'scopes', 'autopilot-monitor-settings', 'report.csv'];

/** A fault for a Scene that answers in place of the missing endpoints; lets everything through where none is missing. */
export async function standIn(service, organizations) {
  const probe = await service.fetch('/api/conversation-monitor/summary');
  if (probe.status !== 404) return () => undefined;
  return async ({ name, query, method, authorization, body }) => {
    if (!NOT_YET.includes(name)) return undefined;
    const given = new URLSearchParams(query);
    const ok = (data) => ({ status: 200, body: JSON.stringify({ success: true, data }) });
    const organizationId = given.get('organizationId') ?? readClaims(authorization).organizationId ?? organizations[0].organizationId;
    const organization = organizations.find((each) => each.organizationId === organizationId) ?? organizations[0];
    if (name === 'scopes') {
      const search = (given.get('search') ?? '').toLowerCase();
      const named = organizations.filter((each) => `${each.name} ${each.organizationId}`.toLowerCase().includes(search));
      return ok({ organizationId, organizations: named.map(({ organizationId: id, name: title }) => ({ organizationId: id, name: title })), organizationsTruncated: false, departments: organization.departments ?? [] });
    }
    if (name === 'autopilot-monitor-settings') return ok({ organizationId, thresholdMinutes: method === 'PUT' ? JSON.parse(body).thresholdMinutes : 5 });
    for (const key of ['organizationId']) given.delete(key);
    given.set('limit', '100');
    const data = await service.report(adminToken(organizationId), Object.fromEntries(given));
    if (name === 'report.csv') return { status: 200, contentType: 'text/csv', body: `conversationId\r\n${data.rows.map((row) => row.conversationId).join('\r\n')}\r\n` };
    const count = (key) => data.rows.reduce((sums, row) => ({ ...sums, [row[key]]: (sums[row[key]] ?? 0) + 1 }), {});
    const edges = [0, 5, 15, 30, 60, 240, 1440, null];
    const age = (row) => (Date.parse(data.generatedAt) - Date.parse(row.stalledSince)) / 60_000;
    const ageMinutes = edges.slice(0, -1).map((from, index) => {
      const to = edges[index + 1];
      return { from, to, count: data.rows.filter((row) => Math.max(0, age(row)) >= from && (to === null || age(row) < to)).length };
    });
    return ok({ organizationId, snapshotId: data.snapshotId, total: data.totalCount, byReason: count('reason'), byCategory: count('category'), ageMinutes });
  };
}
