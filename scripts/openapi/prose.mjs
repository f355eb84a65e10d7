/**
 * A description in Markdown, written over several indented lines: the lines of a paragraph become one line. Paragraphs
 * are separated by blank lines. Lists and fenced code keep their lines.
 */
export function prose(strings, ...values) {
  const lines = String.raw({ raw: strings }, ...values).split('\n');
  const indent = Math.min(...lines.filter((line) => line.trim()).map((line) => line.search(/\S/)));
  return lines
    .map((line) => line.slice(indent).trimEnd())
    .join('\n')
    .trim()
    .split(/\n{2,}/)
    .map((paragraph) => (/^(- |```)/.test(paragraph) ? paragraph : paragraph.replaceAll('\n', ' ')))
    .join('\n\n');
}
