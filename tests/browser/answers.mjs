// Answers of a service in trouble, as it gives them.

/** An answer in the envelope of errors. */
export function refusal(status, error, message = 'A sentence of the service.', headers = {}) {
  return { status, headers, body: JSON.stringify({ success: false, message, error }) };
}

export const UNAVAILABLE = refusal(503, 'UNAVAILABLE', undefined, { 'Retry-After': '5' });
export const RATE_LIMITED = refusal(429, 'RATE_LIMITED', undefined, { 'Retry-After': '30' });
export const INTERNAL = refusal(500, 'INTERNAL');

/** A fault for the report alone. */
export function onReport(fault) {
  return ({ name }) => (name === 'report' ? fault : undefined);
}
