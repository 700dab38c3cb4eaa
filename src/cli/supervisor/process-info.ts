import type { AppStatus, ProgramStatus, StatusReport } from "../../control/operations.ts";
import { fullName, type SupervisedProcess } from "../../import/supervisor/layout.ts";

/** States by supervisor's names (supervisord.org, "Process States"). */
export type StateName = "STOPPED" | "STARTING" | "RUNNING" | "BACKOFF" | "STOPPING" | "EXITED" | "FATAL" | "UNKNOWN";

/** A process as supervisorctl shows it. */
export interface ProcessInfo {
  readonly group: string;
  readonly name: string;
  /** What our control API calls it. */
  readonly target: string;
  readonly kind: "program" | "app";
  readonly state: StateName;
  readonly pid: number;
  readonly started: Date | null;
  readonly ended: Date | null;
  readonly spawnError: string;
}

const STATES: Readonly<Record<string, StateName>> = {
  waiting: "STARTING",
  starting: "STARTING",
  running: "RUNNING",
  degraded: "RUNNING",
  stopping: "STOPPING",
  backoff: "BACKOFF",
  failed: "FATAL",
  exited: "EXITED",
  stopped: "STOPPED",
};
const STOPPED_STATES: readonly StateName[] = ["STOPPED", "EXITED", "FATAL", "UNKNOWN"];
const NARROWEST = 30;

/**
 * The processes of an instance by supervisor's names, in its order (by group, then by name). `layout`: how the configuration
 * names them; programs that it doesn't know go by their own names. A program that is served as an app stands among them.
 */
export function processInfos(status: StatusReport, layout: readonly SupervisedProcess[]): readonly ProcessInfo[] {
  const programs = status.programs.map((program) => programInfo(program, layout));
  const apps = layout
    .filter(({ program }) => !status.programs.some((each) => each.program === program))
    .flatMap((process) => {
      const app = status.apps.find(({ name }) => name === process.program);
      return app === undefined || (process.instance ?? 0) > 0 ? [] : [appInfo(app, process, status)];
    });
  const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  return [...programs, ...apps].sort((a, b) => order(a.group, b.group) || order(a.name, b.name));
}

export function isStopped({ state }: ProcessInfo): boolean {
  return STOPPED_STATES.includes(state);
}

/** The lines of `supervisorctl status`. */
export function statusLines(infos: readonly ProcessInfo[], now: Date): readonly string[] {
  const width = Math.max(NARROWEST, ...infos.map((info) => fullName(info).length)) + 3;
  return infos.map((info) => `${fullName(info).padEnd(width)}${info.state.padEnd(10)}${describe(info, now)}`);
}

/** Seconds as Python writes a timedelta: `0:00:05`, `1 day, 2:03:04`. */
export function uptime(seconds: number): string {
  const total = Math.max(0, Math.floor(seconds));
  const days = Math.floor(total / 86_400);
  const two = (value: number): string => String(value).padStart(2, "0");
  const time = `${Math.floor((total % 86_400) / 3600)}:${two(Math.floor((total % 3600) / 60))}:${two(total % 60)}`;
  return days === 0 ? time : `${days} day${days === 1 ? "" : "s"}, ${time}`;
}

// --- internal ---

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function describe(info: ProcessInfo, now: Date): string {
  switch (info.state) {
    case "RUNNING": {
      const seconds = info.started === null ? 0 : seconds1(now) - seconds1(info.started);
      return `pid ${info.pid}, uptime ${uptime(seconds)}`;
    }
    case "FATAL":
    case "BACKOFF":
      return info.spawnError;
    case "STOPPED":
    case "EXITED":
      return info.started === null ? "Not started" : clock(info.ended ?? info.started);
    default:
      return "";
  }
}

function seconds1(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}

/** `%b %d %I:%M %p`, local time. */
function clock(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const hour = date.getHours() % 12 || 12;
  const half = date.getHours() < 12 ? "AM" : "PM";
  return `${MONTHS[date.getMonth()]} ${two(date.getDate())} ${two(hour)}:${two(date.getMinutes())} ${half}`;
}

function programInfo(program: ProgramStatus, layout: readonly SupervisedProcess[]): ProcessInfo {
  const known = layout.find(
    (process) => process.program === program.program && (process.instance ?? 0) === program.instance,
  );
  const own = program.name.includes(":")
    ? { group: program.program, name: program.name.replace(":", "_") }
    : { group: program.name, name: program.name };
  const { group, name } = known ?? own;
  return {
    group,
    name,
    target: program.name,
    kind: "program",
    state: STATES[program.state] ?? "UNKNOWN",
    pid: program.pid ?? 0,
    started: dateOf(program.started),
    ended: dateOf(program.ended),
    spawnError: spawnError(program.spawnError),
  };
}

/** In supervisor's words. */
function spawnError(ours: string | null): string {
  if (ours === null) return "Exited too quickly (process log may have details)";
  return ours.replace(/^no command (?=')/, "can't find command ");
}

/** An app as one process: its first worker stands for it. */
function appInfo(app: AppStatus, { group, name }: SupervisedProcess, status: StatusReport): ProcessInfo {
  const worker = status.processes.find((process) => process.name.startsWith(`${app.name}/`));
  return {
    group,
    name,
    target: app.name,
    kind: "app",
    state: STATES[app.state] ?? "UNKNOWN",
    pid: worker?.pid ?? 0,
    started: dateOf(worker?.since ?? status.since),
    ended: null,
    spawnError: app.reason ?? "Exited too quickly (process log may have details)",
  };
}

function dateOf(text: string | null): Date | null {
  return text === null ? null : new Date(text);
}
