import type { Exchange, Handler } from "../http/exchange.ts";
import { SpooledBody } from "../spool/spooled-body.ts";
import { AppRequest } from "./app-request.ts";
import type { Pool } from "./pool.ts";
import { type BlockContext, requestBlock } from "./request-block.ts";

/** Gives exchanges to an app's pool. */
export class AppHandler implements Handler {
  readonly #pool: Pool;
  readonly #mount: string;
  readonly #context: BlockContext;
  readonly #memoryLimit: number;

  /** `mount`: SCRIPT_NAME, taken off the path. `serverName`: SERVER_NAME, or empty for the request's host. */
  constructor(pool: Pool, mount: string, serverName: string, memoryLimit: number) {
    this.#pool = pool;
    this.#mount = mount;
    this.#context = { scriptName: Buffer.from(mount).latin1Slice(), serverName };
    this.#memoryLimit = memoryLimit;
  }

  handle(exchange: Exchange): void {
    exchange.app = this.#pool.name;
    const block = requestBlock(exchange, this.#context);
    const head = this.#head(exchange);
    if (exchange.body.length === 0) {
      this.#pool.submit(new AppRequest(exchange, block, head, null));
      return;
    }
    const body = new SpooledBody(exchange.body, this.#memoryLimit, {
      ready: () => {
        if (exchange.aborted) body.close();
        else this.#pool.submit(new AppRequest(exchange, block, head, body));
      },
      failed: (status, reason) => {
        if (!exchange.aborted) exchange.fail(status, reason);
      },
    });
    exchange.onAbort = () => body.close();
    body.start();
  }

  #head(exchange: Exchange): string {
    const { path, query, target, client } = exchange;
    const info = this.#mount === "" ? path : path.slice(this.#mount.length);
    const plain = query === "" ? path : `${path}?${query}`;
    return `${exchange.method}\0${info}\0${query}\0${client.address}\0${client.port}\0${plain === target ? "" : target}`;
  }
}
