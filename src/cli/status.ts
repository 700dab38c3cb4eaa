import { Command } from "commander";
import type { AppStatus, ProcessStatus, ProgramStatus, ReportStatus, StatusReport } from "../control/operations.ts";
import { addInstanceOptions, findInstance, type InstanceFlags } from "./instance.ts";
import { printable } from "./printable.ts";

export function statusCommand(): Command {
  const command = new Command("status")
    .description("what runs: processes, apps, programs, listeners")
    .option("--json", "the whole report, for machines")
    .action(async (flags: InstanceFlags & { readonly json?: boolean }) => {
      const report = await findInstance(flags).status();
      process.stdout.write(flags.json ? `${JSON.stringify(report, null, 2)}\n` : printable(statusText(report)));
    });
  return addInstanceOptions(command);
}

/** The report as people read it. */
export function statusText(report: StatusReport, now: Date = new Date()): string {
  const urls = report.listeners.map(({ url }) => url).join(" ");
  const profile = report.profile === "" ? "" : `, profile ${report.profile}`;
  const head = `propylon ${report.version} in ${report.directory}${profile}: ${report.ready ? "ready" : "not ready"}${urls === "" ? "" : `, ${urls}`}`;
  const apps = report.apps.map((app) => {
    const load = `${app.inFlight} in flight, ${app.queued} queued`;
    const reason = app.reason === null ? "" : `\n  ${app.reason}`;
    const traceback = app.traceback === null ? "" : `\n${app.traceback.trimEnd().replace(/^/gm, "  ")}`;
    const size = `${countOf(app.workers, "worker")} x ${howMany(app)}`;
    const reports = app.reports.slice(-SHOWN).map((report) => `\n  ${reportLine(report, now)}`);
    return `app ${app.name}: ${app.state}, ${size}, ${load}, ${app.python}${reason}${traceback}${reports.join("")}`;
  });
  const programs = report.programs.length === 0 ? [] : ["", ...table(programRows(report.programs, now))];
  return `${[head, ...apps, "", ...table(processRows(report.processes, now)), ...programs].join("\n")}\n`;
}

// --- internal ---

/** `4 lanes`, or `1000 exchanges on uvloop 0.22.1, ASGI since it is a coroutine function`. */
function howMany({ lanes, interface: kind }: AppStatus): string {
  if (kind?.kind !== "asgi") return countOf(lanes, "lane");
  return `${countOf(lanes, "exchange")} on ${kind.loop}, ASGI (${kind.why})`;
}

/** Reports of an app that are shown; `propylon reports` shows all. */
const SHOWN = 5;

/** `5m ago person/3 was killed by SIGSEGV, with 2 requests (propylon reports person)` */
function reportLine({ time, worker, reason, requests }: ReportStatus, now: Date): string {
  const lost = requests === null ? "" : `, with ${countOf(requests, "request")}`;
  return `${duration(now.getTime() - Date.parse(time))} ago: ${worker} ${reason}${lost}`;
}

function processRows(processes: readonly ProcessStatus[], now: Date): string[][] {
  return [
    ["PROCESS", "PID", "STATE", "SINCE", "MEMORY", "REQUESTS", "RESTARTS", ""],
    ...processes.map((one) => [
      one.name,
      one.pid === 0 ? "-" : String(one.pid),
      one.state,
      duration(now.getTime() - Date.parse(one.since)),
      megabytes(one.memory),
      one.requests === null ? "-" : String(one.requests),
      String(one.restarts),
      one.reason?.split("\n")[0] ?? "",
    ]),
  ];
}

function programRows(programs: readonly ProgramStatus[], now: Date): string[][] {
  return [
    ["PROGRAM", "PID", "STATE", "SINCE", "MEMORY", "RESTARTS", "LAST EXIT", ""],
    ...programs.map((one) => [
      one.name,
      one.pid === null ? "-" : String(one.pid),
      one.health === null || one.state !== "running" ? one.state : `${one.state}, ${healthWord(one.health)}`,
      duration(now.getTime() - Date.parse(one.since)),
      megabytes(one.memory),
      String(one.restarts),
      one.exitSignal ?? (one.exitCode === null ? "-" : String(one.exitCode)),
      one.reason?.split("\n")[0] ?? "",
    ]),
  ];
}

function healthWord(health: NonNullable<ProgramStatus["health"]>): string {
  return health === "unknown" ? "health unknown" : health;
}

function megabytes(bytes: number | null): string {
  return bytes === null ? "-" : `${Math.round(bytes / 1048576)} MB`;
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd(),
  );
}

function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** `12s`, `5m`, `3h 20m`, `2d 4h` */
function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${hours}h ${minutes % 60}m` : `${Math.floor(hours / 24)}d ${hours % 24}h`;
}
