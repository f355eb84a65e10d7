// The examples of the RFCs. That one has expired, or that its payload is no JSON, is said only after its signature was
// found to be right: so these verdicts are as good as an acceptance.

import { RFC_TOKENS } from '../fixture.mjs';
import { resigned } from '../sign.mjs';
import { ACCEPTED, ALGORITHM, CLAIMS, CRITICAL, EXPIRED, NO_KEY, SEGMENTS, SIGNATURE } from '../verdicts.mjs';

/** A second before the examples of RFC 7515 expire. */
const IN_TIME = 1300819379;

const flipped = (token) => resigned(token, (signature) => signature.with(-1, signature.at(-1) ^ 1));

function* examples(service, verdicts) {
  for (const [name, verdict] of Object.entries(verdicts)) {
    const token = RFC_TOKENS[name];
    if (verdict === ACCEPTED) {
      yield [`${name}, in time`, ACCEPTED, token, { service, at: IN_TIME }];
      yield [`${name}, today`, EXPIRED, token, { service }];
    } else {
      yield [name, verdict, token, { service }];
    }
    if (verdict === ACCEPTED || verdict === CLAIMS)
      yield [`${name}, a bit of its signature flipped`, SIGNATURE, flipped(token), { service }];
  }
}

export function* rfc7515() {
  const [unsigned] = RFC_TOKENS['RFC 7515 A.1'].split('.');
  yield* examples('RFC 7515 and 8037', {
    'RFC 7515 A.1': ACCEPTED,
    'RFC 7515 A.2': ACCEPTED,
    'RFC 7515 A.3': ACCEPTED,
    'RFC 7515 A.4': ALGORITHM,
    'RFC 7515 A.5': ALGORITHM,
    'RFC 7515 A.6': SEGMENTS,
    'RFC 7515 A.7': SEGMENTS,
    'RFC 7515 E': ALGORITHM,
  });
  yield [
    'RFC 7515 F: detached',
    SEGMENTS,
    `${unsigned}..${RFC_TOKENS['RFC 7515 A.1'].split('.')[2]}`,
    { service: 'RFC 7515 and 8037' },
  ];
  for (const example of ['A.1', 'A.2', 'A.3']) {
    yield [`RFC 7515 ${example}, where its key is not trusted`, SIGNATURE, RFC_TOKENS[`RFC 7515 ${example}`]];
    yield [
      `RFC 7515 ${example}, where more keys fit`,
      NO_KEY,
      RFC_TOKENS[`RFC 7515 ${example}`],
      { service: 'two keys an algorithm' },
    ];
  }
}

/** RFC 7519 prints A.1 of RFC 7515 again (section 3.1), and A.5 (section 6.1); its appendix A has five segments. */
export function* rfc7519() {
  const service = 'RFC 7515 and 8037';
  yield ['RFC 7519 3.1', ACCEPTED, RFC_TOKENS['RFC 7515 A.1'], { service, at: IN_TIME }];
  yield ['RFC 7519 6.1', ALGORITHM, RFC_TOKENS['RFC 7515 A.5'], { service, at: IN_TIME }];
  for (const example of ['A.1', 'A.2', 'A.3'])
    yield [`RFC 7516 ${example}: encrypted`, SEGMENTS, RFC_TOKENS[`RFC 7516 ${example}`], { service }];
  yield ['RFC 7797 4.2: detached and not encoded', CRITICAL, RFC_TOKENS['RFC 7797 4.2'], { service }];
  yield ['RFC 7797 4.2: with its payload', SEGMENTS, RFC_TOKENS['RFC 7797 4.2'].replace('..', '.$.02.'), { service }];
}

export function* rfc7520() {
  yield* examples('RFC 7520', {
    'RFC 7520 4.1': CLAIMS,
    'RFC 7520 4.2': ALGORITHM,
    'RFC 7520 4.3': ALGORITHM,
    'RFC 7520 4.4': CLAIMS,
    'RFC 7520 4.5': SEGMENTS,
    'RFC 7520 4.6': SEGMENTS,
    'RFC 7520 4.7': SEGMENTS,
  });
}

export function* rfc8037() {
  yield* examples('RFC 7515 and 8037', { 'RFC 8037 A.4': CLAIMS });
}
