import { Command } from "commander";
import { PropylonError } from "../base/errors.ts";
import type { TargetSettings, UpstreamReport } from "../control/upstreams.ts";
import { addInstanceOptions, findInstance, type InstanceFlags } from "./instance.ts";
import { printable } from "./printable.ts";

interface Flags extends InstanceFlags {
  readonly json?: boolean;
  readonly weight?: string;
  readonly backup?: boolean;
}

const ACTIONS = ["list", "add", "remove", "drain", "undrain", "weight"] as const;
type Action = (typeof ACTIONS)[number];

/** `propylon upstream [NAME] [ACTION] [TARGET]`: targets of upstreams, shown and changed while they serve. */
export function upstreamCommand(): Command {
  return addInstanceOptions(
    new Command("upstream")
      .description("show the targets of upstreams, or change them until the configuration does")
      .argument("[name]", "an upstream; all of them when left out")
      .argument("[action]", `${ACTIONS.join(", ")} (default: list)`)
      .argument("[target]", "host:port or unix:/path")
      .option("--weight <number>", "share of the requests, with add and weight")
      .option("--backup", "with add: only when no other target is up")
      .option("--json", "the result, for machines"),
  ).action(async (name: string | undefined, action: string | undefined, target: string | undefined, flags: Flags) => {
    const client = findInstance(flags);
    const change = changeOf(action ?? "list", target, flags);
    const found = await client.upstreams({
      ...(name === undefined ? {} : { name }),
      ...(change === null ? {} : { change }),
    });
    process.stdout.write(flags.json ? `${JSON.stringify(found, null, 2)}\n` : table(found));
  });
}

// --- internal ---

function changeOf(action: string, target: string | undefined, flags: Flags) {
  if (!isAction(action))
    throw new PropylonError("usage", `"${action}" is not done to an upstream`, {
      remedy: `it is ${ACTIONS.join(", ")}`,
    });
  if (action === "list") return null;
  if (target === undefined)
    throw new PropylonError("usage", `${action} needs a target`, {
      remedy: `such as: upstream NAME ${action} 10.0.0.7:8080`,
    });
  const weight = flags.weight === undefined ? {} : { weight: Number(flags.weight) };
  switch (action) {
    case "add":
      return {
        kind: "add",
        address: target,
        settings: { ...weight, ...(flags.backup ? { backup: true } : {}) },
      } as const;
    case "remove":
      return { kind: "remove", address: target } as const;
    case "weight":
      if (flags.weight === undefined) throw new PropylonError("usage", "weight needs --weight");
      return set(target, weight);
    case "drain":
      return set(target, { down: true });
    case "undrain":
      return set(target, { down: false });
  }
}

function set(address: string, settings: TargetSettings) {
  return { kind: "set", address, settings } as const;
}

function isAction(action: string): action is Action {
  return (ACTIONS as readonly string[]).includes(action);
}

function table(found: readonly UpstreamReport[]): string {
  if (found.length === 0) return "there are no upstreams\n";
  return found
    .flatMap(({ upstream, balance, queued, targets }) => [
      `${upstream}  ${balance}${queued > 0 ? `, ${queued} waiting` : ""}`,
      ...targets.map(
        ({ target, address, state, weight, backup, inFlight }) =>
          `  ${target}${address === target ? "" : ` (${address})`}  ${state}${backup ? ", backup" : ""}, weight ${weight}, ${inFlight} in flight`,
      ),
    ])
    .map((line) => `${printable(line)}\n`)
    .join("");
}
