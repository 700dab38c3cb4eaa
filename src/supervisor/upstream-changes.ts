import { isDeepStrictEqual } from "node:util";
import { didYouMean } from "../base/did-you-mean.ts";
import { PropylonError } from "../base/errors.ts";
import type { Config } from "../config/model.ts";
import type { TargetChange, UpstreamReport } from "../control/upstreams.ts";
import type { EdgeProcess } from "./edge-process.ts";

/** Targets changed at run time. The edge holds them; main remembers the changes, so that an edge that takes its place has them too. */
export class UpstreamChanges {
  readonly #edge: () => EdgeProcess;
  readonly #made: { readonly upstream: string; readonly change: TargetChange }[] = [];

  constructor(edge: () => EdgeProcess) {
    this.#edge = edge;
  }

  /**
   * What the edge knows of this upstream, or of all; after `change` where there is one. Throws a PropylonError for an upstream or target
   * that there is not, and for an address that is none.
   */
  async ask(
    config: Config,
    { name, change }: { readonly name?: string; readonly change?: TargetChange },
  ): Promise<readonly UpstreamReport[]> {
    const known = Object.keys(config.upstreams);
    if (name !== undefined && !known.includes(name))
      throw new PropylonError("user", `There is no upstream ${name}`, {
        remedy:
          didYouMean(name, known) ?? (known.length === 0 ? "none is configured" : `there are ${known.join(", ")}`),
      });
    const asked = name !== undefined && change !== undefined ? { upstream: name, change } : null;
    const { error, upstreams } = await this.#edge().upstreams(asked);
    if (error !== null) throw new PropylonError("user", error);
    if (asked !== null) this.#made.push(asked);
    return upstreams.filter(({ upstream }) => name === undefined || upstream === name);
  }

  /** An upstream whose section has changed is as the configuration says. */
  forget(before: Config, after: Config): void {
    for (let i = this.#made.length - 1; i >= 0; i--) {
      const { upstream } = this.#made[i]!;
      if (!isDeepStrictEqual(before.upstreams[upstream], after.upstreams[upstream])) this.#made.splice(i, 1);
    }
  }

  /** Tells a new edge, which has its configuration, all that was changed. */
  repeat(): void {
    for (const asked of this.#made) void this.#edge().upstreams(asked);
  }
}
