import { type Counter, type Gauge, type Histogram, Registry } from "./registry.ts";

/** Between two looks at the event loop, ms: seldom enough for an idle process to sleep. */
const LOOK = 500;
/** Milliseconds, exposed in seconds. */
const LAGS = { bounds: [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 5000], divisor: 1000 };

/** What one of our own Node processes tells of itself: its event loop, its memory, its CPU time. */
export class ProcessMetrics {
  readonly #registry = new Registry();
  readonly #lag: Histogram;
  readonly #busy: Counter;
  readonly #cpu: Counter;
  readonly #heap: Gauge;
  readonly #external: Gauge;
  #timer: NodeJS.Timeout | null = null;

  /** @param name `main`, `edge 0` */
  constructor(name: string) {
    const registry = this.#registry;
    const labels = ["process"];
    const lag = "How late a timer of the process came, looked at twice a second.";
    this.#lag = registry.histogram("propylon_event_loop_lag_seconds", lag, LAGS, labels).with(name);
    const busy = "Time in which the process' event loop was not idle.";
    this.#busy = registry.counter("propylon_event_loop_busy_seconds_total", busy, labels).with(name);
    const cpu = "CPU time of the process, user and system.";
    this.#cpu = registry.counter("propylon_process_cpu_seconds_total", cpu, labels).with(name);
    const heap = "JavaScript heap in use.";
    this.#heap = registry.gauge("propylon_process_heap_bytes", heap, labels).with(name);
    const external = "Memory of buffers, outside of the JavaScript heap.";
    this.#external = registry.gauge("propylon_process_external_memory_bytes", external, labels).with(name);
  }

  start(): void {
    let due = performance.now() + LOOK;
    this.#timer = setInterval(() => {
      const now = performance.now();
      this.#lag.observe(Math.max(0, now - due));
      due = now + LOOK;
    }, LOOK).unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  families() {
    const { user, system } = process.cpuUsage();
    const { heapUsed, external } = process.memoryUsage();
    this.#cpu.value = (user + system) / 1e6;
    this.#busy.value = performance.eventLoopUtilization().active / 1000;
    this.#heap.value = heapUsed;
    this.#external.value = external;
    return this.#registry.families();
  }
}
