import type { Exchange, ResponseBody } from "../http/exchange.ts";
import { RequestHeaders } from "../http/request-headers.ts";
import type { ResponseHead } from "../http/response-head.ts";
import { AppRequest } from "./app-request.ts";
import { requestBlock } from "./request-block.ts";

/** A request of our own for one worker: GET of a path, without a client. `answered` gets the status, or null when there was no answer. */
export function probeRequest(path: string, host: string, answered: (status: number | null) => void): AppRequest {
  const [plain, query] = splitQuery(path);
  const exchange = new ProbeExchange(plain, query, path, host, answered);
  const context = { scriptName: "", serverName: "", extra: "" };
  const block = requestBlock(exchange, context);
  const request = new AppRequest(
    exchange,
    block,
    context,
    ["GET", plain, query, "127.0.0.1", "0", ""].join("\0"),
    null,
  );
  // Another worker's answer would say nothing of this one.
  request.retried = true;
  return request;
}

class ProbeExchange implements Exchange {
  method = "GET";
  readonly target: string;
  path: string;
  query: string;
  rewritten = false;
  readonly protocol = "HTTP/1.1";
  readonly host: string;
  headers: RequestHeaders;
  readonly client = {
    address: "127.0.0.1",
    port: 0,
    localPort: 80,
    localAddress: "127.0.0.1",
    listener: "",
    secure: false,
  };
  body = { length: 0, read: () => {}, pause: () => {}, resume: () => {} };
  readonly began = performance.now();
  app = "";
  site = "";
  route = "";
  queued = 0;
  routing = null;
  readonly environ = null;
  onAbort: (() => void) | null = null;
  readonly aborted = false;
  readonly upgradable = false;
  readonly #answered: (status: number | null) => void;

  constructor(path: string, query: string, target: string, host: string, answered: (status: number | null) => void) {
    this.path = path;
    this.query = query;
    this.target = target;
    this.host = host;
    this.headers = new RequestHeaders("", ["host", "user-agent"], [host, "propylon"]);
    this.#answered = answered;
  }

  respond(head: ResponseHead, body: ResponseBody): void {
    this.#answered(head.status);
    if (body === null || Buffer.isBuffer(body)) return;
    if (body.kind === "file") body.close();
    else body.cancel();
  }

  fail(): void {
    this.#answered(null);
  }

  inform(): void {}

  tunnel(): void {}

  filter(): void {}
}

function splitQuery(path: string): readonly [path: string, query: string] {
  const at = path.indexOf("?");
  return at < 0 ? [path, ""] : [path.slice(0, at), path.slice(at + 1)];
}
