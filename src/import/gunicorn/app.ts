import { basename, dirname, join, resolve } from "node:path";
import { type Place, ProblemList, PropylonError } from "../../base/errors.ts";
import { appName } from "../../config/app-config.ts";
import { approximated, type Ledger, mapped, undecided } from "../ledger.ts";
import { COMBINED, fromGunicorn } from "../log-format.ts";
import type { Door, ReadContext } from "../reading.ts";
import type { Plain } from "../tree.ts";
import { proxiesOf } from "./proxies.ts";
import { isList, isTrue, type PythonValue, textOf } from "./python-value.ts";
import { tlsOf } from "./tls.ts";
import type { Effective } from "./words.ts";

export interface AppReading {
  readonly settings: Plain;
  readonly doors: readonly Door[];
  /** Absolute, or null. */
  readonly pidFile: string | null;
  readonly notes: readonly string[];
}

/** Lanes in place of the greenlets of gevent and eventlet: many, as such apps mostly wait. */
const GREEN_THREADS = 32;

/** The app, its addresses and what stands beside it, from the settings in effect. */
export function appSettings(
  settings: ReadonlyMap<string, Effective>,
  targets: readonly string[],
  place: Place,
  folder: string,
  context: ReadContext,
  ledger: Ledger,
): AppReading {
  const text = (name: string): string | null => {
    const value = settings.get(name)?.value ?? null;
    return value === null || value === "" || value === false ? null : textOf(value === true ? "True" : value);
  };
  const directory = resolve(folder, text("chdir") ?? ".");
  const given = targets[0] ?? text("wsgi_app");
  if (targets.length > 0) ledger.say(place, targets[0]!, mapped());
  if (targets.length > 1)
    throw new ProblemList([
      new PropylonError("user", `"${targets[1]}" is one too many: Gunicorn serves one app`, {
        place,
        remedy: "give module:app once",
      }),
    ]);
  const doors = doorsOf(settings, folder, context);
  const rest = { ...logging(text, folder), ...limits(text) };
  const pidFile = text("pidfile") === null ? null : resolve(folder, text("pidfile")!);
  sayWorkerClass(settings, place, ledger);
  // A configuration file alone does not say what it serves.
  if (given === null) {
    const notes = [
      `${place.file} names no app: give the command line in its place, --with 'gunicorn -c ${place.file} module:app'`,
    ];
    return { settings: rest, doors: [], pidFile, notes };
  }
  const paths = (text("pythonpath") ?? "")
    .split(",")
    .filter(Boolean)
    .map((path) => resolve(folder, path));
  const load = loadOf(given, directory, paths, context, place, ledger);
  const name = validName(text("proc_name")) ?? appName(String(load["wsgi"] ?? load["script"]), directory);
  const app: Plain = {
    ...load,
    directory,
    workers: workersOf(settings, text, context),
    threads: threadsOf(settings),
    ...interfaceOf(settings),
    ...deadlineOf(settings),
    ...environmentOf(settings),
    ...account(settings),
    ...(isTrue(settings.get("preload_app")?.value ?? false) ? { preload: true } : {}),
    ...recycleOf(text),
    ...(isTrue(settings.get("reload")?.value ?? false) ? { reload: true } : {}),
  };
  return {
    settings: { apps: { [name]: app }, ...rest },
    doors: doors.map((door) => ({ ...door, app: name })),
    pidFile,
    notes: [],
  };
}

// --- internal ---

/** Gunicorn adds up to the jitter to its number; here a share is taken off, from the sum of both. */
function recycleOf(text: (name: string) => string | null): Plain {
  const requests = wholeNumber(text("max_requests"));
  if (requests === 0) return {};
  const jitter = wholeNumber(text("max_requests_jitter"));
  if (jitter === 0) return { recycle: { requests } };
  const share = Math.round((1000 * jitter) / (requests + jitter)) / 10;
  return { recycle: { requests: requests + jitter, jitter: `${share}%` } };
}

/** 0 for what is none. */
function wholeNumber(written: string | null): number {
  return written !== null && /^\d+$/.test(written) ? Number(written) : 0;
}

/** What to import, and where from. A pythonpath that is the package's own folder adds its parent; a `.wsgi` script needs no link. */
function loadOf(
  target: string,
  directory: string,
  paths: readonly string[],
  context: ReadContext,
  place: Place,
  ledger: Ledger,
): Plain {
  const [module = "", callable = "application"] = target.split(/:(.*)/s);
  const called = /^([\w.]+)\((.*)\)$/s.exec(callable);
  if (called !== null && called[2]!.trim() !== "")
    ledger.say(
      place,
      target,
      undecided("a factory with arguments is not called: give module:factory() one that needs none"),
    );
  const attribute = called?.[1] ?? callable;
  const [first = "", ...inner] = module.split(".");
  const folders = [directory, ...paths];
  const found = folders.some((folder) => exists(folder, module, context));
  const parents = paths.filter((path) => basename(path) === first && inner.length > 0).map((path) => dirname(path));
  const added = found ? [] : parents.filter((parent) => !folders.includes(parent));
  const script = found ? null : scriptFor(module, [...folders, ...added], context);
  if (script !== null) {
    ledger.say(place, target, approximated(`there is no module ${module}; the script ${script} is run as it is`));
    return { script, callable: attribute };
  }
  if (added.length > 0)
    ledger.say(
      place,
      "--pythonpath",
      approximated(`it is the package ${first} itself, so ${added[0]} is on the path too`),
    );
  const pythonpath = [...paths, ...added];
  return {
    wsgi: `${module}:${attribute}${called === null ? "" : "()"}`,
    ...(pythonpath.length === 0 ? {} : { pythonpath }),
  };
}

function exists(folder: string, module: string, context: ReadContext): boolean {
  const path = join(folder, ...module.split("."));
  return context.isFile(`${path}.py`) || context.isFile(join(path, "__init__.py"));
}

/** The `.wsgi` script that a module like `wsgi.pywps_app` was to be a link to: of its name, less `_app`, or the only one there. */
function scriptFor(module: string, folders: readonly string[], context: ReadContext): string | null {
  const parts = module.split(".");
  const name = parts.pop()!;
  for (const folder of folders) {
    const place = join(folder, ...parts);
    const named = [`${name}.wsgi`, `${name.replace(/_app$/, "")}.wsgi`].map((file) => join(place, file));
    const script = named.find((file) => context.isFile(file));
    if (script !== undefined) return script;
    const scripts = context.glob(join(place, "*.wsgi"));
    if (scripts.length === 1) return scripts[0]!;
  }
  return null;
}

/** Classes of workers that run ASGI apps. */
const ASGI = /uvicorn|asgi|hypercorn/i;
/** Classes of workers that run greenlets or callbacks. */
const GREEN = /gevent|eventlet|tornado/i;
const OWN_CLASSES = /^(?:sync|gthread|gunicorn\.workers\.(?:sync\.SyncWorker|gthread\.ThreadWorker))$/;

/** Bytes of a WebSocket message that an app may be set to take. */
const LONGEST_MESSAGE = 15_000_000;

/** What kind of app the worker class runs, and how. */
function interfaceOf(settings: ReadonlyMap<string, Effective>): Plain {
  const value = (name: string): string => textOf(settings.get(name)?.value ?? "");
  const loop = value("asgi_loop");
  const lifespan = value("asgi_lifespan");
  const message = Number(value("websocket_max_message_size") || Number.NaN);
  return {
    ...(ASGI.test(value("worker_class")) ? { interface: "asgi" } : {}),
    ...(["asyncio", "uvloop"].includes(loop) ? { loop } : {}),
    ...(["on", "off"].includes(lifespan) ? { lifespan } : {}),
    ...(message > 0 ? { websocket: { message_size: Math.min(message, LONGEST_MESSAGE) } } : {}),
  };
}

function workersOf(
  settings: ReadonlyMap<string, Effective>,
  text: (name: string) => string | null,
  context: ReadContext,
): number {
  if (isTrue(settings.get("reload")?.value ?? false)) return 1;
  const count = Number(text("workers") ?? context.environment["WEB_CONCURRENCY"] ?? 1);
  return Number.isFinite(count) ? Math.max(1, Math.trunc(count)) : 1;
}

/** Says what becomes of a class of workers other than Gunicorn's two for threads. */
function sayWorkerClass(settings: ReadonlyMap<string, Effective>, place: Place, ledger: Ledger): void {
  const kind = settings.get("worker_class");
  const name = kind === undefined ? "sync" : textOf(kind.value);
  const inPlace = ASGI.test(name)
    ? "the app runs on our own event loop"
    : GREEN.test(name)
      ? `${GREEN_THREADS} threads of each worker wait in its place`
      : OWN_CLASSES.test(name)
        ? null
        : "our own workers run the app in its place";
  if (inPlace === null) return;
  const option = kind?.place.line === undefined ? "-k" : "worker_class";
  ledger.say(kind?.place ?? place, option, approximated(`${name} is not used: ${inPlace}`));
}

function threadsOf(settings: ReadonlyMap<string, Effective>): number {
  const threads = Math.max(1, Math.trunc(Number(textOf(settings.get("threads")?.value ?? 1))) || 1);
  const name = textOf(settings.get("worker_class")?.value ?? "sync");
  if (ASGI.test(name) || !GREEN.test(name)) return threads;
  return Math.max(threads, GREEN_THREADS);
}

/**
 * A sync worker that has said nothing for `timeout` seconds is killed, so no request of its may take longer. One with threads says
 * something all the time; and who has not written a `timeout` has not asked for one.
 */
function deadlineOf(settings: ReadonlyMap<string, Effective>): Plain {
  const kind = textOf(settings.get("worker_class")?.value ?? "sync");
  const threads = Number(textOf(settings.get("threads")?.value ?? 1));
  const seconds = Number(textOf(settings.get("timeout")?.value ?? 0));
  const isSync = /^(?:sync|gunicorn\.workers\.sync\.SyncWorker)$/.test(kind) && !(threads > 1);
  return isSync && seconds > 0 ? { deadline: { hard: `${seconds}s` } } : {};
}

function environmentOf(settings: ReadonlyMap<string, Effective>): Plain {
  const value = settings.get("raw_env")?.value ?? [];
  const pairs = (isList(value) ? value : [value]).map(textOf).map((pair) => {
    const equals = pair.indexOf("=");
    return equals < 0 ? ([pair, ""] as const) : ([pair.slice(0, equals), pair.slice(equals + 1)] as const);
  });
  return pairs.length === 0 ? {} : { environment: Object.fromEntries(pairs) };
}

function account(settings: ReadonlyMap<string, Effective>): Plain {
  const result: Plain = {};
  for (const name of ["user", "group"] as const) {
    const value = settings.get(name)?.value ?? null;
    if (value !== null && value !== "") result[name] = textOf(value);
  }
  const umask = settings.get("umask")?.value ?? null;
  if (typeof umask === "number" && umask !== 0) result["umask"] = `0${umask.toString(8)}`;
  if (typeof umask === "string" && Number(umask) !== 0) result["umask"] = umask.replace(/^0[oO]?/, "0");
  return result;
}

function doorsOf(
  settings: ReadonlyMap<string, Effective>,
  folder: string,
  context: ReadContext,
): readonly Omit<Door, "app">[] {
  const port = context.environment["PORT"];
  const fallback: PythonValue = port === undefined || port === "" ? "127.0.0.1:8000" : `0.0.0.0:${port}`;
  const bind = settings.get("bind");
  const written = bind?.value ?? null;
  const values =
    written === null || written === "" || (isList(written) && written.length === 0)
      ? [fallback]
      : isList(written)
        ? written
        : textOf(written).split(",");
  const tls = tlsOf(settings, folder);
  return values.map((value) => ({
    ...(tls === null ? {} : { tls }),
    address: addressOf(textOf(value).trim(), folder),
    protocol: textOf(settings.get("protocol")?.value ?? "http") === "uwsgi" ? ("uwsgi" as const) : ("http" as const),
    // Gunicorn's umask is 0 unless it is set, and so are its sockets' permissions open to all.
    mode: textOf(value).trim().startsWith("unix:") ? 0o777 : null,
    owner: null,
    group: null,
    unlink: true,
    ...proxiesOf(settings, context.environment),
    place: bind?.place ?? { file: "gunicorn" },
  }));
}

function addressOf(bind: string, folder: string): string {
  const plain = bind.replace(/^(?:tcp|https?):\/\//, "");
  if (plain.startsWith("unix:")) return `unix:${resolve(folder, plain.slice(5).replace(/^\/\/(?=\/)/, ""))}`;
  const match = /^(\[[^\]]+\]|[^:]*)(?::(\d+))?$/.exec(plain);
  const host = match?.[1] || "0.0.0.0";
  return `${host === "localhost" ? "127.0.0.1" : host}:${match?.[2] ?? "8000"}`;
}

function logging(text: (name: string) => string | null, folder: string): Plain {
  const level = text("loglevel")?.toLowerCase();
  const known = level === "warning" ? "warn" : level === "critical" ? "error" : level;
  return {
    ...accessLog(text, folder),
    ...ownLog(text, known, folder),
  };
}

/** `accesslog` and `access_log_format`; the syslog daemon gets the lines too, as gunicorn has it. */
function accessLog(text: (name: string) => string | null, folder: string): Plain {
  const access = text("accesslog");
  const written = text("access_log_format");
  const format = written === null ? COMBINED : fromGunicorn(written).text;
  const named = format === COMBINED ? {} : { format: "gunicorn" };
  const logs: Plain[] = [];
  if (access !== null) logs.push({ path: access === "-" ? "-" : resolve(folder, access), ...named });
  const daemon = syslog(text);
  if (daemon !== null && !isOn(text("disable_redirect_access_to_syslog")))
    logs.push({ syslog: { ...daemon, tag: `${daemon.tag}.access` }, ...named });
  if (logs.length === 0) return {};
  const plain = logs.map((log) => (Object.keys(log).length === 1 && "path" in log ? log["path"] : log));
  return {
    ...(format === COMBINED ? {} : { log_formats: { gunicorn: format } }),
    access_log: plain.length === 1 ? plain[0] : plain,
  };
}

/** `loglevel`, `errorlog` and syslog: one of the two places. */
function ownLog(text: (name: string) => string | null, level: string | undefined, folder: string): Plain {
  const file = text("errorlog");
  const daemon = syslog(text);
  const place =
    file !== null && file !== "-"
      ? { path: resolve(folder, file) }
      : daemon === null
        ? {}
        : { syslog: { ...daemon, tag: `${daemon.tag}.error` } };
  const known = level !== undefined && ["debug", "info", "warn", "error"].includes(level) ? { level } : {};
  return Object.keys({ ...place, ...known }).length === 0 ? {} : { log: { ...known, ...place } };
}

/** Where `syslog` sends to: `udp://localhost:514` unless said otherwise. */
function syslog(text: (name: string) => string | null): { to: string; facility: string; tag: string } | null {
  if (!isOn(text("syslog"))) return null;
  const address = text("syslog_addr") ?? "udp://localhost:514";
  const unix = /^unix:\/\/([^#]+)/.exec(address)?.[1];
  const to = unix === undefined ? address.replace(/^(udp|tcp):\/\//, "$1:") : `unix:${unix}`;
  const prefix = text("syslog_prefix");
  return {
    to: /^(?:udp|tcp|unix):/.test(to) ? to : `udp:${to}`,
    facility: text("syslog_facility") ?? "user",
    tag: prefix === null ? "gunicorn" : `gunicorn.${prefix}`,
  };
}

function isOn(value: string | null): boolean {
  return value !== null && /^(?:true|1|yes|on)$/i.test(value);
}

function limits(text: (name: string) => string | null): Plain {
  const number = (name: string): number | null => {
    const value = Number(text(name) ?? Number.NaN);
    return Number.isFinite(value) && value > 0 ? value : null;
  };
  const line = number("limit_request_line");
  const fields = number("limit_request_fields");
  const grace = number("graceful_timeout");
  const idle = number("keepalive");
  const streams = number("http2_max_concurrent_streams");
  const held = {
    ...(line === null ? {} : { request_line: line }),
    ...(fields === null ? {} : { header_count: Math.min(fields, 10_000) }),
    ...(streams === null ? {} : { http2: { streams: Math.min(streams, 10_000) } }),
  };
  const times = { ...(grace === null ? {} : { drain: `${grace}s` }), ...(idle === null ? {} : { idle: `${idle}s` }) };
  // Gunicorn has no limit for bodies.
  return { limits: { ...held, body: 0 }, ...(Object.keys(times).length === 0 ? {} : { timeouts: times }) };
}

function validName(name: string | null): string | null {
  return name !== null && /^[A-Za-z0-9][A-Za-z0-9_-]{0,47}$/.test(name) ? name : null;
}
