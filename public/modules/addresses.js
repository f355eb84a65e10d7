// Addresses of the CRM, as the operator has configured them, and the page's own.

import { NO_FILTERS } from './filters.js';

/** The parameters of the page's address that others may see. Anything else in the address stays here. */
const OWN_PARAMETERS = [...Object.keys(NO_FILTERS), 'view'];
/** The machine that the browser runs on. */
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/**
 * An address of which each `{name}` is replaced by the value with that name, percent-encoded. `null` means that there
 * is none, or none that a browser should follow.
 *
 * @param {string | null | undefined} template
 * @param {Record<string, string | null | undefined>} values
 */
export function fillIn(template, values) {
  if (typeof template !== 'string') return null;
  const names = [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  // Dots would take a segment off a path.
  if (names.some((name) => ['', '.', '..'].includes(values[name] ?? ''))) return null;
  const target = template.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(values[name]));
  const url = URL.canParse(target) ? new URL(target) : null;
  const isSecure = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.includes(url.hostname));
  return isSecure ? url.href : null;
}

/**
 * Where to come back to after signing in: an address of the page with what it shows, and without a token.
 *
 * @param {{ origin: string, pathname: string, search: string }} location
 */
export function returnTo({ origin, pathname, search }) {
  const own = [...new URLSearchParams(search)].filter(([name]) => OWN_PARAMETERS.includes(name));
  return `${origin}${pathname}${own.length > 0 ? `?${new URLSearchParams(own)}` : ''}`;
}
