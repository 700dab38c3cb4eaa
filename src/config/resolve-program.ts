import { dirname, resolve } from "node:path";
import { didYouMean } from "../base/did-you-mean.ts";
import { splitShellWords } from "../base/shell-words.ts";
import type { AfterSettings } from "./after-schema.ts";
import type { AfterConfig, HealthConfig, OutputConfig, ProgramConfig } from "./program-model.ts";
import type { ProgramSettings } from "./program-schema.ts";
import { type ResolveContext, resolveEnvironment } from "./resolve-app.ts";
import type { Path } from "./sourced.ts";

/** Stands for the number of an instance. */
export const INSTANCE = "{instance}";
const START_RETRIES = 3;
/** ms */
const RETRY_FAILED = 30_000;

type Programs = Readonly<Record<string, ProgramSettings>>;

/**
 * Programs as the supervisor takes them; adds what contradicts itself to the problems.
 *
 * @param appNames names that programs can't have too, since `start NAME` takes both
 */
export function resolvePrograms(
  settings: Programs,
  appNames: ReadonlySet<string>,
  context: ResolveContext,
): Readonly<Record<string, ProgramConfig>> {
  const programs: Record<string, ProgramConfig> = {};
  for (const [name, program] of Object.entries(settings)) {
    if (appNames.has(name) || name === "all" || name === "main") {
      const taken = appNames.has(name) ? "an app" : "something else";
      context.problems.error(["programs", name], `${taken} has this name already`, { at: "key" });
    }
    programs[name] = resolveProgram(name, program, settings, context);
  }
  refuseCircles(programs, context);
  refuseSharedFiles(programs, context);
  return programs;
}

/** What the app or program at `at` waits for. */
export function resolveAfter(
  at: Path,
  after: AfterSettings | undefined,
  programs: Programs,
  { problems }: ResolveContext,
): readonly AfterConfig[] {
  const wanted = Array.isArray(after) ? after.map((name) => [name, null] as const) : Object.entries(after ?? {});
  return wanted.flatMap(([program, written], index): AfterConfig[] => {
    const place = [...at, "after", Array.isArray(after) ? index : program];
    const known = Object.hasOwn(programs, program) ? programs[program] : undefined;
    if (known === undefined) {
      const remedy = didYouMean(program, Object.keys(programs));
      problems.error(place, `there is no program "${program}"`, remedy === undefined ? {} : { remedy });
      return [];
    }
    const state = written ?? (known.once ? "done" : known.health === undefined ? "running" : "healthy");
    if (state === "healthy" && known.health === undefined)
      problems.error(place, `${program} has no health check, so it is never known to be healthy`, {
        remedy: `give it one, or write {${program}: running}`,
      });
    if (state === "done" && !known.once)
      problems.error(place, `${program} is kept running, so it is never done`, { remedy: "give it once: true" });
    if (!known.autostart)
      problems.warn(place, `${program} has autostart: false, so this waits until somebody starts it`);
    return [{ program, state }];
  });
}

// --- internal ---

function resolveProgram(
  name: string,
  settings: ProgramSettings,
  programs: Programs,
  context: ResolveContext,
): ProgramConfig {
  const at: Path = ["programs", name];
  const { directory: base, disk, problems } = context;
  const directory = settings.directory === undefined ? base : resolve(base, settings.directory);
  if (settings.directory !== undefined && !directory.includes(INSTANCE) && !disk.isDirectory(directory))
    problems.error([...at, "directory"], `there is no folder ${directory}`);
  if (settings.once && settings.restart !== "unexpected")
    problems.error([...at, "restart"], "a once step is not kept running", {
      remedy: "leave out restart; start_retries says how often a failed one is tried again",
    });
  return {
    name,
    command: commandOf([...at, "command"], settings.command, settings.shell, context),
    directory,
    environment: resolveEnvironment(at, settings, context),
    user: settings.user ?? null,
    group: settings.group ?? null,
    umask: settings.umask ?? null,
    limits: {
      files: settings.limits?.files ?? null,
      memory: settings.limits?.memory ?? null,
      core: settings.limits?.core ?? null,
      processes: settings.limits?.processes ?? null,
    },
    instances: settings.instances,
    autostart: settings.autostart,
    restart: settings.restart,
    expectedCodes: settings.expected_codes,
    startTime: settings.start_time,
    startRetries: settings.start_retries ?? (settings.once ? 0 : START_RETRIES),
    retryFailed: retryFailed(settings),
    backoff: settings.backoff,
    stopSignal: `SIG${settings.stop_signal}`,
    stopTimeout: settings.stop_timeout,
    stopGroup: settings.stop_group,
    priority: settings.priority,
    once: settings.once,
    after: resolveAfter(at, settings.after, programs, context),
    health: settings.health === undefined ? null : healthOf([...at, "health"], settings.health, context),
    stdout: outputOf([...at, "stdout"], settings.stdout, context),
    stderr: settings.stderr === "stdout" ? { kind: "stdout" } : outputOf([...at, "stderr"], settings.stderr, context),
  };
}

function retryFailed({ once, restart, retry_failed, start_retries }: ProgramSettings): number | null {
  if (retry_failed === false) return null;
  return retry_failed ?? (restart === "always" && start_retries === undefined && !once ? RETRY_FAILED : null);
}

function commandOf(
  at: Path,
  command: string | readonly string[],
  shell: boolean,
  { problems }: ResolveContext,
): readonly string[] {
  if (shell && typeof command === "string" && command.trim() !== "") return ["/bin/sh", "-c", command];
  if (shell) problems.error(at, "with shell: true this is text, not a list of words");
  const words = typeof command === "string" ? splitShellWords(command) : command;
  if (words === null) problems.error(at, "a quote is not closed");
  else if (words.length === 0 || words[0] === "") problems.error(at, "names no command");
  else if (words.some((word) => word.includes("\0"))) problems.error(at, "a command can't hold a NUL character");
  return words ?? [];
}

function healthOf(at: Path, health: NonNullable<ProgramSettings["health"]>, context: ResolveContext): HealthConfig {
  const { http, tcp, command } = health;
  const given = [http, tcp, command].filter((check) => check !== undefined);
  if (given.length !== 1)
    context.problems.error(at, "needs exactly one of http, tcp and command", {
      at: "key",
      remedy: "write tcp: 127.0.0.1:6379, for example",
    });
  return {
    check: checkOf(at, health, context),
    interval: health.interval,
    timeout: health.timeout,
    retries: health.retries,
    startPeriod: health.start_period,
  };
}

function checkOf(
  at: Path,
  { http, tcp, command }: NonNullable<ProgramSettings["health"]>,
  context: ResolveContext,
): HealthConfig["check"] {
  if (http !== undefined) return { kind: "http", url: http };
  if (command !== undefined)
    return { kind: "command", command: commandOf([...at, "command"], command, false, context) };
  const address = tcp ?? "";
  if (address.startsWith("unix:"))
    return { kind: "unix", path: resolve(context.directory, address.slice("unix:".length)) };
  const colon = address.lastIndexOf(":");
  const port = Number(address.slice(colon + 1));
  if (tcp !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_536))
    context.problems.error([...at, "tcp"], `expected host:port, got "${address}"`);
  return { kind: "tcp", host: address.slice(0, colon).replace(/^\[|\]$/g, ""), port };
}

function outputOf(
  at: Path,
  written: Exclude<ProgramSettings["stdout"], undefined> | "stdout" | undefined,
  { directory, disk, problems }: ResolveContext,
): OutputConfig {
  if (written === undefined) return { kind: "log" };
  if (written === false) return { kind: "discard" };
  const section = typeof written === "string" ? { file: written, rotate_size: ROTATE_SIZE, rotate_keep: 10 } : written;
  const path = resolve(directory, section.file);
  if (!dirname(path).includes(INSTANCE) && !disk.isDirectory(dirname(path)))
    problems.error(at, `there is no folder ${dirname(path)}`, { remedy: `make it: mkdir -p ${dirname(path)}` });
  return { kind: "file", path, rotateSize: section.rotate_size, rotateKeep: section.rotate_keep };
}

/** As `rotate_size` says, for a file that is written as a path alone. */
const ROTATE_SIZE = 50 * 1024 * 1024;

function refuseCircles(programs: Readonly<Record<string, ProgramConfig>>, { problems }: ResolveContext): void {
  const done = new Set<string>();
  const visit = (name: string, trail: readonly string[]): void => {
    const at = trail.indexOf(name);
    if (at >= 0) {
      const circle = [...trail.slice(at), name].join(" after ");
      problems.error(["programs", trail.at(-1)!, "after"], `each would wait for the other: ${circle}`);
    } else if (!done.has(name)) {
      for (const { program } of programs[name]?.after ?? []) visit(program, [...trail, name]);
      done.add(name);
    }
  };
  for (const name of Object.keys(programs)) visit(name, []);
}

/** Two writers of one file would rotate it against each other. */
function refuseSharedFiles(programs: Readonly<Record<string, ProgramConfig>>, { problems }: ResolveContext): void {
  const owners = new Map<string, string>();
  for (const { name, instances, stdout, stderr } of Object.values(programs)) {
    for (const [stream, output] of Object.entries({ stdout, stderr })) {
      if (output.kind !== "file" || output.path.startsWith("/dev/")) continue;
      const at = ["programs", name, stream];
      const owner = owners.get(output.path);
      if (owner === name) problems.error(at, "is the file of stdout too", { remedy: "write stderr: stdout" });
      else if (owner !== undefined) problems.error(at, `is a file of ${owner} too`, { remedy: "give each its own" });
      else if (instances > 1 && !output.path.includes(INSTANCE))
        problems.error(at, `${instances} instances would write to one file`, {
          remedy: `put ${INSTANCE} into the path, as in ${output.path.replace(/(\.\w+)?$/, `-${INSTANCE}$1`)}`,
        });
      owners.set(output.path, name);
    }
  }
}
