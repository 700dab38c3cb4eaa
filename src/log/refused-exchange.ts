import type { Duplex } from "node:stream";
import type { Client, Exchange, RequestBody } from "../http/exchange.ts";
import { RequestHeaders } from "../http/request-headers.ts";

const NO_HEADERS = new RequestHeaders("", [], []);
const NO_BODY: RequestBody = { length: 0, read: (sink) => sink.end(), pause: () => {}, resume: () => {} };

/** What formats and conditions see of a request that was refused before it became an exchange: its client, and nothing else. */
export class RefusedExchange implements Exchange {
  method = "";
  readonly target = "";
  path = "";
  query = "";
  rewritten = false;
  readonly protocol = "";
  readonly host = "";
  headers = NO_HEADERS;
  readonly client: Client;
  body = NO_BODY;
  readonly began = performance.now();
  app = "";
  site = "";
  route = "";
  queued = 0;
  routing: object | null = null;
  readonly environ = null;
  onAbort: (() => void) | null = null;
  readonly aborted = false;
  readonly upgradable = false;

  constructor(client: Client) {
    this.client = client;
  }

  respond(): void {}

  fail(): void {}

  inform(): void {}

  tunnel(_head: unknown, take: (client: Duplex) => void): void {
    void take;
  }

  filter(): void {}
}
