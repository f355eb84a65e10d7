// One organization, seen through every route. The contract's own examples are among them, each with the members that
// this service adds to it.

export const ROW_EXAMPLE = {
  conversationId: '65d3e0f0a0b0c0d0e0f0a0b0',
  contactId: '65c2d0e0f0a0b0c0d0e0f0a0',
  contactName: 'Jane Doe',
  contactPhone: '+14155550123',
  channelType: 'sms',
  latestInboundMessageId: '65e3f0a0b0c0d0e0f0a0b0c0',
  latestInboundAt: '2026-05-18T13:45:00.000Z',
  category: 'ai_stuck',
  assigneeNames: ['Alice Rivera'],
  departmentId: '65b1c0d0e0f0a0b0c0d0e0f0',
  waitingSince: '2026-05-18T13:20:00.000Z',
  stalledSince: '2026-05-18T13:20:00.000Z',
  reason: 'no_reply',
  hasAccess: true,
};

export const EVIDENCE_EXAMPLE = {
  success: true,
  data: {
    organizationId: '65a0e0e0e0e0e0e0e0e0e0e0',
    asOf: '2026-05-18T14:00:00.000Z',
    conversation: { ...ROW_EXAMPLE, gates: [] },
    responsible: 'ai',
    ownerSince: '2026-05-18T13:20:00.000Z',
    waitingSince: '2026-05-18T13:20:00.000Z',
    stalledSince: '2026-05-18T13:20:00.000Z',
    resolvedAt: null,
    thresholdMinutes: 5,
    listing: 'listed',
    crossesAt: '2026-05-18T13:25:00.000Z',
    nextChangeAt: '2026-06-17T13:20:00.001Z',
    items: [
      {
        at: '2026-05-18T13:20:00.000Z',
        type: 'message',
        id: '65e3f0a0b0c0d0e0f0a0b0bf',
        sender: 'contact',
        kind: 'text',
        status: 'received',
        effect: 'demand',
      },
      {
        at: '2026-05-18T13:30:00.000Z',
        type: 'message',
        id: '65e3f0a0b0c0d0e0f0a0b0ca',
        sender: 'automation',
        kind: 'campaign',
        status: 'sent',
        effect: 'ignored:campaign',
      },
      {
        at: '2026-05-18T13:45:00.000Z',
        type: 'message',
        id: '65e3f0a0b0c0d0e0f0a0b0c0',
        sender: 'contact',
        kind: 'text',
        status: 'received',
        effect: 'demand',
      },
    ],
    hasEarlierItems: false,
  },
};

export const ACKNOWLEDGEMENT_EXAMPLE = {
  success: true,
  data: {
    conversationId: '65d3e0f0a0b0c0d0e0f0a0b0',
    acknowledgedBy: 'Ada Lovelace',
    acknowledgedAt: '2026-05-18T14:00:12.345Z',
    acknowledgedUntil: null,
    note: 'Called her back.',
  },
};

export const WITHDRAWN_EXAMPLE = {
  success: true,
  data: {
    conversationId: '65d3e0f0a0b0c0d0e0f0a0b0',
    acknowledgedBy: null,
    acknowledgedAt: null,
    acknowledgedUntil: null,
    note: null,
  },
};

export const PAGINATION_EXAMPLE = { page: 1, limit: 25, total: 42, totalPages: 2 };

const SNAPSHOT = {
  organizationId: '65a0e0e0e0e0e0e0e0e0e0e0',
  generatedAt: '2026-05-18T14:00:00.000Z',
  snapshotId: 'v1-1779112800000-30-rZ3RrnPAbe7vXVb1bDcqGw',
  thresholdMinutes: 30,
};

export const REPORT_EXAMPLE = {
  success: true,
  data: {
    ...SNAPSHOT,
    totalCount: 42,
    snapshotMissing: false,
    stale: false,
    counts: { ai_stuck: 27, agent_abandoned: 15, unassigned: 3, snoozed: 2, acknowledged: 0 },
    olderCount: 1,
    pagination: PAGINATION_EXAMPLE,
    rows: [ROW_EXAMPLE],
  },
};

export const ERROR_EXAMPLE = { success: false, message: 'Organization not found', error: 'NOT_FOUND' };

export const SUMMARY_EXAMPLE = {
  success: true,
  data: {
    ...SNAPSHOT,
    snapshotMissing: false,
    stale: false,
    total: 42,
    olderCount: 1,
    belowThresholdCount: 5,
    byCategory: { ai_stuck: 27, agent_abandoned: 15, unassigned: 3, snoozed: 2, acknowledged: 0 },
    byReason: { no_reply: 21, no_reply_since_takeover: 11, handoff_not_completed: 6, assignee_missing: 4 },
    byChannel: { sms: 25, whatsapp: 10, email: 7 },
    byDepartment: [
      { departmentId: '65b1c0d0e0f0a0b0c0d0e0f0', name: 'Billing', count: 30 },
      { departmentId: null, name: null, count: 12 },
    ],
    byAssignee: [
      { name: null, count: 24 },
      { name: 'Alice Rivera', count: 18 },
    ],
    ageMinutes: [
      { from: 0, to: 5, count: 0 },
      { from: 5, to: 15, count: 0 },
      { from: 15, to: 30, count: 0 },
      { from: 30, to: 60, count: 19 },
      { from: 60, to: 240, count: 17 },
      { from: 240, to: 1_440, count: 5 },
      { from: 1_440, to: null, count: 1 },
    ],
  },
};

const eventOf = (name, id, body) => `event: ${name}\nid: ${id}\ndata: ${JSON.stringify(body)}\n\n`;

export const STREAM_EXAMPLE = [
  ': ok\n\n',
  eventOf('report', '"k0Vx4Zg2mWk3cQ8h5Qw0WQ"', REPORT_EXAMPLE),
  eventOf('summary', '"Qm3o1bZ8nJ5vY2c7Xr4tUA"', SUMMARY_EXAMPLE),
  ': tick\n\n',
  'event: bye\ndata: {}\n\n',
].join('');

export const CSV_EXAMPLE = [
  '\u{feff}conversationId,contactId,contactName,contactPhone,channelType,category,reason,waitingSince,stalledSince,' +
    'stalledMinutes,latestInboundAt,latestInboundMessageId,departmentId,assigneeNames,hasAccess',
  '65d3e0f0a0b0c0d0e0f0a0b0,65c2d0e0f0a0b0c0d0e0f0a0,Jane Doe,+14155550123,sms,ai_stuck,no_reply,' +
    '2026-05-18T13:20:00.000Z,2026-05-18T13:20:00.000Z,40,2026-05-18T13:45:00.000Z,65e3f0a0b0c0d0e0f0a0b0c0,' +
    '65b1c0d0e0f0a0b0c0d0e0f0,Alice Rivera,true',
  '',
].join('\r\n');

export const TREND_EXAMPLE = {
  success: true,
  data: {
    organizationId: '65a0e0e0e0e0e0e0e0e0e0e0',
    generatedAt: '2026-05-18T14:00:00.000Z',
    snapshotMissing: false,
    stale: false,
    days: 1,
    hours: [
      {
        startsAt: '2026-05-18T13:00:00.000Z',
        crossed: 9,
        cleared: 7,
        medianMinutesToClear: 4,
        worstMinutesToClear: 31,
        mostAtOnce: 44,
      },
      {
        startsAt: '2026-05-18T14:00:00.000Z',
        crossed: 0,
        cleared: 0,
        medianMinutesToClear: null,
        worstMinutesToClear: null,
        mostAtOnce: 42,
      },
    ],
  },
};

export const TREND_CSV_EXAMPLE = [
  '\u{feff}startsAt,crossed,cleared,medianMinutesToClear,worstMinutesToClear,mostAtOnce',
  '2026-05-18T13:00:00.000Z,9,7,4,31,44',
  '2026-05-18T14:00:00.000Z,0,0,,,42',
  '',
].join('\r\n');

export const SCOPES_EXAMPLE = {
  success: true,
  data: {
    user: { name: 'Ada Lovelace', role: 'ADMIN', organizationId: '65a0e0e0e0e0e0e0e0e0e0e0' },
    organizationId: '65a0e0e0e0e0e0e0e0e0e0e0',
    organizations: [{ organizationId: '65a0e0e0e0e0e0e0e0e0e0e0', name: 'Brindlewick Home Goods' }],
    organizationsTruncated: false,
    departments: [{ departmentId: '65b1c0d0e0f0a0b0c0d0e0f0', name: 'Billing' }],
    conversationUrl: 'https://crm.example/conversations/{conversationId}',
  },
};

export const DASHBOARD_EXAMPLE = {
  success: true,
  data: { signInUrl: 'https://crm.example/monitor?return={returnTo}', frameAncestors: ['https://crm.example'] },
};

export const CONNECTIONS_EXAMPLE = {
  success: true,
  data: {
    organizationId: '65a0e0e0e0e0e0e0e0e0e0e0',
    connections: [
      {
        connectionId: 'chatwoot-5f0c2d9a41b37e68',
        kind: 'chatwoot',
        lastReceivedAt: '2026-05-18T14:00:00.000Z',
        lastMappedAt: '2026-05-18T14:00:00.000Z',
        isSilent: false,
        isFailing: false,
        clockSkewMs: -180,
        today: { mapped: 4120, partly: 2, unknown: 31, unmappable: 0, refused: 0 },
        neverSeen: ['conversation_updated'],
        lastProblem: {
          at: '2026-05-18T09:12:00.000Z',
          webhook: 'message_created',
          path: '/conversation/meta',
          found: 'a number',
          expected: 'an object',
        },
        lastRefusal: null,
      },
    ],
  },
};

export const ALERTS_EXAMPLE = {
  success: true,
  data: {
    organizationId: '65a0e0e0e0e0e0e0e0e0e0e0',
    destinations: [
      {
        id: 'billing',
        host: 'hooks.slack.com',
        urlEnd: 'Zx3k',
        format: 'slack',
        categories: ['ai_stuck', 'agent_abandoned'],
        departmentIds: ['65b1c0d0e0f0a0b0c0d0e0f0'],
        afterMinutes: 15,
        enabled: true,
        delivery: {
          waitingSince: null,
          attempts: 0,
          problem: null,
          sent: 41,
          sentAt: '2026-05-18T13:20:00.000Z',
          givenUp: 0,
        },
      },
    ],
  },
};

export const ALERTS_REQUEST_EXAMPLE = {
  destinations: [
    {
      id: 'billing',
      url: 'https://hooks.slack.com/services/T0000/B0000/Zx3k',
      format: 'slack',
      categories: ['ai_stuck', 'agent_abandoned'],
      departmentIds: ['65b1c0d0e0f0a0b0c0d0e0f0'],
      afterMinutes: 15,
    },
  ],
};

export const ALERT_TEST_EXAMPLES = {
  delivered: {
    summary: 'The receiver took it',
    value: { success: true, data: { isDelivered: true, problem: null, status: 200 } },
  },
  refused: {
    summary: 'The receiver refused it',
    value: { success: true, data: { isDelivered: false, problem: 'The receiver answered 404.', status: 404 } },
  },
};

export const ERASED_CONTACT_EXAMPLE = { success: true, data: { contacts: 1, conversations: 3 } };

export const REMOVED_ORGANIZATION_EXAMPLE = {
  success: true,
  data: { organizationId: '65a0e0e0e0e0e0e0e0e0e0e0', purgeAt: '2026-06-17T14:00:00.000Z' },
};

export const SETTINGS_EXAMPLE = {
  success: true,
  data: {
    organizationId: '65a0e0e0e0e0e0e0e0e0e0e0',
    thresholdMinutes: 30,
    channelThresholdMinutes: { email: 240 },
    departmentThresholdMinutes: { '65b1c0d0e0f0a0b0c0d0e0f0': 15 },
    maxAgeDays: 30,
    businessHours: {
      timeZone: 'Europe/Berlin',
      weekly: {
        mon: [
          ['08:00', '12:30'],
          ['13:00', '17:00'],
        ],
        tue: [['08:00', '17:00']],
      },
      closed: ['2026-12-25'],
      open: { '2026-12-24': [['08:00', '12:00']] },
    },
  },
};

export const RECEIPT_EXAMPLES = {
  all: {
    summary: 'All events are good',
    value: { success: true, data: { accepted: 4, applied: 3, ignored: 1, expired: 0, warnings: [] } },
  },
  partial: {
    summary: 'With `partial=true`: one of three is bad',
    value: {
      success: true,
      data: {
        accepted: 2,
        applied: 2,
        ignored: 0,
        expired: 0,
        warnings: [
          {
            index: 2,
            field: 'conversationId',
            reason: 'names a conversation of which no record is known: its messages show once there is one',
          },
        ],
        refused: 1,
        details: [{ index: 1, field: 'channelType', reason: 'is required' }],
      },
    },
  },
};

export const DELIVERY_EXAMPLES = {
  mapped: {
    summary: 'A message',
    value: {
      success: true,
      data: { outcome: 'mapped', webhook: 'message_created', accepted: 4, applied: 2, ignored: 2, notes: [] },
    },
  },
  partly: {
    summary: 'A message without the instant at which it was written',
    value: {
      success: true,
      data: {
        outcome: 'partly',
        webhook: 'message_created',
        accepted: 2,
        applied: 0,
        ignored: 2,
        notes: [{ path: '/created_at', found: 'absent', expected: 'an instant' }],
      },
    },
  },
  unknown: {
    summary: 'A webhook that is not needed',
    value: {
      success: true,
      data: { outcome: 'unknown', webhook: 'webwidget_triggered', accepted: 0, applied: 0, ignored: 0, notes: [] },
    },
  },
};

export const HEALTH_EXAMPLE = {
  success: true,
  data: {
    status: 'ok',
    configuration: 'sound',
    lastRefresh: {
      ageSeconds: 42,
      run: {
        asOf: '2026-05-18T14:00:00.000Z',
        organizationsSeen: 3,
        organizationsPublished: 2,
        organizationsFailed: 0,
        organizationsLeft: 0,
        endedBy: null,
        conversationsFolded: 17,
        rowsPublished: 5,
        statements: 24,
        rowsRead: 480,
        rowsWritten: 61,
        conversationsSwept: 4,
        recordsRemoved: 52,
        erasuresFinished: 0,
        organizationsPurged: 0,
        sweepFailed: 0,
        sweptAsOf: '2026-05-17T22:15:00.000Z',
        itemsExpired: 0,
        unknownConversations: 0,
        truncatedOrganizations: 0,
        behindSince: null,
        databaseBytes: 1284505600,
        databasePercent: 12,
        durationMs: 118,
        rule: 3,
      },
    },
    candidates: { agent_abandoned: 12, ai_stuck: 31, unassigned: 4 },
    unknownConversations: { count: 0, since: null },
    pendingSince: '2026-05-18T14:00:07.250Z',
    isRefolding: false,
    truncatedOrganizations: 0,
    connections: { silent: 0, failing: 0 },
    alerts: { waiting: 0, failing: 0, givenUp: 0 },
    database: { bytes: 1284505600, percent: 12 },
  },
};

export const HEALTH_FAILURE_EXAMPLE = {
  success: false,
  message: 'The service is misconfigured. Its log names the variable.',
  error: 'UNAVAILABLE',
  data: { status: 'misconfigured', configuration: 'misconfigured', lastRefresh: null },
};

export const OPENAPI_EXAMPLE = { openapi: '3.0.3', info: { title: 'Conversation Monitor' }, paths: {} };
