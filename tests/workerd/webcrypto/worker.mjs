// Asks WebCrypto what src/worker/bindings/webcrypto.rs would, in the same words.
//
// It is a replica because the built worker has no way in for a bare message and signature, and should not have one for
// its tests. `webcrypto.test.mjs` compares its words with those of the original.

const NAMES = { RSA: 'RSASSA-PKCS1-v1_5', EC: 'ECDSA', OKP: 'Ed25519' };

/** One set of parameters for all algorithms, as in the original. */
const parameters = (name) => ({ name, hash: 'SHA-256', namedCurve: 'P-256' });

const bytes = (base64url) =>
  Uint8Array.from(atob(base64url.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));

/** What becomes of the signature: "accepted", "refused", or "key not imported". */
async function verdictOf({ key: jwk, message, signature }) {
  const name = NAMES[jwk.kty];
  let key;
  try {
    key = await crypto.subtle.importKey('jwk', jwk, parameters(name), false, ['verify']);
  } catch {
    return 'key not imported';
  }
  const verified = await crypto.subtle.verify(parameters(name), key, bytes(signature), bytes(message));
  return verified ? 'accepted' : 'refused';
}

export default {
  async fetch(request) {
    const verdicts = [];
    for (const question of await request.json()) verdicts.push(await verdictOf(question));
    return Response.json(verdicts);
  },
};
