// Progress of long work, for a person.

const BAR_WIDTH = 30;

/**
 * A progress bar on a terminal, else a line now and then. `total` may be unknown.
 *
 * @param {number | undefined} total
 * @param {{ what?: string, plainStep?: number, stream?: any }} [options] `plainStep`: without a terminal there is a line for each
 *   so many.
 */
export function progressReporter(total, { what = 'events', plainStep = 10_000, stream = process.stderr } = {}) {
  const bar = Boolean(stream.isTTY);
  let nextPlain = plainStep;
  let shown = false;
  const clear = () => {
    if (shown) stream.write('\r\x1b[K');
    shown = false;
  };
  return {
    note(message) {
      clear();
      stream.write(`${message}\n`);
    },
    /** @param {{ read: number, refused?: number }} counts */
    progress({ read, refused = 0 }) {
      const share = total ? Math.min(1, read / total) : 1;
      const text = `${read}${total ? ` of ${total}` : ''} ${what}${refused ? `, ${refused} refused` : ''}`;
      if (bar) {
        const filled = Math.round(share * BAR_WIDTH);
        stream.write(`\r\x1b[K[${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}] ${text}`);
        shown = true;
      } else if (read >= nextPlain || read === total) {
        stream.write(`${text}\n`);
        nextPlain = read + plainStep;
      }
    },
    end: clear,
  };
}
