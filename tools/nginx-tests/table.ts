import type { FileResult } from "./tap.ts";

/** The results as a Markdown table, one line for each area: what stands before the first `_` of a file's name. */
export function compatibilityTable(results: readonly FileResult[]): string {
  const areas = new Map<string, FileResult[]>();
  for (const result of results) {
    const area = areaOf(result.file);
    areas.set(area, [...(areas.get(area) ?? []), result]);
  }
  const lines = [...areas].map(([area, files]) => row(area, files));
  return [
    "| area | checks passed | of | files run | skipped |",
    "|---|---|---|---|---|",
    ...lines,
    row("**all**", results),
  ].join("\n");
}

function areaOf(file: string): string {
  const words = file.replace(/\.t$/, "").split("_");
  return words[0] === "proxy" && words[1] === "cache" ? "proxy_cache" : words[0]!;
}

function row(area: string, files: readonly FileResult[]): string {
  const sum = (of: (file: FileResult) => number): number => files.reduce((total, file) => total + of(file), 0);
  const skipped = files.filter((file) => file.skipped !== null).length;
  return `| ${area} | ${sum((file) => file.passed)} | ${sum((file) => file.planned)} | ${files.length - skipped} | ${skipped} |`;
}
