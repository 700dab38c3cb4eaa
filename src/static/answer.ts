import type { Exchange } from "../http/exchange.ts";
import { joinMultipart, planMultipart } from "../http/multipart-ranges.ts";
import { contentRange } from "../http/range.ts";
import { fileBody, lengthOnly } from "./bodies.ts";
import type { Decision } from "./decide.ts";
import { MultipartBody } from "./multipart.ts";
import { partialHead, type Representation } from "./representation.ts";

/** Answers when no content is needed; false: it is. */
export function answerWithoutContent(exchange: Exchange, form: Representation, decision: Decision): boolean {
  switch (decision.kind) {
    case "not-modified":
      exchange.respond(form.notModified, null);
      return true;
    case "precondition-failed":
      exchange.fail(412, "The file is not in the state that the request asks for");
      return true;
    case "range-not-satisfiable":
      exchange.fail(416, "The file has no such range", [["Content-Range", `bytes */${form.size}`]]);
      return true;
    case "whole":
      if (exchange.method !== "HEAD") return false;
      exchange.respond(form.head, form.body ?? lengthOnly(form.size));
      return true;
    default:
      return false;
  }
}

/** Answers with content that is in memory. */
export function answerFromMemory(exchange: Exchange, form: Representation, body: Buffer, decision: Decision): void {
  switch (decision.kind) {
    case "part": {
      const { range } = decision;
      exchange.respond(
        partialHead(form, { contentRange: contentRange(range, form.size) }),
        body.subarray(range.start, range.end + 1),
      );
      return;
    }
    case "parts": {
      const plan = planMultipart(decision.ranges, form.type, form.size);
      exchange.respond(partialHead(form, { type: plan.type }), joinMultipart(plan, body));
      return;
    }
    default:
      exchange.respond(form.head, body);
  }
}

/** Answers with content from an open file, which is closed when it is sent. */
export function answerFromFile(exchange: Exchange, form: Representation, fd: number, decision: Decision): void {
  switch (decision.kind) {
    case "part": {
      const { range } = decision;
      const head = partialHead(form, { contentRange: contentRange(range, form.size) });
      exchange.respond(head, fileBody(fd, range.start, range.end - range.start + 1));
      return;
    }
    case "parts": {
      const plan = planMultipart(decision.ranges, form.type, form.size);
      exchange.respond(partialHead(form, { type: plan.type }), new MultipartBody(plan, fd));
      return;
    }
    default:
      exchange.respond(form.head, fileBody(fd, 0, form.size));
  }
}
