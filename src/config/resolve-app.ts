import { availableParallelism } from "node:os";
import { dirname, resolve } from "node:path";
import type { AppSettings } from "./app-schema.ts";
import type { Disk } from "./disk.ts";
import { parseEnvFile } from "./env-file.ts";
import type { AppConfig } from "./model.ts";
import { resolvePoolLife } from "./pool-life.ts";
import type { Problems } from "./problems.ts";
import { resolveDeadline } from "./resolve-deadline.ts";
import type { Path } from "./sourced.ts";
import { autoWorkers } from "./workers.ts";

/** What a section of the settings is resolved with. */
export interface ResolveContext {
  /** Where relative paths start. */
  readonly directory: string;
  readonly disk: Disk;
  readonly problems: Problems;
}

/** Bytes of a WebSocket's longest message: it travels to the worker in one frame. */
const MOST_MESSAGE = 15 * 1024 * 1024;

export function resolveApp(
  name: string,
  settings: AppSettings,
  { directory: base, disk, problems }: ResolveContext,
): AppConfig {
  const at: Path = ["apps", name];
  const script = settings.script === undefined ? null : resolve(base, settings.script);
  const directory =
    settings.directory === undefined ? (script === null ? base : dirname(script)) : resolve(base, settings.directory);
  checkLoad(at, settings, problems);
  if (script !== null && !disk.isFile(script)) problems.error([...at, "script"], `there is no file ${script}`);
  if (settings.directory !== undefined && !disk.isDirectory(directory))
    problems.error([...at, "directory"], `there is no folder ${directory}`);
  const { target, call } = splitTarget(settings.wsgi ?? settings.asgi ?? "");
  return {
    name,
    load:
      script === null
        ? { kind: "module", target }
        : { kind: "script", path: script, attribute: settings.callable ?? "application" },
    interface: settings.interface ?? (settings.asgi === undefined ? "auto" : "asgi"),
    factory: call ? true : (settings.factory ?? null),
    directory,
    python: settings.python === undefined ? null : resolvePython(settings.python, base, disk),
    pythonpath: (settings.pythonpath ?? []).map((folder) => resolve(base, folder)),
    workers:
      settings.workers === "auto" ? autoWorkers(availableParallelism(), process.constrainedMemory()) : settings.workers,
    threads: settings.threads,
    concurrency: settings.concurrency,
    loop: settings.loop,
    lifespan: settings.lifespan,
    webSocket: {
      messageSize: settings.websocket.message_size,
      ping: settings.websocket.ping,
      lifetime: settings.websocket.lifetime,
    },
    environment: resolveEnvironment(at, settings, { directory: base, disk, problems }),
    user: settings.user ?? null,
    group: settings.group ?? null,
    umask: settings.umask ?? null,
    limits: {
      files: settings.limits?.files ?? null,
      memory: settings.limits?.memory ?? null,
      core: settings.limits?.core ?? null,
    },
    startTimeout: settings.start_timeout,
    stopTimeout: settings.stop_timeout,
    ...resolvePoolLife(at, settings, { directory: base, disk, problems }),
    queueSize: settings.queue.size,
    queueTimeout: settings.queue.timeout,
    metrics: settings.metrics,
    deadline: resolveDeadline(settings.deadline, [...at, "deadline"], problems) ?? { soft: 0, hard: 0 },
    reload: settings.reload,
    tracebacks: settings.tracebacks,
    after: [],
  };
}

/** The variables of `env_file` and `environment` of the section at `at`. */
export function resolveEnvironment(
  at: Path,
  settings: EnvironmentSettings,
  { directory, disk, problems }: ResolveContext,
): Readonly<Record<string, string>> {
  return {
    ...readEnvFiles(at, settings, directory, disk, problems),
    ...readEnvironment(at, settings, directory, disk, problems),
  };
}

type EnvironmentSettings = Pick<AppSettings, "environment" | "env_file">;

/** `module` alone means the attribute that its kind of file has by custom: `application`. */
function splitTarget(written: string): { readonly target: string; readonly call: boolean } {
  const call = written.endsWith("()");
  const target = call ? written.slice(0, -2) : written;
  return { target: target.includes(":") ? target : `${target}:application`, call };
}

function checkLoad(at: Path, settings: AppSettings, problems: Problems): void {
  const named = (["wsgi", "asgi", "script"] as const).filter((key) => settings[key] !== undefined);
  if (named.length === 0) {
    problems.error(at, "neither wsgi, asgi nor script says what to load", {
      at: "key",
      remedy: "write wsgi: module:attribute, such as app:app, asgi: module:attribute, or script: ./app.wsgi",
    });
  }
  if (named.length > 1) problems.error([...at, named[1]!], `${named.join(" and ")} exclude each other`, { at: "key" });
  if (settings.asgi !== undefined && settings.interface === "wsgi")
    problems.error([...at, "interface"], "wsgi contradicts asgi, which names the app");
  if (settings.websocket.message_size > MOST_MESSAGE)
    problems.error([...at, "websocket", "message_size"], "a message has at most 15MB");
  if (settings.callable !== undefined && settings.script === undefined) {
    problems.error([...at, "callable"], "only a script has a callable", {
      at: "key",
      remedy: `write it into wsgi: ${(settings.wsgi ?? "module").split(":")[0]}:${settings.callable}`,
    });
  }
  const written = settings.wsgi ?? settings.asgi;
  if (written?.endsWith("()") === true && settings.factory === false)
    problems.error([...at, "factory"], `false contradicts the () of "${written}"`);
}

/** A path is made absolute; a bare word is a folder beside the configuration if there is one, else a command to look for. */
function resolvePython(written: string, base: string, disk: Disk): string {
  const path = resolve(base, written);
  return written.includes("/") || written.startsWith(".") || disk.isDirectory(path) ? path : written;
}

function readEnvFiles(
  at: Path,
  settings: EnvironmentSettings,
  base: string,
  disk: Disk,
  problems: Problems,
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [index, written] of (settings.env_file ?? []).entries()) {
    const path = resolve(base, written);
    const text = readOr(path, [...at, "env_file", index], disk, problems);
    for (const line of text === null ? [] : parseEnvFile(text)) {
      if (line.kind === "variable") environment[line.name] = line.value;
      else problems.errorIn({ file: path, line: line.line }, line.message);
    }
  }
  return environment;
}

function readEnvironment(
  at: Path,
  settings: EnvironmentSettings,
  base: string,
  disk: Disk,
  problems: Problems,
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(settings.environment ?? {})) {
    const text =
      typeof value === "string"
        ? value
        : readOr(resolve(base, value.file), [...at, "environment", name, "file"], disk, problems)?.replace(
            /\r?\n$/,
            "",
          );
    if (text?.includes("\0") === true)
      problems.error([...at, "environment", name], "an environment variable can't hold a NUL character");
    else if (text !== undefined) environment[name] = text;
  }
  return environment;
}

function readOr(path: string, at: Path, disk: Disk, problems: Problems): string | null {
  try {
    return disk.read(path);
  } catch (cause) {
    const reason = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    const why = reason === "ENOENT" ? "there is no such file" : reason === "EACCES" ? "we may not read it" : reason;
    problems.error(at, `cannot read ${path}: ${why}`, { cause });
    return null;
  }
}
