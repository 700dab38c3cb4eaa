import assert from "node:assert/strict";
import { test } from "node:test";
import { readReport } from "./h2load.ts";

const SAID = `Application protocol: h2
finished in 1.00s, 4.00 req/s, 1.00KB/s
requests: 4 total, 4 started, 4 done, 4 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 4 2xx, 0 3xx, 0 4xx, 0 5xx
`;
const line = (time: number, status = 200) => `1700000000\t${status}\t${time}\n`;

test("h2load's report and log become a rate and latencies", () => {
  const log = [4000, 1000, 3000, 2000].map((time) => line(time)).join("");
  assert.deepEqual(readReport(SAID, log, 2), { requests: 4, perSecond: 2, p50: 3, p99: 4 });
});

test("a failed request, another status or another protocol is an error", () => {
  assert.throws(() => readReport(SAID.replace("0 errored", "1 errored"), line(1), 1), /errors/);
  assert.throws(() => readReport(SAID, line(1, 503), 1), /503/);
  assert.throws(() => readReport(SAID.replace("h2\n", "http/1.1\n"), line(1), 1), /HTTP\/2/);
  assert.throws(() => readReport(SAID, "", 1), /not a single/);
});
