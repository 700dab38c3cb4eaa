import { closeSync, openSync, writeSync } from "node:fs";
import type { Exchange } from "../../src/http/exchange.ts";
import { RequestHeaders } from "../../src/http/request-headers.ts";
import type { ResponseHead } from "../../src/http/response-head.ts";
import { StaticCache } from "../../src/static/cache.ts";
import { createStaticHandler } from "../../src/static/handler.ts";
import { BASE } from "./settings.ts";

// Started by files.test.ts with a low limit of descriptors and the root as its argument: what is answered while they are all taken, and after.
const handler = createStaticHandler({ ...BASE, root: process.argv[2]! }, new StaticCache());

const taken: number[] = [];
try {
  for (;;) taken.push(openSync("/dev/null", "r"));
} catch {
  // EMFILE: that is the point.
}
const [exhausted, retry] = await ask();
for (const fd of taken) closeSync(fd);
const [relieved] = await ask();
writeSync(1, JSON.stringify({ exhausted, retry, relieved }));

function ask(): Promise<readonly [status: number, retry: string | undefined]> {
  return new Promise((done) => {
    const exchange: Partial<Exchange> = {
      method: "GET",
      path: "/a.txt",
      query: "",
      headers: new RequestHeaders("", [], []),
      began: performance.now(),
      respond: (head: ResponseHead) => done([head.status, undefined]),
      fail: (status, _reason, headers) => done([status, headers?.[0]?.[1]]),
    };
    handler.handle(exchange as Exchange);
  });
}
