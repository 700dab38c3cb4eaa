import type { ReloadReport } from "../control/operations.ts";
import type { MetricFamily } from "../metrics/family.ts";
import { type Counter, type Gauge, type Labelled, Registry } from "../metrics/registry.ts";

/** How reloads of the configuration went. */
export class ReloadFigures {
  readonly #registry = new Registry();
  readonly #reloads: Labelled<Counter>;
  readonly #good: Gauge;
  readonly #when: Gauge;
  readonly #took: Gauge;

  constructor() {
    const registry = this.#registry;
    const reloads = "Reloads, asked for by whatever way, by how they ended.";
    this.#reloads = registry.counter("propylon_config_reloads_total", reloads, ["result"]);
    for (const result of ["success", "failure"]) this.#reloads.with(result);
    const good = "1 when the last reload took effect, also before the first one.";
    this.#good = registry.gauge("propylon_config_last_reload_successful", good).with();
    const when = "When a configuration was last taken into use, seconds since 1970.";
    this.#when = registry.gauge("propylon_config_last_reload_success_timestamp_seconds", when).with();
    const took = "How long the last reload took, new workers included.";
    this.#took = registry.gauge("propylon_config_last_reload_duration_seconds", took).with();
    this.#succeeded();
  }

  /** Counts a reload by what becomes of it: it has failed when it was refused, or when an app has kept its old workers. */
  async watch(reload: Promise<ReloadReport>): Promise<ReloadReport> {
    const began = performance.now();
    let good = false;
    try {
      const report = await reload;
      good = report.apps.every(({ swapped }) => swapped);
      return report;
    } finally {
      this.#took.value = (performance.now() - began) / 1000;
      this.#reloads.with(good ? "success" : "failure").value++;
      if (good) this.#succeeded();
      else this.#good.value = 0;
    }
  }

  families(): MetricFamily[] {
    return this.#registry.families();
  }

  #succeeded(): void {
    this.#good.value = 1;
    this.#when.value = Date.now() / 1000;
  }
}
