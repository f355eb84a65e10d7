// The page that embeds this one: it is asked for tokens, and may hand them over.
//
// Whoever may embed this page is one of the origins that are configured, by the policy that it is served with. Nothing
// is told to any other page, and nothing is taken from one.

import { cleanToken, looksLikeToken } from './session.js';

const READY = 'conversation-monitor:ready';
const TOKEN = 'conversation-monitor:token';
/** The least time between two requests, for pages whose tokens are of no use. */
const ASK_EVERY_MS = 60_000;
/** The service refuses longer ones. */
const TOKEN_CHARACTERS_MAX = 8_192;

/** Whether this page is in a frame of another one. */
export const isEmbedded = () => window.parent !== window;

/** The page around this one. Without one, nothing happens here. */
export class Embedding {
  #configuration;
  #onToken;
  /** @type {string[]} */
  #origins = [];
  #askedAt = Number.NEGATIVE_INFINITY;

  /**
   * @param {object} settings
   * @param {() => Promise<import('./configuration.js').Configuration>} settings.configuration
   * @param {(token: string) => void} settings.onToken Called with text that at least looks like a token.
   */
  constructor({ configuration, onToken }) {
    this.#configuration = configuration;
    this.#onToken = onToken;
    if (isEmbedded()) addEventListener('message', (event) => this.#take(event));
  }

  /** Tells the page around this one that a token is needed: at most once a minute. */
  async ask() {
    if (!isEmbedded() || performance.now() - this.#askedAt < ASK_EVERY_MS) return;
    this.#askedAt = performance.now();
    this.#origins = (await this.#configuration()).frameAncestors;
    // Not every browser says of which origin the page around this one is. A message is delivered only to its own
    // origin.
    const known = location.ancestorOrigins?.[0];
    const origins = this.#origins.includes(known) ? [known] : this.#origins;
    for (const origin of origins) window.parent.postMessage({ type: READY }, origin);
  }

  /** @param {MessageEvent} event */
  #take({ source, origin, data }) {
    if (source !== window.parent || !this.#origins.includes(origin)) return;
    if (data?.type !== TOKEN || typeof data.token !== 'string' || data.token.length > TOKEN_CHARACTERS_MAX) return;
    const token = cleanToken(data.token);
    if (looksLikeToken(token)) this.#onToken(token);
  }
}
