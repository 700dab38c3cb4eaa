import assert from "node:assert/strict";
import net from "node:net";
import { type TestContext, test } from "node:test";
import { Http1Connection } from "../../src/http/connection.ts";
import type { ExchangeObserver } from "../../src/http/exchange.ts";
import { ResponseHead } from "../../src/http/response-head.ts";
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS } from "../../src/http/settings.ts";
import { talk } from "../http/client.ts";
import { until } from "../support/instance.ts";

interface Stage {
  readonly port: number;
  readonly counts: { opened: number; closed: number; refused: number };
  /** What was handed over: the input so far, of each connection. */
  readonly taken: string[];
}

/** An engine of HTTP/1.1 whose connections are taken over where their first line is this. */
async function stage(t: TestContext, wanted: string): Promise<Stage> {
  const counts = { opened: 0, closed: 0, refused: 0 };
  const taken: string[] = [];
  const observer: ExchangeObserver = {
    ended: () => {},
    refused: () => counts.refused++,
    connectionOpened: () => counts.opened++,
    connectionClosed: () => counts.closed++,
  };
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    new Http1Connection(socket, {
      handler: () => ({ handle: (exchange) => exchange.respond(new ResponseHead(200, []), null) }),
      settings: { limits: DEFAULT_LIMITS, timeouts: DEFAULT_TIMEOUTS, serverName: null },
      observer,
      secure: false,
      localPort: 0,
      address: "",
      takeOver: (it, line, input) => {
        if (line !== wanted || input.length === 0) return false;
        taken.push(input.latin1Slice());
        it.end("yours");
        return true;
      },
    }).start();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return { port: (server.address() as net.AddressInfo).port, counts, taken };
}

test("a connection that begins as another protocol is handed over with all that was read, and counted once", async (t) => {
  const { port, counts, taken } = await stage(t, "PRI * HTTP/2.0");
  const text = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nmore";
  for (const pieces of [
    [text],
    [text.slice(0, 3), text.slice(3)],
    [text.slice(0, 15), text.slice(15, 16), text.slice(16)],
  ]) {
    const { raw } = await talk(port, pieces);
    assert.equal(raw.latin1Slice(), "yours");
  }
  for (const input of taken) assert.ok(text.startsWith(input) && input.length >= 16, JSON.stringify(input));
  await until(() => counts.closed === 3);
  assert.deepEqual(counts, { opened: 3, closed: 3, refused: 0 });
});

test("what is not wanted, or comes after a request, is refused as ever", async (t) => {
  const { port, counts, taken } = await stage(t, "PRI * HTTP/2.0");
  const statuses = async (text: string) => (await talk(port, [text])).responses.map(({ status }) => status);
  assert.deepEqual(await statuses("PRI * HTTP/3.0\r\n\r\n"), [505]);
  assert.deepEqual(await statuses("GET / HTTP/1.1\r\nHost: a\r\n\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), [200, 505]);
  // RFC 9113 §3.4: the preface is the first that is said; an empty line before it is HTTP/1.1's.
  assert.deepEqual(await statuses("\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), [505]);
  assert.deepEqual([taken, counts.refused], [[], 3]);
});
