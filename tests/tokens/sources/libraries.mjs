// Classes of faults that JWT libraries had, each by one of its CVEs.

import { deflateRawSync } from 'node:zlib';
import { ED, ES, FOREIGN, RFC_TOKENS, RS, SECRET } from '../fixture.mjs';
import { base64url, compact, ecdsa, ed25519, hmac, publicHalf, publicKey, resigned, rsa } from '../sign.mjs';
import {
  ALGORITHM,
  AUDIENCE,
  CLAIMS,
  CRITICAL,
  EXPIRED,
  malformed,
  NO_KEY,
  SEGMENTS,
  SIGNATURE,
} from '../verdicts.mjs';

const pem = (jwk) => publicKey(jwk).export({ type: 'spki', format: 'pem' });
const unsigned = () => '';

export function* libraries(fixture) {
  const { claims, hs, rs, es, ed, now } = fixture;
  const strict = { service: 'strict' };
  const forged = (alg, secret) => compact({ alg }, claims({ role: 'SUPERADMIN' }), secret);
  const [header, payload, signature] = hs().split('.');
  const evil = base64url(JSON.stringify(claims({ role: 'SUPERADMIN' })));

  // The public key taken for a secret.
  yield ['CVE-2015-9235, jsonwebtoken: RSA key as secret', SIGNATURE, forged('HS256', hmac(pem(RS)))];
  yield ['CVE-2016-10555, jwt-simple: RSA key as secret, HS512', ALGORITHM, forged('HS512', hmac(pem(RS), 'sha512'))];
  yield [
    'CVE-2022-29217, PyJWT: OpenSSH key as secret',
    SIGNATURE,
    forged(
      'HS256',
      hmac(
        `ssh-ed25519 ${Buffer.concat([Buffer.from('0000000b7373682d6564323535313900000020', 'hex'), Buffer.from(ED.x, 'base64url')]).toString('base64')}`,
      ),
    ),
  ];
  yield ['CVE-2024-33663, python-jose: P-256 key as secret', SIGNATURE, forged('HS256', hmac(pem(ES)))];
  yield ['CVE-2024-37568, Authlib: key of any kind as secret', SIGNATURE, forged('HS256', hmac(pem(ED)))];
  yield ['CVE-2023-48238, json-web-token: RSA key as secret', SIGNATURE, forged('HS256', hmac(String(pem(RS)).trim()))];
  yield [
    'CVE-2026-22817, Hono: the algorithm of the header, not of the key',
    NO_KEY,
    compact({ alg: 'HS256', kid: 'rs-1' }, claims(), hmac(pem(RS))),
  ];
  yield [
    'CVE-2026-44699, libjwt: RSA key as an empty secret',
    NO_KEY,
    compact({ alg: 'HS256', kid: 'rs-1' }, claims(), hmac('')),
  ];

  // No signature.
  yield ['CVE-2015-2951, php-jwt: alg none', ALGORITHM, compact({ alg: 'none' }, claims(), unsigned)];
  yield ['CVE-2018-1000531, prime-jwt: the signature left off', SEGMENTS, `${header}.${evil}.`];
  yield ['CVE-2020-28042, ServiceStack: an empty signature', SEGMENTS, `${header}.${payload}.`];
  yield [
    'CVE-2022-23540, jsonwebtoken: no algorithm, no signature',
    ALGORITHM,
    compact({ typ: 'JWT' }, claims(), unsigned),
  ];
  yield [
    'CVE-2026-23993, HarbourJwt: an unknown algorithm, no signature',
    ALGORITHM,
    compact({ alg: 'XX256' }, claims(), unsigned),
  ];
  yield ['CVE-2022-21449, Java: r = s = 0', SIGNATURE, compact({ alg: 'ES256' }, claims(), () => Buffer.alloc(64))];
  yield [
    'CVE-2022-21449, Java: r = s = 0 as DER',
    SIGNATURE,
    compact({ alg: 'ES256' }, claims(), () => Buffer.from('3006020100020100', 'hex')),
  ];
  yield [
    'CVE-2026-29000, pac4j: an unsigned token in an encrypted one',
    SEGMENTS,
    `${base64url('{"alg":"RSA-OAEP-256","enc":"A256GCM","cty":"JWT"}')}.AAAA.AAAA.${evil}.AAAA`,
  ];

  // Keys of the token's own.
  for (const [name, alg, jwk, signer] of [
    ['RSA', 'RS256', FOREIGN.RS, rsa],
    ['P-256', 'ES256', FOREIGN.ES, ecdsa],
    ['Ed25519', 'EdDSA', FOREIGN.ED, ed25519],
  ]) {
    yield [
      `CVE-2018-0114, node-jose: an embedded ${name} key`,
      SIGNATURE,
      compact({ alg, jwk: publicHalf(jwk) }, claims(), signer(jwk)),
    ];
    yield [
      `CVE-2026-27962, Authlib: an embedded ${name} key of an unknown kid`,
      NO_KEY,
      compact({ alg, kid: 'evil', jwk: { ...publicHalf(jwk), kid: 'evil' } }, claims(), signer(jwk)),
    ];
  }
  yield ['an embedded private key', SIGNATURE, compact({ alg: 'ES256', jwk: FOREIGN.ES }, claims(), ecdsa(FOREIGN.ES))];

  // Secrets of nothing.
  yield ['CVE-2019-20933, InfluxDB: an empty secret', SIGNATURE, forged('HS256', hmac(''))];
  yield ['CVE-2022-23541, jsonwebtoken: the secret "undefined"', SIGNATURE, forged('HS256', hmac('undefined'))];
  yield ['a blank password', SIGNATURE, forged('HS256', hmac(' '))];

  // One token, two readings.
  yield [
    'CVE-2022-39227, python-jwt: JSON and compact at once',
    SEGMENTS,
    `{"${header}.${evil}.":"","protected":"${header}","payload":"${payload}","signature":"${signature}"}`,
  ];
  yield [
    'CVE-2022-39227, python-jwt: with five segments',
    SEGMENTS,
    ` {"${header}.${evil}.x":".${payload}.${signature}"}`,
  ];
  yield ['alg twice', 'header: not a JSON object', hs(claims(), '{"alg":"HS256","alg":"none"}')];
  yield ['alg in another case', ALGORITHM, forged('hs256', hmac(SECRET))];
  yield ['alg with a NUL', ALGORITHM, forged('HS256\0', hmac(SECRET))];
  yield [
    'CVE-2025-59420, Authlib: crit with an unknown name',
    CRITICAL,
    hs(claims(), { crit: ['cnf'], cnf: { jkt: 'x' } }),
  ];
  yield ['crit with the name of an object', CRITICAL, hs(claims(), { crit: ['toString'] })];
  yield [
    'CVE-2020-26160, jwt-go: an empty list of audiences',
    AUDIENCE,
    hs(claims({ iss: 'https://issuer.example.com', aud: [] })),
    strict,
  ];
  yield [
    'CVE-2020-26160, jwt-go: a list for an audience',
    AUDIENCE,
    hs(claims({ iss: 'https://issuer.example.com', aud: [''] })),
    strict,
  ];
  yield [
    'a substring of the issuer',
    'claims: another issuer',
    hs(claims({ iss: 'https://issuer', aud: 'conversation-monitor' })),
    strict,
  ];

  // Too much.
  yield ['CVE-2025-30204, golang-jwt: dots', SEGMENTS, '.'.repeat(500)];
  yield ['CVE-2025-27144, go-jose: dots after a header', SEGMENTS, `${header}${'.'.repeat(500)}`];
  yield [
    'CVE-2024-33664, python-jose: packed claims',
    CLAIMS,
    hs(deflateRawSync(Buffer.alloc(2 ** 17, 'a')), { zip: 'DEF' }),
  ];
  yield [
    'CVE-2022-36083, jose: millions of rounds',
    ALGORITHM,
    compact({ alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', p2c: 2 ** 31 - 1, p2s: 'AAAA' }, claims(), unsigned),
  ];
  yield ['encrypted, five segments', SEGMENTS, RFC_TOKENS['RFC 7516 A.3']];
  yield ['encrypted, cut to three segments', ALGORITHM, RFC_TOKENS['RFC 7516 A.3'].split('.').slice(0, 3).join('.')];
  yield [
    'enc in the header of a signed one',
    ALGORITHM,
    compact({ alg: 'dir', enc: 'A128GCM' }, claims(), hmac(SECRET)),
  ];

  // Clocks.
  yield [
    'CVE-2024-51744, golang-jwt: expired, and of another key',
    SIGNATURE,
    compact({ alg: 'HS256' }, claims({ exp: 1 }), hmac('')),
  ];
  yield ['exp as a string', malformed('exp'), hs(claims({ exp: String(now + 3600) }))];
  yield ['nbf as a string', malformed('nbf'), hs(claims({ nbf: 'string' }))];
  yield ['no exp', malformed('exp'), hs(claims({ exp: undefined }))];
  yield ['expired a year ago', EXPIRED, hs(claims({ exp: now - 31_536_000 }))];

  // Signatures that are compared too little.
  for (const [alg, token] of [
    ['HS256', hs()],
    ['RS256', rs()],
    ['ES256', es()],
    ['EdDSA', ed()],
  ]) {
    yield [`${alg}, its first byte is right`, SIGNATURE, resigned(token, (bytes) => Buffer.from(bytes).fill(0, 1))];
    yield [
      `${alg}, all but its last byte is right`,
      SIGNATURE,
      resigned(token, (bytes) => bytes.with(-1, bytes.at(-1) ^ 0xff)),
    ];
  }
}
