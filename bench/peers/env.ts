// What the peers are configured with.

export interface Env {
  DB: D1Database;
  PAGES: KVNamespace;
  JWT_SECRET: string;
  JWT_KEYS?: string;
  /** Of the tuned peer alone. */
  HEAD_MAX_AGE_SECONDS?: string;
}
