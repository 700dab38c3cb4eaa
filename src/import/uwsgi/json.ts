import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import { ProblemList, PropylonError } from "../../base/errors.ts";
import type { WrittenOption } from "./written-option.ts";

/**
 * Reads a section of a JSON file: true and false are 1 and 0, the items of a list an option each. null: there is no such section.
 * Throws a ProblemList for what is no JSON.
 */
export function parseJson(text: string, file: string, section: string): readonly WrittenOption[] | null {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false, schema: "json", strict: true });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw new ProblemList([
      new PropylonError("user", `this is no JSON: ${error.message.split("\n")[0]!.replace(/ at line.*$/, "")}`, {
        place: { file, line, column: col },
      }),
    ]);
  }
  const top = isMap(document.contents) ? document.contents.get(section) : undefined;
  if (!isMap(top)) return null;
  const options: WrittenOption[] = [];
  for (const { key, value } of top.items) {
    if (!isScalar(key)) continue;
    const items: readonly unknown[] = isSeq(value) ? value.items : [value];
    for (const item of items) {
      const { line, col } = lines.linePos((isSeq(value) ? (item as Node) : key).range?.[0] ?? 0);
      options.push({
        name: String(key.value),
        value: isScalar(item) ? scalar(item.value) : null,
        place: { file, line, column: col },
      });
    }
  }
  return options;
}

// --- internal ---

function scalar(value: unknown): string | null {
  if (typeof value === "boolean") return value ? "1" : "0";
  return value === null ? "0" : String(value);
}
