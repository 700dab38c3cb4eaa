import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { field, talk } from "./client.ts";
import { OWN_CASES } from "./own-cases.ts";
import { createRecorder } from "./recorder.ts";
import { serve, type TestServer } from "./serve.ts";

describe("requests by the rules of RFC 9110 and RFC 9112", () => {
  const recorder = createRecorder();
  let server: TestServer;
  before(async () => {
    server = await serve(recorder.handle);
  });
  after(() => server[Symbol.asyncDispose]());

  for (const { rule, message, statuses, seen } of OWN_CASES) {
    test(rule, async () => {
      const from = recorder.requests.length;
      const said = await talk(server.port, [message]);
      assert.deepEqual(
        said.responses.map((response) => response.status),
        statuses,
      );
      const requests = recorder.requests
        .slice(from)
        .map((request) => `${request.method} ${request.target} ${request.body}`);
      if (seen !== undefined) assert.deepEqual(requests, seen);
      else assert.equal(requests.length, statuses.filter((status) => status === 200).length);
      assert.equal(said.rest.length, 0);
      const last = said.responses.at(-1);
      if (last !== undefined && last.status >= 400) assert.equal(field(last, "connection"), "close");
    });
  }
});
