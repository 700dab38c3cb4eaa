import { PropylonError } from "../base/errors.ts";
import type { TargetConfig, UpstreamConfig } from "../config/proxy-model.ts";
import { addressText } from "./destination.ts";
import type { Upstream } from "./upstream.ts";

/** One change of an upstream's targets at run time. Plain data, as it comes from the control API. */
export type TargetChange =
  | { readonly kind: "add"; readonly address: string; readonly settings?: TargetSettings }
  | { readonly kind: "set"; readonly address: string; readonly settings: TargetSettings }
  | { readonly kind: "remove"; readonly address: string };

export type TargetSettings = Partial<
  Pick<TargetConfig, "weight" | "maxConnections" | "maxFails" | "failTimeout" | "backup" | "down">
>;

export interface TargetStatus {
  /** As configured. */
  readonly target: string;
  /** As looked up. */
  readonly address: string;
  readonly state: "up" | "down" | "ill" | "failing";
  readonly backup: boolean;
  readonly weight: number;
  readonly inFlight: number;
  readonly idle: number;
}

export interface UpstreamStatus {
  readonly upstream: string;
  readonly balance: string;
  readonly queued: number;
  readonly targets: readonly TargetStatus[];
}

/** The targets after a change. Throws a PropylonError for an address that is none, is there already, or is not there. */
export function changedTargets(config: UpstreamConfig, change: TargetChange): TargetConfig[] {
  const action = `${change.kind} target "${change.address}" of upstream "${config.name}"`;
  const at = config.targets.findIndex((one) => addressText(one.host, one.port, one.path) === change.address);
  if (change.kind === "add") {
    const target = parseTarget(change.address, 0);
    if (target === null) throw new PropylonError("user", `${action}: want host:port or unix:/path`);
    if (at >= 0) throw new PropylonError("user", `${action}: it is there already`);
    return [...config.targets, { ...target, ...change.settings }];
  }
  if (at < 0) throw new PropylonError("user", `${action}: there is no such target`);
  if (change.kind === "remove") return config.targets.toSpliced(at, 1);
  return config.targets.with(at, { ...config.targets[at]!, ...change.settings });
}

/** What is known of an upstream now. */
export function upstreamStatus(upstream: Upstream): UpstreamStatus {
  const now = performance.now();
  const targets = upstream.targets.map((target): TargetStatus => {
    const { down, backup, weight } = target.config;
    const idle = [...target.idle.values()].reduce((sum, list) => sum + list.length, 0);
    const state = down ? "down" : !target.healthy ? "ill" : target.isOut(now) ? "failing" : "up";
    return { target: target.name, address: target.text, state, backup, weight, inFlight: target.inFlight, idle };
  });
  return { upstream: upstream.name, balance: upstream.config!.balance, queued: upstream.queued, targets };
}

/** A target's settings where only its address is known. */
const PLAIN_TARGET: Omit<TargetConfig, "host" | "port" | "path"> = {
  weight: 1,
  maxConnections: 0,
  maxFails: 1,
  failTimeout: 10_000,
  backup: false,
  down: false,
};

const HOST_PORT = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::([0-9]{1,5}))?$/;

/** A target from `host`, `host:port`, `[::1]:port` or `unix:/path`; null: it is none of these. */
export function parseTarget(text: string, defaultPort: number): TargetConfig | null {
  if (text.startsWith("unix:/")) return { ...PLAIN_TARGET, host: "", port: 0, path: text.slice(5) };
  const match = HOST_PORT.exec(text);
  if (match === null) return null;
  const port = match[3] === undefined ? defaultPort : Number(match[3]);
  return port === 0 || port > 65535 ? null : { ...PLAIN_TARGET, host: match[1] ?? match[2]!, port, path: null };
}
