import { isToken } from "../http/characters.ts";
import { HeaderMemo } from "../http/header-memo.ts";
import { bad, Refusal } from "../http/refusal.ts";
import type { RequestHead } from "../http/request-head.ts";
import { RequestHeaders } from "../http/request-headers.ts";
import type { HttpLimits } from "../http/settings.ts";
import { parseTarget } from "../http/target.ts";
import { parseTrailers } from "../http/trailer.ts";
import type { FieldList } from "./header-decoder.ts";

/** The field list is malformed (RFC 9113 §8.1.1): a stream error, never a request. */
export class Malformed {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

/** A valid field list that is refused with a status. */
export class RefusedRequest extends Refusal {
  /** As HTTP/1.1 would have it, for the log. */
  readonly line: string;
  /** The head of what it is answered to. */
  readonly head: RequestHead;

  constructor(refusal: Refusal, method: string, path: string) {
    super(refusal.status, refusal.reason);
    this.line = `${method} ${path} HTTP/2.0`;
    this.head = { ...NOT_READ, method };
  }
}

/** RFC 9113 §8.2.2. */
const OF_A_CONNECTION = new Set(["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"]);
const PSEUDO = new Set([":method", ":scheme", ":authority", ":path"]);
/** Stricter than RFC 9113 §8.2.1, which leaves other controls to HTTP (RFC 9110 §5.5): none passes. */
const FORBIDDEN = /[\x00-\x08\x0a-\x1f\x7f]/;
const VISIBLE = /^[!-~]+$/;

/** Stands for the rest of a request that is refused. */
const NOT_READ: RequestHead = {
  method: "GET",
  target: "",
  path: "/",
  query: "",
  protocol: "HTTP/2.0",
  minor: 1,
  host: "",
  headers: new RequestHeaders("", [], []),
  length: -1,
  expectsContinue: false,
  persistent: true,
  upgrade: false,
};

/** One for all connections of the process. */
const memo = new HeaderMemo();

/**
 * Makes a request head of a field list by RFC 9113 §8.2 and §8.3. What is left after its rules is put together as a header section of
 * HTTP/1.1 and read by the parser for that, so that nothing gets further in HTTP/2 that HTTP/1.1 would refuse: neither an app
 * nor an upstream can be sent what it would read in another way.
 */
export function requestOf(
  list: FieldList,
  ended: boolean,
  limits: HttpLimits,
): RequestHead | RefusedRequest | Malformed {
  const pseudo = new Map<string, string>();
  const fields = regularFields(list, pseudo);
  if (fields instanceof Malformed) return fields;
  const method = pseudo.get(":method");
  if (method === undefined || !isToken(method)) return new Malformed("the method is no token, or missing");
  const malformed = method === "CONNECT" ? checkConnect(pseudo) : checkPseudo(pseudo, method);
  if (malformed !== null) return malformed;
  const head = method === "CONNECT" ? NO_TUNNELS : combine(pseudo, method, fields, list, ended, limits);
  return head instanceof Refusal
    ? new RefusedRequest(head, method, pseudo.get(":path") ?? pseudo.get(":authority")!)
    : head;
}

/** Reads a trailer section. */
export function trailersOf(list: FieldList, limits: HttpLimits): readonly (readonly [string, string])[] | Malformed {
  const fields = regularFields(list, null);
  if (fields instanceof Malformed) return fields;
  if (list.tooLarge) return new Malformed("the trailer section is too large");
  const raw = `${fields.host === null ? "" : `\r\nhost: ${fields.host}`}${fields.lines}`.slice(2);
  if (raw === "") return NO_TRAILERS;
  const trailers = parseTrailers(raw, limits.headerCount);
  return trailers instanceof Refusal ? new Malformed(trailers.reason) : trailers;
}

// --- internal ---

const NO_TRAILERS: readonly (readonly [string, string])[] = [];

/** No tunnels here (RFC 9113 §8.5). */
const NO_TUNNELS = new Refusal(501, "CONNECT is not implemented");

interface RegularFields {
  /** Each with a CRLF before it. */
  readonly lines: string;
  readonly host: string | null;
}

/** What takes all of the list. */
function combine(
  pseudo: ReadonlyMap<string, string>,
  method: string,
  fields: RegularFields,
  list: FieldList,
  ended: boolean,
  limits: HttpLimits,
): RequestHead | Refusal | Malformed {
  if (list.tooLarge) return new Refusal(431, `the header section is larger than ${limits.headerSize} bytes`);
  const path = pseudo.get(":path")!;
  if (path.length > limits.requestLine) return new Refusal(414, `the path is longer than ${limits.requestLine} bytes`);
  const authority = pseudo.get(":authority") ?? fields.host;
  if (authority === null) return bad("there is neither :authority nor a host field");
  if (fields.host !== null && fields.host.toLowerCase() !== authority.toLowerCase())
    return bad(":authority and the host field differ");
  const raw = `host: ${authority}${fields.lines}`;
  if (raw.length > limits.headerSize)
    return new Refusal(431, `the header section is larger than ${limits.headerSize} bytes`);
  const block = memo.parse(raw, limits.headerCount);
  if (block instanceof Refusal) return block;
  const target = parseTarget(method, path);
  if (target instanceof Refusal) return target;
  if (ended && block.length > 0) return new Malformed("there is a Content-Length and no body");
  if (limits.body > 0 && block.length > limits.body)
    return new Refusal(413, `the body is larger than ${limits.body} bytes`);
  return {
    method,
    target: target.text,
    path: target.path,
    query: target.query,
    protocol: "HTTP/2.0",
    minor: 1,
    host: block.host!,
    headers: block.headers,
    length: ended ? 0 : block.length,
    expectsContinue: block.expectsContinue && !ended,
    persistent: true,
    upgrade: false,
  };
}

/** The fields as lines of HTTP/1.1; `pseudo` takes the others, null: there may be none. */
function regularFields(list: FieldList, pseudo: Map<string, string> | null): RegularFields | Malformed {
  const { names, values } = list;
  const cookies = values.filter((_, at) => names[at] === "cookie");
  let lines = "";
  let host: string | null = null;
  let cookieSeen = false;
  let regular = false;
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!;
    const value = values[i]!;
    if (FORBIDDEN.test(value)) return new Malformed("a field value has a control character");
    if (name.charCodeAt(0) === 0x3a) {
      if (pseudo === null || regular) return new Malformed("a pseudo-header field is not at the beginning");
      if (!PSEUDO.has(name)) return new Malformed(`there is no pseudo-header field ${JSON.stringify(name)}`);
      if (pseudo.has(name)) return new Malformed(`there is more than one ${name}`);
      pseudo.set(name, value);
      continue;
    }
    regular = true;
    const problem = fieldProblem(name, value);
    if (problem !== null) return new Malformed(problem);
    if (name === "host") {
      if (host !== null) return new Malformed("there is more than one host field");
      host = value;
    } else if (name !== "cookie") {
      lines += `\r\n${name}: ${value}`;
    } else if (!cookieSeen) {
      // RFC 9113 §8.2.3: crumbs are one field to everyone behind us.
      cookieSeen = true;
      lines += `\r\ncookie: ${cookies.join("; ")}`;
    }
  }
  return { lines, host };
}

function fieldProblem(name: string, value: string): string | null {
  if (!isToken(name) || name !== name.toLowerCase()) return `${JSON.stringify(name)} is no field name in lower case`;
  if (OF_A_CONNECTION.has(name)) return `the field ${name} has no place in HTTP/2`;
  if (name === "te" && value !== "trailers") return "TE says more than trailers";
  if (value !== "" && (isSpace(value.charCodeAt(0)) || isSpace(value.charCodeAt(value.length - 1))))
    return `the value of ${name} has space around it`;
  return null;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function checkPseudo(pseudo: ReadonlyMap<string, string>, method: string): Malformed | null {
  const scheme = pseudo.get(":scheme");
  const path = pseudo.get(":path");
  const authority = pseudo.get(":authority");
  if (scheme === undefined || !/^https?$/i.test(scheme)) return new Malformed(":scheme is not http or https");
  if (path === undefined || !VISIBLE.test(path)) return new Malformed(":path has no visible text alone");
  if (!path.startsWith("/") && !(path === "*" && method === "OPTIONS"))
    return new Malformed(":path does not begin with /");
  if (authority !== undefined && !VISIBLE.test(authority)) return new Malformed(":authority has no visible text alone");
  return null;
}

/** RFC 9113 §8.5. */
function checkConnect(pseudo: ReadonlyMap<string, string>): Malformed | null {
  const authority = pseudo.get(":authority");
  const alone = authority !== undefined && !pseudo.has(":path") && !pseudo.has(":scheme");
  return alone && VISIBLE.test(authority) ? null : new Malformed("CONNECT has :authority alone");
}
