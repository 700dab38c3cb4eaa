import { ProblemList, PropylonError } from "../../base/errors.ts";
import type { WrittenOption } from "./written-option.ts";

/**
 * Reads the first `<uwsgi>` element of an XML file, or the one with this id: each element in it is an option, its text the value. The
 * `<app mountpoint="/x"><script>module</script></app>` of early releases becomes `mount`. null: there is no such element. Throws a
 * ProblemList when an element is not closed.
 */
export function parseXml(text: string, file: string, id: string | null): readonly WrittenOption[] | null {
  const options: WrittenOption[] = [];
  const open: Element[] = [];
  let chosen: Element | null = null;
  for (const match of text.matchAll(MARKUP)) {
    const [markup, cdata, name, attributes, ending] = match;
    if (markup.startsWith("<![CDATA[")) {
      const inner = open.at(-1);
      if (inner !== undefined) inner.text += cdata ?? "";
    } else if (name !== undefined && !markup.startsWith("</")) {
      const element = {
        name,
        attributes: attributes ?? "",
        text: "",
        from: match.index + markup.length,
        at: match.index,
      };
      if (ending === "/") close(element);
      else open.push(element);
      if (chosen === null && name === "uwsgi" && (id === null || attribute(element, "id") === id)) chosen = element;
    } else if (name !== undefined) {
      const element = open.pop();
      if (element?.name !== name) throw broken(`</${name}> closes nothing`, place(match.index));
      const written = text.slice(element.from, match.index);
      if (!written.includes("<")) element.text = entities(written.trim());
      close(element);
    }
  }
  const [left] = open;
  if (left !== undefined) throw broken(`<${left.name}> is not closed`, place(left.at));
  return chosen === null ? null : options;

  function close(element: Element): void {
    const parent = open.at(-1);
    if (chosen === null || parent === undefined) return;
    if (parent === chosen && element.name !== "app")
      options.push({ name: element.name, value: element.text === "" ? "1" : element.text, place: place(element.at) });
    else if (parent.name === "app" && (element.name === "script" || element.name === "module"))
      options.push({
        name: "mount",
        value: `${attribute(parent, "mountpoint") ?? "/"}=${element.text}`,
        place: place(parent.at),
      });
  }

  function place(at: number): WrittenOption["place"] {
    const before = text.slice(0, at);
    return { file, line: before.split("\n").length, column: at - before.lastIndexOf("\n") };
  }
}

// --- internal ---

interface Element {
  readonly name: string;
  readonly attributes: string;
  text: string;
  /** Where its content begins. */
  readonly from: number;
  readonly at: number;
}

/** Comments, declarations, CDATA, and tags with their name, attributes and final slash. */
const MARKUP =
  /<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<[?!][^>]*>|<\/?([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>/g;
const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

function attribute(element: Element, name: string): string | null {
  const match = new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`).exec(element.attributes);
  return match === null ? null : entities(match[1] ?? match[2] ?? "");
}

function entities(text: string): string {
  return text.replace(/&(?:#(\d+)|(\w+));/g, (found, code: string | undefined, name: string) =>
    code === undefined ? (ENTITIES[name] ?? found) : String.fromCodePoint(Number(code)),
  );
}

function broken(message: string, place: WrittenOption["place"]): ProblemList {
  return new ProblemList([new PropylonError("user", message, { place })]);
}
