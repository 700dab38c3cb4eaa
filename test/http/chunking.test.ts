import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fc } from "../support/property.ts";
import { feed } from "./in-memory.ts";
import { cutAt, modelRequest } from "./message.ts";
import { OWN_CASES } from "./own-cases.ts";

const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 });

describe("requests in pieces", () => {
  test("valid requests, pipelined and cut anywhere, are the requests that were meant", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(modelRequest, { minLength: 1, maxLength: 5 }), cuts, async (models, places) => {
        const { statuses, requests } = await feed(cutAt(models.map((model) => model.bytes).join(""), places));
        assert.deepEqual(
          requests.map(({ method, target, headers, body }) => ({ method, target, fields: headers, body })),
          models.map(({ method, target, fields, body }) => ({ method, target, fields, body })),
        );
        assert.deepEqual(
          statuses,
          models.map(() => 200),
        );
      }),
      { numRuns: 400 },
    );
  });

  test("valid requests byte by byte are the same", async () => {
    await fc.assert(
      fc.asyncProperty(modelRequest, async (model) => {
        const { requests } = await feed([...model.bytes]);
        assert.equal(requests.length, 1);
        assert.equal(requests[0]!.body, model.body);
        assert.deepEqual(requests[0]!.headers, model.fields);
      }),
      { numRuns: 100 },
    );
  });

  test("the answers to requests that came in one read leave in one write", async () => {
    const { statuses, writes } = await feed(["GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(20)]);
    assert.deepEqual([statuses.length, writes], [20, 1]);
  });

  test("every case of our own is answered alike in one piece and byte by byte", async () => {
    for (const { rule, message, statuses } of OWN_CASES) {
      if (message.length > 4000) continue;
      assert.deepEqual((await feed([message])).statuses, statuses, rule);
      assert.deepEqual((await feed([...message])).statuses, statuses, `${rule}, byte by byte`);
    }
  });

  test("every case of our own is answered alike when cut in two anywhere", async () => {
    for (const { rule, message, statuses } of OWN_CASES) {
      if (message.length > 200) continue;
      for (let at = 1; at < message.length; at++) {
        const outcome = await feed([message.slice(0, at), message.slice(at)]);
        assert.deepEqual(outcome.statuses, statuses, `${rule}, cut at ${at}`);
      }
    }
  });
});
