// The parameters of operations.

import { oneOfWords, ref } from './schema.mjs';

/** Schemas of parameters, so that generated clients have one type for all operations. */
export const PARAMETER_SCHEMAS = {
  SkipThreshold: oneOfWords(['true', 'false']),
  Partial: oneOfWords(['true', 'false']),
  Purge: oneOfWords(['true', 'false']),
  AssigneeName: { type: 'string', minLength: 1, maxLength: 512 },
  CsvSeparator: oneOfWords(['comma', 'semicolon', 'tab']),
  SnapshotId: { type: 'string', minLength: 1 },
  Search: { type: 'string', minLength: 1, maxLength: 128 },
  SearchText: { type: 'string', minLength: 2, maxLength: 64 },
  ContentEncoding: oneOfWords(['gzip', 'identity']),
  DestinationId: { type: 'string', minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9_-]+$' },
  ConnectionId: { type: 'string', minLength: 8, maxLength: 64, pattern: '^[A-Za-z0-9_-]+$' },
};

export const PARAMETERS = {
  Page: { ...query('page', { type: 'integer', minimum: 1, default: 1 }), description: 'Counted from 1.' },
  Limit: {
    ...query('limit', { type: 'integer', minimum: 1, maximum: 100, default: 25 }),
    description: 'Rows per page.',
  },
  Category: {
    ...query('category', ref('Category')),
    description: 'Only rows of this category. Default: rows of `ai_stuck` and of `agent_abandoned`.',
  },
  SkipThreshold: {
    ...query('skipThreshold', ref('SkipThreshold')),
    description: 'When "true", ignores the configured threshold and returns all candidates.',
  },
  ChannelType: {
    ...query('channelType', ref('ChannelType')),
    description: 'Only rows of this channel, spelled as in rows and in `byChannel` of the summary.',
  },
  Reason: { ...query('reason', ref('Reason')), description: 'Only rows with this reason.' },
  Assignee: {
    ...query('assignee', ref('AssigneeName')),
    description: 'Only rows that show this name among `assigneeNames`; `byAssignee` of the summary lists the names.',
  },
  DepartmentId: {
    ...query('departmentId', ref('Id')),
    description:
      'Only rows of this department. An unknown department matches nothing; one that a DEPARTMENT_HEAD does not head ' +
      'is ignored.',
  },
  OrganizationId: {
    ...query('organizationId', ref('Id')),
    description: 'SUPERADMIN-only override to inspect another organization.',
  },
  Snapshot: {
    ...query('snapshot', ref('SnapshotId')),
    description: 'The `snapshotId` of an earlier response, to stay with that snapshot. Default: the newest one.',
  },
  Days: {
    ...query('days', { type: 'integer', minimum: 1, maximum: 30, default: 1 }),
    description: 'How many days, of 24 hours each; the last hour is the current one.',
  },
  Separator: {
    ...query('separator', ref('CsvSeparator')),
    description: 'What stands between two cells. Default: comma.',
  },
  Search: {
    ...query('search', ref('Search')),
    description:
      'Only organizations whose id or name contains this; ASCII letters match in either case. For a SUPERADMIN; ' +
      'ignored for everyone else.',
  },
  Partial: {
    ...query('partial', ref('Partial')),
    description: 'When "true", takes in the good events even if others are bad.',
  },
  OrganizationIdInPath: { in: 'path', name: 'organizationId', required: true, schema: ref('Id') },
  ContactIdInPath: { in: 'path', name: 'contactId', required: true, schema: ref('Id') },
  ConversationIdInPath: { in: 'path', name: 'conversationId', required: true, schema: ref('Id') },
  Purge: {
    ...query('purge', ref('Purge')),
    description: 'When "true", the organization is purged by the next refreshes, and not after 30 days.',
  },
  DestinationIdInPath: { in: 'path', name: 'destinationId', required: true, schema: ref('DestinationId') },
  ConnectionIdInPath: {
    in: 'path',
    name: 'connectionId',
    required: true,
    schema: ref('ConnectionId'),
    description: 'A connection that is configured.',
  },
  IfNoneMatch: {
    in: 'header',
    name: 'If-None-Match',
    required: false,
    schema: { type: 'string' },
    description: 'ETags of earlier responses. If one of them still applies, the response is 304.',
  },
  LastEventId: {
    in: 'header',
    name: 'Last-Event-ID',
    required: false,
    schema: { type: 'string' },
    description: 'The id of the last event that the client has. What it names is not sent again.',
  },
  ContentEncoding: {
    in: 'header',
    name: 'Content-Encoding',
    required: false,
    schema: ref('ContentEncoding'),
    description: 'How the body is compressed, if it is.',
  },
};

function query(name, schema) {
  return { in: 'query', name, required: false, schema };
}

/** References to parameters. */
export const parameters = (...names) => names.map((name) => ({ $ref: `#/components/parameters/${name}` }));
