// Response headers, and the responses that operations share.

import { ref } from './schema.mjs';

const EVERY_RESPONSE = ['X-Request-Id', 'X-Content-Type-Options', 'Cache-Control', 'Vary'];
const TEXT = { type: 'string' };

export const HEADERS = {
  'X-Request-Id': header('Identifies this request in the log.', TEXT),
  'X-Content-Type-Options': header('Always `nosniff`.', { type: 'string', enum: ['nosniff'] }),
  'Cache-Control': header(
    '`private, no-cache` on routes that need a token, `public, max-age=300` for this document and `/dashboard.json`, otherwise `no-store`.',
    { type: 'string', enum: ['private, no-cache', 'public, max-age=300', 'no-store'] },
  ),
  Vary: header('The request headers that the response depends on.', {
    type: 'string',
    enum: ['Authorization, Origin', 'Origin'],
  }),
  'Server-Timing': header('Where the data came from, and how long the request took.', TEXT),
  ETag: header('A strong ETag; it changes whenever the response does.', TEXT),
  'X-Poll-After': header(
    'After how many seconds it is worth asking again: when the next refresh will have published, and up to 20 seconds ' +
      'more, different for each caller, so that not all ask at once.',
    { type: 'integer', minimum: 1 },
  ),
  Link: {
    ...header('The next page of the same snapshot, as `rel="next"` (RFC 8288), if there is one.', TEXT),
    required: false,
  },
  'RateLimit-Policy': {
    ...header(
      'How many calls a caller has in how many seconds, if the deployment says so ' +
        '(draft-ietf-httpapi-ratelimit-headers).',
      TEXT,
    ),
    required: false,
  },
  'Retry-After': header('After how many seconds to try again.', { type: 'integer', minimum: 1 }),
  'WWW-Authenticate': header('Why the token was refused (RFC 6750).', TEXT),
  Allow: header('The methods that this path supports.', TEXT),
  'Content-Disposition': header('A name for the file (RFC 6266).', TEXT),
};

function header(description, schema) {
  return { description, required: true, schema };
}

/** References to the headers of a response: those that every response has, and `more`. */
export const headers = (...more) =>
  Object.fromEntries([...EVERY_RESPONSE, ...more].map((name) => [name, { $ref: `#/components/headers/${name}` }]));

/** On routes that need a token. */
export const dataHeaders = (...more) => headers('Server-Timing', 'RateLimit-Policy', ...more);

/** An example of an error. */
export const failure = (error, message, more) => ({ success: false, message, error, ...more });

/** A JSON body, with one example or, by name, several. */
export function json(schema, example) {
  const isOne = Object.hasOwn(example, 'success');
  return { 'application/json': { schema, ...(isOne ? { example } : { examples: example }) } };
}

/** An error; `example` as in `json`. */
export const errorResponse = (description, example, responseHeaders = dataHeaders()) => ({
  description,
  headers: responseHeaders,
  content: json(ref('ConversationMonitorErrorResponse'), example),
});

const named = (examples) =>
  Object.fromEntries(Object.entries(examples).map(([name, [summary, value]]) => [name, { summary, value }]));

export const FORBIDDEN = failure('FORBIDDEN', 'Your role, scope or organization does not allow this.');
export const NOT_FOUND = failure('NOT_FOUND', 'Organization not found.');
export const INTERNAL = failure('INTERNAL', 'Something went wrong on our side.');

const unauthenticated = (message) => failure('UNAUTHENTICATED', message);

/** The responses that operations share, by status: the name and the response. */
const SHARED = {
  304: ['NotModified', { description: 'Not modified.', headers: dataHeaders('ETag') }],
  '304 with advice': ['NotModifiedYet', { description: 'Not modified.', headers: dataHeaders('ETag', 'X-Poll-After') }],
  401: [
    'Unauthenticated',
    errorResponse(
      'There is no token, or it is not valid.',
      named({
        missing: ['No token', unauthenticated('A bearer token is required in the Authorization header.')],
        malformed: ['Not a bearer token', unauthenticated('The Authorization header must be "Bearer" and one token.')],
        invalid: ['A token that is not valid', unauthenticated('The token is not valid.')],
        expired: ['An expired token', unauthenticated('The token has expired.')],
      }),
      dataHeaders('WWW-Authenticate'),
    ),
  ],
  403: [
    'Forbidden',
    errorResponse(
      'The token is valid, but its role, scope or organization does not allow this. The response is the same whether or ' +
        'not the organization exists.',
      FORBIDDEN,
    ),
  ],
  404: ['OrganizationNotFound', errorResponse('The organization does not exist or has been removed.', NOT_FOUND)],
  405: [
    'MethodNotAllowed',
    errorResponse(
      'The request used another method than GET or HEAD.',
      failure('METHOD_NOT_ALLOWED', 'This path takes GET, HEAD.'),
      headers('Allow'),
    ),
  ],
  410: [
    'SnapshotExpired',
    errorResponse(
      'The pinned snapshot is no longer available, or it never was one of this organization.',
      failure('SNAPSHOT_EXPIRED', 'The snapshot is no longer kept. Leave out "snapshot" to get the newest one.'),
    ),
  ],
  429: [
    'RateLimited',
    errorResponse(
      'Too many requests.',
      failure('RATE_LIMITED', 'Too many requests. Try again after a while.'),
      dataHeaders('Retry-After'),
    ),
  ],
  500: [
    'Internal',
    errorResponse('A fault of the service. The cause is in its log under the `X-Request-Id`.', INTERNAL),
  ],
  503: [
    'Unavailable',
    errorResponse(
      'Storage or the key server is out of reach and nothing usable is cached, or the service is misconfigured.',
      failure('UNAVAILABLE', 'The service is not available right now. Try again.'),
      dataHeaders('Retry-After'),
    ),
  ],
};

const reference = (name) => ({ $ref: `#/components/responses/${name}` });
const withoutBody = ({ content, ...response }) => response;
/** Statuses whose response to HEAD differs from GET's. */
const BODILESS = Object.keys(SHARED).filter((status) => Number(status) >= 400);

/** Shared responses as an operation lists them. */
export const shared = (...statuses) =>
  Object.fromEntries(statuses.map((status) => [parseInt(status, 10), reference(SHARED[status][0])]));

/**
 * The shared responses with bodies of another schema. Some generators of clients take only one schema for all failures
 * of an operation.
 */
export const sharedAs = (schema, ...statuses) =>
  Object.fromEntries(
    statuses.map((status) => {
      const [, response] = SHARED[status];
      const { 'application/json': body } = response.content;
      return [status, { ...response, content: { 'application/json': { ...body, schema: ref(schema) } } }];
    }),
  );

/** The responses to HEAD that correspond to those of GET. */
export function headResponses(responses) {
  return Object.fromEntries(
    Object.entries(responses).map(([status, response]) => {
      if (!response.$ref) return [status, withoutBody(response)];
      return [status, BODILESS.includes(status) ? reference(`${SHARED[status][0]}Head`) : response];
    }),
  );
}

export const RESPONSES = {
  ...Object.fromEntries(Object.values(SHARED)),
  ...Object.fromEntries(
    BODILESS.map((status) => SHARED[status]).map(([name, response]) => [`${name}Head`, withoutBody(response)]),
  ),
};
