// The operations.

import { EVENT_EXAMPLES } from './events.mjs';
import {
  ACKNOWLEDGEMENT_EXAMPLE,
  ALERT_TEST_EXAMPLES,
  ALERTS_EXAMPLE,
  ALERTS_REQUEST_EXAMPLE,
  CONNECTIONS_EXAMPLE,
  CSV_EXAMPLE,
  DASHBOARD_EXAMPLE,
  DELIVERY_EXAMPLES,
  ERASED_CONTACT_EXAMPLE,
  EVIDENCE_EXAMPLE,
  HEALTH_EXAMPLE,
  HEALTH_FAILURE_EXAMPLE,
  OPENAPI_EXAMPLE,
  RECEIPT_EXAMPLES,
  REMOVED_ORGANIZATION_EXAMPLE,
  REPORT_EXAMPLE,
  SCOPES_EXAMPLE,
  SETTINGS_EXAMPLE,
  STREAM_EXAMPLE,
  SUMMARY_EXAMPLE,
  TREND_CSV_EXAMPLE,
  TREND_EXAMPLE,
  WITHDRAWN_EXAMPLE,
} from './examples.mjs';
import { parameters } from './parameters.mjs';
import { prose } from './prose.mjs';
import {
  dataHeaders,
  errorResponse,
  FORBIDDEN,
  failure,
  headers,
  headResponses,
  INTERNAL,
  json,
  NOT_FOUND,
  shared,
  sharedAs,
} from './responses.mjs';
import { ref } from './schema.mjs';

export const TAGS = [
  {
    name: 'Conversation Monitor',
    'x-displayName': 'Report',
    description: 'Who is waiting and why: page by page, as a CSV file and in numbers; and what a caller may ask for.',
  },
  { name: 'Events', description: 'What happens in conversations, sent by the CRM or a help desk.' },
  { name: 'Settings', description: 'The settings of an organization.' },
  { name: 'Erasure', description: 'Erasing contacts and removing organizations.' },
  { name: 'Operation', description: 'For those who run or integrate the service. These routes need no token.' },
  { name: 'HEAD', description: 'Status and headers of a GET, without its body.' },
];

const TOKEN = [{ bearerAuth: [] }];
const FILTERS = [
  'Category',
  'SkipThreshold',
  'DepartmentId',
  'OrganizationId',
  'Snapshot',
  'ChannelType',
  'Reason',
  'Assignee',
  'IfNoneMatch',
];

const ok = (description, content, ...more) => ({ description, headers: dataHeaders(...more), content });
const invalid = (message) =>
  errorResponse(
    'A parameter is malformed; the message names it and says what it takes.',
    failure('INVALID_REQUEST', message),
  );

const tooLarge = (kibibytes) =>
  errorResponse(
    'The body is too large.',
    failure('PAYLOAD_TOO_LARGE', `The body must have at most ${kibibytes} KiB, unpacked.`),
  );
const notPlainJson = errorResponse(
  'The type or the encoding of the body is not supported.',
  failure('UNSUPPORTED_MEDIA_TYPE', 'The Content-Type must be application/json, without a Content-Encoding.'),
);
const invalidOrganization = invalid('organizationId must be an id of 1 to 128 characters without control characters.');

/** GET and HEAD of a route. `title` is how HEAD is called in a list of operations. */
function getAndHead(title, get) {
  const { operationId, summary, tags, description, requestBody, responses, ...rest } = get;
  return {
    get,
    head: {
      tags: ['HEAD'],
      summary: `${title}, headers only`,
      description: `Status and headers of \`${operationId}\`, without the body.`,
      operationId: operationId.replace('get_', 'head_'),
      ...rest,
      responses: headResponses(responses),
    },
  };
}

const report = getAndHead('Report', {
  tags: ['Conversation Monitor'],
  summary: 'Get conversation monitor report',
  description:
    'Returns a paginated dashboard of conversations the autopilot/agent has likely stalled on, combining AI-stuck and ' +
    'abandoned-conversation categories. The page contains contact/conversation identifiers, channel, latest inbound ' +
    'timestamp, assignee names, and per-row access. Query params: page, limit (<=100), category (ai_stuck | ' +
    'agent_abandoned), skipThreshold, departmentId, organizationId (SUPERADMIN only).',
  operationId: 'get_conversation_monitor_report',
  parameters: parameters('Page', 'Limit', ...FILTERS),
  responses: {
    200: ok(
      'Conversation monitor report returned',
      json(ref('ConversationMonitorReportResponse'), REPORT_EXAMPLE),
      'ETag',
      'X-Poll-After',
      'Link',
    ),
    ...shared('304 with advice'),
    400: invalid('limit must be a whole number from 1 to 100.'),
    ...shared(401),
    403: errorResponse('Access denied', FORBIDDEN),
    404: errorResponse('Organization not found', NOT_FOUND),
    ...shared(410, 429),
    500: errorResponse('Failed to fetch report', INTERNAL),
    ...shared(503),
  },
  security: TOKEN,
});

const search = {
  post: {
    tags: ['Conversation Monitor'],
    summary: 'Search the report',
    description: prose`
      The page of the report that has only the rows in which a text is found: in the contact's name or phone, or in the id
      of the conversation, the contact or the latest message. ASCII letters match in either case, and there are no
      patterns.

      The text and the report's parameters are members of the body; null counts as left out, and members that are not
      known are ignored. The response is not cached, and the text is not logged.`,
    operationId: 'post_conversation_monitor_report_search',
    requestBody: {
      required: true,
      content: {
        'application/json': { schema: ref('ConversationMonitorSearch'), example: { search: 'jane', limit: 25 } },
      },
    },
    responses: {
      200: ok('The rows that were found', json(ref('ConversationMonitorReportResponse'), REPORT_EXAMPLE)),
      400: errorResponse('The body is malformed; the message says what it takes.', {
        search: {
          summary: 'No text to search',
          value: failure(
            'INVALID_REQUEST',
            'The body must be a JSON object whose search is a text of 2 to 64 characters.',
          ),
        },
        parameter: {
          summary: 'A malformed parameter',
          value: failure('INVALID_REQUEST', 'limit must be a whole number from 1 to 100.'),
        },
      }),
      ...shared(401, 403, 404, 410),
      413: tooLarge(16),
      415: notPlainJson,
      ...shared(429, 500, 503),
    },
    security: TOKEN,
  },
};

const stream = getAndHead('Stream', {
  tags: ['Conversation Monitor'],
  summary: 'Follow a report',
  description: prose`
    The report and the summary as server-sent events, for dashboards that are open all day: the service asks itself what a
    poll would ask, as soon as something can have changed.

    Events \`report\` and \`summary\` have the body of a 200 as data and its ETag as id. Comments say that nothing has
    changed, at least every 20 seconds. Before the service ends the stream it sends \`error\`, with the body that a poll
    would have got, or, after 55 minutes at the latest, \`bye\`: then open another, with the last id as
    \`Last-Event-ID\`. A caller may open 30 streams a minute, and have 10 at a time in each of the service's instances.`,
  operationId: 'get_conversation_monitor_report_stream',
  parameters: parameters(
    'Page',
    'Limit',
    ...FILTERS.filter((name) => !['Snapshot', 'IfNoneMatch'].includes(name)),
    'LastEventId',
  ),
  responses: {
    200: ok('The events', { 'text/event-stream': { schema: { type: 'string' }, example: STREAM_EXAMPLE } }),
    400: invalid('snapshot must be left out, because a snapshot never changes.'),
    ...shared(401, 403, 404, 429, 500, 503),
  },
  security: TOKEN,
});

const csv = getAndHead('CSV file', {
  tags: ['Conversation Monitor'],
  summary: 'Get all rows as CSV',
  description: prose`
    Every row that the filters select, in the report's order. The file follows RFC 4180, in UTF-8 with a byte order mark.

    Assignee names are joined by \` / \`. What a spreadsheet would run as a formula gets an apostrophe in front: a \`=\`,
    \`+\`, \`-\`, \`@\`, tab or line break at the beginning of a cell, and after a comma, semicolon, tab or line break
    within it. A cell of one \`+\` and digits is a phone number and stays as it is.

    If something fails after the first rows, the connection is aborted, so a truncated file cannot be mistaken for a
    complete one.`,
  operationId: 'get_conversation_monitor_report_csv',
  parameters: parameters(...FILTERS, 'Separator'),
  responses: {
    200: ok(
      'The file',
      { 'text/csv': { schema: { type: 'string' }, example: CSV_EXAMPLE } },
      'ETag',
      'Content-Disposition',
    ),
    ...shared(304),
    400: invalid('category must be ai_stuck, agent_abandoned, unassigned, snoozed or acknowledged.'),
    ...shared(401, 403, 404, 410, 429, 500, 503),
  },
  security: TOKEN,
});

const summary = getAndHead('Summary', {
  tags: ['Conversation Monitor'],
  summary: 'Get the numbers of a report',
  description: prose`
    Counts of the rows that the filters select, and a histogram of their ages. Lists are sorted by count, largest first,
    then by id or name, with null last.`,
  operationId: 'get_conversation_monitor_summary',
  parameters: parameters(...FILTERS),
  responses: {
    200: ok('The numbers', json(ref('ConversationMonitorSummaryResponse'), SUMMARY_EXAMPLE), 'ETag', 'X-Poll-After'),
    ...shared('304 with advice'),
    400: invalid('skipThreshold must be true or false.'),
    ...shared(401, 403, 404, 410, 429, 500, 503),
  },
  security: TOKEN,
});

const trend = getAndHead('Course of the day', {
  tags: ['Conversation Monitor'],
  summary: 'Get the course of the last days by hour',
  description: prose`
    What has happened in each hour to the rows that a report without filters lists. Times count business hours, if the
    organization has any.

    It covers all departments that the caller sees together, or one of them. A row that passes from one department to
    another is cleared in the one and crosses in the other. Hours in which too many departments had rows are known of the
    organization as a whole only.`,
  operationId: 'get_conversation_monitor_trend',
  parameters: parameters('Days', 'DepartmentId', 'OrganizationId', 'IfNoneMatch'),
  responses: {
    200: ok('The hours', json(ref('ConversationMonitorTrendResponse'), TREND_EXAMPLE), 'ETag'),
    ...shared(304),
    400: invalid('days must be a whole number from 1 to 30.'),
    ...shared(401, 403, 404, 429, 500, 503),
  },
  security: TOKEN,
});

const trendCsv = getAndHead('Course of the day as CSV', {
  tags: ['Conversation Monitor'],
  summary: 'Get the course of the last days as CSV',
  description: 'The same hours as a file, in the form of the report as CSV. A cell is empty where JSON has null.',
  operationId: 'get_conversation_monitor_trend_csv',
  parameters: parameters('Days', 'DepartmentId', 'OrganizationId', 'Separator', 'IfNoneMatch'),
  responses: {
    200: ok(
      'The file',
      { 'text/csv': { schema: { type: 'string' }, example: TREND_CSV_EXAMPLE } },
      'ETag',
      'Content-Disposition',
    ),
    ...shared(304),
    400: invalid('separator must be comma, semicolon or tab.'),
    ...shared(401, 403, 404, 429, 500, 503),
  },
  security: TOKEN,
});

const scopes = getAndHead('Scopes', {
  tags: ['Conversation Monitor'],
  summary: 'Get the caller, and the organizations and departments to choose from',
  description: prose`
    The caller: role, own organization and, if the token has one, a name. A page can show these without reading the token.

    Organizations: for a SUPERADMIN all of them by name, at most 1,000; for everyone else their own.

    Departments: those of the organization; for a DEPARTMENT_HEAD those that the token names.`,
  operationId: 'get_conversation_monitor_scopes',
  parameters: parameters('OrganizationId', 'Search', 'IfNoneMatch'),
  responses: {
    200: ok(
      'The caller, organizations and departments',
      json(ref('ConversationMonitorScopesResponse'), SCOPES_EXAMPLE),
      'ETag',
    ),
    ...shared(304),
    400: invalid('search must be a text of 1 to 128 characters.'),
    ...shared(401, 403, 404, 429, 500, 503),
  },
  security: TOKEN,
});

const conversationNotFound = errorResponse(
  'The organization does not exist, or nothing is known of the conversation, or the caller may not see its rows.',
  failure('NOT_FOUND', 'Conversation not found.'),
);
const invalidConversation = failure(
  'INVALID_REQUEST',
  'conversationId must be an id of 1 to 128 characters without control characters.',
);

const evidence = {
  parameters: parameters('ConversationIdInPath'),
  ...getAndHead('Evidence', {
    tags: ['Conversation Monitor'],
    summary: 'Get why a conversation is listed, or why not',
    description: prose`
      What the service makes of a conversation and of each of its last 200 items. It is decided from the records as they
      are, as of the newest report, so it may be ahead of the list until the next refresh.

      For everybody who may read the report: all conversations of the organization, listed or not; for a DEPARTMENT_HEAD
      those of the departments that the token names.

      It reads the whole conversation, so it counts as a search: 60 a minute.`,
    operationId: 'get_conversation_monitor_conversation',
    parameters: parameters('OrganizationId', 'IfNoneMatch'),
    responses: {
      200: ok('The evidence', json(ref('ConversationEvidenceResponse'), EVIDENCE_EXAMPLE), 'ETag'),
      ...shared(304),
      400: errorResponse('A parameter is malformed; the message names it and says what it takes.', invalidConversation),
      ...shared(401, 403),
      404: conversationNotFound,
      ...shared(429, 500, 503),
    },
    security: TOKEN,
  }),
};

const acknowledgement = {
  parameters: parameters('ConversationIdInPath'),
  put: {
    tags: ['Conversation Monitor'],
    summary: 'Take a conversation off the lists for now',
    description: prose`
      For everybody who may read its row, and whose token has a \`sub\`. From the next refresh on, the category of the
      conversation is \`acknowledged\`, until the customer writes something that asks for an answer, or until an instant.
      Another acknowledgement replaces the one before.

      It counts as a search: 60 a minute.`,
    operationId: 'put_conversation_monitor_acknowledgement',
    parameters: parameters('OrganizationId'),
    requestBody: {
      required: true,
      content: {
        'application/json': {
          schema: ref('Acknowledgement'),
          example: { latestInboundMessageId: '65e3f0a0b0c0d0e0f0a0b0c0', note: 'Called her back.' },
        },
      },
    },
    responses: {
      200: ok('It is stored', json(ref('AcknowledgementResponse'), ACKNOWLEDGEMENT_EXAMPLE)),
      400: errorResponse('A parameter or the body is malformed; the message says what it takes.', {
        body: {
          summary: 'A malformed body',
          value: failure(
            'INVALID_REQUEST',
            'The body must be a JSON object with latestInboundMessageId, and perhaps until and note.',
          ),
        },
        until: {
          summary: 'An end that is too far away, or over',
          value: failure('INVALID_REQUEST', 'until must be within the next 30 days.'),
        },
        parameter: { summary: 'A malformed parameter', value: invalidConversation },
      }),
      ...shared(401, 403),
      404: conversationNotFound,
      409: errorResponse('There is nothing to acknowledge, or something that the caller has not seen.', {
        answered: {
          summary: 'Nobody waits',
          value: failure(
            'CONFLICT',
            'Nobody waits in this conversation any more, so there is nothing to acknowledge. Load the list again.',
          ),
        },
        again: {
          summary: 'Another last message',
          value: failure(
            'CONFLICT',
            "The customer's last message is not the one that you name. Look at the conversation again.",
          ),
        },
      }),
      413: tooLarge(4),
      415: notPlainJson,
      ...shared(429, 500, 503),
    },
    security: TOKEN,
  },
  delete: {
    tags: ['Conversation Monitor'],
    summary: 'Put a conversation back on the lists',
    description: prose`
      For the same callers. Takes the acknowledgement back, whoever made it. If there is none, nothing changes.`,
    operationId: 'delete_conversation_monitor_acknowledgement',
    parameters: parameters('OrganizationId'),
    responses: {
      200: ok('It is not acknowledged', json(ref('AcknowledgementResponse'), WITHDRAWN_EXAMPLE)),
      400: errorResponse('A parameter is malformed; the message names it and says what it takes.', invalidConversation),
      ...shared(401, 403),
      404: conversationNotFound,
      ...shared(429, 500, 503),
    },
    security: TOKEN,
  },
};

const connections = {
  parameters: parameters('OrganizationIdInPath'),
  ...getAndHead('Connections', {
    tags: ['Settings'],
    summary: 'Get how the connections to help desks are doing',
    description:
      'For an ADMIN of the organization, or a SUPERADMIN. 404 if there is no such organization, and no connection for it either.',
    operationId: 'get_organization_connections',
    parameters: parameters('IfNoneMatch'),
    responses: {
      200: ok('The connections', json(ref('OrganizationConnectionsResponse'), CONNECTIONS_EXAMPLE), 'ETag'),
      ...shared(304),
      400: invalidOrganization,
      ...shared(401, 403, 404, 429, 500, 503),
    },
    security: TOKEN,
  }),
};

const alerts = {
  parameters: parameters('OrganizationIdInPath'),
  ...getAndHead('Alerts', {
    tags: ['Settings'],
    summary: 'Get who is told when somebody waits for too long',
    description:
      'For an ADMIN of the organization, or a SUPERADMIN. Addresses are shown in part, and secrets not at all.',
    operationId: 'get_organization_alerts',
    parameters: parameters('IfNoneMatch'),
    responses: {
      200: ok('The destinations', json(ref('OrganizationAlertsResponse'), ALERTS_EXAMPLE), 'ETag'),
      ...shared(304),
      400: invalidOrganization,
      ...shared(401, 403, 404, 429, 500, 503),
    },
    security: TOKEN,
  }),
  put: {
    tags: ['Settings'],
    summary: 'Set who is told when somebody waits for too long',
    description: prose`
      For an ADMIN of the organization, or a SUPERADMIN. The body has all destinations: one that it does not name is removed.
      A destination that exists keeps its address and its secrets unless the body has others. A member that is not known is
      refused.

      Addresses and secrets are stored encrypted; 503 if the deployment has no \`SETTINGS_KEY\`.`,
    operationId: 'put_organization_alerts',
    requestBody: {
      required: true,
      content: {
        'application/json': { schema: ref('OrganizationAlertsRequest'), example: ALERTS_REQUEST_EXAMPLE },
      },
    },
    responses: {
      200: ok('The destinations as they are now', json(ref('OrganizationAlertsResponse'), ALERTS_EXAMPLE)),
      400: errorResponse(
        "The organization's id or the body is malformed, or an address must not be used.",
        failure('INVALID_REQUEST', 'destinations[0].url must be an https URL.'),
      ),
      ...shared(401, 403, 404),
      413: tooLarge(64),
      415: notPlainJson,
      ...shared(429, 500, 503),
    },
    security: TOKEN,
  },
};

const alertTest = {
  parameters: parameters('OrganizationIdInPath', 'DestinationIdInPath'),
  post: {
    tags: ['Settings'],
    summary: 'Send a sample to a destination',
    description: prose`
      For an ADMIN of the organization, or a SUPERADMIN; 5 times a minute. The sample is signed and written as alerts are. The
      response says what became of it, and is 200 whether or not the receiver took it. There is no body.`,
    operationId: 'post_organization_alert_test',
    responses: {
      200: ok('What became of the sample', json(ref('AlertTestResponse'), ALERT_TEST_EXAMPLES)),
      400: invalidOrganization,
      ...shared(401, 403),
      404: errorResponse('There is no such organization or destination.', {
        organization: { summary: 'No such organization', value: NOT_FOUND },
        destination: {
          summary: 'No such destination',
          value: failure('NOT_FOUND', 'There is no such destination.'),
        },
      }),
      ...shared(429, 500, 503),
    },
    security: TOKEN,
  },
};

const contact = {
  parameters: parameters('OrganizationIdInPath', 'ContactIdInPath'),
  delete: {
    tags: ['Erasure'],
    summary: 'Erase a contact',
    description: prose`
      For an ADMIN of the organization and for a SUPERADMIN. Erases the contact, the contacts that were merged into it, and
      their conversations, whether or not the contact is known. Asking again gives the same numbers, unless more has come
      meanwhile.

      The records are gone at once, the rows of the newest snapshot at the next refresh, those of older snapshots within
      another 11 minutes, and cached pages 15 minutes after that at the latest. No version of these records that is no
      later than the erasure is taken in again, whatever its \`revision\`; a later one is.

      It reads every conversation of the organization, so it counts as a search: 60 a minute.`,
    operationId: 'delete_organization_contact',
    responses: {
      200: ok('The contact is erased', json(ref('ErasedContactResponse'), ERASED_CONTACT_EXAMPLE)),
      400: invalid('contactId must be an id of 1 to 128 characters without control characters.'),
      ...shared(401, 403, 404, 429, 500, 503),
    },
    security: TOKEN,
  },
};

const organization = {
  parameters: parameters('OrganizationIdInPath'),
  delete: {
    tags: ['Erasure'],
    summary: 'Remove an organization',
    description: prose`
      For a SUPERADMIN. The organization does not exist any more, but its events are still taken in, and a later event about
      the organization itself restores it. It is purged after 30 days, or by the next refreshes with \`purge=true\`: then
      nothing is left of it except that it was removed. Asking again gives the same instant, or an earlier one.`,
    operationId: 'delete_organization',
    parameters: parameters('Purge'),
    responses: {
      200: ok('The organization is removed', json(ref('RemovedOrganizationResponse'), REMOVED_ORGANIZATION_EXAMPLE)),
      400: invalid('purge must be true or false.'),
      ...shared(401, 403),
      404: errorResponse('The organization has never existed.', NOT_FOUND),
      ...shared(429, 500, 503),
    },
    security: TOKEN,
  },
};

const badEvents = failure('INVALID_REQUEST', 'Invalid events: 2. Nothing was taken in; see details.', {
  details: [
    { index: 0, field: '', reason: 'must be a JSON object' },
    { index: 1, field: 'organizationId', reason: 'is required' },
  ],
});

const events = {
  post: {
    tags: ['Events'],
    summary: 'Post events',
    description: prose`
      Needs a token with the scope \`conversation-monitor:ingest\`. The \`organizationId\` of every event must be the
      token's, unless the token's role is SUPERADMIN.

      An event is its whole record, not a patch. Events may come in any order and any number of times: of two versions of
      a record the one with the greater \`revision\` wins, then the one with the later \`updatedAt\`, then a removal, then
      the one that is further on in a record's life or says more.

      If one event is invalid, nothing is stored. With \`partial=true\`, the good ones are stored, and the bad ones are
      counted and listed in the receipt.

      Texts with half a surrogate pair get U+FFFD instead; in ids it is refused. An offset may be written \`+hhmm\`, too.

      A request takes at most 1,000 events and 1 MiB; a gzipped body is measured unpacked.

      The body may also be \`application/x-ndjson\`, with one event per line:

      \`\`\`
      ${EVENT_EXAMPLES.waiting.value.events.map((event) => JSON.stringify(event)).join('\n      ')}
      \`\`\``,
    operationId: 'post_conversation_monitor_events',
    parameters: parameters('Partial', 'ContentEncoding'),
    requestBody: {
      required: true,
      content: {
        'application/json': { schema: ref('ConversationMonitorEventsRequest'), examples: EVENT_EXAMPLES },
      },
    },
    responses: {
      200: ok('The good events are stored', json(ref('ConversationMonitorEventsResponse'), RECEIPT_EXAMPLES)),
      400: errorResponse('The body or a parameter is malformed, or events are invalid: `details` lists the first 20.', {
        events: { summary: 'Invalid events', value: badEvents },
        body: {
          summary: 'A malformed body',
          value: failure('INVALID_REQUEST', 'The body must be a JSON object with an array "events".'),
        },
        parameter: {
          summary: 'A malformed parameter',
          value: failure('INVALID_REQUEST', 'partial must be true or false.'),
        },
      }),
      ...shared(401, 403),
      413: errorResponse('The body has too many bytes or events.', {
        events: {
          summary: 'Too many events',
          value: failure('PAYLOAD_TOO_LARGE', 'A request takes at most 1,000 events.'),
        },
        bytes: {
          summary: 'Too many bytes',
          value: failure('PAYLOAD_TOO_LARGE', 'The body must have at most 1024 KiB, unpacked.'),
        },
      }),
      415: errorResponse('The type or the encoding of the body is not supported.', {
        type: {
          summary: 'Content-Type',
          value: failure(
            'UNSUPPORTED_MEDIA_TYPE',
            'The Content-Type must be application/x-ndjson or application/json.',
          ),
        },
        encoding: {
          summary: 'Content-Encoding',
          value: failure('UNSUPPORTED_MEDIA_TYPE', 'The Content-Encoding must be gzip, or left out.'),
        },
      }),
      ...shared(429, 500, 503),
    },
    security: TOKEN,
  },
};

const hook = {
  parameters: parameters('ConnectionIdInPath'),
  post: {
    tags: ['Events'],
    summary: 'Post a webhook of a help desk',
    description: prose`
      The address to give to a help desk that has a connection. It takes the webhooks of Chatwoot, Zammad and LibreDesk as
      they are, and makes events of them for the organization of the connection.

      There is no token. The help desk signs the body with a secret of the connection; Chatwoot's signature also covers the
      time of sending, which must be within 5 minutes of now.

      An authentic webhook is answered with 200, whatever it says: \`outcome\` says what became of it. What was ignored is
      in \`notes\`, by path and type and never by value. A webhook may come in any order and any number of times.

      A body has at most 4 MiB. If several things are wrong, the first of these is answered: 404, 429, 415, 413, 401.`,
    operationId: 'post_conversation_monitor_hook',
    requestBody: {
      required: true,
      content: {
        'application/json': {
          schema: { type: 'object', additionalProperties: true },
          example: { event: 'webwidget_triggered' },
        },
      },
    },
    responses: {
      200: ok('The webhook is authentic', json(ref('ConversationMonitorHookResponse'), DELIVERY_EXAMPLES)),
      401: errorResponse(
        'The signature is missing, is not by a secret of the connection, or covers a time that is too far from now.',
        failure('UNAUTHENTICATED', 'The signature is not valid.'),
        dataHeaders('WWW-Authenticate'),
      ),
      404: errorResponse('There is no such connection.', failure('NOT_FOUND', 'There is no such connection.')),
      413: tooLarge(4096),
      415: notPlainJson,
      ...shared(429, 500, 503),
    },
    security: [{ webhookSignature: [] }],
  },
};

const settings = {
  parameters: parameters('OrganizationIdInPath'),
  ...getAndHead('Settings', {
    tags: ['Settings'],
    summary: 'Get the settings of an organization',
    description: prose`
      For an ADMIN of the organization and for a SUPERADMIN. Until something is set, the threshold is 5 minutes for all
      channels and departments, and rows are listed for 30 days.`,
    operationId: 'get_autopilot_monitor_settings',
    parameters: parameters('IfNoneMatch'),
    responses: {
      200: ok('The settings', json(ref('AutopilotMonitorSettingsResponse'), SETTINGS_EXAMPLE), 'ETag'),
      ...shared(304),
      400: invalidOrganization,
      ...shared(401, 403, 404, 429, 500, 503),
    },
    security: TOKEN,
  }),
  put: {
    tags: ['Settings'],
    summary: 'Set the settings of an organization',
    description: prose`
      For an ADMIN of the organization and for a SUPERADMIN. Settings that the body names are set, and null takes one back
      to its default; the others stay. A map is replaced as one, and so are business hours. A member that is not known is
      refused, and so is a threshold that business hours do not reach within maxAgeDays.`,
    operationId: 'put_autopilot_monitor_settings',
    requestBody: {
      required: true,
      content: {
        'application/json': {
          schema: ref('AutopilotMonitorSettings'),
          example: { thresholdMinutes: 30, channelThresholdMinutes: { email: 240 } },
        },
      },
    },
    responses: {
      200: ok('The settings as they are now', json(ref('AutopilotMonitorSettingsResponse'), SETTINGS_EXAMPLE)),
      400: errorResponse(
        "The organization's id or the body is malformed.",
        failure(
          'INVALID_REQUEST',
          'The body must be a JSON object with at least one of thresholdMinutes, channelThresholdMinutes, ' +
            'departmentThresholdMinutes, maxAgeDays and businessHours, and no other member.',
        ),
      ),
      ...shared(401, 403, 404),
      413: tooLarge(64),
      415: notPlainJson,
      ...shared(429, 500, 503),
    },
    security: TOKEN,
  },
};

const health = getAndHead('Health', {
  tags: ['Operation'],
  summary: 'Get the health of the service',
  description:
    'Contains no data of any organization. The status code is 503 if the service does not do its work; `status` says why. Anybody may ask, and gets a response that is at most ten seconds old. A token with the scope `conversation-monitor:operate` shows the numbers.',
  operationId: 'get_health',
  responses: {
    200: { description: 'The health', headers: dataHeaders(), content: json(ref('HealthResponse'), HEALTH_EXAMPLE) },
    ...sharedAs('HealthFailureResponse', 401, 403, 429),
    503: {
      description: 'The service does not do its work, or a token could not be verified.',
      headers: dataHeaders('Retry-After'),
      content: json(ref('HealthFailureResponse'), HEALTH_FAILURE_EXAMPLE),
    },
  },
  security: [{}, { bearerAuth: [] }],
});

const openapi = getAndHead('OpenAPI document', {
  tags: ['Operation'],
  summary: 'Get this document',
  description: 'The OpenAPI description of every route.',
  operationId: 'get_openapi',
  parameters: parameters('IfNoneMatch'),
  responses: {
    200: {
      description: 'An OpenAPI 3.0 document',
      headers: headers('ETag'),
      content: {
        'application/json': { schema: { type: 'object', additionalProperties: true }, example: OPENAPI_EXAMPLE },
      },
    },
    304: { description: 'Not modified.', headers: headers('ETag') },
    ...shared(405),
    500: errorResponse('A fault of the service.', INTERNAL, headers()),
  },
  security: [],
});

const dashboard = getAndHead('Dashboard', {
  tags: ['Operation'],
  summary: 'Get what the dashboard must know before it has a token',
  description: 'Where users sign in, and the origins whose pages may embed the dashboard.',
  operationId: 'get_dashboard',
  parameters: parameters('IfNoneMatch'),
  responses: {
    200: {
      description: 'The configuration',
      headers: headers('ETag'),
      content: json(ref('DashboardResponse'), DASHBOARD_EXAMPLE),
    },
    304: { description: 'Not modified.', headers: headers('ETag') },
    ...shared(405),
    503: errorResponse(
      'The service is misconfigured.',
      failure('UNAVAILABLE', 'The service is not available right now. Try again.'),
      headers('Retry-After'),
    ),
  },
  security: [],
});

export const PATHS = {
  '/api/conversation-monitor/report': report,
  '/api/conversation-monitor/report/search': search,
  '/api/conversation-monitor/report/stream': stream,
  '/api/conversation-monitor/report.csv': csv,
  '/api/conversation-monitor/summary': summary,
  '/api/conversation-monitor/trend': trend,
  '/api/conversation-monitor/trend.csv': trendCsv,
  '/api/conversation-monitor/scopes': scopes,
  '/api/conversation-monitor/conversations/{conversationId}': evidence,
  '/api/conversation-monitor/conversations/{conversationId}/acknowledgement': acknowledgement,
  '/api/conversation-monitor/events': events,
  '/api/conversation-monitor/hooks/{connectionId}': hook,
  '/api/organizations/{organizationId}/autopilot-monitor-settings': settings,
  '/api/organizations/{organizationId}/connections': connections,
  '/api/organizations/{organizationId}/alerts': alerts,
  '/api/organizations/{organizationId}/alerts/{destinationId}/test': alertTest,
  '/api/organizations/{organizationId}': organization,
  '/api/organizations/{organizationId}/contacts/{contactId}': contact,
  '/health': health,
  '/openapi.json': openapi,
  '/dashboard.json': dashboard,
};
