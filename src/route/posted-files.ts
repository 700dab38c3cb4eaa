import type { Exchange, Handler } from "../http/exchange.ts";
import type { CompiledTemplate } from "../template/template.ts";
import type { FileLooker } from "./file-facts.ts";

/**
 * Files as NGINX serves them to POST: what does not exist is 404, so that `error_page 404` can lead a form to a program; what
 * does is 405, as the static handler says of itself.
 */
export class PostedFiles implements Handler {
  readonly #static: Handler;
  readonly #filename: CompiledTemplate;
  readonly #files: FileLooker;

  /** `filename`: where the file of a request would be. */
  constructor(inner: Handler, filename: CompiledTemplate, files: FileLooker) {
    this.#static = inner;
    this.#filename = filename;
    this.#files = files;
  }

  handle(exchange: Exchange): void {
    if (exchange.method === "POST" && this.#files.look(this.#filename.evaluate(exchange)).kind === "none")
      exchange.fail(404, "There is no such file");
    else this.#static.handle(exchange);
  }
}
