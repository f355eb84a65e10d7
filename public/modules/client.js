// Asks the API, and says what came of it in one of four words:
//
//   data         200, or 304 and what an earlier answer said (`unchanged`)
//   refused      any other status, with the server's code and sentence
//   unreachable  no answer at all, or none in time
//   unreadable   an answer that is not this service's: a proxy's page, say

const TIMEOUT_MS = 20_000;
/** Answers kept for their ETags: the page shown, the newest one, and a few that she may come back to. */
const KEPT_MAX = 12;
const API = '/api/conversation-monitor';

/** The paths of the API. */
export const PATHS = {
  report: `${API}/report`,
  csv: `${API}/report.csv`,
  summary: `${API}/summary`,
  scopes: `${API}/scopes`,
  settings: (organizationId) => `/api/organizations/${encodeURIComponent(organizationId)}/autopilot-monitor-settings`,
};

/** Asks with one session's token. */
export class Client {
  #token;
  #clock;
  /** By URL: `{etag, data}`, the least recently used first. */
  #kept = new Map();

  constructor({ token, clock }) {
    this.#token = token;
    this.#clock = clock;
  }

  /** GET, on the condition that something changed since this URL was asked for the last time. */
  async get(path, query = '', { signal } = {}) {
    const url = query ? `${path}?${query}` : path;
    const kept = this.#kept.get(url);
    const headers = kept ? { 'If-None-Match': kept.etag } : {};
    const answer = await this.#send(url, { headers, signal }, readEnvelope);
    if (answer.status === 304 && kept) {
      this.#keep(url, kept);
      return { kind: 'data', data: kept.data, unchanged: true };
    }
    if (answer.kind === 'data' && answer.etag) this.#keep(url, { etag: answer.etag, data: answer.data });
    return answer;
  }

  /** PUT with a JSON body. */
  put(path, body, { signal } = {}) {
    const headers = { 'Content-Type': 'application/json' };
    return this.#send(path, { method: 'PUT', headers, body: JSON.stringify(body), signal }, readEnvelope);
  }

  /** A file, as a Blob in `data`; cut short it is `unreachable`. It may take its time. */
  file(path, query, { signal } = {}) {
    const url = query ? `${path}?${query}` : path;
    return this.#send(url, { signal, timeoutMs: null }, async (response) =>
      response.ok ? { kind: 'data', data: await response.blob() } : readEnvelope(response),
    );
  }

  #keep(url, answer) {
    this.#kept.delete(url);
    this.#kept.set(url, answer);
    if (this.#kept.size > KEPT_MAX) this.#kept.delete(this.#kept.keys().next().value);
  }

  /** Throws only if `signal` ended it. */
  async #send(url, { headers = {}, signal, timeoutMs = TIMEOUT_MS, ...init }, read) {
    const signals = [signal, timeoutMs && AbortSignal.timeout(timeoutMs)].filter(Boolean);
    const sentAt = Date.now();
    try {
      const response = await fetch(url, {
        ...init,
        headers: { ...headers, Authorization: `Bearer ${this.#token}` },
        // ETags are handled here, and nobody's rows belong on the disk.
        cache: 'no-store',
        credentials: 'omit',
        redirect: 'error',
        signal: AbortSignal.any(signals),
      });
      this.#clock.observe({ date: response.headers.get('Date'), sentAt, receivedAt: Date.now() });
      return { status: response.status, etag: response.headers.get('ETag'), ...(await read(response)) };
    } catch (error) {
      if (signal?.aborted) throw error;
      return { kind: 'unreachable' };
    }
  }
}

async function readEnvelope(response) {
  if (response.status === 304) return { kind: 'data' };
  const text = await response.text();
  const envelope = parseObject(text);
  if (response.ok && envelope?.success === true && envelope.data) return { kind: 'data', data: envelope.data };
  const retryAfterMs = readRetryAfter(response.headers.get('Retry-After'));
  if (!response.ok && envelope?.success === false) {
    return { kind: 'refused', code: String(envelope.error), message: String(envelope.message), retryAfterMs };
  }
  // A gateway's own page about a server that is gone is no news about the request.
  return { kind: 'unreadable', retryAfterMs };
}

function parseObject(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Seconds, or a date; in milliseconds, null for neither. */
function readRetryAfter(value) {
  if (value === null) return null;
  if (/^\d{1,6}$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, date - Date.now());
}
