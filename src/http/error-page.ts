import { ResponseHead } from "./response-head.ts";
import { reasonPhrase } from "./status.ts";

export interface ErrorPage {
  readonly head: ResponseHead;
  readonly body: Buffer;
}

/**
 * The page of an error that has none of its own. `reason` says what was wrong with the request; it is shown for 4xx alone, since
 * what is wrong with the server is for the log. `accept`: the request's Accept field; JSON when it prefers that to HTML.
 */
export function errorPage(
  status: number,
  reason: string,
  accept = "",
  headers: readonly (readonly [string, string])[] = [],
): ErrorPage {
  const json = prefersJson(accept);
  const shown = status < 500 ? reason : "";
  const text = json ? jsonPage(status, shown) : htmlPage(status, shown);
  const type = json ? "application/json" : "text/html; charset=utf-8";
  return { head: new ResponseHead(status, [["Content-Type", type], ...headers]), body: Buffer.from(text) };
}

function prefersJson(accept: string): boolean {
  return quality(accept, "application/json") > quality(accept, "text/html");
}

/** The weight (RFC 9110 §12.4.2) that an Accept value gives to exactly this type, or 0. */
function quality(accept: string, type: string): number {
  for (const part of accept.toLowerCase().split(",")) {
    const [range, ...parameters] = part.split(";").map((piece) => piece.trim());
    if (range !== type) continue;
    const weight = parameters.find((parameter) => parameter.startsWith("q="));
    return weight === undefined ? 1 : Number(weight.slice(2)) || 0;
  }
  return 0;
}

function jsonPage(status: number, reason: string): string {
  const detail = reason === "" ? {} : { detail: reason };
  return `${JSON.stringify({ status, title: reasonPhrase(status), ...detail })}\n`;
}

function htmlPage(status: number, reason: string): string {
  const title = `${status} ${reasonPhrase(status)}`;
  const paragraph = reason === "" ? "" : `<p>${escapeHtml(sentence(reason))}</p>\n`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:15vh auto;padding:0 1rem}h1{font-size:1.5rem}</style>
<h1>${title}</h1>
${paragraph}</html>
`;
}

function sentence(reason: string): string {
  return `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
