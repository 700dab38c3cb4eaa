import { dateLine } from "./date.ts";
import { errorPage } from "./error-page.ts";
import type { Refusal } from "./refusal.ts";
import { completeHead, serialiseHead } from "./serialise-head.ts";

/** The whole answer to what could not be read as a request, after which the connection is closed. `line`: its request line, as far as it was read. */
export function refusalAnswer(refusal: Refusal, line: string, serverLine: string): string {
  const { head, body } = errorPage(refusal.status, refusal.reason);
  const text = completeHead(serialiseHead(head)!, dateLine(), serverLine, body.length, "Connection: close\r\n");
  return line.startsWith("HEAD ") ? text : text + body.latin1Slice();
}
