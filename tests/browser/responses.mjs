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
