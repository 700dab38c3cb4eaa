/** What is said of one operation in the description of the API. */
interface Described {
  readonly summary: string;
  /** Arguments of a POST, as a JSON object; required ones end in `!`. */
  readonly body?: Readonly<Record<string, "string!" | "string" | "integer" | "boolean">>;
  readonly query?: Readonly<Record<string, "string!" | "string" | "integer" | "boolean">>;
  readonly type?: string;
  /** What is answered to who accepts it. */
  readonly otherType?: string;
}

const JSON_TYPE = "application/json";

const DESCRIBED: Readonly<Record<string, Described>> = {
  "GET /livez": { summary: "Main is alive", type: "text/plain" },
  "GET /readyz": { summary: "Whether everything can serve (200), or why not (503)" },
  "GET /metrics": {
    summary: "Prometheus exposition of everything; OpenMetrics for who accepts it",
    type: "text/plain",
    otherType: "application/openmetrics-text",
  },
  "GET /openapi.json": { summary: "This description" },
  "GET /events": {
    summary: "The live state: `event: status` at once and whenever it changes",
    type: "text/event-stream",
  },
  "GET /status": { summary: "Processes, apps, programs, listeners" },
  "GET /config": { summary: "The configuration in effect" },
  "GET /changes": { summary: "What a reload would change" },
  "GET /reports": {
    summary: "Workers that were killed, crashed or timed out: their requests, stacks and last lines",
    query: { app: "string" },
  },
  "GET /logs": {
    summary: "The last log records, one a line, and further ones with `follow`",
    query: { name: "string", lines: "integer", follow: "boolean" },
    type: "application/x-ndjson",
  },
  "GET /output": {
    summary: "A program's output as it was written",
    query: { name: "string!", stream: "string", bytes: "integer", follow: "boolean" },
    type: "application/octet-stream",
  },
  "GET /upstreams": { summary: "Upstreams and their targets, as the edge sees them", query: { name: "string" } },
  "POST /upstream": {
    summary: "Adds, sets or removes a target of an upstream, until its section of the configuration changes",
    body: {
      name: "string!",
      action: "string!",
      target: "string!",
      weight: "integer",
      backup: "boolean",
      down: "boolean",
    },
  },
  "POST /reload": {
    summary: "Reads the configuration again and swaps it in; what works stays on failure",
    body: { app: "string", programs: "boolean" },
  },
  "POST /restart": { summary: "Replaces the workers of an app, or runs a program anew", body: { name: "string!" } },
  "POST /start": { summary: "Starts what is stopped; answers when it is ready", body: { name: "string!" } },
  "POST /stop": { summary: "Stops an app or a program, or everything", body: { name: "string", now: "boolean" } },
  "POST /signal": { summary: "Sends a signal to a program", body: { name: "string!", signal: "string!" } },
  "POST /clear": { summary: "Empties a program's output files", body: { name: "string!" } },
  "GET /cache": {
    summary: "The stores of the HTTP cache, and with `limit` so many of the answers in them",
    query: { prefix: "string", limit: "integer" },
  },
  "POST /cache/purge": {
    summary: "Removes a URL, the URLs that begin so, or everything (`all`) from the HTTP cache",
    body: { url: "string", prefix: "string", all: "boolean", store: "string" },
  },
  "POST /stacks": { summary: "Python stacks of all lanes of an app", body: { app: "string!" } },
};

/** The API in OpenAPI 3.1, for these `METHOD /path` keys. Throws for one that nothing is said of. */
export function describeApi(keys: readonly string[]): unknown {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const key of keys) {
    const [method, path] = key.split(" ") as [string, string];
    const described = DESCRIBED[key];
    if (described === undefined) throw new Error(`the operation ${key} is not described`);
    paths[path] = { ...paths[path], [method.toLowerCase()]: operation(path, described) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "Propylon control API", version: "1" },
    components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
    paths,
  };
}

// --- internal ---

function operation(path: string, { summary, body, query, type = JSON_TYPE, otherType }: Described): unknown {
  const open = path === "/livez" || path === "/readyz";
  return {
    operationId: path.slice(1).replace(".json", ""),
    summary,
    security: open ? [] : [{ token: [] }],
    ...(query === undefined ? {} : { parameters: parameters(query) }),
    ...(body === undefined ? {} : { requestBody: requestBody(body) }),
    responses: {
      200: { description: "Done", content: { [type]: {}, ...(otherType === undefined ? {} : { [otherType]: {} }) } },
      400: { description: "The input is wrong: `error.message`, `error.remedy`", content: { [JSON_TYPE]: {} } },
      ...(open ? {} : { 401: { description: "The token is missing or wrong" } }),
    },
  };
}

function parameters(query: NonNullable<Described["query"]>): unknown {
  return Object.entries(query).map(([name, kind]) => ({
    name,
    in: "query",
    required: kind.endsWith("!"),
    schema: { type: kind.replace("!", "") },
  }));
}

function requestBody(body: NonNullable<Described["body"]>): unknown {
  const properties = Object.fromEntries(
    Object.entries(body).map(([name, kind]) => [name, { type: kind.replace("!", "") }]),
  );
  const required = Object.keys(body).filter((name) => body[name]!.endsWith("!"));
  const schema = {
    type: "object",
    properties,
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
  return { required: required.length > 0, content: { [JSON_TYPE]: { schema } } };
}
