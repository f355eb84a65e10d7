// Snapshots as the database keeps them, and their signed ids.

import type { Category } from './request';

/** An organization's head, as one query reads it. */
export interface Head {
  version: number;
  /** JSON: [[superseded at, version, […]], …] */
  retired: string;
  asOf: number;
  thresholdMinutes: number | null;
  removed: number;
  generation: string;
}

/** What an answer is as of. */
export interface Snapshot {
  version: number;
  asOf: number;
  thresholdMinutes: number;
}

/** A part of a version, as far as a report needs it; of an entry's department it has the index into `departments`. */
export interface Part {
  /** Id and name. */
  departments: [string, string | null][];
  /** `[stalledSince, row number, category, department or null, …]`; what follows is for other routes. */
  entries: [number, number, Category, number | null, ...unknown[]][];
}

export const HEAD_SQL = `
  SELECT o.version, o.retired, coalesce(o.held_as_of, max(o.as_of, coalesce(r.as_of, 0))) AS asOf,
         o.threshold_minutes AS thresholdMinutes, r.generation,
         coalesce((SELECT deleted FROM record
                   WHERE organization_id = ?1 AND type = 'organization' AND record_id = ?1), 0) AS removed
  FROM organization AS o CROSS JOIN refresh AS r
  WHERE o.organization_id = ?1`;
export const PARTS_SQL = 'SELECT entries FROM snapshot_part WHERE organization_id = ?1 AND version = ?2 ORDER BY part';
export const ROWS_SQL = `
  SELECT r.people, r.json
  FROM json_each(?2) AS j CROSS JOIN snapshot_row AS r ON r.organization_id = ?1 AND r.row_no = j.value
  ORDER BY j.key`;

const THRESHOLD_MINUTES_DEFAULT = 5;

/** The newest snapshot; null: none was published yet. */
export function newestSnapshot(head: Head): Snapshot | null {
  if (head.version === 0) return null;
  return { version: head.version, asOf: head.asOf, thresholdMinutes: thresholdOf(head) };
}

export const thresholdOf = (head: Head) => head.thresholdMinutes ?? THRESHOLD_MINUTES_DEFAULT;

/** What is signed of a snapshot's id. */
export const snapshotContent = ({ version, asOf, thresholdMinutes }: Snapshot) =>
  `v${version}-${asOf}-${thresholdMinutes}`;

/** The snapshot that an id names, if it is still kept; whether it was ever given out is for the caller to check. */
export function readSnapshotId(head: Head, id: string): Snapshot | null {
  const match = /^v(\d+)-(-?\d+)-(\d+)-/.exec(id);
  if (!match) return null;
  const version = Number(match[1]);
  const kept = (JSON.parse(head.retired) as [number, number, number[]][]).map(([, retired]) => retired);
  if (version !== head.version && !kept.includes(version)) return null;
  return { version, asOf: Number(match[2]), thresholdMinutes: Number(match[3]) };
}

let signingKey: { generation: string; key: CryptoKey } | undefined;

/** The id under which a snapshot is pinned: HMAC-SHA256, half of it, under a key as old as the database. */
export async function snapshotId(organizationId: string, head: Head, snapshot: Snapshot): Promise<string> {
  if (signingKey?.generation !== head.generation) {
    const algorithm = { name: 'HMAC', hash: 'SHA-256' };
    const key = await crypto.subtle.importKey('raw', new TextEncoder().encode(head.generation), algorithm, false, [
      'sign',
    ]);
    signingKey = { generation: head.generation, key };
  }
  const content = snapshotContent(snapshot);
  const message = new TextEncoder().encode(`${content}\n${organizationId}`);
  const signature = await crypto.subtle.sign('HMAC', signingKey.key, message);
  return `${content}-${new Uint8Array(signature, 0, 16).toBase64({ alphabet: 'base64url', omitPadding: true })}`;
}

/** A report is stale if its instant is more than three minutes ago. */
export const isStale = (snapshot: Snapshot | null): boolean =>
  snapshot !== null && Date.now() - snapshot.asOf > 3 * 60_000;
