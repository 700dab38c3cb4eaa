import type { FileBody, ResponseSink, StreamBody } from "../http/exchange.ts";
import { closeFile } from "./open-file.ts";

/** A slice of a file that is closed with it. */
export function fileBody(fd: number, start: number, length: number): FileBody {
  return { kind: "file", fd, start, length, close: () => closeFile(fd) };
}

/** Says the length of a content that is never produced, for the answer to a HEAD (RFC 9110 §8.6) without opening the file. */
export function lengthOnly(length: number): StreamBody {
  return {
    kind: "stream",
    length,
    start: (sink: ResponseSink) => sink.fail("The answer to a HEAD has no content"),
    resume: () => undefined,
    cancel: () => undefined,
  };
}
