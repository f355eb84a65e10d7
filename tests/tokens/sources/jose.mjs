// What the tests of panva/jose demand of a reader of tokens; where it is more lenient, that is said.

import { FOREIGN, SECRET } from '../fixture.mjs';
import { base64url, compact, ecdsa, hmac, rsa } from '../sign.mjs';
import {
  ACCEPTED,
  ALGORITHM,
  AUDIENCE,
  CLAIMS,
  CRITICAL,
  EXPIRED,
  HEADER,
  ISSUED_IN_FUTURE,
  ISSUER,
  malformed,
  NO_KEY,
  NOT_YET_VALID,
  SEGMENTS,
  SIGNATURE,
  TYPE,
} from '../verdicts.mjs';

export function* jose({ claims, hs, rs, es, now }) {
  const strict = { service: 'strict' };
  const meant = { iss: 'https://issuer.example.com', aud: 'conversation-monitor' };
  yield [
    'all registered claims',
    ACCEPTED,
    hs(claims({ ...meant, jti: 'urn:example:jti', nbf: now - 300, iat: now - 600, 'urn:example:claim': true }), {
      typ: 'JWT',
    }),
    strict,
  ];
  for (const value of [0, 1, -1, true, false, null, [], ''])
    yield [`claims ${JSON.stringify(value)}`, CLAIMS, hs(JSON.stringify(value))];
  yield ['claims that are cut off', CLAIMS, hs('{')];
  yield ['an HMAC signature that is cut', SIGNATURE, hs().slice(0, -3)];
  yield ['an algorithm that is not allowed', ALGORITHM, compact({ alg: 'PS256' }, claims(), rsa(FOREIGN.RS))];
  yield ['an algorithm that nobody has', ALGORITHM, compact({ alg: 'unsupported' }, claims(), () => '')];
  yield ['an unexpected typ', TYPE, hs(claims(), { typ: 'urn:example:typ' })];
  yield ['an unexpected typ with its prefix', TYPE, hs(claims(), { typ: 'application/urn:example:typ' })];
  yield ['an issuer that is a list', malformed('iss'), hs(claims({ ...meant, iss: [meant.iss] })), strict];
  yield ['an unexpected issuer', ISSUER, hs(claims({ ...meant, iss: 'urn:example:issuer' })), strict];
  yield ['an unexpected audience', AUDIENCE, hs(claims({ ...meant, aud: 'urn:example:audience' })), strict];
  yield ['unexpected audiences', AUDIENCE, hs(claims({ ...meant, aud: ['urn:example:audience'] })), strict];
  yield ['exp null', malformed('exp'), hs(claims({ exp: null }))];
  for (const name of ['iat', 'nbf'])
    yield [`${name} null, which counts as absent`, ACCEPTED, hs(claims({ [name]: null }))];
  yield ['expired', EXPIRED, hs(claims({ exp: now - 300 }))];
  yield ['not valid yet', NOT_YET_VALID, hs(claims({ nbf: now + 300 }))];
  yield ['issued in the future', ISSUED_IN_FUTURE, hs(claims({ iat: now + 300 }))];
  yield ['claims that are required', ISSUER, hs(claims()), strict];
  yield ['names of every object are no claims', malformed('exp'), hs('{"__proto__":{"exp":9999999999}}')];
  const unencoded = base64url('{"alg":"HS256","b64":false,"crit":["b64"]}');
  yield ['claims that are not encoded', CRITICAL, `${unencoded}.foo.${base64url(hmac(SECRET)(`${unencoded}.foo`))}`];
  yield [
    'b64 false without crit',
    CRITICAL,
    hs(claims(), { b64: false }),
    { note: 'jose ignores it; here two readers could take two tokens for it.' },
  ];
  yield [
    'the signature before the claims',
    SIGNATURE,
    compact({ alg: 'HS256' }, { exp: 0 }, hmac(Buffer.from([0, 1]))),
  ];
  yield ['no claims at all', SEGMENTS, hs(''), { note: 'A JWS may be empty, a token may not.' }];
  yield ['five dots', SEGMENTS, '.....'];
  yield ['claims of other letters', SEGMENTS, hs().replace(/\.[^.]*\./, '.€.')];
  yield ['another payload', SIGNATURE, hs().replace(/\.[^.]*\./, '.YmFy.')];
  yield ['a letter before the header', HEADER, `1${hs(claims(), '{"alg":"HS256" }')}`];
  yield ['a header without alg', ALGORITHM, hs(claims(), '{"bar":"baz"}')];
  yield [
    'the header of another token',
    SIGNATURE,
    [hs(claims(), { x: 'original' }).split('.')[0], ...hs(claims(), { x: 'mutated' }).split('.').slice(1)].join('.'),
  ];
  yield ['no key of this kid', NO_KEY, rs(claims(), { kid: 'foo' })];
  for (const [name, token] of [
    ['HS256', hs()],
    ['RS256', rs()],
    ['ES256', es()],
  ]) {
    yield [`${name} without a kid, where two keys fit`, NO_KEY, token, { service: 'two keys an algorithm' }];
  }
  yield ['a kid where two keys fit', ACCEPTED, rs(claims(), { kid: 'rs-1' }), { service: 'two keys an algorithm' }];
  yield [
    'a kid, and the key without one',
    SIGNATURE,
    compact({ alg: 'ES256', kid: 'es-1' }, claims(), ecdsa(FOREIGN.ES)),
    { service: 'two keys an algorithm' },
  ];
}
