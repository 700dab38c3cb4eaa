import type { MetricFamily, MetricSample } from "./family.ts";

/** A number that only grows. The caller keeps it and adds to `value` itself: that is all a hot path pays. */
export class Counter {
  value = 0;
}

/** A number that goes up and down. */
export class Gauge {
  value = 0;
}

/** Counts of observations by size. Observations, bounds and sum share one unit, the caller's. */
export class Histogram {
  /** Upper bounds, ascending, each inclusive. */
  readonly bounds: readonly number[];
  /** `counts[i]` observations fell between bound i-1 and bound i; the last is of those above every bound. Not cumulative. */
  readonly counts: number[];
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    // Filled at once, so that the array never has holes and stays fast.
    this.counts = new Array<number>(bounds.length + 1).fill(0);
  }

  // A linear search: most requests are fast, so the first few bounds decide, and a dozen comparisons cost less than a
  // binary search that mispredicts.
  observe(value: number): void {
    const bounds = this.bounds;
    let i = 0;
    while (i < bounds.length && value > bounds[i]!) i++;
    this.counts[i]!++;
    this.sum += value;
  }
}

/** A family whose children differ by label values. Look a child up once and keep it. */
export interface Labelled<Child> {
  /** The child with these values, in the order of the label names. The same values give the same child. */
  with(...values: readonly string[]): Child;
}

/** Describes a histogram: its bounds and how its unit becomes the exposed one (1000 for milliseconds exposed as seconds). */
export interface HistogramShape {
  readonly bounds: readonly number[];
  readonly divisor: number;
}

/** The metrics of one process. Each name is registered once; label names are fixed with it. */
export class Registry {
  readonly #families = new Map<string, { family(): MetricFamily }>();

  counter(name: string, help: string, labels: readonly string[] = []): Labelled<Counter> {
    return this.#register(new Children(name, help, "counter", labels, () => new Counter(), single));
  }

  gauge(name: string, help: string, labels: readonly string[] = []): Labelled<Gauge> {
    return this.#register(new Children(name, help, "gauge", labels, () => new Gauge(), single));
  }

  histogram(name: string, help: string, shape: HistogramShape, labels: readonly string[] = []): Labelled<Histogram> {
    const create = () => new Histogram(shape.bounds);
    return this.#register(new Children(name, help, "histogram", labels, create, bucketed(shape.divisor)));
  }

  /** Everything as it is now, in the order of registration. Plain data: it may cross process boundaries. */
  families(): MetricFamily[] {
    return [...this.#families.values()].map((entry) => entry.family());
  }

  #register<Child>(children: Children<Child>): Children<Child> {
    if (this.#families.has(children.name)) throw new Error(`register metric "${children.name}": the name is taken`);
    this.#families.set(children.name, children);
    return children;
  }
}

type Labels = Readonly<Record<string, string>>;
type Sampler<Child> = (name: string, labels: Labels, child: Child) => MetricSample[];

class Children<Child> implements Labelled<Child> {
  readonly name: string;
  readonly #help: string;
  readonly #type: MetricFamily["type"];
  readonly #labels: readonly string[];
  readonly #create: () => Child;
  readonly #sampler: Sampler<Child>;
  readonly #children = new Map<string, { readonly labels: Labels; readonly child: Child }>();

  constructor(
    name: string,
    help: string,
    type: MetricFamily["type"],
    labels: readonly string[],
    create: () => Child,
    sampler: Sampler<Child>,
  ) {
    this.name = name;
    this.#help = help;
    this.#type = type;
    this.#labels = labels;
    this.#create = create;
    this.#sampler = sampler;
  }

  with(...values: readonly string[]): Child {
    if (values.length !== this.#labels.length) {
      throw new Error(`metric "${this.name}": ${values.length} label values given, ${this.#labels.length} wanted`);
    }
    const key = JSON.stringify(values);
    let entry = this.#children.get(key);
    if (entry === undefined) {
      const labels = Object.fromEntries(this.#labels.map((label, i) => [label, values[i]!]));
      entry = { labels, child: this.#create() };
      this.#children.set(key, entry);
    }
    return entry.child;
  }

  family(): MetricFamily {
    const samples: MetricSample[] = [];
    for (const { labels, child } of this.#children.values()) samples.push(...this.#sampler(this.name, labels, child));
    return { name: this.name, help: this.#help, type: this.#type, samples };
  }
}

const single: Sampler<Counter | Gauge> = (name, labels, child) => [{ name, labels, value: child.value }];

function bucketed(divisor: number): Sampler<Histogram> {
  return (name, labels, child) => {
    const samples: MetricSample[] = [];
    let count = 0;
    child.counts.forEach((value, i) => {
      count += value;
      const bound = child.bounds[i];
      const le = bound === undefined ? "+Inf" : String(bound / divisor);
      samples.push({ name: `${name}_bucket`, labels: { ...labels, le }, value: count });
    });
    samples.push({ name: `${name}_sum`, labels, value: child.sum / divisor });
    samples.push({ name: `${name}_count`, labels, value: count });
    return samples;
  };
}
