// RFC 7519 sections 4 and 7.2: the claims are one JSON object; one of the wrong type is wrong, and not absent. Null is
// what many back ends send for a value that they do not have, so it counts as absent.

import { base64url } from '../sign.mjs';
import { ACCEPTED, CLAIMS, EXPIRED, ISSUED_IN_FUTURE, malformed, NOT_YET_VALID, SEGMENTS } from '../verdicts.mjs';

const nested = (depth) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

export function* claimsForm({ claims, hs, now }) {
  const exp = now + 3600;
  const text = JSON.stringify(claims());
  for (const [name, payload] of Object.entries({
    'spaces around': `\r\n ${text}\t `,
    'an escaped name': `{"\\u0065xp":${exp}}`,
    'nothing but exp': `{"exp":${exp}}`,
    'nested 100 deep': `{"exp":${exp},"x":${nested(100)}}`,
    'a claim that nobody knows': `{"exp":${exp},"__proto__":{"role":"SUPERADMIN"},"constructor":1}`,
    'an empty name': `{"exp":${exp},"":0}`,
  }))
    yield [name, ACCEPTED, hs(payload)];
  for (const [name, payload] of Object.entries({
    'an array': `[${text}]`,
    'an empty array': '[]',
    null: 'null',
    true: 'true',
    'a number': '1',
    'a string': '"x"',
    'a quoted object': JSON.stringify(text),
    'two objects': text + text,
    'something after it': `${text}x`,
    'a NUL after it': `${text}\0`,
    'cut off': text.slice(0, -1),
    'a comma at the end': `${text.slice(0, -1)},}`,
    'single quotes': `{'exp':${exp}}`,
    'no quotes': `{exp:${exp}}`,
    'a comment': `{"exp":${exp}/**/}`,
    'exp twice, alike': `{"exp":${exp},"exp":${exp}}`,
    'exp twice, past first': `{"exp":0,"exp":${exp}}`,
    'exp twice, once escaped': `{"exp":${exp},"\\u0065xp":0}`,
    'role twice': `{"exp":${exp},"role":"AGENT","role":"SUPERADMIN"}`,
    'organizationId twice': `{"exp":${exp},"organizationId":"o","organizationId":"p"}`,
    'a member within twice': `{"exp":${exp},"x":[{"y":1,"y":2}]}`,
    'nested 128 deep': `{"exp":${exp},"x":${nested(128)}}`,
    'nested 500 deep': `{"exp":${exp},"x":${nested(500)}}`,
    'never closed': '{"x":'.repeat(200),
    'exp 1e400': '{"exp":1e400}',
    'exp -1e400': '{"exp":-1e400}',
    'x 1e400': `{"exp":${exp},"x":1e400}`,
    'exp NaN': '{"exp":NaN}',
    'exp Infinity': '{"exp":Infinity}',
    'exp -Infinity': '{"exp":-Infinity}',
    'exp with a leading zero': `{"exp":0${exp}}`,
    'exp with a plus': `{"exp":+${exp}}`,
    'exp hexadecimal': '{"exp":0x7fffffff}',
    'exp with underscores': '{"exp":9_999_999_999}',
    'exp with no digit after the point': `{"exp":${exp}.}`,
    'exp without a digit before the point': '{"exp":.5}',
    'exp undefined': '{"exp":undefined}',
    'a form': `exp=${exp}`,
    'a space': ' ',
  }))
    yield [name, CLAIMS, hs(payload)];
  yield ['empty', SEGMENTS, hs('')];
  yield ['encoded twice', CLAIMS, hs(base64url(text))];
  yield ['an empty object', malformed('exp'), hs({})];
  yield ['no exp', malformed('exp'), hs({ role: 'SUPERADMIN', iat: now })];
  yield ['exp by another name', malformed('exp'), hs({ Exp: exp, EXP: exp, expires: exp, 'exp ': exp })];
}

/** What is no NumericDate, whatever the claim: RFC 7519 section 2. */
const NO_DATES = {
  'a string': '"soon"',
  'a number as a string': '"9999999999"',
  'an empty string': '""',
  'a date as a string': '"2030-01-01T00:00:00Z"',
  null: 'null',
  true: 'true',
  false: 'false',
  'an array': '[9999999999]',
  'an empty array': '[]',
  'an object': '{}',
  'an object with a number': '{"$numberLong":"9999999999"}',
  '-1': '-1',
  '-0.5': '-0.5',
  '-1e308': '-1e308',
  '2^53 + 1': '9007199254740993',
  '2^63': '9223372036854775808',
  '2^64': '18446744073709551616',
  '1e308': '1e308',
  'the year 10000': '253402300800',
  'a hundred digits': '9'.repeat(100),
};

export function* dates({ claims, hs, now }) {
  const of = (name, text) => hs(JSON.stringify(claims({ [name]: '?' })).replace('"?"', text));
  for (const name of ['exp', 'nbf', 'iat']) {
    for (const [what, text] of Object.entries(NO_DATES)) {
      const isAbsent = text === 'null' && name !== 'exp';
      yield [`${name} ${what}`, isAbsent ? ACCEPTED : malformed(name), of(name, text)];
    }
  }
  yield ['exp in milliseconds', malformed('exp'), of('exp', String((now + 3600) * 1000))];
  for (const text of ['0', '-0', '0.0', '1', '1.5', '1e-400', '1e9', String(now - 300), `${now - 300}.999`])
    yield [
      `exp ${text === '0' || text.length < 8 ? text : text.replace(/^\d+/, 'five minutes ago')}`,
      EXPIRED,
      of('exp', text),
    ];
  for (const [what, text] of [
    ['in an hour', String(now + 3600)],
    ['with a fraction', `${now + 3600}.5`],
    ['with an exponent', `${(now + 3600) / 1000}e3`],
    ['the last second of 9999', '253402300799'],
  ]) {
    yield [`exp ${what}`, ACCEPTED, of('exp', text)];
  }
  for (const [name, verdict] of [
    ['nbf', NOT_YET_VALID],
    ['iat', ISSUED_IN_FUTURE],
  ]) {
    for (const text of ['0', '-0', '1.5', '1e9', String(now - 300)])
      yield [`${name} ${text.length < 8 ? text : 'five minutes ago'}`, ACCEPTED, of(name, text)];
    for (const [what, text] of [
      ['in five minutes', String(now + 300)],
      ['in five minutes and a bit', `${now + 300}.25`],
      ['the last second of 9999', '253402300799'],
    ])
      yield [`${name} ${what}`, verdict, of(name, text)];
  }
  yield ['expired and not valid yet', EXPIRED, hs(claims({ exp: now - 300, nbf: now + 300 }))];
  yield ['issued after it expires', EXPIRED, hs(claims({ exp: now - 300, iat: now - 100 }))];
}

/** The product's claims. */
export function* types({ claims, hs }) {
  const wrong = {
    sub: [1, true, [], ['u'], {}, '', 'u\n', 'x'.repeat(129)],
    role: [1, true, [null], [1], [['SUPERADMIN']], ['SUPERADMIN', 1], { role: 'SUPERADMIN' }],
    organizationId: [1, true, ['o', 'p'], ['o', 'o'], [null], [['o']], [''], {}, { o: {} }, '', 'o\0', 'x'.repeat(129)],
    departmentId: [1, ['d', 'e'], [1], {}, '', 'd\t'],
    departmentIds: ['d', 1, {}, [null], [1], [''], [['d']], ['d', { id: 'd' }], ['d\0'], Array(1001).fill('d')],
    scope: [1, true, [1], ['a', null], [['conversation-monitor:ingest']], {}],
    iss: [1, [], ['i'], {}],
  };
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values)
      yield [`${name} ${JSON.stringify(value).slice(0, 40)}`, malformed(name), hs(claims({ [name]: value }))];
  }
  const right = {
    role: [null, '', 'AGENT', 'superadmin', 'SUPERADMIN\0', [], ['SUPERADMIN'], ['AGENT', 'ADMIN']],
    organizationId: [null, [], ['o']],
    departmentId: [null, [], ['d']],
    departmentIds: [null, [], ['d'], ['d', 'd']],
    scope: [null, '', ' ', 'a  b', [], ['conversation-monitor:ingest'], ['a b', 'c']],
    sub: [null, 'é'.repeat(128)],
    iss: [null],
    aud: [null, '', []],
    name: [null, 1, {}, ''],
    jti: [null, 1],
  };
  for (const [name, values] of Object.entries(right)) {
    for (const value of values)
      yield [
        `${name} ${JSON.stringify(value).slice(0, 40)}`,
        ACCEPTED,
        hs(claims({ [name]: value })),
        { note: 'Its type is right; what it allows is decided later.' },
      ];
  }
}
