import { isCollection, isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import { type Place, ProblemList, PropylonError } from "../../base/errors.ts";

/** A JSON value with where it and its parts stand. */
export interface JsonNode {
  /** Plain data: text, numbers, maps, lists. */
  readonly value: unknown;
  readonly place: Place;
  /** Of a map. */
  readonly entries: ReadonlyMap<string, JsonNode>;
  /** Of a list. */
  readonly items: readonly JsonNode[];
}

/** Reads Unit's JSON, in which `//` and block comments are allowed. Throws a ProblemList for what is no JSON. */
export function parseUnitJson(text: string, file: string): JsonNode {
  const counter = new LineCounter();
  const document = parseDocument(withoutComments(text), { lineCounter: counter, schema: "json", uniqueKeys: false });
  const place = (offset: number): Place => {
    const { line, col } = counter.linePos(offset);
    return { file, line, column: col };
  };
  if (document.errors.length > 0)
    throw new ProblemList(
      document.errors.map(
        (error) =>
          new PropylonError("user", error.message.split("\n")[0]!.replace(/:$/, ""), { place: place(error.pos[0]) }),
      ),
    );
  const convert = (node: unknown, at: Place): JsonNode => {
    const own = isCollection(node) || isScalar(node) ? place(node.range?.[0] ?? 0) : at;
    if (isMap(node)) {
      const entries = new Map<string, JsonNode>();
      for (const { key, value } of node.items) {
        const keyPlace = isScalar(key) ? place(key.range?.[0] ?? 0) : own;
        entries.set(String(isScalar(key) ? key.value : key), { ...convert(value, keyPlace), place: keyPlace });
      }
      return { value: node.toJSON() as unknown, place: own, entries, items: [] };
    }
    if (isSeq(node)) {
      const items = node.items.map((item) => convert(item, own));
      return { value: node.toJSON() as unknown, place: own, entries: new Map(), items };
    }
    return { value: isScalar(node) ? node.value : null, place: own, entries: new Map(), items: [] };
  };
  return convert(document.contents, { file, line: 1, column: 1 });
}

// --- internal ---

/** With blanks in place of comments, so that nothing moves. */
function withoutComments(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (piece) =>
    piece.startsWith('"') ? piece : piece.replace(/[^\n]/g, " "),
  );
}
