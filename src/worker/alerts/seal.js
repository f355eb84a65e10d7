// Addresses and secrets of alerts are encrypted before they are stored: AES-GCM under a key of SETTINGS_KEY.
//
// A sealed text is `<id of the key>.<nonce>.<ciphertext>`, base64url. The organization, the destination and what it is
// are authenticated with it, so that a row that is copied to another one cannot be opened there.

const NONCE_BYTES = 12;
const KEY_BYTES = 32;

/** A key of SETTINGS_KEY cannot be used. The message names no key. */
export class KeyError extends Error {}

/**
 * Encrypts `text` under the first key.
 *
 * @param {string} keys The value of SETTINGS_KEY: `id:key` each, separated by commas.
 * @param {string[]} context What the text belongs to.
 * @param {string} text
 */
export async function seal(keys, context, text) {
  const [id, bytes] = parseKeys(keys)[0];
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const sealed = await crypto.subtle.encrypt(parameters(nonce, context), await importKey(bytes), encode(text));
  return `${id}.${toBase64url(nonce)}.${toBase64url(new Uint8Array(sealed))}`;
}

/**
 * Decrypts what `seal` has made, under the key that it names.
 *
 * @param {string} keys
 * @param {string[]} context
 * @param {string} sealed
 */
export async function open(keys, context, sealed) {
  const [id, nonce, ciphertext] = sealed.split('.');
  const bytes = parseKeys(keys).find(([other]) => other === id)?.[1];
  if (bytes === undefined) throw new KeyError('SETTINGS_KEY has no key by which a destination was sealed');
  const text = crypto.subtle.decrypt(
    parameters(fromBase64(nonce), context),
    await importKey(bytes),
    fromBase64(ciphertext),
  );
  return new TextDecoder().decode(await text);
}

/** @returns {[string, Uint8Array<ArrayBuffer>][]} */
function parseKeys(keys) {
  return keys.split(',').map((key) => {
    const [id, text, ...more] = key.trim().split(':');
    const bytes = more.length === 0 && /^[A-Za-z0-9_-]{1,16}$/.test(id) ? bytesOrNull(text ?? '') : null;
    if (bytes?.length !== KEY_BYTES)
      throw new KeyError('SETTINGS_KEY is not a list of keys like 2026:…, of 32 bytes in base64url');
    return [id, bytes];
  });
}

const importKey = (bytes) => crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt']);

// Texts of the context have no line breaks, because ids have no control characters.
const parameters = (iv, context) => ({ name: 'AES-GCM', iv, additionalData: encode(context.join('\n')) });

const encode = (text) => new TextEncoder().encode(text);

/**
 * The bytes that a text in base64 or base64url stands for, or null.
 *
 * @param {string} text
 */
export function bytesOrNull(text) {
  try {
    return fromBase64(text);
  } catch {
    return null;
  }
}

/** @param {string} text base64 or base64url, with padding or without */
function fromBase64(text) {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0));
}

/** @param {Uint8Array} bytes */
export const toBase64 = (bytes) => btoa(String.fromCharCode(...bytes));

const toBase64url = (bytes) => toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
