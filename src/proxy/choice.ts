import type { Target } from "./target.ts";

/** What a choice may depend on. */
export interface Choice {
  /** `hash`: what is hashed. `ip-hash`: the client's address. `sticky`: the cookie's value. Else empty. */
  readonly key: string;
  /** Targets that this exchange has tried. */
  readonly tried: readonly Target[];
}

/** Chooses one of some targets that all may be used. `weigh` gives a target's present share. */
export interface Balancer {
  /** Called whenever the upstream's targets are others. */
  reset(targets: readonly Target[]): void;
  /** `candidates` is not empty. */
  choose(candidates: readonly Target[], choice: Choice, weigh: (target: Target) => number): Target;
}
