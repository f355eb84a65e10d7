// Sends a message: signed, to a public address, without following redirects.

import { problemOf } from './address.js';
import { openDestination } from './destinations.js';
import { bodyOf, sample } from './format.js';
import { toBase64 } from './seal.js';

/** How long to wait for a response. */
const TIMEOUT_MS = 5_000;

/**
 * What became of a message. `unknown` means that it may have arrived or not.
 *
 * @typedef {{ outcome: 'delivered' | 'refused' | 'unknown', status: number | null, problem: string | null }} Outcome
 */

/**
 * Sends a message. `receiver` is an address of this machine that gets it instead, for trying things out.
 *
 * @param {{ url: string, keys: Uint8Array<ArrayBuffer>[], id: string, now: number, body: string, receiver?: string | null }} message
 * @returns {Promise<Outcome>}
 */
export async function send({ url, keys, id, now, body, receiver }) {
  // It was checked when it was set, by what was known then.
  const problem = problemOf(url);
  if (problem !== null) return { outcome: 'refused', status: null, problem: `The address ${problem}.` };
  const timestamp = String(Math.floor(now / 1_000));
  const headers = {
    'Content-Type': 'application/json',
    'User-Agent': 'conversation-monitor',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
  };
  if (keys.length > 0) headers['webhook-signature'] = await signatures(keys, `${id}.${timestamp}.${body}`);
  try {
    const response = await fetch(receiver ?? url, {
      method: 'POST',
      headers,
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    // The body of the response does not matter.
    await response.body?.cancel();
    if (response.ok) return { outcome: 'delivered', status: response.status, problem: null };
    return { outcome: 'refused', status: response.status, problem: `The receiver answered ${response.status}.` };
  } catch {
    const seconds = TIMEOUT_MS / 1_000;
    return {
      outcome: 'unknown',
      status: null,
      problem: `There was no response within ${seconds} seconds, or no connection.`,
    };
  }
}

/** One signature for each key (Standard Webhooks, "Signature scheme"). */
async function signatures(keys, content) {
  const bytes = new TextEncoder().encode(content);
  const signed = keys.map(async (key) => {
    const hmac = await crypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
    return `v1,${toBase64(new Uint8Array(await crypto.subtle.sign('HMAC', hmac, bytes)))}`;
  });
  return (await Promise.all(signed)).join(' ');
}

/**
 * The address of the dashboard with the filters of a message, or null if it is not configured.
 *
 * @param {string | null} dashboard
 * @param {Record<string, string | null>} filters
 */
export function linkTo(dashboard, filters) {
  if (dashboard === null) return null;
  const link = new URL(dashboard);
  for (const [name, value] of Object.entries(filters)) if (value !== null) link.searchParams.set(name, value);
  return link.href;
}

/**
 * Sends a sample to a destination: the JSON text of what became of it.
 *
 * @param {{ SETTINGS_KEY: string, DASHBOARD_URL?: string, ALERTS_RECEIVER?: string }} env
 * @param {string} organizationId
 * @param {string} destinationId
 * @param {string} url sealed
 * @param {string | null | undefined} secrets sealed
 * @param {string} format
 */
export async function sendSample(env, organizationId, destinationId, url, secrets, format) {
  const now = Date.now();
  const destination = { organizationId, destinationId, url, secrets: secrets ?? null };
  const opened = await openDestination(env.SETTINGS_KEY, destination);
  const message = sample(
    organizationId,
    new Date(now).toISOString(),
    linkTo(env.DASHBOARD_URL || null, { organizationId }),
  );
  const id = `msg_${crypto.randomUUID().replaceAll('-', '')}`;
  const { outcome, status, problem } = await send({
    ...opened,
    id,
    now,
    body: bodyOf(format, message),
    receiver: env.ALERTS_RECEIVER || null,
  });
  return JSON.stringify({ isDelivered: outcome === 'delivered', problem, status });
}
