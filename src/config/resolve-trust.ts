import { checkRange } from "./check-range.ts";
import type { ResolveContext } from "./resolve-app.ts";
import type { Path } from "./sourced.ts";
import type { ProxyProtocolConfig, TrustConfig } from "./trust-model.ts";
import type { ProxyProtocolSettings, TrustSettings } from "./trust-schema.ts";

/** Nobody is believed; what clients claim is removed. */
export const NO_TRUST: TrustConfig = {
  ranges: [],
  take: ["address", "scheme", "port"],
  fields: "auto",
  addressField: null,
  secureFields: [],
  recursive: true,
  hops: 0,
  strip: true,
};

export function resolveTrust(settings: TrustSettings | undefined, at: Path, context: ResolveContext): TrustConfig {
  if (settings === undefined) return NO_TRUST;
  const short = context.problems.isList(at);
  for (const [index, range] of settings.from.entries())
    checkRange(range, short ? [...at, index] : [...at, "from", index], context, false);
  if (settings.fields === "forwarded" && settings.secure_fields !== undefined)
    context.problems.error([...at, "secure_fields"], "Forwarded says the scheme itself (proto=)", {
      at: "key",
      remedy: "leave secure_fields out, or write fields: x-forwarded",
    });
  return {
    ranges: settings.from,
    take: settings.take,
    fields: settings.fields,
    addressField: settings.address_field?.toLowerCase() ?? null,
    secureFields: Object.entries(settings.secure_fields ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
    recursive: settings.recursive,
    hops: settings.hops,
    strip: settings.strip,
  };
}

/** Adds a problem where a host from a proxy would come too late, or twice, to choose a site. */
export function checkHosts(
  top: TrustConfig,
  sites: readonly { readonly trust: TrustConfig | null }[],
  { problems }: Pick<ResolveContext, "problems">,
): void {
  for (const [index, { trust }] of sites.entries()) {
    if (trust === null) continue;
    const at: Path = ["sites", index, "trusted_proxies"];
    if (trust.take.includes("host"))
      problems.error(at, "the site is chosen by the host, so a proxy can't say it here", {
        at: "key",
        remedy: "take host in trusted_proxies of the top level",
      });
    else if (top.take.includes("host") && top.ranges.length > 0)
      problems.error(at, "trusted_proxies of the top level take the host, which is found before the site is", {
        at: "key",
        remedy: "leave it out here, or take no host at the top level",
      });
  }
}

/** null: connections begin with the request, or with TLS. */
export function resolveProxyProtocol(
  settings: ProxyProtocolSettings | undefined,
  at: Path,
  trusted: readonly string[],
  context: ResolveContext,
): ProxyProtocolConfig | null {
  if (settings === undefined || settings === false) return null;
  const own = settings === true ? undefined : settings.from;
  for (const [index, range] of (own ?? []).entries()) checkRange(range, [...at, "from", index], context);
  const ranges = own ?? trusted;
  if (ranges.length === 0)
    context.problems.error(at, "nobody is trusted to say who the client is", {
      at: "key",
      remedy: "write trusted_proxies: [10.0.0.5], or proxy_protocol: {from: 10.0.0.5}",
    });
  return { ranges, take: settings === true ? true : settings.take };
}
