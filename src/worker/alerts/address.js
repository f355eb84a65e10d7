// Which addresses alerts may be sent to: public ones, by https on port 443.
//
// The platform's own parser reads the address, which is also the one that `fetch` reads it with. So every spelling of a
// number (127.1, 0x7f000001, 017700000001) has become the same four decimals when it is checked here.

/** The most characters of an address. */
export const ADDRESS_CHARACTERS_MAX = 2_048;

/** IPv4 networks that are not public (the special-purpose registry of IANA, RFC 6890), as [network, bits]. */
const IPV4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
];
/** Names that end so are not public (RFC 6761, RFC 6762, RFC 8375, and the name that ICANN reserves for private use). */
const NAMES = ['localhost', 'local', 'internal', 'home.arpa', 'invalid', 'test', 'example', 'onion'];

/**
 * What is wrong with an address, as the rest of a sentence that begins with its name; null if nothing is.
 *
 * @param {string} address
 */
export function problemOf(address) {
  if (address.length > ADDRESS_CHARACTERS_MAX) return `must have at most ${ADDRESS_CHARACTERS_MAX} characters`;
  const url = parse(address);
  if (url === null || url.protocol !== 'https:') return 'must be an https URL';
  if (url.username !== '' || url.password !== '') return 'must not contain a user name or a password';
  if (url.port !== '') return 'must not name another port than 443';
  if (!isPublic(url.hostname)) return 'must be on a public host: no private address, and no name of a local network';
  return null;
}

/**
 * What is shown of an address: its host, and its last four characters, unless those are a good part of it.
 *
 * @param {string} address
 */
export function hintOf(address) {
  const url = new URL(address);
  const rest = `${url.pathname}${url.search}`;
  return { host: url.hostname, urlEnd: rest.length >= 16 ? rest.slice(-4) : '' };
}

/** @param {string} address */
function parse(address) {
  try {
    return new URL(address);
  } catch {
    return null;
  }
}

/**
 * Whether a host may be public, as far as can be told without asking for its address.
 *
 * @param {string} hostname as the URL parser writes it: in lower case, numbers as IPv4 or IPv6 addresses
 */
export function isPublic(hostname) {
  // Only 2000::/3 is given out, without what stands for IPv4 addresses, tunnels, tests and documentation.
  if (hostname.startsWith('[')) {
    return (
      /^\[[23][0-9a-f]{3}:/.test(hostname) &&
      !/^\[(2002:|2001:(0|[1-9a-f][0-9a-f]?|1[0-9a-f]{2})?:|2001:db8:|3fff:|3ffe:)/.test(hostname)
    );
  }
  const parts = hostname.split('.');
  if (parts.length === 4 && parts.every((part) => /^\d+$/.test(part))) {
    const number = numberOf(hostname);
    return !IPV4.some(
      ([network, bits]) => number >>> (32 - Number(bits)) === numberOf(String(network)) >>> (32 - Number(bits)),
    );
  }
  // One dot at the end means the same name.
  const name = hostname.replace(/\.$/, '');
  return /^[^.]+(\.[^.]+)+$/.test(name) && !NAMES.some((local) => name.endsWith(`.${local}`));
}

/**
 * An IPv4 address as a number of 32 bits.
 *
 * @param {string} address
 */
function numberOf(address) {
  return address.split('.').reduce((number, part) => number * 256 + Number(part), 0) >>> 0;
}
