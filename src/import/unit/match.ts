import { mapped, type Outcome, undecided } from "../ledger.ts";
import type { Plain } from "../tree.ts";
import type { JsonNode } from "./json.ts";

/** A step's `match` as keys of a route; `when` adds up. */
export interface MatchDraft {
  readonly route: Plain;
  readonly when: Plain[];
}

/** One condition of Unit's `match`: `uri`, `host`, `method`, `headers`, ... All of them have to hold. */
export function readMatch(key: string, node: JsonNode, draft: MatchDraft): Outcome {
  switch (key) {
    case "uri":
      return anyOf(node, "{uri}", draft, true);
    case "host":
      return anyOf(node, "{host}", draft);
    case "query":
      return anyOf(node, "{args}", draft);
    case "method":
      return anyOf(node, "{request_method}", draft);
    case "scheme":
      draft.when.push({ value: "{scheme}", equals: String(node.value) });
      return mapped();
    case "source":
      return readSource(node, draft);
    case "headers":
    case "arguments":
    case "cookies": {
      const maps = node.items.length > 0 ? node.items : [node];
      if (maps.length > 1) return undecided("one of several sets can't be said in one route: write a route for each");
      const prefix = { headers: "http", arguments: "arg", cookies: "cookie" }[key];
      const outcomes = [...maps[0]!.entries].map(([name, value]) =>
        anyOf(value, `{${prefix}_${name.toLowerCase().replaceAll("-", "_")}}`, draft),
      );
      return outcomes.find(({ verdict }) => verdict !== "mapped") ?? mapped();
    }
    default:
      return undecided("it is no condition that we know: who would be let through?");
  }
}

/** A pattern of Unit as a JavaScript regular expression: `*` for anything, `~` before a regular expression. */
export function patternOf(written: string): string {
  if (written.startsWith("~")) return written.slice(1);
  return `^${written.replace(/[\\^$.+?()[\]{}|]/g, "\\$&").replaceAll("*", ".*")}$`;
}

// --- internal ---

/** Some pattern has to fit, and none of those with `!`. */
function anyOf(node: JsonNode, value: string, draft: MatchDraft, path = false): Outcome {
  const written = (node.items.length > 0 ? node.items : [node]).map((item) => String(item.value));
  const wanted = written.filter((pattern) => !pattern.startsWith("!"));
  for (const pattern of written.filter((each) => each.startsWith("!")))
    draft.when.push({ value, matches: patternOf(pattern.slice(1)), not: true });
  if (wanted.length === 0) return mapped();
  const [first = ""] = wanted;
  if (path && wanted.length === 1 && draft.route["path"] === undefined) {
    if (/^\/[^*~]*$/.test(first)) draft.route["exact"] = first;
    else if (/^\/[^*~]*\*$/.test(first)) draft.route["prefix"] = first.slice(0, -1);
    else draft.route["regex"] = patternOf(first);
    return mapped();
  }
  draft.when.push({ value, matches: wanted.map((pattern) => `(?:${patternOf(pattern)})`).join("|") });
  return mapped();
}

function readSource(node: JsonNode, draft: MatchDraft): Outcome {
  const ranges = (node.items.length > 0 ? node.items : [node]).map((item) => String(item.value));
  const plain = (range: string): string => range.replace(/^!/, "").replace(/:(?:\*|\d+(?:-\d+)?)$/, "");
  if (ranges.some((range) => /^!?\*:\d|-/.test(range)))
    return undecided("ranges of addresses and ports have no counterpart: write networks");
  const allowed = ranges.filter((range) => !range.startsWith("!")).map(plain);
  const denied = ranges.filter((range) => range.startsWith("!")).map(plain);
  if (allowed.length > 0) draft.when.push({ client: allowed });
  if (denied.length > 0) draft.when.push({ client: denied, not: true });
  return mapped();
}
