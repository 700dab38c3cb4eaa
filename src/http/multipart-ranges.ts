import { randomBytes } from "node:crypto";
import { type ByteRange, contentRange } from "./range.ts";

/** The layout of a multipart/byteranges body (RFC 9110 §14.6): pieces of framing and of the file, in turn. */
export interface MultipartPlan {
  /** Content-Type of the response. */
  readonly type: string;
  /** Bytes of the body. */
  readonly length: number;
  readonly parts: readonly { readonly preface: Buffer; readonly range: ByteRange }[];
  readonly end: Buffer;
}

export function planMultipart(ranges: readonly ByteRange[], partType: string, size: number): MultipartPlan {
  // Unguessable, so that no file can hold it on purpose.
  const boundary = randomBytes(18).toString("hex");
  const parts = ranges.map((range, i) => ({
    preface: Buffer.from(
      `${i === 0 ? "" : "\r\n"}--${boundary}\r\nContent-Type: ${partType}\r\nContent-Range: ${contentRange(range, size)}\r\n\r\n`,
      "latin1",
    ),
    range,
  }));
  const end = Buffer.from(`\r\n--${boundary}--\r\n`, "latin1");
  let length = end.length;
  for (const { preface, range } of parts) length += preface.length + range.end - range.start + 1;
  return { type: `multipart/byteranges; boundary=${boundary}`, length, parts, end };
}

/** The whole body, from content in memory. */
export function joinMultipart(plan: MultipartPlan, content: Buffer): Buffer {
  const pieces = plan.parts.flatMap(({ preface, range }) => [preface, content.subarray(range.start, range.end + 1)]);
  return Buffer.concat([...pieces, plan.end], plan.length);
}
