// Unpacks gzip, of one member or of several. The platform's `DecompressionStream` refuses all but the first.

import { createGunzip } from 'node:zlib';

/**
 * What `packed` holds. `null` means that it is more than `bytesMax` bytes; no more than that, and a chunk, is ever in
 * memory. Rejects if it is not valid gzip to its last byte.
 *
 * @param {Uint8Array} packed
 * @param {number} bytesMax
 * @returns {Promise<Uint8Array | null>}
 */
export async function gunzip(packed, bytesMax) {
  const unpacked = createGunzip();
  unpacked.end(packed);
  const chunks = [];
  let length = 0;
  for await (const chunk of unpacked) {
    length += chunk.length;
    if (length > bytesMax) return null;
    chunks.push(chunk);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}
