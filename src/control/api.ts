import { PropylonError } from "../base/errors.ts";
import type { Exchange, Handler, ResponseBody } from "../http/exchange.ts";
import type { RequestHeaders } from "../http/request-headers.ts";
import { ResponseHead } from "../http/response-head.ts";
import { chooseFormat, EXPOSITION_TYPES } from "../metrics/exposition-format.ts";
import { Arguments } from "./arguments.ts";
import { listing, purge } from "./cache-orders.ts";
import { EventStream } from "./event-stream.ts";
import { type LogSource, LogStream } from "./log-stream.ts";
import { describeApi } from "./openapi.ts";
import type { Operations } from "./operations.ts";
import { OutputStream } from "./output-stream.ts";
import { readChange } from "./read-change.ts";
import { type JsonObject, readJson } from "./read-json.ts";

export interface ApiParts {
  readonly operations: Operations;
  readonly logs: LogSource;
  /** Called with what was not the caller's fault. */
  readonly failed: (operation: string, error: unknown) => void;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: ResponseBody;
}

type Route = (operations: Operations, input: Input) => Promise<Answer> | Answer;

interface Input {
  readonly json: JsonObject;
  readonly query: URLSearchParams;
  readonly headers: RequestHeaders;
  readonly logs: LogSource;
}

/** Every operation (operations.ts). Over TCP `admin-guard.ts` stands before it. */
const ROUTES: Readonly<Record<string, Route>> = {
  "GET /livez": () => text(200, "ok\n"),
  "GET /readyz": (operations) => {
    const reasons = operations.notReady();
    return json(reasons.length === 0 ? 200 : 503, { ready: reasons.length === 0, reasons });
  },
  "GET /metrics": async (operations, { headers }) => {
    const format = chooseFormat(headers.list("accept"));
    return { status: 200, type: EXPOSITION_TYPES[format], body: Buffer.from(await operations.metrics({ format })) };
  },
  "GET /openapi.json": () => json(200, describeApi(Object.keys(ROUTES))),
  "GET /events": (operations) => ({ status: 200, type: "text/event-stream", body: new EventStream(operations) }),
  "GET /status": async (operations) => json(200, await operations.status()),
  "GET /config": (operations) => json(200, operations.config()),
  "GET /logs": (_operations, { query, logs }) => ({
    status: 200,
    type: "application/x-ndjson",
    body: logStream(query, logs),
  }),
  "GET /output": (operations, { query }) => ({
    status: 200,
    type: "application/octet-stream",
    body: outputStream(query, operations),
  }),
  "GET /changes": async (operations) => json(200, await operations.changes()),
  "GET /upstreams": async (operations, { query }) => {
    const name = query.get("name");
    return json(200, await operations.upstreams(name === null ? {} : { name }));
  },
  "POST /upstream": async (operations, { json: values }) => json(200, await operations.upstreams(readChange(values))),
  "GET /reports": async (operations, { query }) => {
    const app = query.get("app");
    return json(200, await operations.reports(app === null ? {} : { app }));
  },
  "POST /reload": async (operations, { json: values }) => {
    const given = new Arguments("reload", values, ["app", "programs"]);
    const app = given.optionalText("app");
    const programs = given.flag("programs");
    return json(
      200,
      await operations.reload({ ...(app === undefined ? {} : { app }), ...(programs ? { programs } : {}) }),
    );
  },
  "POST /restart": async (operations, { json: values }) =>
    json(200, await operations.restart({ name: new Arguments("restart", values, ["name"]).text("name") })),
  "POST /start": async (operations, { json: values }) => {
    await operations.start({ name: new Arguments("start", values, ["name"]).text("name") });
    return json(200, {});
  },
  "POST /stop": async (operations, { json: values }) => {
    const given = new Arguments("stop", values, ["name", "now"]);
    const name = given.optionalText("name");
    await operations.stop({ ...(name === undefined ? {} : { name }), now: given.flag("now") });
    return json(200, {});
  },
  "POST /signal": async (operations, { json: values }) => {
    const given = new Arguments("signal", values, ["name", "signal"]);
    await operations.signal({ name: given.text("name"), signal: given.text("signal") });
    return json(200, {});
  },
  "POST /clear": async (operations, { json: values }) => {
    await operations.clear({ name: new Arguments("clear", values, ["name"]).text("name") });
    return json(200, {});
  },
  "GET /cache": async (operations, { query }) => json(200, await operations.cache(listing(query))),
  "POST /cache/purge": async (operations, { json: values }) => json(200, await operations.cache(purge(values))),
  "POST /stacks": async (operations, { json: values }) =>
    json(200, await operations.stacks({ app: new Arguments("stacks", values, ["app"]).text("app") })),
};

/** Serves the operations over HTTP. */
export function apiHandler(parts: ApiParts): Handler {
  return {
    handle(exchange) {
      const method = exchange.method === "HEAD" ? "GET" : exchange.method;
      const route = ROUTES[`${method} ${exchange.path}`];
      if (route === undefined) return refuse(exchange);
      readJson(exchange, (value) => void serve(parts, exchange, route, value));
    },
  };
}

async function serve(
  parts: ApiParts,
  exchange: Exchange,
  route: Route,
  value: JsonObject | PropylonError,
): Promise<void> {
  try {
    if (value instanceof PropylonError) throw value;
    const query = new URLSearchParams(exchange.query);
    const input = { json: value, query, headers: exchange.headers, logs: parts.logs };
    answer(exchange, await route(parts.operations, input));
  } catch (error) {
    if (error instanceof PropylonError && error.kind !== "internal")
      return answer(exchange, json(400, errorBody(error)));
    parts.failed(`${exchange.method} ${exchange.path}`, error);
    answer(exchange, json(500, errorBody(error)));
  }
}

function refuse(exchange: Exchange): void {
  const allowed = Object.keys(ROUTES)
    .map((key) => key.split(" "))
    .flatMap(([method, path]) => (path === exchange.path ? [method === "GET" ? "GET, HEAD" : method!] : []));
  if (allowed.length === 0)
    return answer(exchange, json(404, errorBody(new PropylonError("user", `No operation at ${exchange.path}`))));
  const message = `${exchange.path} does not take ${exchange.method}`;
  answer(exchange, json(405, errorBody(new PropylonError("user", message))), [["Allow", allowed.join(", ")]]);
}

function answer(
  exchange: Exchange,
  { status, type, body }: Answer,
  headers: readonly (readonly [string, string])[] = [],
): void {
  const head = new ResponseHead(status, [["Content-Type", type], ["Cache-Control", "no-store"], ...headers]);
  exchange.respond(head, body);
}

function logStream(query: URLSearchParams, logs: LogSource): LogStream {
  return new LogStream(logs, {
    name: query.get("name"),
    count: countOf(query, "lines", 100),
    follow: isSet(query, "follow"),
  });
}

function outputStream(query: URLSearchParams, operations: Operations): OutputStream {
  const name = query.get("name");
  const stream = query.get("stream") ?? "stdout";
  if (name === null) throw new PropylonError("user", '"output" needs the argument "name"');
  if (stream !== "stdout" && stream !== "stderr")
    throw new PropylonError("user", `"${stream}" is neither stdout nor stderr`);
  const bytes = countOf(query, "bytes", OUTPUT_BYTES);
  return new OutputStream(operations.output({ name, stream }), { bytes, follow: isSet(query, "follow") });
}

/** How much of a program's output is given where nobody says it, and at most. */
const OUTPUT_BYTES = 16 * 1024;
const MOST_BYTES = 64 * 1024 * 1024;

function countOf(query: URLSearchParams, name: string, otherwise: number): number {
  const count = Number(query.get(name) ?? otherwise);
  if (!Number.isSafeInteger(count) || count < 0 || count > MOST_BYTES)
    throw new PropylonError("user", `"${query.get(name)}" is not a count of ${name}`);
  return count;
}

function isSet(query: URLSearchParams, name: string): boolean {
  return ["true", "1"].includes(query.get(name) ?? "");
}

function errorBody(error: unknown): { readonly error: { readonly message: string; readonly remedy: string | null } } {
  const message = error instanceof Error ? error.message : String(error);
  return { error: { message, remedy: error instanceof PropylonError ? (error.remedy ?? null) : null } };
}

function json(status: number, value: unknown): Answer {
  return { status, type: "application/json", body: Buffer.from(`${JSON.stringify(value, null, 2)}\n`) };
}

function text(status: number, value: string): Answer {
  return { status, type: "text/plain; charset=utf-8", body: Buffer.from(value) };
}
