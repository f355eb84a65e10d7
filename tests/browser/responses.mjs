// Responses of a service in trouble, as it sends them.

/** An error in the API's envelope. */
export function errorResponse(status, error, message = 'A message of the service.', headers = {}) {
  return { status, headers, body: JSON.stringify({ success: false, message, error }) };
}

export const UNAVAILABLE = errorResponse(503, 'UNAVAILABLE', undefined, { 'Retry-After': '5' });
export const RATE_LIMITED = errorResponse(429, 'RATE_LIMITED', undefined, { 'Retry-After': '30' });
export const INTERNAL = errorResponse(500, 'INTERNAL');

/** A fault of the report only. */
export function onReport(fault) {
  return ({ name }) => (name === 'report' ? fault : undefined);
}

/** How a connection to a help desk is doing that does well. */
export function connectionStatus(now, more = {}) {
  return {
    connectionId: 'chatwoot-1',
    kind: 'chatwoot',
    lastReceivedAt: ago(now, 120_000),
    lastMappedAt: null,
    isSilent: false,
    isFailing: false,
    clockSkewMs: -200,
    today: { mapped: 4120, partly: 0, unknown: 31, unmappable: 0, refused: 0 },
    neverSeen: [],
    lastProblem: null,
    lastRefusal: null,
    ...more,
  };
}

/** One of which there is something of everything to say. */
export function troubledConnection(now, more = {}) {
  return connectionStatus(now, {
    connectionId: 'chatwoot-2',
    isFailing: true,
    clockSkewMs: 240_000,
    today: { mapped: 4120, partly: 3, unknown: 31, unmappable: 2, refused: 7 },
    neverSeen: ['conversation_updated'],
    lastProblem: {
      at: ago(now, 3_600_000),
      webhook: 'message_created',
      path: '/conversation/meta',
      found: 'a number',
      expected: 'an object',
    },
    lastRefusal: { at: ago(now, 60_000), cause: 'signature: not by a secret of the connection' },
    ...more,
  });
}

const ago = (now, milliseconds) => new Date(now - milliseconds).toISOString();

/** The response with these connections. */
export function connectionsAnswer(connections) {
  const data = { organizationId: 'o', connections };
  return { status: 200, headers: {}, body: JSON.stringify({ success: true, data }) };
}

/** A destination of alerts as the service shows it; with `delivery` it says what became of its messages. */
export function alertDestination({ delivery = undefined, ...more }) {
  const nothing = { waitingSince: null, attempts: 0, problem: null, sent: 0, sentAt: null, givenUp: 0 };
  return {
    id: 'desk',
    host: 'hooks.brindlewick.co.uk',
    urlEnd: 'path',
    format: 'slack',
    categories: ['ai_stuck', 'agent_abandoned'],
    departmentIds: null,
    afterMinutes: null,
    enabled: true,
    ...(delivery && { delivery: { ...nothing, ...delivery } }),
    ...more,
  };
}

/** The response with these destinations. */
export function alertsAnswer(destinations) {
  const data = { organizationId: 'o', destinations };
  return { status: 200, headers: {}, body: JSON.stringify({ success: true, data }) };
}
