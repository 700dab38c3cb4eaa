import { isToken } from "./characters.ts";
import { bad, Refusal } from "./refusal.ts";
import { parseTarget, type Target } from "./target.ts";

/** A request line taken apart (RFC 9112 §3). */
export interface RequestLine {
  readonly method: string;
  /** 0 or 1: the minor version of HTTP/1. */
  readonly minor: number;
  readonly target: Target;
}

/** Parses `method SP target SP version`, with exactly two spaces. */
export function parseRequestLine(line: string): RequestLine | Refusal {
  const methodEnd = line.indexOf(" ");
  const targetEnd = line.indexOf(" ", methodEnd + 1);
  if (methodEnd < 0 || targetEnd < 0 || line.indexOf(" ", targetEnd + 1) >= 0) {
    return bad("the request line is not a method, a target and a version with one space between");
  }
  if (!isToken(line, 0, methodEnd)) return bad("the method is not a token");
  const minor = parseVersion(line.slice(targetEnd + 1));
  if (typeof minor !== "number") return minor;
  const method = line.slice(0, methodEnd);
  // No tunnels here; so the authority-form, which CONNECT alone may use, is refused with it (RFC 9112 §3.2.3).
  if (method === "CONNECT") return new Refusal(501, "CONNECT is not implemented");
  const target = parseTarget(method, line.slice(methodEnd + 1, targetEnd));
  return target instanceof Refusal ? target : { method, minor, target };
}

function parseVersion(version: string): number | Refusal {
  if (version === "HTTP/1.1") return 1;
  if (version === "HTTP/1.0") return 0;
  if (/^HTTP\/(?!1)[0-9]\.[0-9]$/.test(version)) return new Refusal(505, `${version} is not spoken here`);
  return bad(`the version ${JSON.stringify(version)} is not HTTP/1.1 or HTTP/1.0`);
}
