/** One change of an upstream's targets at run time. */
export type TargetChange =
  | { readonly kind: "add"; readonly address: string; readonly settings?: TargetSettings }
  | { readonly kind: "set"; readonly address: string; readonly settings: TargetSettings }
  | { readonly kind: "remove"; readonly address: string };

export interface TargetSettings {
  readonly weight?: number;
  readonly backup?: boolean;
  /** Gets no new requests; those in flight end. */
  readonly down?: boolean;
}

export interface TargetReport {
  /** As it is configured, or was added: `host:port` or `unix:/path`. */
  readonly target: string;
  /** As its name was looked up last. */
  readonly address: string;
  readonly state: "up" | "down" | "ill" | "failing";
  readonly backup: boolean;
  readonly weight: number;
  readonly inFlight: number;
  readonly idle: number;
}

/** An upstream and its targets, as the edge sees them. */
export interface UpstreamReport {
  readonly upstream: string;
  readonly balance: string;
  readonly queued: number;
  readonly targets: readonly TargetReport[];
}
