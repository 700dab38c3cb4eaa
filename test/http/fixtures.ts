import { closeSync, openSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FileBody, ResponseSink, StreamBody } from "../../src/http/exchange.ts";
import { ResponseHead } from "../../src/http/response-head.ts";

export const OK = new ResponseHead(200, []);

/** A GET of this path, with more field lines. */
export function get(path: string, fields = ""): string {
  return `GET ${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
}

export interface TestFile extends FileBody {
  /** How often it was closed. */
  readonly closed: () => number;
}

let files = 0;

/** A slice of an open file that no longer has a name. */
export function fileBody(content: Buffer, start = 0, length: number = content.length - start): TestFile {
  const path = join(tmpdir(), `propylon-body-${process.pid}-${files++}`);
  writeFileSync(path, content);
  const fd = openSync(path, "r");
  unlinkSync(path);
  let closed = 0;
  const close = (): void => {
    if (closed++ === 0) closeSync(fd);
  };
  return { kind: "file", fd, start, length, close, closed: () => closed };
}

/** A stream that `produce` drives; counts its cancellations. */
export function streamBody(
  length: number,
  produce: (sink: ResponseSink) => void,
  resume: () => void = () => {},
): StreamBody & { cancelled: number } {
  const body = {
    kind: "stream" as const,
    length,
    cancelled: 0,
    start: produce,
    resume,
    cancel: () => {
      body.cancelled++;
    },
  };
  return body;
}

/** Bytes that differ from place to place. */
export function pattern(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 0xff));
}

/** Lets so many turns of the event loop pass: what was going to happen without more input has happened. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}
