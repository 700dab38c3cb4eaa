import { fc } from "../support/property.ts";

/** A valid request, as a model and as bytes (latin-1). */
export interface ModelRequest {
  readonly method: string;
  readonly target: string;
  readonly fields: readonly (readonly [string, string])[];
  readonly body: string;
  readonly bytes: string;
}

const TOKEN_CHARACTERS = [..."!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"];

const token = fc.string({ unit: fc.constantFrom(...TOKEN_CHARACTERS), minLength: 1, maxLength: 12 });
const method = fc.constantFrom("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS");
const segment = fc.constantFrom("a", "index.html", "%41%2e", "x=1", "~u", "a%2Fb", ".well-known", "-");
const target = fc
  .tuple(fc.array(segment, { maxLength: 4 }), fc.option(fc.constantFrom("", "a=1&b=%20", "??", "q=/"), { nil: null }))
  .map(([segments, query]) => `/${segments.join("/")}${query === null ? "" : `?${query}`}`);
const value = fc
  .string({
    unit: fc
      .integer({ min: 0x20, max: 0xff })
      .filter((code) => code !== 0x7f)
      .map((code) => String.fromCharCode(code)),
    maxLength: 30,
  })
  .map((text) => text.replace(/^[ \t]+|[ \t]+$/g, ""));
const field = fc.tuple(
  token.map((name) => `x-${name}`),
  value,
);
const body = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 300,
});
const extension = fc.constantFrom("", ";a", ";a=b", ';a="q;\\"\\\\"', "; a = b;c");
const space = fc.constantFrom("", " ", "\t ", "  ");

/** Valid requests with no body, one of a Content-Length, or one in chunks with extensions and trailers. */
export const modelRequest: fc.Arbitrary<ModelRequest> = fc
  .record({
    method,
    target,
    fields: fc.array(field, { maxLength: 6 }),
    before: space,
    after: space,
    body,
    framing: fc.constantFrom("none", "length", "chunked"),
    cuts: fc.array(fc.integer({ min: 1, max: 120 }), { maxLength: 6 }),
    extension,
    trailer: fc.constantFrom("", "X-Sum: 1\r\n", "X-Sum: 1\r\nX-More:\r\n"),
    emptyLine: fc.boolean(),
  })
  .map((parts) => {
    const framing =
      parts.framing === "length"
        ? [["Content-Length", String(parts.body.length)] as const]
        : parts.framing === "chunked"
          ? [["Transfer-Encoding", "chunked"] as const]
          : [];
    const fields = [["Host", "example.org"] as const, ...parts.fields, ...framing];
    const lines = fields.map(([name, text]) => `${name}:${parts.before}${text}${parts.after}\r\n`).join("");
    const content = parts.framing === "length" ? parts.body : parts.framing === "chunked" ? chunks(parts) : "";
    const bytes = `${parts.emptyLine ? "\r\n" : ""}${parts.method} ${parts.target} HTTP/1.1\r\n${lines}\r\n${content}`;
    return {
      method: parts.method,
      target: parts.target,
      fields: fields.map(([name, text]) => [name.toLowerCase(), text] as const),
      body: parts.framing === "none" ? "" : parts.body,
      bytes,
    };
  });

function chunks(parts: { body: string; cuts: readonly number[]; extension: string; trailer: string }): string {
  let text = "";
  let at = 0;
  for (const cut of [...parts.cuts, parts.body.length]) {
    const piece = parts.body.slice(at, at + cut);
    if (piece === "") break;
    text += `${piece.length.toString(16)}${parts.extension}\r\n${piece}\r\n`;
    at += piece.length;
  }
  return `${text}0${parts.extension}\r\n${parts.trailer}\r\n`;
}

/** Cuts `text` at places drawn from `cuts` (0 to 1). */
export function cutAt(text: string, cuts: readonly number[]): string[] {
  const places = [...new Set(cuts.map((cut) => Math.floor(cut * text.length)))].sort((a, b) => a - b);
  return [0, ...places].map((from, i) => text.slice(from, places[i] ?? text.length)).filter((piece) => piece !== "");
}
