import { isToken, trimSpace } from "../http/characters.ts";
import { declaredLength } from "../http/framing.ts";
import { Refusal } from "../http/refusal.ts";
import { ResponseHead } from "../http/response-head.ts";
import { KnownHeads } from "./known-heads.ts";

/** The head of an upstream's HTTP/1.x answer, with what the transport needs to know of it, worked out once for equal bytes. */
export class AnswerHead extends ResponseHead {
  /** Content-Length, or -1. */
  readonly length: number;
  readonly chunked: boolean;
  /** The target will keep the connection after this answer. */
  readonly persistent: boolean;
  /** A slot for the one route that derives the client's head from this one; `shownBy` says whose it is. */
  shownBy: object | null = null;
  shown: ResponseHead | null = null;

  constructor(
    status: number,
    headers: readonly (readonly [string, string])[],
    reason: string,
    framing: { readonly length: number; readonly chunked: boolean; readonly persistent: boolean },
  ) {
    super(status, headers, reason);
    this.length = framing.length;
    this.chunked = framing.chunked;
    this.persistent = framing.persistent;
  }
}

/** Fields of one answer's head. */
export const ANSWER_FIELDS = 200;

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5][0-9]{2})(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
// What no line may hold besides its own CRLF (RFC 9110 §5.5, RFC 9112 §2.2): controls, a bare CR, a bare LF.
const FORBIDDEN = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?<!\r)\n/;

/** Fields of one connection (RFC 9110 §7.6.1); Upgrade stays with 101, which is for this client alone. */
const HOP_BY_HOP = new Set(["connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"]);

const known = new KnownHeads(parse);

/**
 * Parses the head of an answer: lines separated by CRLF, without the empty line that ends them. Strict (RFC 9112): obsolete
 * folds, bare CR or LF, two lengths, a length beside the chunked coding and codings other than chunked are refused, since
 * whoever reads them otherwise sees another message. Returns what is wrong as text. Equal text gives the same head again.
 */
export function parseAnswerHead(text: string): AnswerHead | string {
  return known.read(text);
}

/** Field lines of an answer's head or trailer section as pairs; what is wrong as text. */
export function parseFields(lines: readonly string[]): [string, string][] | string {
  const fields: [string, string][] = [];
  for (const line of lines) {
    const colon = line.indexOf(":");
    // An obsolete fold begins with a space, so its "name" is no token either (RFC 9112 §5.2).
    if (colon < 0 || !isToken(line, 0, colon))
      return `the line ${quoted(line)} is not a field name, a colon and a value`;
    fields.push([line.slice(0, colon), trimSpace(line, colon + 1)]);
  }
  return fields;
}

/** Text of a target for the log: quoted, cut to a readable length. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text);
}

// --- internal ---

function parse(text: string): AnswerHead | string {
  const lines = text.split("\r\n");
  const status = STATUS_LINE.exec(lines[0]!);
  if (status === null) return `${quoted(lines[0]!)} is not a status line of HTTP/1.x`;
  if (FORBIDDEN.test(text)) return "the head has a control character, or a line end that is not CRLF";
  if (lines.length - 1 > ANSWER_FIELDS) return `the head has more than ${ANSWER_FIELDS} fields`;
  const fields = parseFields(lines.slice(1));
  if (typeof fields === "string") return fields;
  return judge(Number(status[1]), Number(status[2]), status[3] ?? "", fields);
}

function judge(minor: number, status: number, reason: string, fields: [string, string][]): AnswerHead | string {
  let length = -1;
  let chunked = false;
  const options: string[] = [];
  for (const [name, value] of fields) {
    switch (name.toLowerCase()) {
      case "content-length": {
        if (length >= 0) return "the head has more than one Content-Length";
        const parsed = declaredLength(value);
        if (parsed instanceof Refusal) return parsed.reason;
        length = parsed;
        break;
      }
      case "transfer-encoding":
        if (chunked) return "the head has more than one Transfer-Encoding";
        // RFC 9112 §6.1: in HTTP/1.0 its framing is faulty; other codings were not asked for (no TE was sent).
        if (minor === 0) return "the head has Transfer-Encoding in HTTP/1.0";
        if (value.toLowerCase() !== "chunked") return `the transfer coding ${quoted(value)} is not known`;
        chunked = true;
        break;
      case "connection":
        for (const option of value.toLowerCase().split(",")) options.push(trimSpace(option));
        break;
    }
  }
  // RFC 9112 §6.3: handled as an error, since it is how responses are smuggled.
  if (chunked && length >= 0) return "the head has both Transfer-Encoding and Content-Length";
  const persistent = !options.includes("close") && (minor === 1 || options.includes("keep-alive"));
  const kept = fields.filter(([name]) => isEndToEnd(name.toLowerCase(), status, options));
  return new AnswerHead(status, kept, reason, { length, chunked, persistent });
}

function isEndToEnd(name: string, status: number, options: readonly string[]): boolean {
  if (name === "upgrade") return status === 101;
  // Content-Length frames the message for everyone on the way; Connection can't make it an option of one hop.
  return !HOP_BY_HOP.has(name) && (name === "content-length" || !options.includes(name));
}
