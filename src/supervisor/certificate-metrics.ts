import type { MetricFamily, MetricSample } from "../metrics/family.ts";
import type { CertificatePair } from "../tls/certificate-pair.ts";

/** When the certificates of listeners end, one series for each host name: of several certificates for a name the first is used. */
export function certificateFamilies(
  listeners: Readonly<Record<string, { readonly pairs: readonly CertificatePair[] }>>,
): MetricFamily[] {
  const name = "propylon_tls_certificate_expiry_timestamp_seconds";
  const samples: MetricSample[] = [];
  for (const [listener, { pairs }] of Object.entries(listeners)) {
    const seen = new Set<string>();
    for (const { names, expires } of pairs)
      for (const host of names) {
        if (seen.has(host)) continue;
        seen.add(host);
        samples.push({ name, labels: { listener, name: host }, value: expires / 1000 });
      }
  }
  return [{ name, help: "When the certificate for a name ends, seconds since 1970.", type: "gauge", samples }];
}
