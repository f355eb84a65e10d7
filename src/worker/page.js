// The page of the dashboard where pages of other origins may embed it: the file of public/, whose headers then name
// them.
//
// A deployment sends `/` through the worker only for this (`run_worker_first` in wrangler.toml); without it the
// platform serves the file by itself, and that request costs nothing.

const CONFIGURATION = '/dashboard.json';

/** @param {string} url */
export const isPage = (url) => /^[a-z]+:\/\/[^/?#]+\/?(?:[?#]|$)/.test(url);

/**
 * Serves the page. The configuration that says who may embed it is that of `/dashboard.json`; while it is wrong, nobody
 * may.
 *
 * @param {Request} request
 * @param {{ assets: Fetcher | undefined, ask: (request: Request) => Response | Promise<Response> }} worker `ask` lets the
 *   wasm respond.
 */
export async function servePage(request, { assets, ask }) {
  if (!assets) return ask(request);
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  const response = isRead ? await ask(new Request(new URL(CONFIGURATION, request.url))) : null;
  const ancestors = response?.status === 200 ? (await response.json()).data.frameAncestors : [];
  if (ancestors.length === 0) {
    const file = await assets.fetch(request);
    return file.status === 404 ? ask(request) : file;
  }
  const file = await assets.fetch(new Request(new URL('/', request.url), { method: request.method }));
  if (file.status !== 200) return ask(request);
  const headers = embeddable(file.headers, ancestors, response.headers.get('ETag'));
  if (!isKnown(headers.get('ETag'), request.headers.get('If-None-Match'))) {
    return new Response(file.body, { status: 200, headers });
  }
  headers.delete('Content-Type');
  return new Response(null, { status: 304, headers });
}

/**
 * The headers of the file for these ancestors. The ETag is another one for another configuration: a 304 takes no header
 * away from what a browser has, and Chromium leaves `X-Frame-Options` as it was.
 *
 * @param {Headers} of
 * @param {string[]} ancestors
 * @param {string | null} version The ETag of the configuration.
 */
function embeddable(of, ancestors, version) {
  const headers = new Headers(of);
  const rest = (headers.get('Content-Security-Policy') ?? '')
    .split(';')
    .map((directive) => directive.trim())
    .filter((directive) => directive !== '' && !/^frame-ancestors\b/i.test(directive));
  headers.set('Content-Security-Policy', [...rest, `frame-ancestors ${ancestors.join(' ')}`].join('; '));
  // It knows no list, and would forbid what the policy allows.
  headers.delete('X-Frame-Options');
  const etag = headers.get('ETag');
  if (etag !== null) headers.set('ETag', `${etag.slice(0, -1)}-${(version ?? '').replace(/^W\/|"/g, '')}"`);
  return headers;
}

/**
 * By weak comparison: RFC 9110 section 13.1.2.
 *
 * @param {string | null} etag
 * @param {string | null} ifNoneMatch
 */
function isKnown(etag, ifNoneMatch) {
  if (etag === null || ifNoneMatch === null) return false;
  const opaque = (text) => text.trim().replace(/^W\//, '');
  return ifNoneMatch.split(',').some((each) => each.trim() === '*' || opaque(each) === opaque(etag));
}
