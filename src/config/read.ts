import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Node as YamlNode,
} from "yaml";
import { type Place, ProblemList, PropylonError } from "../base/errors.ts";
import { type Entry, emptyMap, type Origin, type Sourced, scalar } from "./sourced.ts";

const MAX_BYTES = 1024 ** 2;
/** Values in the document once aliases are written out; bounds the "billion laughs". */
const MAX_VALUES = 50_000;
const MAX_DEPTH = 64;
/** More syntax errors than this are the echo of the first ones. */
const MAX_ERRORS = 20;

/**
 * Reads YAML 1.2 (core schema: no merge keys, no `yes` for true) into a document with origins. Throws a ProblemList with
 * every syntax error and duplicate key at its line and column.
 */
export function readYaml(text: string, origin: Origin): Sourced {
  const { file } = origin.place;
  if (text.length > MAX_BYTES)
    throw problem(`This file has ${text.length} characters; a configuration has at most ${MAX_BYTES}`, { file });
  const lines = new LineCounter();
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const document = parse(text, lines, file);
  if (document.errors.length > 0) {
    throw new ProblemList(
      document.errors
        .slice(0, MAX_ERRORS)
        .map((error) => new PropylonError("user", yamlMessage(error), { place: place(error.pos[0]) })),
    );
  }
  return new Converter(document, origin, place).convert();
}

/** A value given on the command line or in the environment, in YAML's short form: `4`, `true`, `[a, b]`, `{file: key}`. */
export function readValue(text: string, origin: Origin): Sourced {
  return text.trim() === "" ? scalar("", origin) : withOrigin(readYaml(text, origin), origin);
}

class Converter {
  readonly #document: Document.Parsed;
  readonly #origin: Origin;
  readonly #place: (offset: number) => Place;
  /** What each anchor means at this point of the document. */
  readonly #anchors = new Map<string, YamlNode>();
  #expanding = false;
  #values = 0;

  constructor(document: Document.Parsed, origin: Origin, place: (offset: number) => Place) {
    this.#document = document;
    this.#origin = origin;
    this.#place = place;
  }

  convert(): Sourced {
    const { contents } = this.#document;
    return contents === null ? emptyMap(this.#origin) : this.#node(contents, 0);
  }

  #node(node: YamlNode | null, depth: number): Sourced {
    const origin = this.#originOf(node);
    if (++this.#values > MAX_VALUES) throw problem(`This file has more than ${MAX_VALUES} values`, origin.place);
    if (depth > MAX_DEPTH) throw problem(`This value is nested more than ${MAX_DEPTH} deep`, origin.place);
    if (node === null) return scalar(null, origin);
    if (isAlias(node)) {
      const target = this.#anchors.get(node.source);
      if (target === undefined) throw problem(`The alias "*${node.source}" has no anchor before it`, origin.place);
      return this.#expand(target, depth + 1);
    }
    if (node.anchor !== undefined && !this.#expanding) this.#anchors.set(node.anchor, node);
    if (isScalar(node)) return this.#scalar(node.value, node.source, origin);
    if (isSeq(node))
      return { kind: "list", items: node.items.map((item) => this.#node(item as YamlNode | null, depth + 1)), origin };
    if (!isMap(node)) throw problem("This value is of a kind that a configuration does not have", origin.place);
    const entries = new Map<string, Entry>();
    for (const pair of node.items) {
      const key = this.#originOf(pair.key as YamlNode | null);
      if (!isScalar(pair.key)) throw problem("A key must be plain text", key.place);
      entries.set(keyText(pair.key.value, pair.key.source), {
        key,
        node: this.#node((pair.value ?? null) as YamlNode | null, depth + 1),
      });
    }
    return { kind: "map", entries, origin };
  }

  /** What an anchor names, once more; anchors within it keep the meaning that they have where they stand. */
  #expand(node: YamlNode, depth: number): Sourced {
    const before = this.#expanding;
    this.#expanding = true;
    const expanded = this.#node(node, depth);
    this.#expanding = before;
    return expanded;
  }

  #scalar(value: unknown, source: string | undefined, origin: Origin): Sourced {
    if (value === null) return scalar(null, origin);
    if (typeof value === "string") return scalar(value, origin);
    if (typeof value === "boolean") return scalar(value, origin, source);
    if (typeof value === "number" && Number.isFinite(value)) return scalar(value, origin, source);
    return scalar(source ?? String(value), origin);
  }

  #originOf(node: YamlNode | null): Origin {
    const offset = node?.range?.[0];
    return offset === undefined ? this.#origin : { ...this.#origin, place: this.#place(offset) };
  }
}

function parse(text: string, lineCounter: LineCounter, file: string): Document.Parsed {
  try {
    return parseDocument(text, {
      lineCounter,
      version: "1.2",
      schema: "core",
      merge: false,
      prettyErrors: false,
      logLevel: "error",
    });
  } catch (cause) {
    // The parser recurses; so many brackets that the stack ends are the writer's doing.
    if (cause instanceof RangeError) throw problem("This file is nested too deeply", { file }, cause);
    throw cause;
  }
}

function keyText(value: unknown, source: string | undefined): string {
  return typeof value === "string" ? value : (source ?? String(value));
}

function withOrigin(node: Sourced, origin: Origin): Sourced {
  if (node.kind === "scalar") return { ...node, origin };
  if (node.kind === "list") return { kind: "list", items: node.items.map((item) => withOrigin(item, origin)), origin };
  const entries = [...node.entries].map(
    ([key, entry]) => [key, { key: origin, node: withOrigin(entry.node, origin) }] as const,
  );
  return { kind: "map", entries: new Map(entries), origin };
}

function yamlMessage(error: { code: string; message: string }): string {
  if (error.code === "DUPLICATE_KEY") return "This key stands twice in the same section";
  if (error.code === "TAB_AS_INDENT") return "Tabs cannot indent YAML; use spaces";
  return `This is not YAML: ${error.message}`;
}

function problem(message: string, place: Place, cause?: unknown): ProblemList {
  return new ProblemList([new PropylonError("user", message, { place, cause })]);
}
