import { declaredLength } from "../../http/framing.ts";
import { Refusal } from "../../http/refusal.ts";
import { ANSWER_FIELDS, AnswerHead, parseFields, quoted } from "../answer-head.ts";
import { KnownHeads } from "../known-heads.ts";

const STATUS_LINE = /^HTTP\/[0-9]\.[0-9] ([1-5][0-9]{2})(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
const STATUS_VALUE = /^([1-5][0-9]{2})(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
// What no line may hold (RFC 9110 §5.5); line ends are gone by now, so a CR left over is a bare one.
const FORBIDDEN = /[\x00-\x08\x0a-\x1f\x7f]/;

/** The front frames the body and owns the connection to its client: what a program says of them is not passed on. */
const NOT_PASSED_ON = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "status",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** An answer that is nothing but a path of the server, which is to answer in its stead (RFC 3875 §6.2.2). */
export class LocalRedirect extends AnswerHead {
  /** Percent-encoded, as it was written. */
  readonly path: string;
  readonly query: string;

  constructor(location: string, headers: readonly (readonly [string, string])[]) {
    super(302, headers, "", { length: -1, chunked: false, persistent: false });
    const mark = location.indexOf("?");
    this.path = mark < 0 ? location : location.slice(0, mark);
    this.query = mark < 0 ? "" : location.slice(mark + 1);
  }
}

const known = new KnownHeads(parse);

/**
 * Parses the head of an answer of CGI (RFC 3875 §6), without the empty line that ends it. A line ends in CRLF or LF alone. The
 * status comes from a status line of HTTP, from the field Status, is 302 beside Location, or else 200. Returns what is wrong as
 * text: folded lines, control characters, two statuses or lengths, no field at all. Equal text gives the same head again.
 */
export function parseCgiHead(text: string): AnswerHead | string {
  return known.read(text);
}

function parse(text: string): AnswerHead | string {
  const lines = text.split(/\r?\n/);
  for (const line of lines) if (FORBIDDEN.test(line)) return `the line ${quoted(line)} has a control character`;
  let status: RegExpExecArray | null = null;
  if (lines[0]!.startsWith("HTTP/")) {
    status = STATUS_LINE.exec(lines[0]!);
    if (status === null) return `${quoted(lines[0]!)} is not a status line of HTTP`;
    lines.shift();
  }
  if (lines.length > ANSWER_FIELDS) return `the head has more than ${ANSWER_FIELDS} fields`;
  const fields = parseFields(lines);
  if (typeof fields === "string") return fields;
  return judge(status, fields);
}

function judge(line: RegExpExecArray | null, fields: readonly [string, string][]): AnswerHead | string {
  let status = line;
  let named = false;
  let length = -1;
  let redirects = false;
  for (const [name, value] of fields) {
    switch (name.toLowerCase()) {
      case "status":
        if (named) return "the head has more than one Status";
        named = true;
        // A status line has already said it.
        if (line !== null) break;
        status = STATUS_VALUE.exec(value);
        if (status === null) return `the Status ${quoted(value)} is not a number of three digits and a phrase`;
        break;
      case "content-length": {
        if (length >= 0) return "the head has more than one Content-Length";
        const parsed = declaredLength(value);
        if (parsed instanceof Refusal) return parsed.reason;
        length = parsed;
        break;
      }
      case "location":
        redirects = true;
        break;
    }
  }
  const code = status === null ? (redirects ? 302 : 200) : Number(status[1]);
  const [only] = fields;
  if (redirects && fields.length === 1 && line === null && only![1].startsWith("/") && !only![1].startsWith("//"))
    return new LocalRedirect(only![1], fields);
  const kept = fields.filter(([name]) => isPassedOn(name.toLowerCase(), code));
  return new AnswerHead(code, kept, status?.[2] ?? "", { length, chunked: false, persistent: false });
}

function isPassedOn(name: string, status: number): boolean {
  return !NOT_PASSED_ON.has(name) || (name === "upgrade" && status === 101);
}
