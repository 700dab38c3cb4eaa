import type { Exchange } from "../http/exchange.ts";

/** Text of the configuration with variables of the request in it, ready to be used. */
export interface Template {
  /** The text, where no variable stands in it; else null. */
  readonly constant: string | null;
  evaluate(exchange: Exchange): string;
}

/** Compiles such text. Both throw a PropylonError for a variable that does not exist. */
export interface Templates {
  compile(text: string): Template;
  /** For a URI or a part of one: decoded values are percent-encoded. */
  url(text: string): Template;
}
