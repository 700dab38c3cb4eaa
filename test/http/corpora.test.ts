import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { field, talk } from "./client.ts";
import { type CorpusCase, corpora, corpusCases, steps, withHost } from "./corpora.ts";
import { EXCEPTIONS } from "./corpora-exceptions.ts";
import { createRecorder } from "./recorder.ts";
import { serve, type TestServer } from "./serve.ts";

const recorder = createRecorder();

if (corpora === null) {
  test("the corpora are run where they are present", {
    skip: "no corpora: set PROPYLON_CORPORA to their folder",
  }, () => {});
} else {
  describe("corpora", runAll);
}

function runAll(): void {
  let server: TestServer;
  before(async () => {
    server = await serve(recorder.handle);
  });
  after(() => server[Symbol.asyncDispose]());

  test("every request of llhttp's tests gets its verdict", async () => {
    const cases = corpusCases("llhttp").filter((one) => one.type === "request");
    await runEach(cases, 100, async (one) => {
      await judge(one, steps(one).map(withHost), one.expect === "accept" ? (one.messages_complete ?? 1) : -1);
    });
  });

  test("every request and chunked body of h11's tests gets its verdict", async () => {
    const cases = corpusCases("h11").filter((one) => one.kind !== "response");
    await runEach(cases, 20, async (one) => {
      const [raw] = steps(one);
      const head =
        one.kind === "chunked-body" ? "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" : "";
      await judge(one, [withHost(head + raw)], one.expect === "accept" ? 1 : -1);
    });
  });

  test("every request of waitress' tests gets its verdict", async () => {
    await runEach(corpusCases("waitress"), 80, async (one) => {
      const pieces = one.level === "parser" ? [completeParserCase(steps(one).join(""))] : steps(one);
      // A 500 is the fixture application's answer to a request that is valid.
      const statuses = one.status_sequence ?? [];
      const valid =
        one.level === "wire"
          ? statuses.every((status) => status === 200 || status >= 500 || status === 431)
          : one.expect === "accept";
      await judge(one, pieces.map(withHost), valid ? -2 : -1);
    });
  });

  test("every case of h1spec holds", async () => {
    await runEach(corpusCases("h1spec-plain"), 30, (one) => runSpecCase(one));
  });

  test("no mutation of Transfer-Encoding makes a request out of another one's body", async () => {
    await runEach(corpusCases("smuggler-te-mutations"), 1000, (one) => probeMutation(one));
  });

  test("every written exception belongs to a case", () => {
    const names = ["llhttp", "h11", "waitress", "h1spec-plain"];
    const ids = new Set(names.flatMap((name) => corpusCases(name).map((one) => one.id)));
    assert.deepEqual(
      Object.keys(EXCEPTIONS).filter((id) => !ids.has(id)),
      [],
    );
  });

  /** `expected`: -1 for a refusal, -2 for one or more requests or an incomplete one, else the number of requests. */
  async function judge(one: CorpusCase, pieces: readonly string[], expected: number): Promise<void> {
    const from = recorder.requests.length;
    const methods = pieces.join("").startsWith("HEAD ") ? ["HEAD", "HEAD"] : [];
    const said = await talk(server.port, pieces, { methods });
    const statuses = said.responses.map((response) => response.status).filter((status) => status >= 200);
    const seen = recorder.requests.length - from;
    const label = `${one.id} ${one.title ?? ""}: got ${statuses.join(" ") || "no answer"}, ${seen} requests`;
    assert.equal(said.rest.length, 0, label);
    const exception = EXCEPTIONS[one.id];
    if (exception !== undefined) {
      assert.deepEqual(statuses, exception.statuses, `${label}; written exception: ${exception.why}`);
      return;
    }
    const refused = statuses.some((status) => status >= 400);
    if (expected === -1) assert.ok(refused || (statuses.length === 0 && seen === 0), label);
    else assert.ok(!refused && (expected === -2 || seen === expected), label);
  }

  async function runSpecCase(one: CorpusCase): Promise<void> {
    const pieces = steps(one);
    if (one.id.endsWith("/head_no_body")) {
      const said = await talk(server.port, pieces, { methods: ["HEAD"] });
      assert.deepEqual([said.responses.length, said.rest.length], [1, 0], one.id);
    } else if (one.expect === "survive") {
      await talk(server.port, pieces);
      const said = await talk(server.port, ["GET /after HTTP/1.1\r\nHost: a\r\n\r\n"]);
      assert.equal(said.responses[0]?.status, 200, one.id);
    } else if (one.expect === "close-after-first") {
      const said = await talk(server.port, pieces);
      assert.deepEqual([said.responses.length, field(said.responses[0]!, "connection")], [1, "close"], one.id);
    } else {
      const twice = one.expect === "accept-twice";
      await judge(one, pieces, one.expect === "reject" ? -1 : twice ? 2 : 1);
    }
  }

  /** Four probes of a header line: with a Content-Length that says one thing and chunks that say another, and without. */
  async function probeMutation(one: CorpusCase): Promise<void> {
    const [line] = steps(one);
    const hidden = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";
    const chunks = `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`;
    const probes = [
      { name: "CL.TE", length: `Content-Length: ${5 + hidden.length}\r\n`, body: `0\r\n\r\n${hidden}` },
      { name: "TE.CL", length: `Content-Length: ${chunks.indexOf("\n") + 1}\r\n`, body: chunks },
      { name: "TE, ended early", length: "", body: `0\r\n\r\n` },
      { name: "TE, in a chunk", length: "", body: chunks },
    ];
    for (const probe of probes) {
      const from = recorder.requests.length;
      const head = `POST /first HTTP/1.1\r\nHost: a\r\n${line}\r\n${probe.length}\r\n`;
      const said = await talk(server.port, [`${head}${probe.body}GET /next HTTP/1.1\r\nHost: a\r\n\r\n`]);
      const seen = recorder.requests.slice(from).map((request) => request.target);
      const statuses = said.responses.map((response) => response.status);
      const label = `${one.id} ${JSON.stringify(line)} ${probe.name}: ${statuses.join(" ")} ${seen.join(" ")}`;
      const meaning = readLine(line!);
      if (meaning === "invalid" || (meaning === "chunked" && probe.length !== "")) {
        assert.ok(statuses.length === 1 && (statuses[0] === 400 || statuses[0] === 501) && seen.length === 0, label);
      } else if (meaning === "chunked") {
        assert.deepEqual(
          [statuses, seen],
          [
            [200, 200],
            ["/first", "/next"],
          ],
          label,
        );
      } else if (probe.name === "CL.TE") {
        // Another field's line: Content-Length rules, and covers everything.
        assert.deepEqual(
          [statuses, seen],
          [
            [200, 200],
            ["/first", "/next"],
          ],
          label,
        );
      } else {
        // Without chunks and with a length that ends before them, what follows is the sender's own next request, or rubbish.
        assert.ok(seen[0] === "/first" && statuses[0] === 200, label);
      }
    }
  }
}

/** Runs all cases and reports every failure at once; `least`: fewer cases than that mean that the corpus was not read. */
async function runEach(
  cases: readonly CorpusCase[],
  least: number,
  run: (one: CorpusCase) => Promise<void>,
): Promise<void> {
  const failures: string[] = [];
  for (const one of cases) {
    try {
      await run(one);
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
    }
  }
  assert.ok(cases.length >= least, `only ${cases.length} cases`);
  assert.deepEqual(failures, []);
}

/** The corpus' README: header blocks without the end, and a version of their own. */
function completeParserCase(raw: string): string {
  const text = raw.replaceAll("HTTP/8.4", "HTTP/1.1");
  if (text.includes("\r\n\r\n")) return text;
  return text.endsWith("\r\n") ? `${text}\r\n` : `${text}\r\n\r\n`;
}

/**
 * What a strict reader makes of header lines, worked out here by other means than the engine's: `other` when every line is a
 * valid field and none is Transfer-Encoding, `chunked` when exactly one is and says so, else `invalid`.
 */
function readLine(text: string): "other" | "chunked" | "invalid" {
  let codings = 0;
  for (const line of text.split("\r\n")) {
    const match = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*$/.exec(line);
    if (match === null) return "invalid";
    if (match[1]!.toLowerCase() !== "transfer-encoding") continue;
    if (match[2]!.toLowerCase() !== "chunked") return "invalid";
    codings++;
  }
  return codings === 0 ? "other" : codings === 1 ? "chunked" : "invalid";
}
