import assert from "node:assert/strict";
import http from "node:http";
import type net from "node:net";
import { after, before, describe, test } from "node:test";
import { fc } from "../support/property.ts";
import { talk } from "./client.ts";
import { modelRequest } from "./message.ts";
import { createRecorder } from "./recorder.ts";
import { serve, type TestServer } from "./serve.ts";

/** How many messages; more find more, `test:long` sets it. */
const RUNS = Number(process.env["PROPYLON_DIFFERENTIAL_RUNS"] ?? 1500);

const NASTY = [
  "\r",
  "\n",
  "\r\n",
  "\t",
  " ",
  "\0",
  "\x0b",
  "\x7f",
  "\xa0",
  "\xff",
  ":",
  ";",
  ",",
  "=",
  '"',
  "0",
  "1",
  "0x",
  "+",
  "-",
  "_",
  "chunked",
  "identity",
  "\r\n ",
  "\r\n\t",
  "\r\n\r\n",
  " :",
  "0\r\n\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Transfer-Encoding: gzip, chunked\r\n",
  "transfer-encoding:\tchunked\r\n",
  "Transfer_Encoding: chunked\r\n",
  "Content-Length: 5\r\n",
  "Content-Length: 0\r\n",
  "Content-Length: +5\r\n",
  "Content-Length:5 \r\n",
  "Content_Length: 9\r\n",
  "Connection: close\r\n",
  "Connection: keep-alive\r\n",
  "Host: b\r\n",
  "Upgrade: x\r\n",
  "Expect: 100-continue\r\n",
  "HTTP/1.0",
  "GET /in HTTP/1.1\r\nHost: a\r\n\r\n",
]; // prettier-ignore

interface Edit {
  readonly at: number;
  readonly remove: number;
  readonly insert: string;
  /** Put the insertion at the next line's beginning. */
  readonly atLine: boolean;
}

const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  remove: fc.constantFrom(0, 0, 0, 1, 2, 5),
  insert: fc.oneof(fc.constantFrom(...NASTY), fc.constant("")),
  atLine: fc.boolean(),
});

describe("beside Node's own parser", () => {
  const ours = createRecorder();
  const theirs: { method: string; target: string; body: string }[] = [];
  let server: TestServer;
  let peer: http.Server;

  before(async () => {
    server = await serve(ours.handle);
    peer = http.createServer((request, response) => {
      let body = "";
      request.setEncoding("latin1");
      request.on("data", (text: string) => {
        body += text;
      });
      request.on("end", () => {
        theirs.push({ method: request.method!, target: request.url!, body });
        response.end("ok");
      });
    });
    // Node's name for answering a client that has half-closed.
    Object.assign(peer, { httpAllowHalfOpen: true });
    await new Promise<void>((resolve) => peer.listen(0, "127.0.0.1", resolve));
  });

  after(async () => {
    await server[Symbol.asyncDispose]();
    peer.closeAllConnections();
    await new Promise((resolve) => peer.close(resolve));
  });

  test("no message that both accept is framed differently", async () => {
    let bothAccepted = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(modelRequest, { minLength: 1, maxLength: 3 }),
        fc.array(edit, { maxLength: 4 }),
        async (models, edits) => {
          const message = edits.reduce(apply, models.map((model) => model.bytes).join(""));
          ours.requests.length = 0;
          theirs.length = 0;
          const mine = await talk(server.port, [message]);
          const other = await talk((peer.address() as net.AddressInfo).port, [message]);
          const common = Math.min(ours.requests.length, theirs.length);
          assert.deepEqual(
            ours.requests.slice(0, common).map(({ method, target, body }) => ({ method, target, body })),
            theirs.slice(0, common).map(({ method, target, body }) => ({ method, target: originForm(target), body })),
            "the same bytes became different requests",
          );
          if (ours.requests.length > 0 && theirs.length > 0) bothAccepted++;
          if (mine.responses.some(({ status }) => status >= 400)) refused++;
          else if (!other.responses.some(({ status }) => status >= 400) && other.raw.length > 0) {
            assert.equal(ours.requests.length, theirs.length, "the same bytes became more requests here or there");
          }
        },
      ),
      { numRuns: RUNS },
    );
    // A generator that only makes rubbish, or none, would find nothing.
    assert.ok(
      bothAccepted > RUNS / 5 && refused > RUNS / 10,
      `${bothAccepted} accepted by both, ${refused} refused of ${RUNS}`,
    );
  });
});

function apply(message: string, { at, remove, insert, atLine }: Edit): string {
  const place = Math.floor(at * message.length);
  const lineAt = atLine ? message.indexOf("\r\n", place) + 2 : place;
  return message.slice(0, lineAt) + insert + message.slice(lineAt + remove);
}

function originForm(target: string): string {
  const match = /^https?:\/\/[^/?]*(.*)$/i.exec(target);
  return match === null ? target : match[1]!.startsWith("/") ? match[1]! : `/${match[1]}`;
}
