// The sections of a document in Markdown.

/** The document with another text below one of its headings. A section that it does not have comes last. */
export function withSection(document, title, text) {
  const heading = `## ${title}\n`;
  const [beginning, ...sections] = document.split(/^(?=## )/m);
  const index = sections.findIndex((section) => section.startsWith(heading));
  const isLast = index < 0 || index === sections.length - 1;
  const section = `${heading}\n${text}\n${isLast ? '' : '\n'}`;
  if (index < 0) return `${document.trimEnd()}\n\n${section}`;
  return [beginning, ...sections.with(index, section)].join('');
}
