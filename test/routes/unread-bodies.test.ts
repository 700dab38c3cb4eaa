import assert from "node:assert/strict";
import { test } from "node:test";
import { field, talk } from "../http/client.ts";
import { ANY, exact, put, route, say, site } from "./builders.ts";
import { serveSites } from "./serve-sites.ts";

const post = (path: string, body: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const chunked = (path: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n`;
const last = "GET /end HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

test("an answer that nobody read the body for leaves the connection to the next request, whatever the route does with bodies", async () => {
  const sites = [
    site(
      [
        route(exact("/plain"), say("plain")),
        route(exact("/limited"), say("limited"), { bodyLimit: 1024 }),
        route(exact("/filtered"), say("filtered"), {
          responseHeaders: [{ operation: "add", name: "X-A", value: "a", always: true }],
        }),
        route(exact("/ruled"), say("ruled"), { rules: [put("x", "{request_body}")], bodyLimit: 1024 }),
        route(ANY, say("end")),
      ],
      { order: "nginx" },
    ),
  ];
  await using served = await serveSites(sites);
  for (const path of ["/plain", "/limited", "/filtered", "/ruled"]) {
    const name = path.slice(1);
    // All at once, and each part on its own.
    for (const parts of [
      [post(path, "body") + post(path, "body") + last],
      [post(path, "body"), last],
      [post(path, "x".repeat(100)).slice(0, -50), "x".repeat(50), post(path, "y"), last],
    ]) {
      const { responses } = await talk(served.port, parts, { end: false });
      const bodies = responses.map((response) => response.body.latin1Slice());
      const requests = parts.join("").split(" HTTP/1.1\r\n").length - 1;
      assert.deepEqual(bodies, [...Array(requests - 1).fill(name), "end"], `${path} in ${parts.length}`);
    }
    // Where the end of a body is not known without reading it, the connection ends with the answer.
    const { responses } = await talk(served.port, [chunked(path)], { end: false });
    assert.equal(field(responses[0]!, "connection"), "close");
  }
});
