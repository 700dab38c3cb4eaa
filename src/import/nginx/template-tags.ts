/** A template's text with its control tags taken out, so that what is left is a configuration that the template can make. */
export interface Flattened {
  /** As long as the template, with spaces where tags and branches were: lines and columns are the same. */
  readonly text: string;
  /** The first control tag, and where it begins; null: there is none. */
  readonly first: Tag | null;
  /** Tags that bring in another file whose name they don't say. */
  readonly includes: readonly Tag[];
  /** Names of directives in branches that were left out, as far as each begins a line. */
  readonly passedOver: readonly Tag[];
}

export interface Tag {
  readonly text: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

/**
 * Takes the control tags of Jinja (`{% if x %}`), ERB (`<% if x %>`) and Go templates (`{{ if .X }}`) out of a text: of the branches of
 * a condition the first one stays, and what is in a loop stays once. Tags that print something (`{{ name }}`, `<%= name %>`) stay;
 * `{% include "x.conf" %}` becomes an `include` of NGINX.
 */
export function flattenTemplate(text: string): Flattened {
  const tags = [...text.matchAll(TAG)].flatMap((match) => {
    const words = wordsOf(match[0]);
    return words === null ? [] : [{ from: match.index, to: match.index + match[0].length, text: match[0], words }];
  });
  if (tags.length === 0) return { text, first: null, includes: [], passedOver: [] };
  const at = placesIn(text);
  const gone: Gone[] = tags.map((tag) => ({ from: tag.from, to: tag.to, instead: includeOf(tag.words) }));
  const passedOver: Tag[] = [];
  const open: Opened[] = [];
  for (const tag of tags) {
    const step = stepOf(tag.words);
    const inner = open.at(-1);
    if (step === "open") open.push({ since: null });
    else if (step === "branch" && inner !== undefined) inner.since ??= tag.to;
    else if (step === "close" && inner !== undefined) {
      open.pop();
      const isOuterLeft = open.some((one) => one.since !== null);
      if (inner.since === null || isOuterLeft) continue;
      gone.push({ from: inner.since, to: tag.from, instead: "" });
      passedOver.push(...namesIn(text, inner.since, tag.from, at));
    }
  }
  return {
    text: blanked(text, gone),
    first: { text: shown(tags[0]!.text), ...at(tags[0]!.from) },
    includes: tags
      .filter((tag) => /^(?:include|import|template|extends)\b/.test(tag.words) && includeOf(tag.words) === "")
      .map((tag) => ({ text: shown(tag.text), ...at(tag.from) })),
    passedOver,
  };
}

// --- internal ---

interface Gone {
  readonly from: number;
  readonly to: number;
  /** What stands there instead, not longer. */
  readonly instead: string;
}

interface Opened {
  /** Where the branches begin that are left out. */
  since: number | null;
}

const TAG = /\{%[\s\S]{0,2000}?%\}|\{#[\s\S]{0,4000}?#\}|<%(?![=%])[\s\S]{0,2000}?%>|\{\{[\s\S]{0,2000}?\}\}/g;
/** What a tag between double braces begins with when it controls something (Go, Helm, Handlebars). */
const GO_CONTROL =
  /^(?:(?:if|else|end|range|with|define|template|block|break|continue|include)(?:\s|$)|\/\*|!--|[#/](?:if|each|unless)\b|\$\w+\s*:?=)/;

/** What a control tag says, without its marks; empty for a comment, null for one that prints. */
function wordsOf(tag: string): string | null {
  if (tag.startsWith("{#")) return "";
  const words = tag
    .slice(2, -2)
    .replace(/^[-+~]/, "")
    .replace(/[-+~]$/, "")
    .trim();
  if (!tag.startsWith("{{")) return words;
  return GO_CONTROL.test(words) ? (/^(?:\/\*|!--)/.test(words) ? "" : words) : null;
}

function stepOf(words: string): "open" | "branch" | "close" | "none" {
  if (/^(?:else|elif|elsif|elseif|when)\b/.test(words)) return "branch";
  if (/^(?:end|\/(?:if|each|unless)\b|\})/.test(words)) return "close";
  if (/^(?:if|unless|for|range|with|define|block|macro|call|filter|raw|autoescape|while|case|foreach)\b/.test(words))
    return "open";
  if (
    /^#(?:if|each|unless)\b/.test(words) ||
    /\bdo(?:\s*\|[^|]*\|)?$/.test(words) ||
    /\{(?:\s*\|[^|]*\|)?$/.test(words)
  )
    return "open";
  return "none";
}

function namesIn(
  text: string,
  from: number,
  to: number,
  at: (index: number) => { line: number; column: number },
): Tag[] {
  const found = text.slice(from, to).matchAll(/(?<=^[ \t]*|[;{}%][ \t]*)([a-z]\w+)(?=\s[^;{}\n]*[;{]|;)/gm);
  return [...found].map((match) => ({ text: match[1]!, ...at(from + match.index) }));
}

/** Jinja's include of one named file, in NGINX's words; empty for what is none. */
function includeOf(words: string): string {
  const name = /^include\s+(["'])([\w./-]+)\1/.exec(words)?.[2];
  return name === undefined ? "" : `include "${name}";`;
}

function blanked(text: string, gone: readonly Gone[]): string {
  let result = "";
  let done = 0;
  for (const { from, to, instead } of [...gone].sort((a, b) => a.from - b.from || b.to - a.to)) {
    if (to <= done) continue;
    const start = Math.max(from, done);
    const rest = text.slice(start, to).slice(instead.length);
    result += text.slice(done, start) + instead + rest.replace(/[^\n]/g, " ");
    done = to;
  }
  return result + text.slice(done);
}

function placesIn(text: string): (index: number) => { line: number; column: number } {
  return (index) => {
    const before = text.slice(0, index);
    return { line: before.split("\n").length, column: index - before.lastIndexOf("\n") };
  };
}

function shown(tag: string): string {
  return tag.replace(/\s+/g, " ");
}
