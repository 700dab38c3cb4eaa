import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { reportText, type WorkerReport } from "../control/report.ts";

/** Reports kept of each app, in memory and as files. */
const KEPT = 20;

/** The last reports of workers that were killed, crashed or timed out: in memory, and one file each in a folder. */
export class ReportStore {
  readonly #folder: string;
  readonly #reports = new Map<string, WorkerReport[]>();
  readonly #counts = new Map<string, Map<string, number>>();

  /** @param folder absolute path; made when the first report comes */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Keeps it. Throws when its file can't be written; in memory it is all the same. */
  add(report: WorkerReport): void {
    const kept = this.#reports.get(report.app) ?? [];
    this.#reports.set(report.app, [...kept, report].slice(-KEPT));
    const counts = this.#counts.get(report.app) ?? new Map<string, number>();
    this.#counts.set(report.app, counts.set(report.kind, (counts.get(report.kind) ?? 0) + 1));
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    writeFileSync(join(this.#folder, `${report.id}.txt`), `${report.time} ${reportText(report)}\n`, { mode: 0o600 });
    for (const file of this.#surplus()) rmSync(join(this.#folder, file), { force: true });
  }

  /** The reports of this app, or of all, oldest first. */
  list(app: string | null): readonly WorkerReport[] {
    const all = [...this.#reports].flatMap(([name, reports]) => (app === null || name === app ? reports : []));
    return all.sort((one, other) => one.time.localeCompare(other.time));
  }

  /** How many there were, ever, by app and kind. */
  counts(): readonly { readonly app: string; readonly kind: string; readonly count: number }[] {
    return [...this.#counts].flatMap(([app, kinds]) => [...kinds].map(([kind, count]) => ({ app, kind, count })));
  }

  // A file that belongs to no report in memory is one too many.
  #surplus(): readonly string[] {
    const kept = new Set(this.list(null).map(({ id }) => `${id}.txt`));
    return readdirSync(this.#folder).filter((file) => !kept.has(file));
  }
}
