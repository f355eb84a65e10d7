// What the service says of a token: accepted, or the stage and the rule that refuses it, in the words of its log.

export const ACCEPTED = 'accepted';
export const TOO_LARGE = 'form: too large';
export const SEGMENTS = 'form: not three segments of canonical base64url';
export const HEADER = 'header: not a JSON object';
export const ALGORITHM = 'header: algorithm not allowed';
export const TYPE = 'header: not a JWT by its typ';
export const CRITICAL = 'header: critical extension';
export const KEY_ID = 'header: malformed kid';
export const NO_KEY = 'key: no unique match for kid/alg';
export const SIGNATURE = 'signature: does not match';
export const CLAIMS = 'claims: not a JSON object';
export const EXPIRED = 'claims: expired';
export const NOT_YET_VALID = 'claims: not valid yet';
export const ISSUED_IN_FUTURE = 'claims: issued in the future';
export const ISSUER = 'claims: another issuer';
export const AUDIENCE = 'claims: another audience';
export const malformed = (claim) => `claims: malformed ${claim}`;
