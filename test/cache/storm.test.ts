import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { test } from "node:test";
import { fc } from "../support/property.ts";
import { type Origin, stage } from "./stage.ts";

const KINDS = ["plain", "told", "private", "vary", "cut", "short", "down", "hangup", "large", "stale"] as const;

/** What an answer of a kind has to be, so that a mix-up shows: its URL and what it varies by, again and again. */
function content(url: string, kind: string, variant: string): string {
  return `${url} ${kind === "vary" ? variant : ""};`.repeat(kind === "large" ? 20_000 : 200);
}

const origin: Origin = (request, response, count) => {
  const url = request.url!;
  const kind = /^\/(\w+)/.exec(url)![1]!;
  const body = content(url, kind, String(request.headers["x-a"]));
  const control =
    kind === "private" ? "private" : kind === "stale" ? "max-age=0, stale-while-revalidate=60" : "max-age=60";
  const fields = { "Cache-Control": control, ETag: '"e"', ...(kind === "vary" && { Vary: "X-A" }) };
  if (kind === "hangup" && count % 2 === 0) return response.destroy();
  if (kind === "down" && count % 2 === 0) return response.writeHead(503, fields).end("down");
  const length = kind === "told" || kind === "short" ? { "Content-Length": String(body.length) } : {};
  response.writeHead(200, { ...fields, ...length });
  const half = body.length >> 1;
  response.write(body.slice(0, half));
  setImmediate(() => {
    if ((kind === "cut" || kind === "short") && count % 2 === 0) response.destroy();
    else response.end(body.slice(half));
  });
};

/** The body of an answer that came whole; null for one that was cut, which has to show. */
function whole(raw: string): { readonly status: number; readonly body: string } | null {
  const end = raw.indexOf("\r\n\r\n");
  if (end < 0) return null;
  const head = raw.slice(0, end);
  const rest = raw.slice(end + 4);
  const status = Number(head.split(" ")[1]);
  const length = /^content-length: (\d+)$/im.exec(head)?.[1];
  if (length !== undefined) return rest.length < Number(length) ? null : { status, body: rest };
  if (!rest.endsWith("0\r\n\r\n")) return null;
  return { status, body: rest.replace(/(?:^|\r\n)[\da-f]+\r\n/g, "").replace(/\r\n$/, "") };
}

test("whoever hangs up and whatever the origin does, each client gets its own answer, whole or visibly cut", {
  timeout: 120_000,
}, async (t) => {
  const { port, stores } = await stage(t, origin, { cache: { maxEntry: 100_000 }, size: 300_000 });
  const requests = fc.sample(
    fc.record({
      kind: fc.constantFrom(...KINDS),
      page: fc.integer({ min: 0, max: 2 }),
      variant: fc.constantFrom("a", "b"),
      /** Turns of the event loop after which the client hangs up; null: it stays. */
      leaves: fc.option(fc.integer({ min: 0, max: 12 }), { freq: 2 }),
      purges: fc.constantFrom(false, false, false, false, true),
    }),
    400,
  );
  let complete = 0;
  const run = async ({ kind, page, variant, leaves, purges }: (typeof requests)[number]): Promise<void> => {
    const url = `/${kind}/${page}`;
    const socket = net.connect(port, "127.0.0.1");
    const closed = once(socket, "close");
    let raw = "";
    socket.on("data", (chunk: Buffer) => {
      raw += chunk.toString("latin1");
    });
    socket.on("error", () => {});
    socket.write(`GET ${url} HTTP/1.1\r\nHost: a.example\r\nX-A: ${variant}\r\nConnection: close\r\n\r\n`);
    if (purges) stores.purge({ url: `http://a.example${url}` });
    for (let turn = 0; leaves !== null && turn < leaves; turn++) await new Promise((resolve) => setImmediate(resolve));
    if (leaves !== null) socket.destroy();
    await closed;
    const answer = whole(raw);
    if (leaves !== null || answer === null) return;
    complete++;
    if (answer.status === 200) assert.equal(answer.body, content(url, kind, variant), url);
    else assert.ok(answer.status === 502 || answer.status === 503, `${url}: ${answer.status}`);
  };
  for (let at = 0; at < requests.length; at += 40) await Promise.all(requests.slice(at, at + 40).map(run));
  assert.ok(complete > 100, `${complete} came whole`);
  const [store] = stores.status();
  assert.ok(store!.bytes <= 300_000 && store!.entries > 0);
  stores.purge({ all: true });
  assert.deepEqual(
    stores.status().map(({ bytes, entries }) => [bytes, entries]),
    [[0, 0]],
  );
});
