import { parseSize } from "../base/units.ts";
import type { BandwidthConfig } from "../config/route-model.ts";
import type { Exchange } from "../http/exchange.ts";
import type { Pace } from "../http/pace.ts";
import type { CompiledTemplate } from "../template/template.ts";

/** How fast the answers of a route go out; null: as fast as clients read. What a template makes that is no size is no bound. */
export function buildPace(
  { rate, after }: BandwidthConfig,
  compile: (text: string) => CompiledTemplate,
): ((exchange: Exchange) => Pace | null) | null {
  if (rate === 0) return null;
  if (typeof rate === "number") {
    const pace = { rate, after };
    return () => pace;
  }
  const template = compile(rate);
  return (exchange) => {
    const bytes = parseSize(template.evaluate(exchange));
    return bytes === null || bytes === 0 ? null : { rate: bytes, after };
  };
}
