// The report's parameters.

import { invalid } from './errors';

/** The categories of the published contract come first: a report that names none shows these two. */
export const CATEGORIES = ['ai_stuck', 'agent_abandoned', 'unassigned', 'snoozed', 'acknowledged'] as const;
export type Category = (typeof CATEGORIES)[number];

/** No row of any category. */
export const NO_COUNTS: Record<Category, number> = {
  ai_stuck: 0,
  agent_abandoned: 0,
  unassigned: 0,
  snoozed: 0,
  acknowledged: 0,
};

export interface ReportRequest {
  page: number;
  limit: number;
  category: Category | null;
  skipThreshold: boolean;
  departmentId: string | null;
  organizationId: string | null;
  snapshot: string | null;
}

/** What a query string says: each name with all its values. */
export type Query = Record<string, string[] | undefined>;

const ID = 'an id of 1 to 128 characters without control characters';

/** Reads the query; an unknown parameter is ignored, a malformed or repeated one refused. */
export function readRequest(query: Query): ReportRequest {
  const get = <T>(name: string, expected: string, read: (text: string) => T | undefined): T | null => {
    const values = query[name];
    if (values === undefined) return null;
    const value = read(values[0] ?? '');
    if (value === undefined) throw invalid(`${name} must be ${expected}.`);
    return value;
  };
  for (const name of NAMES) {
    if ((query[name]?.length ?? 0) > 1) throw invalid(`${name} must be given at most once.`);
  }
  return {
    page: get('page', 'a whole number from 1 to 9007199254740991', wholeNumber(Number.MAX_SAFE_INTEGER)) ?? 1,
    limit: get('limit', 'a whole number from 1 to 100', wholeNumber(100)) ?? 25,
    category: get('category', 'ai_stuck, agent_abandoned, unassigned, snoozed or acknowledged', oneOf(...CATEGORIES)),
    skipThreshold: get('skipThreshold', 'true or false', oneOf('true', 'false')) === 'true',
    departmentId: get('departmentId', ID, id),
    organizationId: get('organizationId', ID, id),
    snapshot: get('snapshot', 'the snapshotId of an earlier response', (text) => text || undefined),
  };
}

const NAMES = ['page', 'limit', 'category', 'skipThreshold', 'departmentId', 'organizationId', 'snapshot'];

const wholeNumber = (max: number) => (text: string) => {
  const number = /^\d+$/.test(text) ? Number(text) : 0;
  return number >= 1 && number <= max ? number : undefined;
};

const oneOf =
  <T extends string>(...names: T[]) =>
  (text: string) =>
    names.find((name) => name === text);

/** Whether a text may be an id: counted in characters, not in UTF-16 units. */
export function isId(text: string): boolean {
  return text !== '' && text.length <= 256 && [...text].length <= 128 && !/\p{Cc}/u.test(text);
}

const id = (text: string) => (isId(text) ? text : undefined);
