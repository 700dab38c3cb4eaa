import type { Log } from "../base/log.ts";
import type { CgiConfig } from "../config/route-model.ts";
import type { Exchange, Handler } from "../http/exchange.ts";
import { normalisePath } from "../http/path.ts";
import type { ResponseHead } from "../http/response-head.ts";
import { CgiAnswer } from "../proxy/gateway/cgi-answer.ts";
import { LocalRedirect } from "../proxy/gateway/cgi-head.ts";
import { PassingBody } from "../proxy/passing-body.ts";
import type { AnswerSink } from "../proxy/protocol.ts";
import { SpooledBody } from "../spool/spooled-body.ts";
import type { CompiledTemplate } from "../template/template.ts";
import { CgiRun, type RunEvents } from "./run.ts";
import { findScript, type Script } from "./script.ts";
import { metaVariables } from "./variables.ts";

export interface CgiParts {
  readonly log: Log;
  readonly compile: (text: string) => CompiledTemplate;
  /** Bytes of a body that are kept in memory; more go to a file. */
  readonly memoryLimit: number;
  /** A local redirect (RFC 3875 §6.2.2): the site looks for a route again. */
  readonly redirect: (exchange: Exchange, path: string, query: string) => void;
}

/**
 * Runs a script for each request (RFC 3875). The body is collected first, so that a slow client holds no process, and so that
 * CONTENT_LENGTH is known; the answer is passed on as it comes, and a client that doesn't read holds the script back.
 */
export class CgiHandler implements Handler {
  readonly #config: CgiConfig;
  readonly #parts: CgiParts;
  readonly #more: readonly (readonly [string, CompiledTemplate])[];
  #running = 0;

  constructor(config: CgiConfig, parts: CgiParts) {
    this.#config = config;
    this.#parts = parts;
    this.#more = Object.entries(config.environ).map(([key, value]) => [key, parts.compile(value)]);
  }

  handle(exchange: Exchange): void {
    void findScript(this.#config, exchange.path).then((script) => {
      if (exchange.aborted) return;
      if ("status" in script) {
        if (script.status === 403) this.#parts.log.warn(`cgi: ${script.reason}`);
        exchange.fail(script.status, script.status === 403 ? "This is not for running" : script.reason);
      } else this.#collect(exchange, script);
    });
  }

  // --- internal ---

  #collect(exchange: Exchange, script: Script): void {
    if (exchange.body.length === 0) return this.#run(exchange, script, null);
    const body: SpooledBody = new SpooledBody(exchange.body, this.#parts.memoryLimit, {
      ready: () => this.#run(exchange, script, body),
      failed: (status, reason) => exchange.fail(status, reason),
    });
    exchange.onAbort = () => body.close();
    body.start();
  }

  #run(exchange: Exchange, script: Script, body: SpooledBody | null): void {
    const { log } = this.#parts;
    const { timeout, processes, root } = this.#config;
    if (this.#running >= processes) {
      body?.close();
      exchange.fail(503, "Too many scripts are running", [["Retry-After", "1"]]);
      return;
    }
    const environment = metaVariables(exchange, script, {
      length: body?.length ?? 0,
      root: root ?? script.file.slice(0, script.file.lastIndexOf("/")),
      more: this.#more.map(([key, value]) => [key, value.evaluate(exchange)]),
    });
    const answer = new Answer(exchange, this.#parts, script.file, () => run);
    let late = false;
    const events: RunEvents = {
      output: (piece) => answer.parser.push(piece),
      said: (line) => log.warn(`cgi ${script.file}: ${line}`),
      ended: () => answer.parser.closed(),
      exited: (problem) => {
        this.#running--;
        clearTimeout(timer);
        body?.close();
        if (problem !== null && !exchange.aborted && !late) log.warn(`cgi ${script.file}: ${problem}`);
        answer.parser.closed();
      },
    };
    let run: CgiRun;
    try {
      run = new CgiRun(script, environment, body, events);
    } catch (error) {
      // Above all E2BIG: one variable takes 128 KiB at most on Linux.
      body?.close();
      log.error(`cgi ${script.file}: ${error instanceof Error ? error.message : String(error)}`);
      exchange.fail(500, "The script can't be started for this request");
      return;
    }
    this.#running++;
    const timer = setTimeout(
      () => {
        late = true;
        log.warn(`cgi ${script.file}: it is ended after ${timeout} ms`);
        answer.late();
        run.stop();
      },
      timeout === 0 ? NEVER : timeout,
    );
    exchange.onAbort = () => run.stop();
  }
}

const NEVER = 2 ** 31 - 1;

/** What becomes of a script's output. */
class Answer implements AnswerSink {
  readonly parser: CgiAnswer;
  readonly #exchange: Exchange;
  readonly #parts: CgiParts;
  readonly #file: string;
  readonly #run: () => CgiRun;
  #body: PassingBody | null = null;
  #begun = false;

  constructor(exchange: Exchange, parts: CgiParts, file: string, run: () => CgiRun) {
    this.#exchange = exchange;
    this.#parts = parts;
    this.#file = file;
    this.#run = run;
    this.parser = new CgiAnswer({ method: exchange.method }, this);
  }

  late(): void {
    if (!this.#begun) this.#fail(504, "The script took too long");
    else this.parser.fail("took too long");
  }

  inform(): void {}

  head(head: ResponseHead, length: number): void {
    if (this.#begun) return;
    this.#begun = true;
    if (head instanceof LocalRedirect) return this.#redirect(head.path, head.query);
    const run = this.#run();
    this.#body = new PassingBody(length, {
      pause: () => run.pause(),
      resume: () => run.resume(),
      abandon: () => run.stop(),
    });
    this.#exchange.respond(head, this.#body);
  }

  data(piece: Buffer): void {
    this.#body?.write(piece);
  }

  end(): void {
    this.#body?.end();
  }

  bad(reason: string): void {
    this.#parts.log.warn(`cgi ${this.#file}: ${reason}`);
    if (this.#body !== null) this.#body.fail(reason);
    else this.#fail(502, "The script gave no valid answer");
  }

  said(): void {}

  #fail(status: number, reason: string): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#exchange.fail(status, reason);
  }

  #redirect(target: string, query: string): void {
    const path = normalisePath(target);
    if (typeof path === "string") this.#parts.redirect(this.#exchange, path, query);
    else this.#exchange.fail(502, "The script led to a path that does not exist");
  }
}
