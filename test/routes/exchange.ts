import type { Exchange } from "../../src/http/exchange.ts";
import { type ExchangeFacts, endedExchange } from "../metrics/fake-exchange.ts";

/** An exchange for pure rules: it has a request, and answers nothing. */
export function asked(target: string, facts: ExchangeFacts = {}): Exchange {
  const mark = target.indexOf("?");
  const path = mark < 0 ? target : target.slice(0, mark);
  return { ...endedExchange({ target, ...facts }), path, query: mark < 0 ? "" : target.slice(mark + 1) };
}
