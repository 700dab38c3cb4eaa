import type { Client, Exchange } from "../../src/http/exchange.ts";
import { RequestHeaders } from "../../src/http/request-headers.ts";

/** What a test says of an exchange; the rest is a plain GET of `/` from 192.0.2.1. */
export interface ExchangeFacts {
  method?: string;
  target?: string;
  protocol?: string;
  host?: string;
  site?: string;
  route?: string;
  app?: string;
  queued?: number;
  began?: number;
  headers?: RequestHeaders;
  client?: Client;
}

export const CLIENT: Client = {
  address: "192.0.2.1",
  port: 40000,
  localPort: 8000,
  localAddress: "192.0.2.9",
  listener: "*:8000",
  secure: false,
};

export function headersOf(fields: readonly (readonly [string, string])[]): RequestHeaders {
  const raw = fields.map(([name, value]) => `${name}: ${value}`).join("\r\n");
  return new RequestHeaders(
    raw,
    fields.map(([name]) => name.toLowerCase()),
    fields.map(([, value]) => value),
  );
}

/** An exchange that has ended, for what only observes it. */
export function endedExchange(facts: ExchangeFacts = {}): Exchange {
  const target = facts.target ?? "/";
  const unused = (): never => {
    throw new Error("an observer answers nothing and reads no body");
  };
  return {
    method: "GET",
    target,
    path: target,
    query: "",
    rewritten: false,
    protocol: "HTTP/1.1",
    host: "example.org",
    headers: headersOf([]),
    client: CLIENT,
    body: { length: 0, read: unused, pause: unused, resume: unused },
    began: performance.now(),
    app: "",
    site: "default",
    route: "",
    queued: 0,
    routing: null,
    environ: null,
    onAbort: null,
    aborted: false,
    respond: unused,
    fail: unused,
    inform: unused,
    upgradable: false,
    tunnel: unused,
    filter: unused,
    ...facts,
  };
}
