import type { MetricFamily } from "./family.ts";
import { mergeFamilies } from "./merge.ts";

/** Whatever counts: a {@link Registry}, or a class around one. Asked at each scrape; what it gives is plain data. */
export interface FamilySource {
  families(): readonly MetricFamily[];
}

/**
 * Everything that an edge counts. A part that has figures of its own makes a {@link Registry}, adds it here once when it is made, and
 * increments its children; it is in `/metrics` from then on, summed over edges and kept when an edge is replaced. What is
 * added must outlive a reload, or its counters would start anew.
 */
export class FamilySources implements FamilySource {
  readonly #sources: FamilySource[] = [];

  add<S extends FamilySource>(source: S): S {
    this.#sources.push(source);
    return source;
  }

  families(): MetricFamily[] {
    return mergeFamilies(this.#sources.map((source) => source.families()));
  }
}
