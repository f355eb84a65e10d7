// Asks WebCrypto what src/bindings/webcrypto.rs would, in the same words.
//
// It is a replica because the built worker has no door through which a bare message and signature come in, and should
// not have one for its tests. `webcrypto.test.mjs` holds its words against those of the original.

const NAMES = { RSA: 'RSASSA-PKCS1-v1_5', EC: 'ECDSA', OKP: 'Ed25519' };

/** One set of parameters for all algorithms, as in the original. */
const parameters = (name) => ({ name, hash: 'SHA-256', namedCurve: 'P-256' });

const bytes = (base64url) =>
  Uint8Array.from(atob(base64url.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));

/** Whether the signature is the key's, or, if WebCrypto does not import the key, "import". */
async function answer({ key: jwk, question, message, signature }) {
  const name = NAMES[jwk.kty];
  let key;
  try {
    key = await crypto.subtle.importKey('jwk', jwk, parameters(name), false, ['verify']);
  } catch {
    return 'import';
  }
  if (question === 'import') return true;
  return Boolean(await crypto.subtle.verify(parameters(name), key, bytes(signature), bytes(message)));
}

export default {
  async fetch(request) {
    const answers = [];
    for (const question of await request.json()) answers.push(await answer(question));
    return Response.json(answers);
  },
};
