// Numbers of repeated runs, and how they are printed.

/** The smallest, the middle and the largest of some numbers. */
export function spread(numbers) {
  const sorted = [...numbers].sort((left, right) => left - right);
  const middle = sorted.length / 2;
  const median = sorted.length % 2 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { min: sorted[0], median, max: sorted.at(-1) };
}

/** "120 (110–150)": the median, and between what. */
export function spreadText(numbers, digits = 0) {
  const { min, median, max } = spread(numbers);
  return `${number(median, digits)} (${number(min, digits)}–${number(max, digits)})`;
}

/**
 * The median of the ratios of the rounds. A round's sides run one right after the other, so a machine that gets slower
 * for a while does so for both numbers of a ratio.
 */
export function ratio(ours, theirs) {
  return spread(ours.map((value, round) => value / theirs[round])).median;
}

/** A number with separators: "12,345.6". */
export function number(value, digits = 0) {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** A table in Markdown whose columns also stand below each other as plain text; all but the first are numbers. */
export function table(header, rows) {
  const cells = [header, ...rows].map((row) => row.map(String));
  const widths = header.map((_, column) => Math.max(4, ...cells.map((row) => row[column].length)));
  const line = (row) =>
    `| ${row.map((cell, column) => (column ? cell.padStart(widths[column]) : cell.padEnd(widths[column]))).join(' | ')} |`;
  const rule = `| ${widths.map((width, column) => (column ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width))).join(' | ')} |`;
  const [first, ...others] = cells;
  return [line(first), rule, ...others.map(line)].join('\n');
}
