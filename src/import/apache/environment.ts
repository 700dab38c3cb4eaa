import { approximated, mapped, type Outcome, undecided } from "../ledger.ts";
import type { Plain } from "../tree.ts";
import { expressionConditions } from "./expression.ts";
import type { ApacheNode } from "./parse.ts";
import { readPattern } from "./pattern.ts";
import { environmentVariable, type RewriteNames } from "./rewrite-text.ts";
import { plainTemplate } from "./template.ts";

/** Variables that depend on the request (mod_setenvif), as rules that set them. */
export interface EnvironmentDraft {
  readonly rules: Plain[];
  readonly names: Set<string>;
}

export function newEnvironment(): EnvironmentDraft {
  return { rules: [], names: new Set() };
}

/** They tell Apache's own filters and connections to be careful with old browsers. */
const CAREFUL =
  /^!?(?:no-gzip|gzip-only-text\/html|dont-vary|nokeepalive|downgrade-1\.0|force-response-1\.0|ssl-unclean-shutdown|redirect-carefully|no-brotli|proxy-[\w-]+|force-no-vary)(?:=|$)/i;
const ATTRIBUTES: Readonly<Record<string, string>> = {
  remote_host: "{remote_addr}",
  remote_addr: "{remote_addr}",
  server_addr: "{server_addr}",
  request_method: "{request_method}",
  request_protocol: "{server_protocol}",
  request_uri: "{uri}",
};

/** `SetEnvIf`, `BrowserMatch` and their like; null: it is none of these. */
export function readEnvironment(node: ApacheNode, draft: EnvironmentDraft): Outcome | null {
  const match = /^(setenvif|browsermatch)(nocase|expr)?$/.exec(node.key);
  if (match === null) return null;
  const browser = match[1] === "browsermatch";
  const single = browser || match[2] === "expr";
  const [attribute = "", pattern = ""] = browser ? ["User-Agent", ...node.args] : node.args;
  const names = node.args.slice(single ? 1 : 2);
  if (names.every((name) => CAREFUL.test(name))) return approximated("no browser gets special treatment");
  const steps = names
    .filter((name) => !CAREFUL.test(name))
    .map((written): Plain => {
      const [, not, name = "", value] = /^(!?)([^=]*)(?:=([\s\S]*))?$/.exec(written)!;
      draft.names.add(name);
      const to = not === "!" ? "" : captured(value ?? "1");
      return { set: environmentVariable(name), to };
    });
  if (match[2] === "expr") {
    const ways = expressionConditions(attribute, NAMES);
    if (ways === null) return undecided(`"${attribute}" asks for what conditions can't say`);
    for (const all of ways) draft.rules.push(...all.reduceRight<Plain[]>((rules, when) => [{ when, rules }], steps));
    return mapped();
  }
  const read = readPattern(pattern);
  const value = ATTRIBUTES[attribute.toLowerCase()] ?? attributeValue(attribute, draft);
  if (read === null || value === null) return undecided(`"${attribute} ${pattern}" is no pattern that we can read`);
  const insensitive = read.ignore_case === true || match[2] === "nocase" ? { ignore_case: true } : {};
  draft.rules.push({ when: { value, matches: read.regex, ...insensitive }, rules: steps });
  return mapped();
}

// --- internal ---

const NAMES: RewriteNames = { documentRoot: "", file: "{uri}", lookUp: () => null };

function attributeValue(attribute: string, { names }: EnvironmentDraft): string | null {
  if (names.has(attribute)) return `{${environmentVariable(attribute)}}`;
  return /^[\w-]+$/.test(attribute) ? `{http_${attribute.toLowerCase().replaceAll("-", "_")}}` : null;
}

/** `$1` as a template has it. */
function captured(value: string): string {
  return plainTemplate(value).replace(/\$(\d)/g, "{$1}");
}
