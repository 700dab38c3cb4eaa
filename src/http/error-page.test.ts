import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { errorPage } from "./error-page.ts";

describe("errorPage", () => {
  test("is HTML, with the reason escaped", () => {
    const { head, body } = errorPage(400, 'the host "<script>" is not valid');
    assert.deepEqual([head.status, head.headers], [400, [["Content-Type", "text/html; charset=utf-8"]]]);
    assert.ok(body.includes("<title>400 Bad Request</title>"));
    assert.ok(body.includes("<p>The host &#34;&#60;script&#62;&#34; is not valid.</p>"));
  });

  test("does not tell what is wrong with the server", () => {
    assert.ok(!errorPage(502, "worker person/1 died").body.includes("person"));
  });

  const json: Record<string, boolean> = {
    "": false,
    "*/*": false,
    "application/json": true,
    "application/json, text/html": false,
    "text/html;q=0.5, application/json": true,
    "text/html, application/json;q=0.9": false,
    "application/json;q=0": false,
    "text/*, Application/JSON ; q=0.1": true,
    "application/json;q=x": false,
  };
  for (const [accept, expected] of Object.entries(json)) {
    test(`Accept: ${accept} gets ${expected ? "JSON" : "HTML"}`, () => {
      const { head } = errorPage(404, "", accept);
      assert.equal(head.headers[0]![1] === "application/json", expected);
    });
  }

  test("carries the fields it is given", () => {
    assert.deepEqual(errorPage(503, "", "", [["Retry-After", "1"]]).head.headers[1], ["Retry-After", "1"]);
  });
});
