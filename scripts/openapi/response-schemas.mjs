// What the service responds with: the schemas of success and of failure.

import { ERROR_EXAMPLE, PAGINATION_EXAMPLE, REPORT_EXAMPLE, ROW_EXAMPLE } from './examples.mjs';
import { count, flag, instant, list, nullable, object, oneOfWords, ref, text } from './schema.mjs';

const CATEGORIES = ['ai_stuck', 'agent_abandoned', 'unassigned', 'snoozed', 'acknowledged'];
const REASONS = [
  'reply_failed',
  'reply_queued',
  'handoff_not_completed',
  'no_reply',
  'only_private_note',
  'assignee_missing',
  'no_reply_since_takeover',
  'no_reply_to_follow_up',
  'passed_back_and_forth',
  'nobody_assigned',
];
const ERROR_CODES = [
  'INVALID_REQUEST',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'NOT_FOUND',
  'METHOD_NOT_ALLOWED',
  'CONFLICT',
  'SNAPSHOT_EXPIRED',
  'PAYLOAD_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'RATE_LIMITED',
  'INTERNAL',
  'UNAVAILABLE',
];

const EFFECTS = [
  'demand',
  'covered_demand',
  'settled_demand',
  'answer',
  'promise',
  'stuck_answer',
  'failed_answer',
  'note',
  'hand_off',
  'taken_over',
  'autopilot_off',
  'handed_back',
  'resolved',
  'reopened',
  'ignored:no_reply_needed',
  'ignored:private',
  'ignored:reaction',
  'ignored:activity',
  'ignored:auto_reply',
  'ignored:campaign',
  'ignored:opt_out',
  'ignored:automation',
  'ignored:system',
  'ignored:direction',
  'ignored:no_change',
  'ignored:not_by_human',
];

const success = (data, more) => object({ success: { type: 'boolean', enum: [true] }, data: ref(data) }, more);
const threshold = { type: 'integer', minimum: 1, maximum: 10_080, description: 'In minutes; at most a week.' };
const thresholds = (maxProperties) => ({
  type: 'object',
  maxProperties,
  additionalProperties: { type: 'integer', minimum: 1, maximum: 10_080 },
});
const channelThresholds = thresholds(50);
const departmentThresholds = thresholds(1_000);
const maxAge = { type: 'integer', minimum: 1, maximum: 3_650 };
const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const timeOfDay = { type: 'string', pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$' };
const intervals = list(list(timeOfDay, { minItems: 2, maxItems: 2 }), {
  maxItems: 10,
  description: 'From when to when, in order. An interval over midnight is two, one for each day.',
});
const date = { type: 'string', format: 'date' };
const businessHours = object(
  {
    timeZone: { ...text('A name of the tz database.'), minLength: 1, maxLength: 64 },
    weekly: object(Object.fromEntries(WEEKDAYS.map((day) => [day, intervals])), {
      optional: WEEKDAYS,
      additionalProperties: false,
      description: 'A day that is left out is closed.',
    }),
    closed: nullable(list(date, { maxItems: 1_000, description: 'Dates that are closed, whatever their weekday.' })),
    open: nullable({
      type: 'object',
      maxProperties: 1_000,
      additionalProperties: intervals,
      description: 'Dates with other hours than their weekday.',
    }),
  },
  { optional: ['closed', 'open'], additionalProperties: false },
);
const SETTING_NAMES = [
  'thresholdMinutes',
  'channelThresholdMinutes',
  'departmentThresholdMinutes',
  'maxAgeDays',
  'businessHours',
];
const generatedAt = nullable(instant('The time that the data is as of; null if there is no snapshot yet.'));
const snapshotId = nullable(text('Pass it as `snapshot` to stay with this snapshot. Null if there is none yet.'));
const snapshotMissing = flag('true if nothing has been published for this organization yet.');
const stale = flag(
  'true while storage is out of reach and an older response is served, and if `generatedAt` is more than three minutes old.',
);
const truncated = flag('True if there are more candidates than a snapshot lists. Left out otherwise.');
const belowThresholdCount = count('Rows of the same filters that are not listed because they are below the threshold.');
const olderCount = count('Rows of the same filters that are not listed because they are older than `maxAgeDays`.');
const positive = { type: 'integer', minimum: 1 };

/** The report. The first four are the published contract's, with what this service adds to it. */
const REPORT = {
  ConversationMonitorReportResponse: success('ConversationMonitorReport', { example: REPORT_EXAMPLE }),
  ConversationMonitorErrorResponse: object(
    {
      success: { type: 'boolean', enum: [false] },
      message: text('For people: what is wrong and what to do.'),
      error: ref('ErrorCode'),
      details: list(ref('EventProblem'), {
        maxItems: 20,
        description: 'Only if events were refused: the first 20 of them.',
      }),
    },
    { optional: ['details'], example: ERROR_EXAMPLE },
  ),
  ConversationMonitorPagination: object(
    {
      page: { type: 'integer' },
      limit: { type: 'integer' },
      total: { type: 'integer' },
      totalPages: { type: 'integer' },
    },
    { example: PAGINATION_EXAMPLE },
  ),
  ConversationMonitorRow: object(
    {
      conversationId: text(),
      contactId: text(),
      contactName: text('Empty if the contact is not known.'),
      contactPhone: nullable(text()),
      channelType: text('Such as `sms`, `email` or `whatsapp`.'),
      latestInboundMessageId: nullable(text("The customer's latest message that asks for an answer.")),
      latestInboundAt: nullable(instant('When that message was sent.')),
      category: ref('Category'),
      assigneeNames: list(text(), { description: 'The active assignees, or else the active owner.' }),
      hasAccess: flag('Whether the caller may open the conversation.'),
      departmentId: nullable(text()),
      waitingSince: instant('Since when the customer has been waiting.'),
      stalledSince: instant('Since when whoever is responsible now has owed the answer.'),
      reason: ref('Reason'),
      thresholdMinutes: {
        type: 'integer',
        minimum: 1,
        description: "The threshold that applies to this row, if it is another one than the organization's.",
      },
      stalledBusinessMinutes: {
        type: 'integer',
        minimum: 0,
        description:
          'The whole minutes of business hours from `stalledSince` to `generatedAt`; only if the organization has business hours.',
      },
      acknowledgedBy: text('The name or the id of the supervisor; only if the category is `acknowledged`.'),
      acknowledgedAt: instant('Since when; only if the category is `acknowledged`.'),
      acknowledgedUntil: instant('When that ends, if it does not last until the customer writes.'),
      note: text('What the supervisor wrote, if anything.'),
    },
    {
      optional: [
        'thresholdMinutes',
        'stalledBusinessMinutes',
        'acknowledgedBy',
        'acknowledgedAt',
        'acknowledgedUntil',
        'note',
      ],
      example: ROW_EXAMPLE,
    },
  ),
  ConversationMonitorReport: object(
    {
      organizationId: text(),
      generatedAt,
      snapshotId,
      thresholdMinutes: {
        type: 'number',
        description: 'Rows without a threshold of their own have been stalled for at least this long.',
      },
      totalCount: { type: 'integer', description: 'The rows on all pages.' },
      snapshotMissing,
      stale,
      counts: ref('CategoryCounts'),
      olderCount,
      truncated,
      pagination: ref('ConversationMonitorPagination'),
      rows: list(ref('ConversationMonitorRow'), { description: 'Longest stalled first.' }),
    },
    { optional: ['truncated'] },
  ),
  ConversationMonitorSearch: object(
    {
      search: ref('SearchText'),
      page: { type: 'integer', minimum: 1, default: 1 },
      limit: { type: 'integer', minimum: 1, maximum: 100, default: 25 },
      category: ref('Category'),
      skipThreshold: flag(),
      departmentId: ref('Id'),
      organizationId: ref('Id'),
      snapshot: ref('SnapshotId'),
      channelType: ref('ChannelType'),
      reason: ref('Reason'),
      assignee: ref('AssigneeName'),
    },
    {
      optional: [
        'page',
        'limit',
        'category',
        'skipThreshold',
        'departmentId',
        'organizationId',
        'snapshot',
        'channelType',
        'reason',
        'assignee',
      ],
    },
  ),
  CategoryCounts: object(Object.fromEntries(CATEGORIES.map((name) => [name, count()])), {
    description: 'Rows of each category, before the filter by category.',
  }),
  Category: oneOfWords(
    CATEGORIES,
    [
      'Which list the conversation is in:',
      '',
      '- `ai_stuck`: the autopilot has left the customer waiting.',
      '- `agent_abandoned`: an agent has.',
      '- `unassigned`: the autopilot is off, and nobody is assigned.',
      '- `snoozed`: an agent has put the conversation off.',
      '- `acknowledged`: a supervisor has taken it off the lists.',
      '',
      'Rows of the last three are only in responses to requests that name the category.',
    ].join('\n'),
  ),
  Reason: oneOfWords(
    REASONS,
    [
      'Why there is no answer:',
      '',
      '- `reply_failed`: an answer could not be delivered.',
      '- `reply_queued`: an answer is stuck in a queue.',
      '- `handoff_not_completed`: the autopilot announced an agent, and nobody took over.',
      '- `no_reply`: the autopilot did not answer.',
      '- `only_private_note`: agents only wrote notes to each other.',
      '- `assignee_missing`: neither the owner nor an assignee is an active person.',
      '- `no_reply_since_takeover`: no agent has answered since taking over.',
      '- `no_reply_to_follow_up`: an agent has answered before, but not this time.',
      '- `passed_back_and_forth`: the conversation changed hands more than twice while the customer waited.',
      '- `nobody_assigned`: nobody is responsible for the conversation.',
    ].join('\n'),
  ),
  ErrorCode: oneOfWords(ERROR_CODES, 'Stable; act on this rather than on the message.'),
  EventProblem: object({
    index: count('Which event, counted from 0.'),
    field: text('The field; empty if the event as a whole is wrong.'),
    reason: text('What is wrong, or may be wrong, with it.'),
  }),
};

const SUMMARY = {
  ConversationMonitorSummaryResponse: success('ConversationMonitorSummary'),
  ConversationMonitorSummary: object(
    {
      organizationId: text(),
      generatedAt,
      snapshotId,
      thresholdMinutes: threshold,
      snapshotMissing,
      stale,
      total: count('All rows that the filters select.'),
      olderCount,
      belowThresholdCount,
      truncated,
      byCategory: ref('CategoryCounts'),
      byReason: ref('ReasonCounts'),
      byChannel: {
        type: 'object',
        additionalProperties: positive,
        description: 'Rows by `channelType`, most frequent first.',
      },
      byDepartment: list(ref('DepartmentCount'), { description: 'Most frequent first; null comes last among equals.' }),
      byAssignee: list(ref('AssigneeCount'), {
        description: 'A row is counted once for each distinct name it shows, or under null if it shows none.',
      }),
      ageMinutes: list(ref('AgeBucket'), {
        minItems: 7,
        maxItems: 7,
        description: 'A histogram of the time since `stalledSince`.',
      }),
    },
    { optional: ['truncated'] },
  ),
  ReasonCounts: object(Object.fromEntries(REASONS.map((name) => [name, positive])), {
    optional: REASONS,
    description: 'Rows of each reason, most frequent first; reasons without a row are left out.',
  }),
  DepartmentCount: object({
    departmentId: nullable(text('Null for rows without a department.')),
    name: nullable(text('Its name when the snapshot was published, if it was known.')),
    count: positive,
  }),
  AssigneeCount: object({ name: nullable(text('Null for rows without an assignee.')), count: positive }),
  AgeBucket: object({
    from: count('In minutes, inclusive.'),
    to: nullable({ ...positive, description: 'In minutes, exclusive; null in the last age group.' }),
    count: count(),
  }),
};

const TREND = {
  ConversationMonitorTrendResponse: success('ConversationMonitorTrend'),
  ConversationMonitorTrend: object({
    organizationId: text(),
    generatedAt,
    snapshotMissing,
    stale,
    days: { ...positive, maximum: 30 },
    hours: list(ref('TrendHour'), {
      maxItems: 720,
      description: 'The earliest first. Hours of which nothing is known are left out.',
    }),
  }),
  TrendHour: object({
    startsAt: instant('When the hour begins. The last one is not over.'),
    crossed: count('Rows that came over their threshold, or were over it when they came.'),
    cleared: count('Rows over their threshold that a refresh took off the list.'),
    medianMinutesToClear: nullable(
      count(
        'The median of how long these had been over their threshold, or the lower of the two in the middle; above 15 ' +
          'minutes it is rounded down by up to an eighth. Null if there are none.',
      ),
    ),
    worstMinutesToClear: nullable(count('The longest of these times.')),
    mostAtOnce: count('The most rows that were listed at once.'),
  }),
};

const SCOPES = {
  ConversationMonitorScopesResponse: success('ConversationMonitorScopes'),
  ConversationMonitorScopes: object({
    user: ref('User'),
    organizationId: nullable(text('The organization of `departments`; null if a SUPERADMIN has not named one.')),
    organizations: list(ref('OrganizationScope'), { maxItems: 1_000 }),
    organizationsTruncated: flag('true if there are more; use `search` to find them.'),
    departments: list(ref('DepartmentScope')),
    conversationUrl: nullable(
      text(
        'Where the CRM shows a conversation, with `{conversationId}`, `{contactId}` or `{organizationId}` for a page to fill in; null if it is not configured.',
      ),
    ),
  }),
  User: object(
    {
      name: nullable(text("The token's `name`, or else its `preferred_username`; null if neither can be shown.")),
      role: ref('Role'),
      organizationId: nullable(text("The caller's own organization.")),
    },
    {
      description:
        'The caller, as the service reads the token. Where it reads the claims depends on its configuration.',
    },
  ),
  Role: oneOfWords(['SUPERADMIN', 'ADMIN', 'DEPARTMENT_HEAD']),
  OrganizationScope: object({ organizationId: text(), name: nullable(text()) }),
  DepartmentScope: object({ departmentId: text(), name: nullable(text()) }),
};

const DASHBOARD = {
  DashboardResponse: success('Dashboard'),
  Dashboard: object({
    signInUrl: nullable(
      text(
        'Where users sign in, perhaps with `{returnTo}` for the address to come back to, which a page fills in; null if it is not configured.',
      ),
    ),
    frameAncestors: list(text('An origin.'), { maxItems: 20 }),
  }),
};

const EVIDENCE = {
  ConversationEvidenceResponse: success('ConversationEvidence'),
  ConversationEvidence: object({
    organizationId: text(),
    asOf: instant('The time that it is as of: that of the newest report.'),
    conversation: ref('ExplainedConversation'),
    responsible: nullable(
      oneOfWords(
        ['ai', 'human', 'none', null],
        'Who owes the next answer; null if nothing has happened, or the conversation is not known or merged.',
      ),
    ),
    ownerSince: nullable(instant('Since when; null if that has been forgotten.')),
    waitingSince: nullable(
      instant('When the first demand was written that no answer covers, whether or not the conversation is listed.'),
    ),
    stalledSince: nullable(instant('Since when whoever is responsible has owed the answer.')),
    resolvedAt: nullable(instant('The latest resolution that settles what had arrived before it.')),
    thresholdMinutes: nullable(
      count('The threshold that applies to the conversation; null if its record is not known.'),
    ),
    listing: nullable(
      oneOfWords(
        ['listed', 'below_threshold', 'too_old', null],
        'Whether a candidate is listed in its category, or why not: `too_old` is older than `maxAgeDays`. Null if it is no candidate.',
      ),
    ),
    crossesAt: nullable(
      instant(
        'When a candidate crosses the threshold if nothing else happens, or when it did; null if it is too old before that.',
      ),
    ),
    nextChangeAt: nullable(instant('When time alone may change this next; null if only an event can.')),
    items: list(ref('ExplainedItem'), { maxItems: 200, description: 'The last items of the timeline, in its order.' }),
    hasEarlierItems: flag('true if there were more, be they forgotten or left out.'),
  }),
  ExplainedConversation: object(
    {
      conversationId: text(),
      contactId: nullable(text()),
      contactName: text(),
      contactPhone: nullable(text()),
      channelType: nullable(text()),
      latestInboundMessageId: nullable(text()),
      latestInboundAt: nullable(instant()),
      category: nullable({
        type: 'string',
        enum: [...CATEGORIES, null],
        description: 'Null if the conversation is no candidate.',
      }),
      assigneeNames: list(text()),
      hasAccess: flag('Whether the caller may open the conversation.'),
      departmentId: nullable(text()),
      waitingSince: nullable(instant()),
      stalledSince: nullable(instant()),
      reason: nullable({ type: 'string', enum: [...REASONS, null], description: 'Null if there is no candidate.' }),
      stalledBusinessMinutes: count('Only of a candidate, and only if the organization has business hours.'),
      acknowledgedBy: text(),
      acknowledgedAt: instant(),
      acknowledgedUntil: instant(),
      note: text(),
      gates: list(ref('Gate'), {
        description: 'What keeps the conversation from being listed, however long its customer waits.',
      }),
    },
    {
      optional: ['stalledBusinessMinutes', 'acknowledgedBy', 'acknowledgedAt', 'acknowledgedUntil', 'note'],
      description:
        'The members of its row, with null where only a candidate has a value: what the next refresh publishes if nothing changes.',
    },
  ),
  ExplainedItem: object({
    at: instant(),
    type: ref('ItemType'),
    id: text('The `messageId` or the `changeId`.'),
    sender: nullable(
      oneOfWords(
        ['contact', 'ai', 'human', 'automation', 'system', null],
        'Of a change of the autopilot or a resolution `human` if a person made it, and else null.',
      ),
    ),
    kind: nullable(text('The `kind` of a message.')),
    status: nullable(text('The `status` of a message.')),
    effect: ref('Effect'),
  }),
  Gate: oneOfWords(['merged', 'draft', 'blocked', 'voice', 'removed', 'not_known']),
  ItemType: oneOfWords(['message', 'autopilot', 'resolution']),
  Effect: oneOfWords(
    EFFECTS,
    [
      'What an item does:',
      '',
      '- `demand`: asks for an answer, and has none.',
      '- `covered_demand`: has been answered.',
      '- `settled_demand`: arrived before a resolution.',
      '- `answer`, `promise`, `stuck_answer`, `failed_answer`: a reply, and what became of it.',
      '- `note`: an agent wrote to other agents.',
      '- `hand_off`: an agent was announced.',
      '- `taken_over`, `autopilot_off`, `handed_back`: the autopilot was switched off by a person, by somebody else, or on.',
      '- `resolved`, `reopened`: the conversation was.',
      '- `ignored:…`: decides nothing, and why.',
    ].join('\n'),
  ),
  Acknowledgement: object(
    {
      latestInboundMessageId: {
        ...text('The last message of the customer that the row showed.'),
        minLength: 1,
        maxLength: 128,
      },
      until: nullable(instant('When it ends; at most 30 days ahead. Without it, it lasts until the customer writes.')),
      note: nullable({ ...text('For colleagues.'), maxLength: 200 }),
    },
    { optional: ['until', 'note'], additionalProperties: false },
  ),
  AcknowledgementResponse: success('StoredAcknowledgement'),
  StoredAcknowledgement: object({
    conversationId: text(),
    acknowledgedBy: nullable(text('The name of the caller, or the id if no name is known; null if it was taken back.')),
    acknowledgedAt: nullable(instant()),
    acknowledgedUntil: nullable(instant()),
    note: nullable(text()),
  }),
};

const SETTINGS = {
  AutopilotMonitorSettings: object(
    {
      thresholdMinutes: nullable({ ...threshold, description: 'In minutes; null: 5.' }),
      channelThresholdMinutes: nullable({ ...channelThresholds, description: 'All of them; null: none.' }),
      departmentThresholdMinutes: nullable({ ...departmentThresholds, description: 'All of them; null: none.' }),
      maxAgeDays: nullable({ ...maxAge, description: 'In days; null: 30.' }),
      businessHours: nullable({ ...businessHours, description: 'All of them; null: all hours count.' }),
    },
    { optional: SETTING_NAMES, minProperties: 1, additionalProperties: false },
  ),
  AutopilotMonitorSettingsResponse: success('OrganizationSettings'),
  OrganizationSettings: object({
    organizationId: text(),
    thresholdMinutes: { ...threshold, description: 'Where no other one applies, in minutes.' },
    channelThresholdMinutes: {
      ...channelThresholds,
      description:
        'By `channelType`, whatever the case of its letters A to Z. It beats the threshold of the organization.',
    },
    departmentThresholdMinutes: {
      ...departmentThresholds,
      description: 'By the id of a department. It beats all others.',
    },
    maxAgeDays: { ...maxAge, description: 'Rows that have been stalled for more days are not listed.' },
    businessHours: nullable({
      ...businessHours,
      description: 'The only hours that count against thresholds; null: all hours do.',
    }),
  }),
};

const EVENTS = {
  ConversationMonitorEventsResponse: success('EventsReceipt'),
  EventsReceipt: object(
    {
      accepted: count('Events taken in.'),
      applied: count('Records whose stored version changed.'),
      ignored: count('Events that changed nothing: repeats, or overtaken by the version that is stored.'),
      expired: count(
        'Ignored records that came too late: items of their conversation have been forgotten, and they arrived before those that are kept.',
      ),
      warnings: list(ref('EventProblem'), {
        maxItems: 20,
        description: 'What may be wrong with events that were taken in: the first 20.',
      }),
      refused: count('Bad events; only with `partial=true`.'),
      details: list(ref('EventProblem'), {
        maxItems: 20,
        description: 'The first 20 of them; only with `partial=true`.',
      }),
    },
    { optional: ['refused', 'details'] },
  ),
};

const HOOKS = {
  ConversationMonitorHookResponse: success('HookReceipt'),
  HookReceipt: object({
    outcome: ref('HookOutcome'),
    webhook: nullable(text('The name of the webhook; null if it is none that the help desk is known to send.')),
    accepted: count('Events that it became.'),
    applied: count('Records whose stored version changed.'),
    ignored: count('Events that changed nothing: repeats, or overtaken by the version that is stored.'),
    notes: list(ref('HookNote'), { maxItems: 20, description: 'What was ignored: the first 20.' }),
  }),
  HookOutcome: oneOfWords(
    ['mapped', 'partly', 'unknown', 'unmappable'],
    [
      'What became of a webhook:',
      '',
      '- `mapped`: it was taken in.',
      '- `partly`: some of it was; `notes` say what was not.',
      '- `unknown`: it says nothing that the monitor needs.',
      '- `unmappable`: it should have said something and does not; `notes` say what is missing.',
    ].join('\n'),
  ),
  HookNote: object({
    path: text(
      'A JSON pointer into the webhook, with `*` for an item of an array; or the field of an event, such as `message.at`.',
    ),
    found: text('The type that was found there, `absent` or `refused`. Never a value.'),
    expected: text('What should be there.'),
  }),
};

const CONNECTIONS = {
  OrganizationConnectionsResponse: success('OrganizationConnections'),
  OrganizationConnections: object({
    organizationId: text(),
    connections: list(ref('ConnectionStatus'), { maxItems: 50, description: 'In the order of the configuration.' }),
  }),
  ConnectionStatus: object(
    {
      connectionId: text(),
      kind: ref('HelpDesk'),
      lastReceivedAt: { ...instant('The last authentic webhook; null if none came in 30 days.'), nullable: true },
      lastMappedAt: { ...instant('The last one of which something was taken in.'), nullable: true },
      isSilent: flag('No authentic webhook came for `silentHours` of the connection.'),
      isFailing: flag('The last webhook was refused, or nothing of it could be taken in.'),
      clockSkewMs: nullable({
        type: 'integer',
        description: 'How far the clock of the help desk is ahead, less the time on the way; null if it says no time.',
      }),
      today: ref('ConnectionCounts'),
      neverSeen: list(text(), {
        maxItems: 6,
        description: 'Webhooks that should come and did not in 30 days: most likely a box that is not ticked.',
      }),
      lastProblem: object(
        {
          at: instant(),
          webhook: nullable(text('Its name, if it is known.')),
          path: text('As in the receipt of a webhook.'),
          found: text('The type that was found there, `absent` or `refused`. Never a value.'),
          expected: text('What should be there.'),
        },
        { nullable: true, description: 'What was last not taken in.' },
      ),
      lastRefusal: object(
        { at: instant(), cause: text('Why: one of the texts of the log.') },
        { nullable: true, description: 'The last webhook that was refused.' },
      ),
    },
    { description: 'Of the last 30 days. It is stored once a minute, so the last webhooks may not be counted yet.' },
  ),
  HelpDesk: oneOfWords(['chatwoot', 'zammad', 'libredesk']),
  ConnectionCounts: object(
    {
      mapped: count(),
      partly: count(),
      unknown: count(),
      unmappable: count(),
      refused: count('Webhooks whose signature is not valid.'),
    },
    { description: 'Webhooks since midnight UTC, by outcome.' },
  ),
};

const alertMembers = {
  id: ref('DestinationId'),
  format: ref('AlertFormat'),
  categories: list(ref('Category'), {
    minItems: 1,
    maxItems: 5,
    uniqueItems: true,
    description: 'Which rows it is told of.',
  }),
  departmentIds: nullable(
    list(ref('Id'), {
      minItems: 1,
      maxItems: 100,
      uniqueItems: true,
      description: 'Only rows of these departments; null means all rows.',
    }),
  ),
  afterMinutes: nullable({
    type: 'integer',
    minimum: 1,
    maximum: 10_080,
    description: 'How long a row must have been stalled, if that is more than its threshold; null means its threshold.',
  }),
  enabled: flag('Whether it is told anything.'),
};
const secret = { type: 'string', minLength: 38, maxLength: 96, pattern: '^whsec_[A-Za-z0-9+/_-]+=*$' };

const ALERTS = {
  AlertFormat: oneOfWords(
    ['standard-webhooks', 'slack', 'teams'],
    'How messages are written: signed JSON as Standard Webhooks has it, or what the incoming webhooks of Slack or Teams take.',
  ),
  OrganizationAlertsResponse: success('OrganizationAlerts'),
  OrganizationAlerts: object({
    organizationId: text(),
    destinations: list(ref('AlertDestination'), { maxItems: 10, description: 'In the order in which they were set.' }),
  }),
  AlertDestination: object({
    id: alertMembers.id,
    host: text('The host of its address.'),
    urlEnd: text('The last four characters of its address; empty if they would be a good part of it.'),
    ...Object.fromEntries(Object.entries(alertMembers).filter(([name]) => name !== 'id')),
    delivery: object(
      {
        waitingSince: nullable(instant('Since when a message waits; null if none does.')),
        attempts: count('How often delivery of it has failed.'),
        problem: nullable(text('Why the last attempt failed; null if it did not.')),
        sent: count('Messages that arrived.'),
        sentAt: nullable(instant('When the last of them did.')),
        givenUp: count('Messages that were given up after a day.'),
      },
      { description: 'What became of its messages.' },
    ),
  }),
  OrganizationAlertsRequest: object(
    { destinations: list(ref('AlertDestinationRequest'), { maxItems: 10, description: 'All of them.' }) },
    { additionalProperties: false },
  ),
  AlertDestinationRequest: object(
    {
      ...alertMembers,
      url: nullable({
        type: 'string',
        maxLength: 2_048,
        description:
          'Where messages are sent: an https URL of a public host on port 443. It is not shown again. If it is left out, it stays.',
      }),
      secret: {
        oneOf: [{ ...secret, nullable: true }, list(secret, { minItems: 1, maxItems: 2 })],
        description:
          'What messages are signed with: `whsec_` and 24 to 64 bytes in base64. Two of them while the receiver replaces one. It is ' +
          'not shown again. If it is left out, it stays. Only for the format `standard-webhooks`, which needs one.',
      },
    },
    { optional: ['url', 'secret', 'departmentIds', 'afterMinutes', 'enabled'], additionalProperties: false },
  ),
  AlertTestResponse: success('AlertTest'),
  AlertTest: object({
    isDelivered: flag('Whether the receiver took the sample.'),
    status: nullable({
      type: 'integer',
      description: 'The status that it answered with; null if there was no response.',
    }),
    problem: nullable(text('What went wrong.')),
  }),
};

const ERASURE = {
  ErasedContactResponse: success('ErasedContact'),
  ErasedContact: object({
    contacts: count('The contact, and those that were merged into it.'),
    conversations: count('Their conversations.'),
  }),
  RemovedOrganizationResponse: success('RemovedOrganization'),
  RemovedOrganization: object({
    organizationId: text(),
    purgeAt: instant('From when on everything of it is removed, unless a later event restores it before.'),
  }),
};

/** What is said of the health of the service, and of each of several databases. */
const HEALTH_MEMBERS = {
  status: ref('HealthStatus'),
  configuration: ref('ConfigurationStatus'),
  lastRefresh: object(
    {
      ageSeconds: {
        type: 'integer',
        description: 'How old the instant is that it published for. Below 0, it is still to come.',
      },
      run: ref('RefreshRun'),
    },
    {
      optional: ['run'],
      nullable: true,
      description: 'The last refresh that finished; null if there is none or storage is out of reach.',
    },
  ),
  candidates: {
    type: 'object',
    additionalProperties: { type: 'integer', minimum: 0 },
    description: 'The rows of the published snapshots of all organizations, by category.',
  },
  unknownConversations: object(
    {
      count: count(),
      since: { ...instant('Since when the oldest has been waiting for its record.'), nullable: true },
    },
    { description: 'Conversations that have messages but no record: they are on no list.' },
  ),
  pendingSince: nullable(
    instant('Since when the oldest change waits that is in no report yet; null if there is none.'),
  ),
  isRefolding: flag('Whether conversations are being decided again because the rule has changed.'),
  truncatedOrganizations: count('Organizations with more candidates than a snapshot lists.'),
  connections: object(
    {
      silent: count('No authentic webhook came for as long as the connection says.'),
      failing: count('The last webhook was refused, or nothing of it could be taken in.'),
    },
    { description: 'Connections to help desks that need a look.' },
  ),
  alerts: object(
    {
      waiting: count('Destinations for which a message waits.'),
      failing: count('Those of them where an attempt has failed.'),
      givenUp: count('Messages that were given up after a day.'),
    },
    { description: 'Messages of alerts.' },
  ),
  database: object(
    { bytes: count('Its size.'), percent: count('How much of what it may have that is.') },
    { description: 'How full the database is.' },
  ),
};
/** Those of them that only operators see, and only if the database is within reach. */
const HEALTH_NUMBERS = [
  'candidates',
  'unknownConversations',
  'pendingSince',
  'isRefolding',
  'truncatedOrganizations',
  'connections',
  'alerts',
  'database',
];

const HEALTH = {
  HealthResponse: success('Health'),
  HealthFailureResponse: object(
    {
      success: { type: 'boolean', enum: [false] },
      message: text('What is wrong.'),
      error: ref('ErrorCode'),
      data: ref('Health'),
    },
    { optional: ['data'], description: 'The service does not do its work, or refuses the request.' },
  ),
  Health: object(
    {
      ...HEALTH_MEMBERS,
      shards: {
        type: 'array',
        items: ref('ShardHealth'),
        maxItems: 31,
        description:
          'Each database, if there are several. Then all numbers are here, and `status` and `lastRefresh` above are those of the worst database.',
      },
    },
    {
      optional: [...HEALTH_NUMBERS, 'shards'],
      description:
        'Numbers (`run`, `candidates`, `unknownConversations`, `pendingSince`, `isRefolding`, `truncatedOrganizations`, `connections`, `alerts`, `database`, `shards`) are only for tokens with the scope `conversation-monitor:operate`.',
    },
  ),
  ShardHealth: object(
    { binding: text('The binding of the database.'), ...HEALTH_MEMBERS },
    { optional: HEALTH_NUMBERS, description: 'The health of one of several databases.' },
  ),
  HealthStatus: oneOfWords(
    ['ok', 'failing', 'late', 'full', 'unavailable', 'misconfigured'],
    [
      'The worst that is wrong:',
      '',
      '- `ok`: nothing.',
      '- `failing`: the last refresh could not refresh some organizations, or did not get to them.',
      '- `late`: no refresh has finished for three minutes, or the last one was for an instant that is still to come.',
      '- `full`: the database has nine tenths of the bytes that it may have.',
      '- `unavailable`: the database is out of reach.',
      '- `misconfigured`: a variable or secret is missing or wrong; routes that need a token answer 503.',
    ].join('\n'),
  ),
  ConfigurationStatus: oneOfWords(['sound', 'misconfigured']),
  RefreshRun: object({
    asOf: instant('The time that the published data is as of.'),
    organizationsSeen: count('Organizations with something to do.'),
    organizationsPublished: count('Organizations that got a new version.'),
    organizationsFailed: count('Organizations that could not be refreshed; they keep their last version.'),
    organizationsLeft: count('Organizations that the run did not finish or not get to; the next one begins with them.'),
    endedBy: nullable({
      type: 'string',
      enum: ['statements', 'time', null],
      description: 'What ended the run before everything was done; null if everything was.',
    }),
    conversationsFolded: count('Conversations whose state was computed again.'),
    rowsPublished: count('Rows of reports that were written.'),
    statements: count('Database statements.'),
    rowsRead: count('Database rows read.'),
    rowsWritten: count('Database rows written.'),
    conversationsSwept: count('Conversations of which items were forgotten, or everything.'),
    recordsRemoved: count('Records that were forgotten.'),
    erasuresFinished: count('Erased contacts and conversations of which nothing is left.'),
    organizationsPurged: count('Organizations of which everything was removed.'),
    sweepFailed: count('Conversations that the sweep could not read, or not within a run.'),
    sweptAsOf: nullable(instant('When the last pass of the sweep began that has come to its end; null if none has.')),
    itemsExpired: count('Items that came too late to be taken in, since the run before.'),
    unknownConversations: count('Conversations that have items but no record; at most 1,000 are counted.'),
    truncatedOrganizations: count('Organizations with more candidates than a snapshot lists.'),
    behindSince: nullable(
      instant('The instant of the report that is furthest behind; null if all are as of this run.'),
    ),
    databaseBytes: count('How large the database is.'),
    databasePercent: count('How much of what it may have that is.'),
    durationMs: { type: 'integer', description: 'In milliseconds.' },
    rule: { type: 'integer', description: 'The number of the rule by which conversations were decided.' },
  }),
};

export const RESPONSE_SCHEMAS = {
  ...REPORT,
  ...SUMMARY,
  ...TREND,
  ...SCOPES,
  ...DASHBOARD,
  ...EVIDENCE,
  ...SETTINGS,
  ...EVENTS,
  ...HOOKS,
  ...CONNECTIONS,
  ...ALERTS,
  ...ERASURE,
  ...HEALTH,
};
