import type { IncomingMessage } from "node:http";
import { hasCode, PropylonError } from "../base/errors.ts";
import { http } from "../base/node-http.ts";
import type { CacheOrder, CacheReport } from "../cache/orders.ts";
import type { Config } from "../config/model.ts";
import type { ChangeReport, Operations, ReloadReport, StatusReport } from "./operations.ts";
import type { WorkerReport } from "./report.ts";
import type { TargetChange } from "./upstreams.ts";

/** A log record as it comes over the control API. */
export interface SentRecord {
  /** ISO 8601. */
  readonly time: string;
  readonly level: "debug" | "info" | "warn" | "error";
  readonly source: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

/** Calls the operations of a running instance over its control socket. Errors are PropylonErrors, with what main said. */
export class ControlClient implements Omit<Operations, "config" | "notReady" | "output"> {
  readonly #socket: string;

  /** @param socket absolute path of the control socket */
  constructor(socket: string) {
    this.#socket = socket;
  }

  async status(): Promise<StatusReport> {
    return (await this.#call("GET", "/status")) as StatusReport;
  }

  async changes(): Promise<ChangeReport> {
    return (await this.#call("GET", "/changes")) as ChangeReport;
  }

  async reload(options: { readonly app?: string; readonly programs?: boolean } = {}): Promise<ReloadReport> {
    return (await this.#call("POST", "/reload", options)) as ReloadReport;
  }

  async restart(options: { readonly name: string }): Promise<ReloadReport> {
    return (await this.#call("POST", "/restart", options)) as ReloadReport;
  }

  async start(options: { readonly name: string }): Promise<void> {
    await this.#call("POST", "/start", options);
  }

  async stop(options: { readonly name?: string; readonly now?: boolean } = {}): Promise<void> {
    await this.#call("POST", "/stop", options);
  }

  async signal(options: { readonly name: string; readonly signal: string }): Promise<void> {
    await this.#call("POST", "/signal", options);
  }

  async clear(options: { readonly name: string }): Promise<void> {
    await this.#call("POST", "/clear", options);
  }

  async stacks(options: { readonly app: string }): ReturnType<Operations["stacks"]> {
    return (await this.#call("POST", "/stacks", options)) as Awaited<ReturnType<Operations["stacks"]>>;
  }

  async cache({ kind, ...rest }: CacheOrder): Promise<CacheReport> {
    if (kind === "purge") return (await this.#call("POST", "/cache/purge", rest)) as CacheReport;
    const query = new URLSearchParams(Object.entries(rest).map(([name, value]) => [name, String(value)]));
    return (await this.#call("GET", `/cache?${query}`)) as CacheReport;
  }

  async upstreams({ name, change }: Parameters<Operations["upstreams"]>[0] = {}): ReturnType<Operations["upstreams"]> {
    const answer = await (change === undefined
      ? this.#call("GET", `/upstreams${name === undefined ? "" : `?${new URLSearchParams({ name })}`}`)
      : this.#call("POST", "/upstream", { name, ...flat(change) }));
    return answer as Awaited<ReturnType<Operations["upstreams"]>>;
  }

  async reports(options: { readonly app?: string } = {}): Promise<readonly WorkerReport[]> {
    const query = options.app === undefined ? "" : `?${new URLSearchParams({ app: options.app })}`;
    return (await this.#call("GET", `/reports${query}`)) as readonly WorkerReport[];
  }

  async config(): Promise<Config> {
    return (await this.#call("GET", "/config")) as Config;
  }

  async metrics(): Promise<string> {
    return readAll(await this.#request("GET", "/metrics"));
  }

  /** Why it is not ready; empty when it is. */
  async notReady(): Promise<readonly string[]> {
    const response = await this.#request("GET", "/readyz", undefined, [200, 503]);
    return (JSON.parse(await readAll(response)) as { readonly reasons: readonly string[] }).reasons;
  }

  /** The last `lines` records and, when `follow`, each new one until main ends or `signal` aborts. */
  async *logs(options: {
    readonly name?: string;
    readonly lines?: number;
    readonly follow?: boolean;
    readonly signal?: AbortSignal;
  }): AsyncGenerator<SentRecord> {
    const { name, lines, follow, signal } = options;
    const query = new URLSearchParams({ follow: String(follow ?? false), lines: String(lines ?? 100) });
    if (name !== undefined) query.set("name", name);
    const response = await this.#request("GET", `/logs?${query}`);
    const stop = (): void => void response.destroy();
    signal?.addEventListener("abort", stop);
    try {
      for await (const line of linesOf(response)) yield JSON.parse(line) as SentRecord;
    } catch (error) {
      // Cut by us, or with the end of main: either way there are no more.
      if (!signal?.aborted && !hasCode(error, "ECONNRESET")) throw error;
    } finally {
      signal?.removeEventListener("abort", stop);
      response.destroy();
    }
  }

  /** The last `bytes` of an instance's output and, when `follow`, all that comes until main ends or `signal` aborts. */
  async *output(options: {
    readonly name: string;
    readonly stream: "stdout" | "stderr";
    readonly bytes?: number;
    readonly follow?: boolean;
    readonly signal?: AbortSignal;
  }): AsyncGenerator<Buffer> {
    const { name, stream, bytes, follow, signal } = options;
    const query = new URLSearchParams({ name, stream, follow: String(follow ?? false) });
    if (bytes !== undefined) query.set("bytes", String(bytes));
    const response = await this.#request("GET", `/output?${query}`);
    const stop = (): void => void response.destroy();
    signal?.addEventListener("abort", stop);
    try {
      for await (const piece of response) yield piece as Buffer;
    } catch (error) {
      // Cut by us, or with the end of main: either way there is no more.
      if (!signal?.aborted && !hasCode(error, "ECONNRESET")) throw error;
    } finally {
      signal?.removeEventListener("abort", stop);
      response.destroy();
    }
  }

  async #call(method: string, path: string, body?: unknown): Promise<unknown> {
    return JSON.parse(await readAll(await this.#request(method, path, body)));
  }

  #request(
    method: string,
    path: string,
    body?: unknown,
    expected: readonly number[] = [200],
  ): Promise<IncomingMessage> {
    const payload = body === undefined ? "" : JSON.stringify(body);
    const headers =
      payload === "" ? {} : { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(payload) };
    return new Promise((resolve, reject) => {
      const options = {
        socketPath: this.#socket,
        method,
        path,
        headers: { Host: "propylon", ...headers },
        agent: false,
      };
      const request = http.request(options, (response) => {
        if (expected.includes(response.statusCode!)) resolve(response);
        else readAll(response).then((text) => reject(saidError(text, response.statusCode!)), reject);
      });
      request.once("error", (cause) => reject(connectError(this.#socket, cause)));
      request.end(payload);
    });
  }
}

async function readAll(response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString("utf8");
}

async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  let rest = "";
  response.setEncoding("utf8");
  for await (const piece of response) {
    const lines = (rest + (piece as string)).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}

function saidError(text: string, status: number): PropylonError {
  try {
    const { error } = JSON.parse(text) as {
      readonly error: { readonly message: string; readonly remedy: string | null };
    };
    const kind = status >= 500 ? "internal" : "user";
    return new PropylonError(kind, error.message, error.remedy === null ? {} : { remedy: error.remedy });
  } catch (cause) {
    return new PropylonError("internal", `The instance answered ${status}`, { cause });
  }
}

function connectError(socket: string, cause: Error): PropylonError {
  if (hasCode(cause, "ENOENT") || hasCode(cause, "ECONNREFUSED")) {
    return new PropylonError("user", `No instance answers at ${socket}`, {
      cause,
      remedy: "start one, or name another with --control",
    });
  }
  if (hasCode(cause, "EACCES")) {
    return new PropylonError("user", `The control socket ${socket} is another user's`, {
      cause,
      remedy: "run this as the user who started it, or as root",
    });
  }
  return new PropylonError("user", `The instance at ${socket} ended before it answered: ${cause.message}`, { cause });
}

/** A change as the arguments of its operation. */
function flat(change: TargetChange): Record<string, unknown> {
  const { kind, address } = change;
  return { action: kind, target: address, ...(change.kind === "remove" ? {} : change.settings) };
}
