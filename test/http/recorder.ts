import type { Exchange } from "../../src/http/exchange.ts";
import { ResponseHead } from "../../src/http/response-head.ts";

/** A request as a handler saw it. */
export interface Recorded {
  readonly method: string;
  readonly target: string;
  readonly path: string;
  readonly query: string;
  readonly protocol: string;
  readonly host: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

const OK = new ResponseHead(200, [["Content-Type", "text/plain"]]);

/** A handler that reads each request to its end, records it, and answers 200 with its method and target. */
export function createRecorder(): { requests: Recorded[]; handle: (exchange: Exchange) => void } {
  const requests: Recorded[] = [];
  const handle = (exchange: Exchange): void => {
    let body = "";
    exchange.body.read({
      data: (chunk) => {
        body += chunk.latin1Slice();
      },
      end: () => {
        requests.push(record(exchange, body));
        exchange.respond(OK, Buffer.from(`${exchange.method} ${exchange.target}`));
      },
      fail: (status, reason) => exchange.fail(status, reason),
    });
  };
  return { requests, handle };
}

function record(exchange: Exchange, body: string): Recorded {
  const { method, target, path, query, protocol, host, headers } = exchange;
  const fields = headers.names.map((name, i) => [name, headers.values[i]!] as const);
  return { method, target, path, query, protocol, host, headers: fields, body };
}
