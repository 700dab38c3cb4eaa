import type { UpstreamConfig } from "../config/proxy-model.ts";
import type { Balancer, Choice } from "./choice.ts";
import { hash32 } from "./hash.ts";
import { HashRing } from "./hash-ring.ts";
import type { Target } from "./target.ts";

export function createBalancer(config: UpstreamConfig): Balancer {
  switch (config.balance) {
    case "round-robin":
      return { reset: () => {}, choose: (candidates, _choice, weigh) => roundRobin(candidates, weigh) };
    case "least-connections":
      return { reset: () => {}, choose: (candidates, _choice, weigh) => leastConnections(candidates, weigh) };
    case "random-two":
      return { reset: () => {}, choose: (candidates, _choice, weigh) => randomTwo(candidates, weigh, Math.random) };
    case "hash":
      return byKey(config.consistent ? new HashRing() : hashed((key) => key));
    case "ip-hash":
      return hashed(network);
    case "sticky":
      return { reset: () => {}, choose: sticky };
  }
}

/**
 * Smooth weighted round robin: each gains its weight, the richest is chosen and pays the sum. Turns of heavy targets are spread
 * instead of bunched.
 */
export function roundRobin(candidates: readonly Target[], weigh: (target: Target) => number): Target {
  let best = candidates[0]!;
  if (candidates.length === 1) return best;
  let total = 0;
  for (const target of candidates) {
    const weight = weigh(target);
    target.currentWeight += weight;
    total += weight;
    if (target.currentWeight > best.currentWeight) best = target;
  }
  best.currentWeight -= total;
  return best;
}

/** Of those with the fewest requests in flight for their weight, in turn. */
export function leastConnections(candidates: readonly Target[], weigh: (target: Target) => number): Target {
  let least = Number.POSITIVE_INFINITY;
  let ties: Target[] = [];
  for (const target of candidates) {
    const load = target.inFlight / weigh(target);
    if (load > least) continue;
    if (load < least) {
      least = load;
      ties = [];
    }
    ties.push(target);
  }
  return roundRobin(ties, weigh);
}

/** The less loaded of two drawn by weight: nearly as even as least connections, without herds when edges know little of each other. */
export function randomTwo(
  candidates: readonly Target[],
  weigh: (target: Target) => number,
  random: () => number,
): Target {
  const first = draw(candidates, weigh, random);
  if (candidates.length === 1) return first;
  const second = draw(
    candidates.filter((target) => target !== first),
    weigh,
    random,
  );
  return second.inFlight / weigh(second) < first.inFlight / weigh(first) ? second : first;
}

// --- internal ---

/** In turn where there is no key to go by. */
function byKey(balancer: Balancer): Balancer {
  return {
    reset: (targets) => balancer.reset(targets),
    choose: (candidates, choice, weigh) =>
      choice.key === "" ? roundRobin(candidates, weigh) : balancer.choose(candidates, choice, weigh),
  };
}

function draw(candidates: readonly Target[], weigh: (target: Target) => number, random: () => number): Target {
  let total = 0;
  for (const target of candidates) total += weigh(target);
  let at = random() * total;
  for (const target of candidates) {
    at -= weigh(target);
    if (at < 0) return target;
  }
  return candidates[candidates.length - 1]!;
}

function sticky(candidates: readonly Target[], choice: Choice, weigh: (target: Target) => number): Target {
  const known = choice.key === "" ? undefined : candidates.find((target) => target.id === choice.key);
  return known ?? roundRobin(candidates, weigh);
}

/** By the key's hash over the configured weights. A key whose target can't be used goes to another, the same each time. */
function hashed(prepare: (key: string) => string): Balancer {
  let all: readonly Target[] = [];
  return {
    reset: (targets) => {
      all = targets.filter((target) => !target.config.backup);
    },
    choose: (candidates, choice) => {
      const hash = hash32(prepare(choice.key));
      const chosen = all.length === 0 ? null : slot(all, hash);
      return chosen !== null && candidates.includes(chosen) ? chosen : slot(candidates, hash);
    },
  };
}

function slot(targets: readonly Target[], hash: number): Target {
  let total = 0;
  for (const target of targets) total += target.config.weight;
  let at = hash % total;
  for (const target of targets) {
    at -= target.config.weight;
    if (at < 0) return target;
  }
  return targets[targets.length - 1]!;
}

/** Clients of one IPv4 network (/24) share a target, as with NGINX; IPv6 counts whole. */
function network(address: string): string {
  return /^\d+\.\d+\.\d+\.\d+$/.test(address) ? address.slice(0, address.lastIndexOf(".")) : address;
}
