import type { BandwidthConfig } from "./route-model.ts";
import type { Path } from "./sourced.ts";
import { checkTemplate, type TemplateScope } from "./template-check.ts";

export interface BandwidthSettings {
  readonly bandwidth?: number | string | undefined;
  readonly bandwidth_after?: number | undefined;
}

/** Each of both that is not written is that of the level around. */
export function resolveBandwidth(
  { bandwidth: rate, bandwidth_after: after }: BandwidthSettings,
  at: Path,
  around: BandwidthConfig,
  scope: TemplateScope,
): BandwidthConfig {
  if (typeof rate === "string") checkTemplate(rate, [...at, "bandwidth"], scope);
  return { rate: rate ?? around.rate, after: after ?? around.after };
}
