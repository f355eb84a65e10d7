// Calls the API and classifies each result:
//
//   data         200, or 304 with the data of an earlier response (`unchanged`)
//   refused      any other status, with the server's code and message
//   unreachable  no response, or none before the timeout
//   unreadable   a response that is not the service's, for example a proxy's page

const TIMEOUT_MS = 20_000;
/** How many responses are cached for their ETags: the page shown, the newest one, and a few to go back to. */
const CACHED_RESPONSES_MAX = 12;
const API = '/api/conversation-monitor';

/** The paths of the API. */
export const PATHS = {
  report: `${API}/report`,
  stream: `${API}/report/stream`,
  search: `${API}/report/search`,
  csv: `${API}/report.csv`,
  summary: `${API}/summary`,
  scopes: `${API}/scopes`,
  trend: `${API}/trend`,
  trendCsv: `${API}/trend.csv`,
  /** @param {string} conversationId */
  conversation: (conversationId) => `${API}/conversations/${encodeURIComponent(conversationId)}`,
  /** @param {string} conversationId */
  acknowledgement: (conversationId) => `${API}/conversations/${encodeURIComponent(conversationId)}/acknowledgement`,
  /** @param {string} organizationId */
  settings: (organizationId) => `/api/organizations/${encodeURIComponent(organizationId)}/autopilot-monitor-settings`,
  /** @param {string} organizationId */
  connections: (organizationId) => `/api/organizations/${encodeURIComponent(organizationId)}/connections`,
  /** @param {string} organizationId */
  alerts: (organizationId) => `/api/organizations/${encodeURIComponent(organizationId)}/alerts`,
  /**
   * @param {string} organizationId
   * @param {string} destinationId
   */
  alertTest: (organizationId, destinationId) =>
    `${PATHS.alerts(organizationId)}/${encodeURIComponent(destinationId)}/test`,
};

/**
 * @typedef {object} Result
 * @property {'data' | 'refused' | 'unreachable' | 'unreadable'} kind
 * @property {any} [data] With `data`: what the envelope contains, the Blob of a file, or the body of a stream.
 * @property {boolean} [unchanged] With `data`: the response was 304.
 * @property {string} [code] With `refused`: the server's error code.
 * @property {string} [message] With `refused`: the server's message.
 * @property {number | null} [retryAfterMs] When the server wants to be asked again; `null` if it does not say.
 * @property {number | null} [pollAfterMs] When the server advises to ask again; `null` if it does not say.
 * @property {number} [status] The HTTP status, if there was a response.
 * @property {string | null} [etag]
 */

/** @typedef {{ signal?: AbortSignal }} Options */

/** Calls the API with one session's token. */
export class Client {
  #token;
  #clock;
  /**
   * By URL, the least recently used first.
   * @type {Map<string, {etag: string, data: unknown}>}
   */
  #cachedResponses = new Map();

  /** @param {{ token: string, clock: import('./clock.js').ServerClock }} settings */
  constructor({ token, clock }) {
    this.#token = token;
    this.#clock = clock;
  }

  /**
   * Goes on with another token of the same user.
   *
   * @param {string} token
   */
  renew(token) {
    this.#token = token;
  }

  /**
   * GET, conditional on a change since the same URL was last requested.
   *
   * @param {string} path
   * @param {string} [query]
   * @param {Options} [options]
   * @returns {Promise<Result>}
   */
  async get(path, query = '', { signal } = {}) {
    const url = query ? `${path}?${query}` : path;
    const cached = this.#cachedResponses.get(url);
    const headers = cached ? { 'If-None-Match': cached.etag } : {};
    const result = await this.#send(url, { headers, signal }, readEnvelope);
    if (result.status === 304 && cached) {
      this.#cache(url, cached);
      return { ...result, data: cached.data, unchanged: true };
    }
    if (result.kind === 'data' && result.etag) this.#cache(url, { etag: result.etag, data: result.data });
    return result;
  }

  /**
   * Opens the stream of a report. There is no timeout: whoever reads the body notices that nothing comes.
   *
   * @param {string} query The report's.
   * @param {Options} [options]
   */
  stream(query, { signal } = {}) {
    const cached = this.#cachedResponses.get(`${PATHS.report}${query && `?${query}`}`);
    const headers = cached ? { 'Last-Event-ID': cached.etag } : {};
    return this.#send(
      `${PATHS.stream}${query && `?${query}`}`,
      { headers, signal, timeoutMs: null },
      async (response) => {
        const isStream = response.headers.get('Content-Type')?.startsWith('text/event-stream');
        return response.ok && isStream ? { kind: 'data', data: response.body } : readEnvelope(response);
      },
    );
  }

  /**
   * Reads a response that has come by a stream, as if the URL had been requested.
   *
   * @param {string} path
   * @param {string} query
   * @param {{ data: string, id: string | null }} event
   * @returns {Result}
   */
  receive(path, query, { data, id }) {
    const envelope = parseJson(data);
    if (envelope?.success !== true || !envelope.data) return { kind: 'unreadable' };
    if (id) this.#cache(query ? `${path}?${query}` : path, { etag: id, data: envelope.data });
    return { kind: 'data', data: envelope.data };
  }

  /**
   * PUT with a JSON body.
   *
   * @param {string} path
   * @param {unknown} body
   * @param {Options} [options]
   */
  put(path, body, options) {
    return this.#sendJson('PUT', path, body, options);
  }

  /**
   * POST with a JSON body. The response is not cached.
   *
   * @param {string} path
   * @param {unknown} body
   * @param {Options} [options]
   */
  post(path, body, options) {
    return this.#sendJson('POST', path, body, options);
  }

  /**
   * DELETE
   *
   * @param {string} path
   * @param {Options} [options]
   */
  delete(path, { signal } = {}) {
    return this.#send(path, { method: 'DELETE', signal }, readEnvelope);
  }

  /**
   * GET of a file, as a Blob in `data`. There is no timeout; a truncated file is `unreachable`.
   *
   * @param {string} path
   * @param {string} query
   * @param {Options} [options]
   */
  file(path, query, { signal } = {}) {
    const url = query ? `${path}?${query}` : path;
    return this.#send(url, { signal, timeoutMs: null }, async (response) =>
      response.ok ? { kind: 'data', data: await response.blob() } : readEnvelope(response),
    );
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} body
   * @param {Options} [options]
   */
  #sendJson(method, path, body, { signal } = {}) {
    const headers = { 'Content-Type': 'application/json' };
    return this.#send(path, { method, headers, body: JSON.stringify(body), signal }, readEnvelope);
  }

  /**
   * @param {string} url
   * @param {{etag: string, data: unknown}} response
   */
  #cache(url, response) {
    this.#cachedResponses.delete(url);
    this.#cachedResponses.set(url, response);
    if (this.#cachedResponses.size > CACHED_RESPONSES_MAX) {
      const [leastRecentlyUsed] = this.#cachedResponses.keys();
      this.#cachedResponses.delete(leastRecentlyUsed);
    }
  }

  /**
   * Throws only if `signal` aborted the request.
   *
   * @param {string} url
   * @param {RequestInit & { timeoutMs?: number | null }} init
   * @param {(response: Response) => Promise<Result>} read
   * @returns {Promise<Result>}
   */
  async #send(url, { headers = {}, signal, timeoutMs = TIMEOUT_MS, ...init }, read) {
    const signals = [signal, timeoutMs && AbortSignal.timeout(timeoutMs)].filter((each) => each instanceof AbortSignal);
    const sentAt = Date.now();
    const token = this.#token;
    try {
      const response = await fetch(url, {
        ...init,
        headers: { ...headers, Authorization: `Bearer ${token}` },
        // This class handles ETags itself, so customers' rows are never written to the browser's disk cache.
        cache: 'no-store',
        credentials: 'omit',
        redirect: 'error',
        signal: AbortSignal.any(signals),
      });
      this.#clock.observe({ date: response.headers.get('Date'), sentAt, receivedAt: Date.now() });
      const { status, headers: received } = response;
      // There is a newer token meanwhile than the one that was refused.
      if (status === 401 && token !== this.#token)
        return await this.#send(url, { headers, signal, timeoutMs, ...init }, read);
      const pollAfterMs = readSeconds(received.get('X-Poll-After'));
      return { status, etag: received.get('ETag'), pollAfterMs, ...(await read(response)) };
    } catch (error) {
      if (signal?.aborted) throw error;
      return { kind: 'unreachable' };
    }
  }
}

/**
 * @param {Response} response
 * @returns {Promise<Result>}
 */
async function readEnvelope(response) {
  if (response.status === 304) return { kind: 'data' };
  const envelope = parseJson(await response.text());
  if (response.ok && envelope?.success === true && envelope.data) return { kind: 'data', data: envelope.data };
  const retryAfterMs = readRetryAfter(response.headers.get('Retry-After'));
  if (!response.ok && envelope?.success === false) {
    return { kind: 'refused', code: String(envelope.error), message: String(envelope.message), retryAfterMs };
  }
  // An error page of a gateway says nothing about the request itself.
  return { kind: 'unreadable', retryAfterMs };
}

/** @param {string} text */
function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * Reads whole seconds. Returns milliseconds; `null` means that it is something else.
 *
 * @param {string | null} value
 */
function readSeconds(value) {
  return /^\d{1,6}$/.test(value ?? '') ? Number(value) * 1000 : null;
}

/**
 * Reads seconds or a date. Returns milliseconds; `null` means neither.
 *
 * @param {string | null} value
 */
function readRetryAfter(value) {
  const date = Date.parse(value ?? '');
  return readSeconds(value) ?? (Number.isNaN(date) ? null : Math.max(0, date - Date.now()));
}
