import { condenseStacks } from "./condense-stacks.ts";

/** What is told of a worker that was killed, crashed, or timed out. */
export interface WorkerReport {
  /** `person-3`: also the name of its file. */
  readonly id: string;
  readonly app: string;
  /** `person/3` */
  readonly worker: string;
  readonly pid: number;
  /** When it ended, ISO 8601. */
  readonly time: string;
  /** exit, signal, out-of-memory, deadline, timeout, stop. */
  readonly kind: string;
  /** `was killed by SIGSEGV` */
  readonly reason: string;
  /** How long it had run, ms. */
  readonly uptime: number;
  /** What was with it. Null: no edge tells, since it never had any, or the edge has died as well. */
  readonly requests: readonly LostRequest[] | null;
  /** Python stacks of its threads, those of lanes with what they ran; empty where there was no way to get them. */
  readonly stacks: string;
  /** The last lines that it wrote. */
  readonly log: readonly string[];
}

/** One request that was with a worker when it ended. */
export interface LostRequest {
  readonly method: string;
  /** The request target as received. */
  readonly target: string;
  /** The client's address; empty for a Unix socket. */
  readonly client: string;
  /** `X-Request-Id`, or null. */
  readonly id: string | null;
  /** Since it came, ms. */
  readonly age: number;
  /** Since a lane began with it, ms; null: none had. */
  readonly ran: number | null;
  /**
   * retried (idempotent: it runs again), moved (no lane had begun with it: another worker has it), failed (502), cut (its answer had
   * begun), over (its client had got 504 or 503, or had left).
   */
  readonly outcome: string;
}

/** A report as people read it. */
export function reportText(report: WorkerReport): string {
  const head = `${report.worker} (process ${report.pid}) ${report.reason}, after ${seconds(report.uptime)}`;
  return [
    head,
    ...requestLines(report.requests),
    ...section("stacks", condenseStacks(report.stacks).split("\n")),
    ...section("its last lines", report.log),
  ].join("\n");
}

/** `GET /x from 10.0.0.1, 2.5 s old, 2.4 s on a lane: 502` */
function requestLines(requests: readonly LostRequest[] | null): readonly string[] {
  if (requests === null) return ["  it had no request, or the edge that knows of them has died too"];
  if (requests.length === 0) return ["  no request was with it"];
  return section(
    "requests with it",
    requests.map(({ method, target, client, id, age, ran, outcome }) => {
      const from = client === "" ? "" : ` from ${client}`;
      const name = id === null ? "" : ` (${id})`;
      const lane = ran === null ? "not begun" : `${seconds(ran)} on a lane`;
      return `${method} ${target}${name}${from}, ${seconds(age)} old, ${lane}: ${OUTCOMES[outcome] ?? outcome}`;
    }),
  );
}

const OUTCOMES: Readonly<Record<string, string>> = {
  retried: "runs again on another worker",
  moved: "goes to another worker",
  failed: "answered 502",
  cut: "its answer had begun, and was cut",
  over: "its client had been answered, or had left",
};

function section(title: string, lines: readonly string[]): readonly string[] {
  const said = lines.filter((line) => line !== "");
  return said.length === 0 ? [] : [`  ${title}:`, ...said.map((line) => `    ${line}`)];
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 0)} s`;
}
