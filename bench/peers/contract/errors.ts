// Every refusal that the report's contract knows, with its status, code and words.

/** A refusal: thrown anywhere, answered in one place. */
export class Refusal extends Error {
  constructor(
    readonly status: 400 | 401 | 403 | 404 | 405 | 410 | 500,
    readonly code: string,
    message: string,
    readonly headers: Record<string, string> = {},
  ) {
    super(message);
  }

  /** The documented envelope. */
  get body() {
    return { success: false, message: this.message, error: this.code };
  }
}

const REALM = 'Bearer realm="conversation-monitor"';

function unauthenticated(message: string, error?: string): Refusal {
  const detail = error ? `, error="${error}", error_description="${message.replaceAll('"', "'")}"` : '';
  const sentence = message.endsWith('.') ? message : `${message}.`;
  return new Refusal(401, 'UNAUTHENTICATED', sentence, { 'WWW-Authenticate': REALM + detail });
}

export const tokenMissing = () => unauthenticated('A bearer token is required in the Authorization header.');
export const tokenMalformed = () =>
  unauthenticated('The Authorization header must be "Bearer" and one token.', 'invalid_request');
export const tokenRefused = (description = 'The token is not valid') => unauthenticated(description, 'invalid_token');
export const invalid = (message: string) => new Refusal(400, 'INVALID_REQUEST', message);
export const forbidden = () => new Refusal(403, 'FORBIDDEN', 'Your role, scope or organization does not allow this.');
export const organizationNotFound = () => new Refusal(404, 'NOT_FOUND', 'Organization not found.');
export const routeNotFound = () => new Refusal(404, 'NOT_FOUND', 'There is nothing at this path.');
export const methodNotAllowed = (allow: string) =>
  new Refusal(405, 'METHOD_NOT_ALLOWED', `This path takes ${allow}.`, { Allow: allow });
export const snapshotExpired = () =>
  new Refusal(410, 'SNAPSHOT_EXPIRED', 'The snapshot is no longer kept. Leave out "snapshot" to get the newest one.');
export const internal = () => new Refusal(500, 'INTERNAL', 'Something went wrong on our side.');
