import type { Exchange, Handler, ResponseBody, ResponseFilter } from "../http/exchange.ts";
import type { ResponseHead } from "../http/response-head.ts";
import type { CompiledTemplate } from "../template/template.ts";
import type { FileLooker } from "./file-facts.ts";

export type TryStep =
  /** Serves files; where it has none, the next step is tried. */
  | { readonly kind: "handler"; readonly handler: Handler }
  /** A file, or a folder, at root and path. */
  | {
      readonly kind: "file";
      readonly root: CompiledTemplate;
      /** Latin-1. */
      readonly strip: string;
      /** Of a folder without its final slash. */
      readonly path: CompiledTemplate;
      readonly folder: boolean;
    };

/** Goes through steps until one has something to serve; else `otherwise` answers. */
export class TryHandler implements Handler {
  readonly #steps: readonly TryStep[];
  readonly #found: Handler;
  readonly #otherwise: Handler;
  readonly #files: FileLooker;

  constructor(steps: readonly TryStep[], found: Handler, otherwise: Handler, files: FileLooker) {
    this.#steps = steps;
    this.#found = found;
    this.#otherwise = otherwise;
    this.#files = files;
  }

  handle(exchange: Exchange): void {
    this.#from(exchange, 0);
  }

  #from(exchange: Exchange, first: number): void {
    for (let at = first; at < this.#steps.length; at++) {
      const step = this.#steps[at]!;
      if (step.kind === "handler") {
        // Files are read only; whatever else is asked is for the next.
        if (exchange.method !== "GET" && exchange.method !== "HEAD") continue;
        exchange.filter(new Otherwise(() => this.#from(exchange, at + 1)));
        step.handler.handle(exchange);
        return;
      }
      const path = slashed(step.path.evaluate(exchange));
      if (!this.#exists(step, step.root.evaluate(exchange), path)) continue;
      const own = ownPath(step.strip, path);
      if (own !== exchange.path) {
        exchange.path = own;
        exchange.rewritten = true;
      }
      this.#found.handle(exchange);
      return;
    }
    this.#otherwise.handle(exchange);
  }

  #exists({ strip, folder }: FileStep, root: string, path: string): boolean {
    const rest = strip !== "" && path.startsWith(strip) ? path.slice(strip.length) : path;
    const whole = rest.startsWith("/") || root.endsWith("/") ? root + rest : `${root}/${rest}`;
    // A file's name has no slash behind it, also where the system would not mind.
    return this.#files.look(whole).kind === (folder ? "directory" : "file") && (folder || !path.endsWith("/"));
  }
}

// --- internal ---

/** What is looked for is what is served: both begin at the folder. */
function slashed(path: string): string {
  return path.startsWith("/") ? path : `/${path}`;
}

type FileStep = Extract<TryStep, { kind: "file" }>;

/** The path of a name that was found: under the location whose path is taken off (NGINX's `alias`), also where it has not begun so. */
function ownPath(strip: string, path: string): string {
  if (strip === "" || path.startsWith(strip)) return path;
  return `${strip.replace(/\/$/, "")}${path.startsWith("/") ? "" : "/"}${path}`;
}

/** Lets an answer through; where there is nothing (404), goes on. */
class Otherwise implements ResponseFilter {
  readonly #next: () => void;

  constructor(next: () => void) {
    this.#next = next;
  }

  respond(exchange: Exchange, head: ResponseHead, body: ResponseBody): void {
    exchange.respond(head, body);
  }

  fail(exchange: Exchange, status: number, reason: string, headers: readonly (readonly [string, string])[]): void {
    if (status === 404 && !exchange.aborted) this.#next();
    else exchange.fail(status, reason, headers);
  }
}
