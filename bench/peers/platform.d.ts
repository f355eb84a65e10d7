// What the platform has and the packages' types lack.

/** The type of `env` from `cloudflare:workers`. */
declare namespace Cloudflare {
  interface Env {
    JWT_SECRET: string;
    JWT_KEYS?: string;
  }
}

interface Uint8Array {
  toBase64(options?: { alphabet?: 'base64' | 'base64url'; omitPadding?: boolean }): string;
  toHex(): string;
}
