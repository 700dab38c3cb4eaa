import type { DeadlineConfig } from "../config/deadline-model.ts";
import type { Exchange, Handler } from "../http/exchange.ts";
import { INLINE_LIMIT, SpooledBody } from "../spool/spooled-body.ts";
import type { CompiledTemplate } from "../template/template.ts";
import { asksForWebSocket, readHandshake } from "../websocket/handshake.ts";
import { AppEnviron } from "./app-environ.ts";
import { AppRequest, type Share } from "./app-request.ts";
import { LiveBody } from "./live-body.ts";
import type { Pool } from "./pool.ts";
import { type BlockContext, type RequestBlock, requestBlock } from "./request-block.ts";

/** Gives exchanges to an app's pool. */
export class AppHandler implements Handler {
  readonly #pool: Pool;
  readonly #mount: string;
  readonly #context: BlockContext;
  readonly #memoryLimit: number;
  /** null: the environ is ours alone, as nearly everywhere. */
  readonly #environ: AppEnviron | null;
  #deadline: DeadlineConfig | null = null;
  #share: Share | null = null;

  /**
   * `mount`: SCRIPT_NAME, taken off the path. `serverName`: SERVER_NAME, or empty for the request's host. `environ`: more
   * keys, or others in place of ours.
   */
  constructor(
    pool: Pool,
    mount: string,
    serverName: string,
    memoryLimit: number,
    environ: readonly (readonly [string, CompiledTemplate])[] = [],
  ) {
    this.#pool = pool;
    this.#mount = Buffer.from(mount).latin1Slice();
    this.#context = { scriptName: this.#mount, serverName, extra: "" };
    this.#memoryLimit = memoryLimit;
    this.#environ = environ.length === 0 ? null : new AppEnviron(environ, this.#context);
  }

  /** Its requests have a deadline and a part of the app of their own. */
  restrict(deadline: DeadlineConfig | null, share: Share | null): void {
    this.#deadline = deadline;
    this.#share = share;
    if (deadline !== null) this.#pool.deadlines.expect(deadline);
  }

  handle(exchange: Exchange): void {
    exchange.app = this.#pool.name;
    const pool = this.#pool;
    const context = this.#environ === null ? this.#context : this.#environ.context(exchange);
    const block = requestBlock(exchange, context, pool.loops);
    const head = this.#environ === null ? this.#head(exchange) : this.#environ.head(exchange, this.#head(exchange));
    const { length } = exchange.body;
    if (length === 0) {
      if (exchange.upgradable && asksForWebSocket(exchange)) this.#webSocket(exchange, block, context, head);
      else pool.submit(this.#restricted(new AppRequest(exchange, block, context, head, null)));
      return;
    }
    // An event loop gets a body while it comes; one that fits a frame is worth the wait.
    if (pool.loops && (length < 0 || length > INLINE_LIMIT)) {
      pool.submit(this.#restricted(new AppRequest(exchange, block, context, head, new LiveBody(exchange.body))));
      return;
    }
    const body = new SpooledBody(exchange.body, this.#memoryLimit, {
      ready: () => {
        if (exchange.aborted) body.close();
        else pool.submit(this.#restricted(new AppRequest(exchange, block, context, head, body)));
      },
      failed: (status, reason) => {
        if (!exchange.aborted) exchange.fail(status, reason);
      },
    });
    exchange.onAbort = () => body.close();
    body.start();
  }

  /** A WSGI app sees it as the GET that it is. */
  #webSocket(exchange: Exchange, block: RequestBlock, context: BlockContext, head: string): void {
    const handshake = readHandshake(exchange);
    if ("accept" in handshake)
      this.#pool.submit(this.#restricted(new AppRequest(exchange, block, context, head, null, handshake)));
    else if (this.#pool.loops) exchange.fail(handshake.status, handshake.reason, handshake.headers);
    else this.#pool.submit(this.#restricted(new AppRequest(exchange, block, context, head, null)));
  }

  #restricted(request: AppRequest): AppRequest {
    request.deadline = this.#deadline ?? this.#pool.deadlines.deadline;
    request.share = this.#share;
    return request;
  }

  #head(exchange: Exchange): string {
    const { path, query, target, client } = exchange;
    const info = this.#mount === "" ? path : this.#below(path);
    const plain = query === "" ? path : `${path}?${query}`;
    return `${exchange.method}\0${info}\0${query}\0${client.address}\0${client.port}\0${plain === target ? "" : target}`;
  }

  /** What follows the mount. Slashes before it are one (routes are found so); a rewritten path may have left it. */
  #below(path: string): string {
    const plain = path.startsWith("//") ? path.replace(/^\/+/, "/") : path;
    return plain.startsWith(this.#mount) ? plain.slice(this.#mount.length) : path;
  }
}
