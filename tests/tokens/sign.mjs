// Makes tokens, well-formed or not. Everything is reproducible: the same question gives the same bytes.

import {
  constants,
  createECDH,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  privateEncrypt,
  sign,
} from 'node:crypto';

/** The order of P-256's group. */
export const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
/** The order of P-256's field. */
export const P256_FIELD = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
/** The order of Ed25519's group. */
export const ED25519_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

export const base64url = (bytes) => Buffer.from(bytes).toString('base64url');

/** Bytes of whatever a test writes for a segment: an object is JSON, the rest is taken as it is. */
export const bytesOf = (part) =>
  typeof part === 'string' || Buffer.isBuffer(part) ? Buffer.from(part) : Buffer.from(JSON.stringify(part));

/** A token: `signer` makes the signature's bytes of what is signed. */
export function compact(header, payload, signer) {
  const content = `${base64url(bytesOf(header))}.${base64url(bytesOf(payload))}`;
  return `${content}.${base64url(signer(content))}`;
}

/** The signature that a token carries, changed. */
export function resigned(token, change) {
  const [header, payload, signature] = token.split('.');
  return `${header}.${payload}.${base64url(change(Buffer.from(signature, 'base64url')))}`;
}

export const numberOf = (bytes) => BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`);

/** Big-endian, at a length. */
export function bytesOfNumber(number, length) {
  const hex = number.toString(16).padStart(2 * length, '0');
  return Buffer.from(hex, 'hex');
}

export const littleEndian = (number, length) => bytesOfNumber(number, length).reverse();

const privateKey = (jwk) => createPrivateKey({ key: jwk, format: 'jwk' });
export const publicKey = (jwk) => createPublicKey({ key: publicHalf(jwk), format: 'jwk' });

/** A key as it is configured: a pair's private members are left out. */
export function publicHalf(jwk) {
  if (jwk.kty === 'oct') return jwk;
  const { d, p, q, dp, dq, qi, ...half } = jwk;
  return half;
}

/** HMAC, by SHA-256 unless `hash` says otherwise. */
export const hmac =
  (secret, hash = 'sha256') =>
  (content) =>
    createHmac(hash, secret).update(content).digest();

/** RSASSA-PKCS1-v1_5. */
export const rsa =
  (jwk, hash = 'sha256') =>
  (content) =>
    sign(hash, Buffer.from(content), privateKey(jwk));

/** RSASSA-PSS; without a salt, so that it is reproducible. */
export const pss =
  (jwk, hash = 'sha256') =>
  (content) =>
    sign(hash, Buffer.from(content), { key: privateKey(jwk), padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 0 });

/** RSA over a padded message of one's own making. */
export const rawRsa = (jwk, padded) =>
  privateEncrypt({ key: privateKey(jwk), padding: constants.RSA_NO_PADDING }, padded);

export const ed25519 = (jwk) => (content) => sign(null, Buffer.from(content), privateKey(jwk));

/** ECDSA over P-256, `r` and `s` side by side. The nonce is a hash of key and message; `hash` is the message's. */
export const ecdsa =
  (jwk, hash = 'sha256') =>
  (content) => {
    const d = numberOf(Buffer.from(jwk.d, 'base64url'));
    const digest = createHash(hash).update(content).digest().subarray(0, 32);
    const nonce = createHash('sha256').update(jwk.d).update(digest).digest();
    const curve = createECDH('prime256v1');
    // ECDH's public key is the curve's generator, multiplied.
    curve.setPrivateKey(nonce);
    const r = numberOf(curve.getPublicKey().subarray(1, 33)) % P256_ORDER;
    const s = (inverse(numberOf(nonce), P256_ORDER) * (numberOf(digest) + r * d)) % P256_ORDER;
    return Buffer.concat([bytesOfNumber(r, 32), bytesOfNumber(s, 32)]);
  };

/**
 * By Fermat: the order is a prime.
 *
 * @param {bigint} number
 * @param {bigint} prime
 */
function inverse(number, prime) {
  let [result, base, exponent] = [1n, number % prime, prime - 2n];
  for (; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % prime;
    base = (base * base) % prime;
  }
  return result;
}

/** `r` and `s` as DER has them. */
export function derOf(signature) {
  const integer = (half) => {
    let digits = half;
    while (digits.length > 1 && digits[0] === 0) digits = digits.subarray(1);
    if (digits[0] >= 0x80) digits = Buffer.concat([Buffer.alloc(1), digits]);
    return Buffer.concat([Buffer.from([2, digits.length]), digits]);
  };
  const body = Buffer.concat([integer(signature.subarray(0, 32)), integer(signature.subarray(32))]);
  return Buffer.concat([Buffer.from([0x30, body.length]), body]);
}
