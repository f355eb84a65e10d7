// How large a database is that a worker of the benchmark writes.

import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Bytes of the pages of the database that hold something. */
export function databaseBytes(state) {
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
  const folder = mkdtempSync(path.join(tmpdir(), 'conversation-monitor-bytes-'));
  try {
    copy(path.join(state, 'd1'), folder);
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    const sizes = files
      .filter((name) => name.endsWith('.sqlite') && !name.endsWith('metadata.sqlite'))
      .map((name) => {
        const database = new DatabaseSync(path.join(folder, name));
        const row = database.prepare('SELECT sum(pgsize - unused) AS bytes FROM dbstat').get();
        database.close();
        return Number(row?.bytes);
      });
    return Math.max(...sizes);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** SQLite may remove its log while it is being copied. Then nothing is in it that the file has not. */
function copy(from, to) {
  for (let tries = 0; ; tries += 1) {
    try {
      return cpSync(from, to, { recursive: true });
    } catch (error) {
      if (error.code !== 'ENOENT' || tries >= 3) throw error;
    }
  }
}
