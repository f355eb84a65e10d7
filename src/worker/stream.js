// A stream of server-sent events: the questions of a poll, asked again and again by the service itself.
//
// The loop is in JavaScript because a client that leaves cancels what the wasm waits for without running its
// destructors: a future that lives for an hour would be lost.

/** How long a stream lasts. Then the client opens another. */
export const STREAM_MAX_MS = 55 * 60_000;
/** The most queries that a stream makes. D1 allows 1,000 an invocation, and the last tick takes some more. */
export const QUERIES_MAX = 950;
/** The longest silence: proxies may close an idle connection, and a client would take it for dead. */
const SILENCE_MAX_MS = 20_000;
/** How long a publication that is due is asked for every second. */
const EAGER_MS = 10_000;
/** The longest random delay after an instant at which all streams would ask. Later ones find the response in memory. */
const SPREAD_MS = 500;

/**
 * Asks for the report or the summary, with the ETag of what the client has. The response has two headers of its own:
 * `X-Database-Queries`, and `X-Refresh-Due-Ms`, in how many milliseconds the next publication is due.
 *
 * @typedef {(name: 'report' | 'summary', etag: string | null) => Promise<Response>} Ask
 */

/**
 * The texts of a stream's events, until it is stopped or has to end.
 *
 * @param {object} settings
 * @param {Ask} settings.ask
 * @param {() => number} settings.now
 * @param {(ms: number) => Promise<void>} settings.sleep
 * @param {() => boolean} settings.isStopped
 * @param {string | null} settings.lastEventId The ETag of the last event that the client has.
 * @param {() => number} [settings.random]
 */
export async function* streamEvents({ ask, now, sleep, isStopped, lastEventId, random = Math.random }) {
  const endsAt = now() + STREAM_MAX_MS;
  let queries = 0;
  let dueAt = 0;
  const etags = { report: lastEventId, summary: lastEventId };

  /** Asks once. Returns the event, or nothing if the client has it. */
  const tick = async (name) => {
    const response = await ask(name, etags[name]);
    queries += Number(response.headers.get('X-Database-Queries') ?? 0);
    const due = response.headers.get('X-Refresh-Due-Ms');
    if (due !== null) dueAt = now() + Number(due);
    if (response.status === 304) return { text: '' };
    const body = await response.text();
    if (response.status !== 200) return { text: failure(response, body), isLast: true };
    etags[name] = response.headers.get('ETag');
    return { text: `event: ${name}\nid: ${etags[name]}\ndata: ${body}\n\n` };
  };

  yield ': ok\n\n';
  for (let isFirst = true; !isStopped(); isFirst = false) {
    const report = await tick('report');
    yield report.text || ': tick\n\n';
    if (report.isLast) return;
    if (isFirst || report.text) {
      const summary = await tick('summary');
      if (summary.text) yield summary.text;
      if (summary.isLast) return;
    }
    if (now() >= endsAt || queries >= QUERIES_MAX) {
      yield 'event: bye\ndata: {}\n\n';
      return;
    }
    const asksAt = now() + pauseBefore(dueAt - now(), random);
    while (!isStopped() && now() < asksAt) {
      await sleep(Math.min(asksAt - now(), SILENCE_MAX_MS));
      if (now() < asksAt) yield ': waiting\n\n';
    }
  }
}

/** How long to wait if a publication is due in this many milliseconds, or is overdue if that is negative. */
function pauseBefore(dueInMs, random) {
  const lateMs = -dueInMs;
  if (lateMs < 0) return dueInMs + SPREAD_MS * random();
  if (lateMs < EAGER_MS) return 1_000;
  if (lateMs < EAGER_MS + 5_000) return 5_000;
  return lateMs < EAGER_MS + 15_000 ? 10_000 : 15_000;
}

/** The event that tells the client why the stream ends, and when it may come back. */
function failure(response, body) {
  const seconds = Number(response.headers.get('Retry-After') ?? 0);
  return `event: error\n${seconds > 0 ? `retry: ${seconds * 1_000}\n` : ''}data: ${body}\n\n`;
}

/**
 * A body of what `open` yields. `open` is given what it needs to wait and to notice that the client has left; `onEnd`
 * is called once, however the stream ends.
 *
 * @param {(platform: { now: () => number, sleep: (ms: number) => Promise<void>, isStopped: () => boolean }) =>
 *   AsyncGenerator<string>} open
 * @param {() => void} onEnd
 */
export function streamBody(open, onEnd) {
  const encoder = new TextEncoder();
  let isStopped = false;
  let wake = () => {};
  const end = () => {
    if (isStopped) return;
    isStopped = true;
    onEnd();
    wake();
  };
  /** @type {(ms: number) => Promise<void>} */
  const sleep = (ms) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const events = open({ now: () => Date.now(), sleep, isStopped: () => isStopped });
  return new ReadableStream(
    {
      // Called when the client has taken what there was, so a client that does not read makes nobody work.
      async pull(controller) {
        try {
          const { value, done } = await events.next();
          if (isStopped) return;
          if (!done) return controller.enqueue(encoder.encode(value));
          end();
          controller.close();
        } catch (error) {
          end();
          throw error;
        }
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  );
}
