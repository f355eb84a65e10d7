// Signatures that are nearly right.

import { createHash } from 'node:crypto';
import { ED, ES, FOREIGN, RS, search } from '../fixture.mjs';
import {
  bytesOfNumber,
  compact,
  derOf,
  ecdsa,
  ed25519,
  hmac,
  numberOf,
  P256_ORDER,
  rawRsa,
  resigned,
  rsa,
} from '../sign.mjs';
import { ACCEPTED, SEGMENTS, SIGNATURE } from '../verdicts.mjs';

const zero = (length) => Buffer.alloc(length);

/** Of each algorithm: cut, lengthened, flipped, moved to other content. */
export function* anyAlgorithm({ claims, hs, rs, es, ed }) {
  const algorithms = { HS256: hs, RS256: rs, ES256: es, EdDSA: ed };
  for (const [alg, token] of Object.entries(algorithms)) {
    const changes = {
      'cut by a byte': (bytes) => bytes.subarray(0, -1),
      'its first byte cut': (bytes) => bytes.subarray(1),
      'its first half': (bytes) => bytes.subarray(0, bytes.length / 2),
      'its first byte alone': (bytes) => bytes.subarray(0, 1),
      'a zero byte before': (bytes) => Buffer.concat([zero(1), bytes]),
      'a zero byte after': (bytes) => Buffer.concat([bytes, zero(1)]),
      twice: (bytes) => Buffer.concat([bytes, bytes]),
      reversed: (bytes) => Buffer.from(bytes).reverse(),
      'all zero': (bytes) => zero(bytes.length),
      'all ones': (bytes) => Buffer.alloc(bytes.length, 0xff),
      'as hexadecimal': (bytes) => bytes.toString('hex'),
      'as base64url once more': (bytes) => bytes.toString('base64url'),
      'its halves swapped': (bytes) =>
        Buffer.concat([bytes.subarray(bytes.length / 2), bytes.subarray(0, bytes.length / 2)]),
      '512 bytes': () => Buffer.alloc(512, 1),
    };
    for (const bit of [0, 7])
      changes[`bit ${bit} of its first byte flipped`] = (bytes) => bytes.with(0, bytes[0] ^ (1 << bit));
    changes['a bit of its last byte flipped'] = (bytes) => bytes.with(-1, bytes.at(-1) ^ 1);
    for (const [name, change] of Object.entries(changes))
      yield [`${alg}, ${name}`, SIGNATURE, resigned(token(), change)];
    const [header, payload, signature] = token().split('.');
    const other = token(claims({ role: 'SUPERADMIN' })).split('.');
    yield [`${alg}, cut off at its dot`, SEGMENTS, `${header}.${payload}.`];
    yield [`${alg}, of other claims`, SIGNATURE, `${header}.${other[1]}.${signature}`];
    yield [
      `${alg}, of another header`,
      SIGNATURE,
      `${token(claims(), { x: 1 }).split('.')[0]}.${payload}.${signature}`,
    ];
  }
  const foreign = {
    RS256: rsa(FOREIGN.RS),
    ES256: ecdsa(FOREIGN.ES),
    EdDSA: ed25519(FOREIGN.ED),
    HS256: hmac(Buffer.from(FOREIGN.HS.k, 'base64url')),
  };
  for (const [alg, signer] of Object.entries(foreign)) {
    const kid = { HS256: 'hs-1', RS256: 'rs-1', ES256: 'es-1', EdDSA: 'ed-1' }[alg];
    yield [`${alg}, of another key`, SIGNATURE, compact({ alg }, claims(), signer)];
    yield [`${alg}, of another key under this one's kid`, SIGNATURE, compact({ alg, kid }, claims(), signer)];
  }
  const signers = { RS256: rsa(RS), ES256: ecdsa(ES), EdDSA: ed25519(ED) };
  for (const [alg, signer] of Object.entries(signers)) {
    yield [
      `${alg}, of the header alone`,
      SIGNATURE,
      compact({ alg }, claims(), (content) => signer(content.split('.')[0])),
    ];
    yield [
      `${alg}, of the claims alone`,
      SIGNATURE,
      compact({ alg }, claims(), (content) => signer(content.split('.')[1])),
    ];
    yield [
      `${alg}, of the decoded claims`,
      SIGNATURE,
      compact({ alg }, claims(), () => signer(JSON.stringify(claims()))),
    ];
    yield [
      `${alg}, of the hash of the content`,
      SIGNATURE,
      compact({ alg }, claims(), (content) => signer(createHash('sha256').update(content).digest())),
    ];
  }
}

export function* ecdsaForms({ claims, es }) {
  const der = es();
  yield ['ES256 as DER', SIGNATURE, resigned(der, derOf)];
  const short = search(
    (jti) => es(claims({ jti })),
    (token) => derOf(Buffer.from(token.split('.')[2], 'base64url')).length < 70,
  );
  yield ['ES256 as DER, short', SIGNATURE, resigned(short, derOf)];
  for (const half of [0, 32]) {
    const leading = search(
      (jti) => es(claims({ jti })),
      (token) => Buffer.from(token.split('.')[2], 'base64url')[half] === 0,
    );
    const name = half ? 's' : 'r';
    yield [`ES256, ${name} begins with zero`, ACCEPTED, leading];
    yield [
      `ES256, the zero before ${name} cut`,
      SIGNATURE,
      resigned(leading, (bytes) => Buffer.concat([bytes.subarray(0, half), bytes.subarray(half + 1)])),
    ];
  }
  const isHigh = (token) => numberOf(Buffer.from(token.split('.')[2], 'base64url').subarray(32)) > P256_ORDER / 2n;
  const other = (token) =>
    resigned(token, (bytes) =>
      Buffer.concat([bytes.subarray(0, 32), bytesOfNumber(P256_ORDER - numberOf(bytes.subarray(32)), 32)]),
    );
  const [high, low] = [
    search((jti) => es(claims({ jti })), isHigh),
    search(
      (jti) => es(claims({ jti })),
      (token) => !isHigh(token),
    ),
  ];
  const note =
    'RFC 7518 section 3.4 asks for no low s: n - s signs as well, and who may see a token may use it anyhow.';
  for (const [name, token] of Object.entries({ 'low s': low, 'high s': high }))
    yield [`ES256, ${name}`, ACCEPTED, token, { note }];
  yield ['ES256, low s made high', ACCEPTED, other(low), { note }];
  yield ['ES256, high s made low', ACCEPTED, other(high), { note }];
  yield [
    'ES256, r negated',
    SIGNATURE,
    resigned(low, (bytes) =>
      Buffer.concat([bytesOfNumber(P256_ORDER - numberOf(bytes.subarray(0, 32)), 32), bytes.subarray(32)]),
    ),
  ];
  yield [
    'ES256, r and s at 48 bytes each',
    SIGNATURE,
    resigned(low, (bytes) => Buffer.concat([zero(16), bytes.subarray(0, 32), zero(16), bytes.subarray(32)])),
  ];
}

/** RFC 8017 section 8.2.2: there is one padding of a hash, compared whole. */
export function* rsaPaddings({ claims, rs }) {
  const leading = search(
    (jti) => rs(claims({ jti })),
    (token) => Buffer.from(token.split('.')[2], 'base64url')[0] === 0,
  );
  yield ['RS256, begins with zero', ACCEPTED, leading];
  yield ['RS256, its leading zero cut', SIGNATURE, resigned(leading, (bytes) => bytes.subarray(1))];
  yield ['RS256, a zero before', SIGNATURE, resigned(rs(), (bytes) => Buffer.concat([zero(1), bytes]))];
  const identifier = Buffer.from('3031300d060960864801650304020105000420', 'hex');
  const padded = (block, info, filling = 0xff) =>
    Buffer.concat([Buffer.from([0, block]), Buffer.alloc(256 - 3 - info.length, filling), zero(1), info]);
  const of = (make) =>
    compact({ alg: 'RS256' }, claims(), (content) => rawRsa(RS, make(createHash('sha256').update(content).digest())));
  const info = (hash) => Buffer.concat([identifier, hash]);
  yield ['RS256, padded by hand', ACCEPTED, of((hash) => padded(1, info(hash)))];
  const trailing = (hash, garbage) => Buffer.concat([info(hash), garbage]);
  for (const [name, make] of Object.entries({
    'block type 2': (hash) => padded(2, info(hash)),
    'block type 0': (hash) => padded(0, info(hash), 0),
    'a filling of zeros': (hash) => padded(1, info(hash), 0),
    'a filling of 0xfe': (hash) => padded(1, info(hash), 0xfe),
    'no identifier': (hash) => padded(1, hash),
    'no NULL in the identifier': (hash) =>
      padded(
        1,
        Buffer.concat([Buffer.from('302f300b0609608648016503040201', 'hex'), Buffer.from('0420', 'hex'), hash]),
      ),
    'the identifier of SHA-1': (hash) =>
      padded(1, Buffer.concat([Buffer.from('3021300906052b0e03021a05000414', 'hex'), hash.subarray(0, 20)])),
    'the identifier of SHA-512/256': (hash) =>
      padded(1, Buffer.concat([Buffer.from('3031300d060960864801650304020605000420', 'hex'), hash])),
    'a length in its long form': (hash) =>
      padded(1, Buffer.concat([Buffer.from('308131300d060960864801650304020105000420', 'hex'), hash])),
    'a filling of eight bytes, garbage after': (hash) =>
      Buffer.concat([
        Buffer.from([0, 1]),
        Buffer.alloc(8, 0xff),
        zero(1),
        trailing(hash, Buffer.alloc(256 - 11 - 51, 7)),
      ]),
    'no filling, garbage after': (hash) =>
      Buffer.concat([Buffer.from([0, 1, 0]), trailing(hash, Buffer.alloc(256 - 3 - 51, 7))]),
    'a byte after the hash': (hash) => padded(1, trailing(hash, zero(1))),
    'the hash of nothing': () => padded(1, info(createHash('sha256').digest())),
    'the hash cut by a byte': (hash) => padded(1, info(hash.subarray(0, 31))),
  }))
    yield [`RS256, ${name}`, SIGNATURE, of(make)];
}
