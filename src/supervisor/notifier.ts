import fs from "node:fs";
import type { Log } from "../base/log.ts";

/** Tells a service manager how main is (sd_notify(3)); see `python/propylon_init.py` for the way. */
export class Notifier {
  readonly #fd: number | null;
  readonly #log: Log;
  /** ms between signs of life; 0: nobody waits for them. */
  readonly #pulse: number;
  #timer: NodeJS.Timeout | null = null;

  private constructor(fd: number | null, pulse: number, log: Log) {
    this.#fd = fd;
    this.#pulse = pulse;
    this.#log = log;
  }

  /** Takes the variables that concern it out of the environment, so that no child takes itself for the service. */
  static take(environment: Record<string, string | undefined>, log: Log): Notifier {
    const { NOTIFY_SOCKET, PROPYLON_NOTIFY_FD, WATCHDOG_PID, WATCHDOG_USEC } = environment;
    for (const name of ["NOTIFY_SOCKET", "PROPYLON_NOTIFY_FD", "WATCHDOG_PID", "WATCHDOG_USEC"])
      delete environment[name];
    const fd = /^\d+$/.test(PROPYLON_NOTIFY_FD ?? "") ? Number(PROPYLON_NOTIFY_FD) : null;
    if (fd === null && NOTIFY_SOCKET !== undefined)
      log.warn("systemd is not notified: that needs bin/propylon and a python3 on PATH");
    const ours = WATCHDOG_PID === undefined || WATCHDOG_PID === String(process.pid);
    const limit = ours && /^\d+$/.test(WATCHDOG_USEC ?? "") ? Number(WATCHDOG_USEC) / 1000 : 0;
    return new Notifier(fd, fd === null ? 0 : limit / 2, log);
  }

  ready(status: string): void {
    this.#send({ READY: "1", STATUS: status });
    if (this.#pulse <= 0 || this.#timer !== null) return;
    this.#timer = setInterval(() => this.#send({ WATCHDOG: "1" }), this.#pulse);
  }

  /** {@link ready} has to follow. */
  reloading(): void {
    const now = process.hrtime.bigint() / 1000n;
    this.#send({ RELOADING: "1", MONOTONIC_USEC: String(now), STATUS: "reloading" });
  }

  stopping(): void {
    this.#send({ STOPPING: "1", STATUS: "stopping" });
  }

  /** Nothing more will be told. */
  end(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  // A datagram a line, its lines ended by NUL there.
  #send(values: Readonly<Record<string, string>>): void {
    if (this.#fd === null) return;
    const text = Object.entries(values).map(([name, value]) => `${name}=${value.replace(/[\n\0]/g, " ")}`);
    try {
      fs.writeSync(this.#fd, `${text.join("\0")}\n`);
    } catch (error) {
      this.#log.warn(`systemd can't be notified: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
