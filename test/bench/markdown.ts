/** The lines of a Markdown table; all columns but the first hold numbers. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const alignment = `|${head.map((_, index) => (index === 0 ? '---|' : '---:|')).join('')}`;
  return [line(head), alignment, ...rows.map(line)];
}
