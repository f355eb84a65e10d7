// Which rows a version has, in typed arrays: totals and pages of any filter come from here without a query.

import { CATEGORIES, type Category } from '../contract/request';
import type { Part } from '../contract/snapshot';

const NO_DEPARTMENT = -1;

export interface Selection {
  counts: Record<Category, number>;
  rowNos: number[];
}

export interface Filter {
  overThreshold: number;
  departments: string[] | null;
  category: Category | null;
  page: number;
  limit: number;
}

export class SnapshotIndex {
  readonly #departments: string[] = [];
  readonly #stalledSince: Float64Array;
  readonly #rowNos: Float64Array;
  readonly #category: Uint8Array;
  readonly #department: Int32Array;

  constructor(texts: string[]) {
    const parts = texts.map((text) => JSON.parse(text) as Part);
    const length = parts.reduce((sum, { entries }) => sum + entries.length, 0);
    this.#stalledSince = new Float64Array(length);
    this.#rowNos = new Float64Array(length);
    this.#category = new Uint8Array(length);
    this.#department = new Int32Array(length);
    const numbers = new Map<string, number>();
    let index = 0;
    for (const { departments, entries } of parts) {
      const own = departments.map(([id]) => {
        const number = numbers.get(id) ?? this.#departments.push(id) - 1;
        numbers.set(id, number);
        return number;
      });
      for (const [stalledSince, rowNo, category, department] of entries) {
        this.#stalledSince[index] = stalledSince;
        this.#rowNos[index] = rowNo;
        this.#category[index] = CATEGORIES.indexOf(category);
        this.#department[index] = department === null ? NO_DEPARTMENT : own[department];
        index += 1;
      }
    }
  }

  get length(): number {
    return this.#rowNos.length;
  }

  get bytes(): number {
    return 21 * this.length + 256;
  }

  /** How many entries are over the threshold: they are a prefix of all. */
  countOverThreshold(latest: number): number {
    let [low, high] = [0, this.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#stalledSince[middle] <= latest) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  select({ overThreshold, departments, category, page, limit }: Filter): Selection {
    const wanted = departments && this.#departments.map((id) => departments.includes(id));
    const skip = (page - 1) * limit;
    const counts = CATEGORIES.map(() => 0);
    const rowNos: number[] = [];
    const only = category === null ? null : CATEGORIES.indexOf(category);
    for (let index = 0; index < overThreshold; index += 1) {
      if (wanted && !wanted[this.#department[index]]) continue;
      const kind = this.#category[index];
      if (only === null ? kind < 2 : only === kind) {
        const position = only === null ? counts[0] + counts[1] : counts[only];
        if (position >= skip && position < skip + limit) rowNos.push(this.#rowNos[index]);
      }
      counts[kind] += 1;
    }
    const [ai_stuck, agent_abandoned, unassigned, snoozed, acknowledged] = counts;
    return { counts: { ai_stuck, agent_abandoned, unassigned, snoozed, acknowledged }, rowNos };
  }
}
