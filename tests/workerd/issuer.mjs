// An issuer of tokens: keys of each algorithm, the tokens that they sign, and a server that publishes a set of them.

import { createHmac, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import http from 'node:http';

const KEYS = {
  HS256: () => {
    const secret = randomBytes(32);
    const jwk = { kty: 'oct', k: secret.toString('base64url') };
    return { jwk, privateJwk: jwk, sign: (text) => createHmac('sha256', secret).update(text).digest() };
  },
  RS256: () => pair(generateKeyPairSync('rsa', { modulusLength: 2048 }), 'sha256'),
  ES256: () => pair(generateKeyPairSync('ec', { namedCurve: 'P-256' }), 'sha256'),
  EdDSA: () => pair(generateKeyPairSync('ed25519'), null),
};

/** The algorithms that the service takes. */
export const ALGORITHMS = Object.keys(KEYS);

function pair({ publicKey, privateKey }, digest) {
  return {
    jwk: publicKey.export({ format: 'jwk' }),
    privateJwk: privateKey.export({ format: 'jwk' }),
    sign: (text) => sign(digest, Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' }),
  };
}

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const inAnHour = () => Math.floor(Date.now() / 1000) + 3600;

/**
 * A new key: its `jwk` as it is published or configured, its `privateJwk`, and `token(claims, header)`. The members of
 * `header` go before `alg` and `kid`; one that is undefined is left out.
 */
export function newKey(algorithm, kid) {
  const key = KEYS[algorithm]();
  const named = (jwk) => ({ ...jwk, alg: algorithm, ...(kid === undefined ? {} : { kid }) });
  return {
    kid,
    jwk: named(key.jwk),
    privateJwk: named(key.privateJwk),
    token(claims, header = {}) {
      const signed = `${encode({ alg: algorithm, kid, ...header })}.${encode({ exp: inAnHour(), ...claims })}`;
      return `${signed}.${key.sign(signed).toString('base64url')}`;
    },
  };
}

/** A key set of these keys, as text. */
export function keySet(...keys) {
  return JSON.stringify({ keys: keys.map((key) => key?.jwk ?? key) });
}

/** A key server: what it answers at a path is said by `serve(path, (request, response) => …)`, any time. */
export async function startKeyServer() {
  const handlers = new Map();
  const requests = [];
  const server = http.createServer((request, response) => {
    requests.push({ method: request.method, path: request.url, headers: request.headers });
    handlers.get(request.url)?.(request, response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: (path) => `http://127.0.0.1:${port}${path}`,
    serve: (path, handler) => handlers.set(path, handler),
    /** The requests for a path so far. */
    requests: (path) => requests.filter((request) => request.path === path),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
