// RFC 7515 section 4: a header is one JSON object, no member of which stands twice, and what is critical is understood.

import { SECRET } from '../fixture.mjs';
import { base64url, compact, hmac } from '../sign.mjs';
import { ACCEPTED, ALGORITHM, CRITICAL, HEADER, SEGMENTS } from '../verdicts.mjs';

const nested = (depth) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

export function* header({ claims, hs }) {
  const of = (text) => hs(claims(), text);
  for (const [name, text] of Object.entries({
    'spaces around and within': ' {\t"alg" :\r\n"HS256" } ',
    'an escaped name': '{"\\u0061lg":"HS256"}',
    'an escaped value': '{"alg":"\\u0048S256"}',
    'members that nobody knows': '{"alg":"HS256","x":{"y":[1,null,true,"\\n"]},"__proto__":{"alg":"none"}}',
    'a member named ALG as well': '{"alg":"HS256","ALG":"none","Alg":"none"}',
    'nested 100 deep': `{"alg":"HS256","x":${nested(100)}}`,
    'an empty name': '{"alg":"HS256","":1}',
    'a name with a NUL': '{"alg":"HS256","alg\\u0000":"none"}',
    'claims as members': '{"alg":"HS256","exp":0,"iss":"x","aud":[1]}',
  }))
    yield [name, ACCEPTED, of(text)];
  for (const [name, text] of Object.entries({
    'alg twice, alike': '{"alg":"HS256","alg":"HS256"}',
    'alg twice, none first': '{"alg":"none","alg":"HS256"}',
    'alg twice, none last': '{"alg":"HS256","alg":"none"}',
    'alg twice, once escaped': '{"alg":"HS256","\\u0061lg":"none"}',
    'kid twice': '{"alg":"HS256","kid":"hs-1","kid":"x"}',
    'a member within twice': '{"alg":"HS256","jwk":{"kty":"oct","kty":"RSA"}}',
    'an array': '[{"alg":"HS256"}]',
    'a string': '"HS256"',
    null: 'null',
    'a number': '256',
    true: 'true',
    'two objects': '{"alg":"HS256"}{"alg":"HS256"}',
    'something after it': '{"alg":"HS256"}x',
    'a NUL after it': '{"alg":"HS256"}\0',
    'cut off': '{"alg":"HS256"',
    'a comma at the end': '{"alg":"HS256",}',
    'single quotes': "{'alg':'HS256'}",
    'no quotes': '{alg:"HS256"}',
    'a comment': '{"alg":"HS256"/* */}',
    'a line comment': '// x\n{"alg":"HS256"}',
    NaN: '{"alg":"HS256","x":NaN}',
    Infinity: '{"alg":"HS256","x":Infinity}',
    '1e400': '{"alg":"HS256","x":1e400}',
    'a number with a leading zero': '{"alg":"HS256","x":01}',
    'a line break in a string': '{"alg":"HS256","x":"\n"}',
    'a NUL in a string': '{"alg":"HS256","x":"\0"}',
    'an unknown escape': '{"alg":"HS256","x":"\\x41"}',
    'nested 128 deep': `{"alg":"HS256","x":${nested(128)}}`,
    'nested 500 deep': `{"alg":"HS256","x":${nested(500)}}`,
    'nested, never closed': '['.repeat(1000),
    'a form': 'alg=HS256',
    'a space': ' ',
    XML: '<alg>HS256</alg>',
    YAML: 'alg: HS256',
  }))
    yield [name, HEADER, of(text)];
  yield ['empty', SEGMENTS, of('')];
  yield ['encoded twice', HEADER, of(base64url('{"alg":"HS256"}'))];
}

export function* algorithms({ claims, hs }) {
  const of = (text) => hs(claims(), text);
  for (const text of [
    '{}',
    '{"Alg":"HS256"}',
    '{"ALG":"HS256"}',
    '{"alg ":"HS256"}',
    '{"typ":"JWT"}',
    '{"header":{"alg":"HS256"}}',
  ]) {
    yield [`no alg: ${text}`, ALGORITHM, of(text)];
  }
  for (const alg of [null, true, false, 0, 256, [], ['HS256'], ['none'], {}, { HS256: 1 }])
    yield [`alg ${JSON.stringify(alg)}`, ALGORITHM, hs(claims(), { alg })];
  for (const alg of [
    'hs256',
    'Hs256',
    'HS256 ',
    ' HS256',
    'HS256\0',
    'HS256\n',
    'HS-256',
    'HS256,none',
    'ＨＳ２５６',
    'HЅ256',
    'rs256',
    'es256',
    'eddsa',
    'EDDSA',
    'EdDsa',
    'Eddsa',
  ]) {
    yield [`alg ${JSON.stringify(alg)}`, ALGORITHM, hs(claims(), { alg })];
  }
}

export function* critical({ claims, hs }) {
  for (const [name, members] of Object.entries({
    'a name that nobody knows': { crit: ['x'], x: 1 },
    'a name that is not there': { crit: ['x'] },
    'a name that everybody knows': { crit: ['alg'] },
    'exp, as RFC 7515 has it': { crit: ['exp'], exp: 1 },
    b64: { crit: ['b64'], b64: true },
    empty: { crit: [] },
    'a string': { crit: 'x' },
    null: { crit: null },
    false: { crit: false },
    'an object': { crit: {} },
    'a number in it': { crit: [1] },
    'a name twice': { crit: ['x', 'x'], x: 1 },
    'crit itself': { crit: ['crit'] },
    'b64 false without crit': { b64: false },
    'b64 true without crit': { b64: true },
    'b64 null': { b64: null },
  }))
    yield [name, CRITICAL, hs(claims(), members)];
  const head = base64url('{"alg":"HS256","b64":false,"crit":["b64"]}');
  const text = JSON.stringify(claims());
  yield [
    'b64 false, claims not encoded',
    CRITICAL,
    `${head}.${base64url(text)}.${base64url(hmac(SECRET)(`${head}.${text}`))}`,
  ];
  yield ['crit and a wrong signature', CRITICAL, compact({ alg: 'HS256', crit: ['x'], x: 1 }, claims(), () => 'x')];
}
