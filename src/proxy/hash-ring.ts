import type { Balancer, Choice } from "./choice.ts";
import { hash32 } from "./hash.ts";
import type { Target } from "./target.ts";

/** Points of a target of weight 1: enough that shares differ by some percent. */
const POINTS = 160;

/**
 * Consistent hashing: each target stands at many points of a ring, a key belongs to the next point after its hash. A target
 * more or less moves only the keys at its own points; one that can't be used leaves its keys to the next on the ring.
 */
export class HashRing implements Balancer {
  #hashes: number[] = [];
  #targets: Target[] = [];

  reset(targets: readonly Target[]): void {
    const points: { readonly hash: number; readonly target: Target }[] = [];
    for (const target of targets) {
      if (target.config.backup) continue;
      const count = Math.round(POINTS * target.config.weight);
      for (let i = 0; i < count; i++) points.push({ hash: hash32(`${target.text}\0${i}`), target });
    }
    points.sort((a, b) => a.hash - b.hash || (a.target.text < b.target.text ? -1 : 1));
    this.#hashes = points.map((point) => point.hash);
    this.#targets = points.map((point) => point.target);
  }

  choose(candidates: readonly Target[], choice: Choice): Target {
    const count = this.#targets.length;
    const from = this.#after(hash32(choice.key));
    for (let i = 0; i < count; i++) {
      const target = this.#targets[(from + i) % count]!;
      if (candidates.includes(target)) return target;
    }
    // Backups stand at no point.
    return candidates[hash32(choice.key) % candidates.length]!;
  }

  /** Index of the first point at or after `hash`, by bisection. */
  #after(hash: number): number {
    let low = 0;
    let high = this.#hashes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#hashes[middle]! < hash) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
