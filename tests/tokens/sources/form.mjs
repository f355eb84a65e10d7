// RFC 7515 sections 3.1 and 7.1, RFC 4648 section 5: a token has one spelling, and no other is taken for it.

import { SECRET, search } from '../fixture.mjs';
import { base64url, hmac } from '../sign.mjs';
import { ACCEPTED, ALGORITHM, HEADER, SEGMENTS, SIGNATURE, TOO_LARGE } from '../verdicts.mjs';

const SEGMENT_NAMES = ['header', 'claims', 'signature'];
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const TOKEN_BYTES_MAX = 8192;

/** A token of exactly so many bytes, with a valid signature. */
function ofLength({ claims, hs }, length) {
  for (let more = 0; ; more += 1) {
    for (let header = 0; header < 3; header += 1) {
      const token = hs(claims({ x: 'x'.repeat(5900 + more) }), { x: 'x'.repeat(header) });
      if (token.length === length) return token;
      if (token.length > length + 8) throw new Error(`no token has ${length} bytes`);
    }
  }
}

const spoiled = (token, index, change) => {
  const segments = token.split('.');
  segments[index] = change(segments[index]);
  return segments.join('.');
};

export function* segments(fixture) {
  const { claims, hs } = fixture;
  const token = hs();
  const [header, payload, signature] = token.split('.');
  for (const [name, text] of Object.entries({
    nothing: '',
    'a word': 'token',
    'one dot': '.',
    'two dots': '..',
    'three dots': '...',
    'four dots': '....',
    'dots alone': '.'.repeat(99),
    'the header alone': header,
    'no signature, no dot': `${header}.${payload}`,
    'an empty signature': `${header}.${payload}.`,
    'no claims': `${header}..${signature}`,
    'no header': `.${payload}.${signature}`,
    'a dot before': `.${token}`,
    'a dot after': `${token}.`,
    'a fourth segment': `${token}.${signature}`,
    'five segments': `${token}.${payload}.${signature}`,
    'twice, with a dot': `${token}.${token}`,
    'twice, with a comma': `${token},${token}`,
    'a dot doubled': token.replace('.', '..'),
    'dots as %2E': token.replaceAll('.', '%2E'),
    'dots as ideographic ones': token.replaceAll('.', '。'),
    'dots as colons': token.replaceAll('.', ':'),
    'in quotes': `"${token}"`,
    'in angle brackets': `<${token}>`,
    'with its scheme': `Bearer ${token}`,
    'with a cookie attribute': `${token}; Path=/`,
    'as JSON, flattened': JSON.stringify({ payload, protected: header, signature }),
    'as JSON, general': JSON.stringify({ payload, signatures: [{ protected: header, signature }] }),
    'as JSON whose member looks compact': `{"${token}":"x","payload":"${payload}"}`,
    'base64url once more': base64url(token),
    'segments in another order': `${payload}.${header}.${signature}`,
    'as hexadecimal': token
      .split('.')
      .map((part) => Buffer.from(part, 'base64url').toString('hex'))
      .join('.'),
  })) {
    // What is decoded first is complained of first.
    const verdict = { 'segments in another order': ALGORITHM }[name] ?? SEGMENTS;
    yield [name, verdict, text];
  }
  yield ['8192 bytes', ACCEPTED, ofLength(fixture, TOKEN_BYTES_MAX)];
  yield ['8193 bytes', TOO_LARGE, ofLength(fixture, TOKEN_BYTES_MAX + 1)];
  yield [
    'signed with its padding',
    SEGMENTS,
    (() => {
      const content = `${Buffer.from('{"alg":"HS256"}').toString('base64')}.${Buffer.from(`${JSON.stringify(claims({ x: 1 }))} `).toString('base64')}=`;
      return `${content}.${base64url(hmac(SECRET)(content))}`;
    })(),
  ];
}

export function* encoding({ claims, hs, es }) {
  // Each segment has two letters of which one alphabet differs from the other.
  const isMixed = (part) => part.includes('-') && part.includes('_');
  const token = search(
    (jti) => es(claims({ jti, x: '???>>>~~~ÿÿÿ' }), { x: '???>>>~~~ÿÿÿ' }),
    (text) => text.split('.').every(isMixed),
  );
  yield ['both letters that base64 lacks', ACCEPTED, token];
  for (const [index, segment] of SEGMENT_NAMES.entries()) {
    const changes = {
      'padded with =': (part) => `${part}=`,
      'padded with ==': (part) => `${part}==`,
      'in the standard alphabet': (part) => part.replaceAll('-', '+').replaceAll('_', '/'),
      'one letter of the standard alphabet': (part) => part.replace('-', '+'),
      'padded with A': (part) => `${part}A`,
      'padded with AAAA': (part) => `${part}AAAA`,
      'a space within': (part) => `${part.slice(0, 4)} ${part.slice(4)}`,
      'a line break within': (part) => `${part.slice(0, 4)}\n${part.slice(4)}`,
      'CRLF within': (part) => `${part.slice(0, 4)}\r\n${part.slice(4)}`,
      'a tab within': (part) => `${part.slice(0, 4)}\t${part.slice(4)}`,
      'a NUL within': (part) => `${part.slice(0, 4)}\0${part.slice(4)}`,
      'a NUL after': (part) => `${part}\0`,
      'a BOM before': (part) => `\ufeff${part}`,
      'a zero-width space within': (part) => `${part.slice(0, 4)}\u200b${part.slice(4)}`,
      'a full-width letter': (part) => `${part.slice(0, -1)}Ａ`,
      'its last letter cut': (part) => part.slice(0, -1),
      'percent-encoded': (part) => part.replaceAll('-', '%2D').replaceAll('_', '%5F'),
      'a soft hyphen within': (part) => `${part.slice(0, 4)}\u00ad${part.slice(4)}`,
      'a tilde': (part) => part.replace('_', '~'),
      empty: () => '',
    };
    for (const [name, change] of Object.entries(changes)) {
      const text = spoiled(token, index, change);
      yield [`${segment}: ${name}`, verdictOf(text), text];
    }
  }
  yield* trailingBits(hs(claims(), { x: '' }), 'HS256');
  yield* trailingBits(es(claims(), { x: '1' }), 'ES256');
  for (const [name, around] of Object.entries({
    'a space before': (text) => ` ${text}`,
    'a space after': (text) => `${text} `,
    'a tab after': (text) => `${text}\t`,
    'a line break after': (text) => `${text}\n`,
  })) {
    yield [
      name,
      SEGMENTS,
      around(token),
      { http: ACCEPTED, note: 'What is around the value of a header is not of the value: RFC 9110 section 5.5.' },
    ];
  }
}

/** Where the last letter of a segment has bits that no byte takes, each other letter that decodes to the same bytes. */
function* trailingBits(token, name) {
  for (const [index, segment] of SEGMENT_NAMES.entries()) {
    const part = token.split('.')[index];
    const unused = [1, 0, 4, 2][part.length % 4];
    const last = ALPHABET.indexOf(part.at(-1));
    for (let bits = 1; bits < 1 << unused && unused > 1; bits += 1) {
      yield [
        `${name} ${segment}: trailing bits ${bits}`,
        SEGMENTS,
        spoiled(token, index, () => part.slice(0, -1) + ALPHABET[last | bits]),
      ];
    }
  }
}

/** A change may by chance leave a segment canonical: then it decodes to something else. */
function verdictOf(text) {
  const parts = text.split('.');
  const isCanonical = (part) => part !== '' && Buffer.from(part, 'base64url').toString('base64url') === part;
  if (!isCanonical(parts[0])) return SEGMENTS;
  try {
    JSON.parse(Buffer.from(parts[0], 'base64url').toString());
  } catch {
    return HEADER;
  }
  return parts.every(isCanonical) ? SIGNATURE : SEGMENTS;
}
