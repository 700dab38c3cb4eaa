/** Lines of a table: the first column to the left, numbers to the right. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join("  ")
      .trimEnd();
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

/** Three significant digits, or all those before the point. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "-";
  if (value >= 100) return Math.round(value).toString();
  return value.toPrecision(3);
}

export function megabytes(bytes: number): string {
  return `${figure(bytes / 1e6)} MB`;
}

/** A ratio with what is wanted of it: `2.05x (wanted 1.6x or more: met)`. */
export function ratio(value: number, wanted: { readonly atLeast?: number; readonly atMost?: number } = {}): string {
  const text = `${value.toFixed(2)}x`;
  if (wanted.atLeast !== undefined) return `${text} (wanted >= ${wanted.atLeast}: ${verdict(value >= wanted.atLeast)})`;
  if (wanted.atMost !== undefined) return `${text} (wanted <= ${wanted.atMost}: ${verdict(value <= wanted.atMost)})`;
  return text;
}

export function verdict(met: boolean): string {
  return met ? "met" : "MISSED";
}
