import type { Log } from "../base/log.ts";
import type { EdgeSnapshot } from "../edge/messages.ts";
import { CounterKeeper } from "../metrics/counter-keeper.ts";
import type { MetricFamily, MetricSample } from "../metrics/family.ts";
import { AppTotals } from "./app-totals.ts";
import { busyLanes } from "./busy-lanes.ts";
import { cpuSeconds } from "./cpu-time.ts";
import { residentMemory } from "./pool-status.ts";
import { mostSamples } from "./worker-reports.ts";
import type { WorkerRun } from "./worker-run.ts";

/** Workers are asked this often, ms: so little is lost of what one that is killed had counted. */
const PULSE = 5000;
/** A worker with more samples than this is not waited for at a scrape: what it said last is told. */
const QUICK = 2000;

/** Figures of one worker that only grow. */
interface Grown {
  readonly cpu: number;
  readonly requests: number;
  readonly gilWait: number;
  readonly gilProbes: number;
}

interface Followed {
  readonly run: WorkerRun;
  /** The least number that no other living worker of the app has: labels stay few, however often workers are replaced. */
  readonly place: number;
  grown: Grown;
}

/** What all workers use and count, over all that have been in a place. Nothing here waits for one that is stuck. */
export class WorkerFigures {
  readonly #log: Log;
  readonly #followed = new Set<Followed>();
  /** By app and place: of workers that have ended. */
  readonly #before = new Map<string, Grown>();
  readonly #totals = new Map<string, AppTotals>();
  readonly #told = new Set<string>();
  readonly #keeper = new CounterKeeper();
  #timer: NodeJS.Timeout | null = null;

  constructor(log: Log) {
    this.#log = log;
  }

  start(): void {
    this.#timer ??= setInterval(() => void this.ask(0), PULSE).unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** A worker is being started. */
  follow(run: WorkerRun): void {
    const taken = new Set(this.#livingOf(run.app.name).map(({ place }) => place));
    let place = 0;
    while (taken.has(place)) place++;
    const followed: Followed = { run, place, grown: NOTHING };
    this.#followed.add(followed);
    void run.ended.then(() => this.#bury(followed));
  }

  /** Asks all workers; resolves when those that answer quickly have, after `patience` ms at the latest. */
  async ask(patience: number): Promise<void> {
    const awaited: Promise<void>[] = [];
    for (const followed of this.#followed) {
      this.#look(followed);
      const { run } = followed;
      if (!run.isReady) continue;
      const { metrics } = run.app;
      // Who owes an answer from before is busy or stuck.
      const waits = !run.reports.owes && (run.reports.latest?.samples ?? 0) <= QUICK;
      const answered = run.reports.ask(mostSamples(metrics));
      if (waits) awaited.push(answered);
    }
    if (patience === 0 || awaited.length === 0) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, patience);
    });
    await Promise.race([Promise.all(awaited), late]);
    clearTimeout(timer);
  }

  /** Of the workers of these apps, one series for each place. */
  families(apps: ReadonlySet<string>, edge: EdgeSnapshot | null): MetricFamily[] {
    const living = [...this.#followed].filter(({ run }) => apps.has(run.app.name));
    for (const followed of living) this.#look(followed);
    return this.#keeper.keep([...this.#grownFamilies(apps), ...livingFamilies(living, edge)], false);
  }

  /** The apps' own metrics, a list for each app. */
  appFamilies(apps: ReadonlySet<string>): readonly (readonly MetricFamily[])[] {
    return [...apps].flatMap((app) => {
      const living = this.#livingOf(app);
      const settings = living[0]?.run.app.metrics ?? null;
      if (settings === null) return [];
      const totals = this.#totalsOf(app);
      const placed = living.map(({ place, run }) => ({ place, reports: run.reports }));
      const families = totals.families(placed, settings);
      this.#warn(app, living, totals, settings.series);
      return [families];
    });
  }

  /** Logs what keeps metrics of an app from being told, once. */
  warnOnce(message: string): void {
    if (this.#told.has(message) || this.#told.size > 1000) return;
    this.#told.add(message);
    this.#log.warn(message);
  }

  #warn(app: string, living: readonly Followed[], totals: AppTotals, series: number): void {
    if (totals.full || living.some(({ run }) => (run.reports.latest?.leftOut ?? 0) > 0))
      this.warnOnce(
        `app ${app} has more than ${series} series of its own metrics: the rest is left out (apps.${app}.metrics.series)`,
      );
    for (const { run } of living) {
      const error = run.reports.latest?.error;
      if (error) this.warnOnce(`app ${app}: its metrics could not be collected: ${error}`);
    }
  }

  #livingOf(app: string): readonly Followed[] {
    return [...this.#followed].filter(({ run }) => run.app.name === app).sort((a, b) => a.place - b.place);
  }

  #totalsOf(app: string): AppTotals {
    let totals = this.#totals.get(app);
    if (totals === undefined) {
      totals = new AppTotals(app);
      this.#totals.set(app, totals);
    }
    return totals;
  }

  #look(followed: Followed): void {
    const { run, grown } = followed;
    const gil = run.reports.latest?.gil ?? null;
    followed.grown = {
      cpu: Math.max(grown.cpu, cpuSeconds(run.pid) ?? 0),
      requests: Math.max(grown.requests, busyLanes(run.page)?.taken ?? 0),
      gilWait: gil?.[0] ?? grown.gilWait,
      gilProbes: gil?.[1] ?? grown.gilProbes,
    };
  }

  #bury(followed: Followed): void {
    this.#look(followed); // its page is still there
    this.#followed.delete(followed);
    const { run, place, grown } = followed;
    const key = keyOf(run.app.name, place);
    this.#before.set(key, sum(this.#before.get(key) ?? NOTHING, grown));
    if (run.app.metrics !== null) this.#totalsOf(run.app.name).bury(run.reports);
  }

  #grownFamilies(apps: ReadonlySet<string>): MetricFamily[] {
    const all = new Map(this.#before);
    for (const { run, place, grown } of this.#followed) {
      const key = keyOf(run.app.name, place);
      all.set(key, sum(all.get(key) ?? NOTHING, grown));
    }
    const places = [...all].flatMap(([key, grown]) => {
      const [app, worker] = key.split("\0") as [string, string];
      return apps.has(app) ? [{ labels: { app, worker }, grown }] : [];
    });
    const counter = (name: string, help: string, value: (grown: Grown) => number): MetricFamily => ({
      name,
      help,
      type: "counter",
      samples: places.map(({ labels, grown }) => ({ name, labels, value: value(grown) })),
    });
    const gil = "propylon_worker_gil_wait_seconds";
    return [
      counter("propylon_worker_cpu_seconds_total", "CPU time of a worker and its children.", ({ cpu }) => cpu),
      counter("propylon_worker_requests_total", "Requests that a worker has begun.", ({ requests }) => requests),
      {
        name: gil,
        help: "How late a thread that asks for the interpreter's lock gets it, by probes.",
        type: "summary",
        samples: places.flatMap(({ labels, grown }) =>
          grown.gilProbes === 0
            ? []
            : [
                { name: `${gil}_sum`, labels, value: grown.gilWait },
                { name: `${gil}_count`, labels, value: grown.gilProbes },
              ],
        ),
      },
    ];
  }
}

const NOTHING: Grown = { cpu: 0, requests: 0, gilWait: 0, gilProbes: 0 };

function sum(a: Grown, b: Grown): Grown {
  return {
    cpu: a.cpu + b.cpu,
    requests: a.requests + b.requests,
    gilWait: a.gilWait + b.gilWait,
    gilProbes: a.gilProbes + b.gilProbes,
  };
}

function keyOf(app: string, place: number): string {
  return `${app}\0${place}`;
}

function livingFamilies(living: readonly Followed[], edge: EdgeSnapshot | null): MetricFamily[] {
  const now = performance.now();
  const figures = living.map(({ run, place }) => ({
    labels: { app: run.app.name, worker: String(place) },
    run,
    lanes: busyLanes(run.page),
    open: edge?.apps[run.app.name]?.workers[run.id]?.open ?? null,
    reported: run.reports.latest?.at ?? null,
  }));
  const gauge = (
    name: string,
    help: string,
    value: (worker: (typeof figures)[number]) => number | null,
  ): MetricFamily => {
    const samples: MetricSample[] = [];
    for (const worker of figures) {
      const number = value(worker);
      if (number !== null) samples.push({ name, labels: worker.labels, value: number });
    }
    return { name, help, type: "gauge", samples };
  };
  return [
    gauge("propylon_worker_resident_memory_bytes", "Resident memory of a worker.", ({ run }) =>
      residentMemory(run.pid),
    ),
    gauge("propylon_worker_lanes", "Requests that a worker can run at the same time.", ({ run }) => run.app.threads),
    gauge(
      "propylon_worker_lanes_busy",
      "Lanes of a worker that run a request now.",
      ({ lanes }) => lanes?.busy ?? null,
    ),
    gauge(
      "propylon_worker_oldest_request_seconds",
      "For how long the oldest request of a worker has been running; 0: none runs.",
      ({ lanes }) => lanes?.oldest ?? null,
    ),
    gauge(
      "propylon_worker_requests_in_flight",
      "Requests given to a worker and not answered yet, those included that wait inside of it.",
      ({ open }) => open,
    ),
    gauge(
      "propylon_worker_report_age_seconds",
      "Age of what a worker last told of itself and of its app's metrics.",
      ({ reported }) => (reported === null ? null : (now - reported) / 1000),
    ),
  ];
}
