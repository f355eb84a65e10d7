// Reads server-sent events (HTML standard, section 9.2.6) from the body of a response. The browser's own EventSource
// cannot send a token in a header.

/** The most characters of an event; the largest page of the report has a fraction of them. */
const EVENT_MAX_CHARACTERS = 32 * 1024 * 1024;

/**
 * @typedef {object} StreamEvent
 * @property {string} name
 * @property {string} data
 * @property {string | null} id
 * @property {number | null} retryMs After how many milliseconds the client may come back.
 */

/**
 * The events of a body, until it ends. Throws if it is cut.
 *
 * @param {ReadableStream<Uint8Array>} body
 * @param {() => void} onBytes Called whenever something has come, be it only a comment.
 * @returns {AsyncGenerator<StreamEvent>}
 */
export async function* readEvents(body, onBytes) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  let event = emptyEvent();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      onBytes();
      // A carriage return at the end may be the first half of a line break.
      const lines = (rest + decoder.decode(value, { stream: true })).split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop();
      for (const line of lines) {
        if (line !== '') {
          readLine(line, event);
        } else {
          const { name, data, id, retryMs } = event;
          if (data.length > 0) yield { name, data: data.join('\n'), id, retryMs };
          event = emptyEvent();
        }
      }
      if (rest.length + event.characters > EVENT_MAX_CHARACTERS) throw new Error('an event is too large');
    }
  } finally {
    // Ends the connection if whoever reads has had enough.
    reader.cancel().catch(() => {});
  }
}

function emptyEvent() {
  return { name: 'message', data: [], id: null, retryMs: null, characters: 0 };
}

/**
 * @param {string} line
 * @param {ReturnType<typeof emptyEvent>} event
 */
function readLine(line, event) {
  const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line);
  event.characters += line.length;
  if (field === 'event') event.name = value;
  else if (field === 'data') event.data.push(value);
  else if (field === 'id') event.id = value;
  else if (field === 'retry' && /^\d{1,9}$/.test(value)) event.retryMs = Number(value);
}
