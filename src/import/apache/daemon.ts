import { resolve } from "node:path";
import { approximated, ignored, mapped, type Outcome, undecided } from "../ledger.ts";
import type { Plain } from "../tree.ts";

/** A `WSGIDaemonProcess`: the settings of an app that runs in it. */
export interface DaemonProcess {
  readonly name: string;
  readonly settings: Plain;
}

/** mod_wsgi's own defaults, where the directive says nothing. */
const DEFAULTS: Plain = { workers: 1, threads: 15 };

type OptionReader = (value: string, settings: Plain) => string | null | false;

/** Each returns what differs, null when nothing does, false when it is not known. */
const OPTIONS: Readonly<Record<string, OptionReader>> = {
  processes: (value, settings) => number(value, settings, "workers"),
  threads: (value, settings) => number(value, settings, "threads"),
  user: (value, settings) => account(value, settings, "user"),
  group: (value, settings) => account(value, settings, "group"),
  umask: (value, settings) => text(value.padStart(3, "0").slice(-4), settings, "umask"),
  home: (value, settings) => text(resolve("/", value), settings, "directory"),
  "python-home": (value, settings) => text(value, settings, "python"),
  "python-path": (value, settings) => {
    settings["pythonpath"] = value.split(":").filter((path) => path !== "");
    return null;
  },
  lang: (value, settings) => variable(settings, "LANG", value),
  locale: (value, settings) => variable(settings, "LC_ALL", value),
  "shutdown-timeout": (value, settings) => text(`${value}s`, settings, "stop_timeout"),
  "queue-timeout": (value, settings) => {
    settings["queue"] = { timeout: `${value}s` };
    return null;
  },
  "display-name": () => null,
  "maximum-requests": (value, settings) => limit(value, settings, "requests", value),
  "restart-interval": (value, settings) => limit(value, settings, "age", `${value}s`),
  "request-timeout": (value, settings) => {
    if (Number(value) > 0) settings["deadline"] = { hard: `${value}s` };
    return null;
  },
  "interrupt-timeout": () => null,
  "inactivity-timeout": () => "inactivity-timeout: idle workers stay",
  "graceful-timeout": () => null,
  "eviction-timeout": () => null,
  "deadlock-timeout": () => null,
  "connect-timeout": () => null,
  "socket-timeout": () => null,
  "response-socket-timeout": () => null,
  "startup-timeout": (value, settings) => text(`${value}s`, settings, "start_timeout"),
  "listen-backlog": () => null,
  "stack-size": () => null,
  "send-buffer-size": () => null,
  "receive-buffer-size": () => null,
  "header-buffer-size": () => null,
  "response-buffer-size": () => null,
  "socket-user": () => null,
  "script-user": () => null,
  "script-group": () => null,
  "cpu-priority": () => "cpu-priority: workers have that of propylon",
  "cpu-time-limit": () => "cpu-time-limit: there is none",
  "memory-limit": (value, settings) => text(value, settings, "limits.memory"),
  "virtual-memory-limit": (value, settings) => text(value, settings, "limits.memory"),
  "supplementary-groups": () => "supplementary-groups: workers have those of their user",
  "python-eggs": () => null,
  chroot: () => false,
  "server-metrics": () => null,
};

/** 0 is mod_wsgi's word for never. */
function limit(value: string, settings: Plain, name: "requests" | "age", written: string): null | false {
  if (!/^\d+$/.test(value)) return false;
  if (Number(value) === 0) return null;
  const before = settings["recycle"] as Plain | undefined;
  settings["recycle"] = { ...before, [name]: name === "requests" ? Number(value) : written };
  return null;
}

/** Reads `WSGIDaemonProcess NAME option=value ...`. */
export function readDaemonProcess(args: readonly string[]): {
  readonly daemon: DaemonProcess;
  readonly outcome: Outcome;
} {
  const [name = "", ...options] = args;
  const settings: Plain = { ...DEFAULTS };
  const differences: string[] = [];
  const unknown: string[] = [];
  for (const option of options) {
    const equals = option.indexOf("=");
    const key = (equals < 0 ? option : option.slice(0, equals)).toLowerCase();
    const value = equals < 0 ? "" : option.slice(equals + 1).replace(/^(["'])(.*)\1$/, "$2");
    const reader = Object.hasOwn(OPTIONS, key) ? OPTIONS[key] : undefined;
    const said = reader === undefined ? false : reader(value, settings);
    if (said === false) unknown.push(option);
    else if (said !== null) differences.push(said);
  }
  const limit = settings["limits.memory"];
  delete settings["limits.memory"];
  if (limit !== undefined) settings["limits"] = { memory: Number(limit) };
  const outcome =
    unknown.length > 0
      ? undecided(`${unknown.join(" ")} has no counterpart`)
      : differences.length > 0
        ? approximated(differences.join("; "))
        : mapped();
  return { daemon: { name, settings }, outcome };
}

/** `WSGIPythonHome` and `WSGIPythonPath`, for apps without a daemon process of their own. */
export function readPythonPlace(key: string, args: readonly string[], settings: Plain): Outcome {
  const [value = ""] = args;
  if (value === "") return ignored("it names nothing");
  if (key === "wsgipythonhome") settings["python"] = value;
  else settings["pythonpath"] = value.split(":").filter((path) => path !== "");
  return mapped();
}

// --- internal ---

/** What a template or a shell is to fill in. */
const PLACEHOLDER = /\{\{|\{%|\$\w|\$\{|@\w+@|<[A-Z%]/;

function number(value: string, settings: Plain, key: string): string | null | false {
  if (PLACEHOLDER.test(value)) return `${value} is to be filled in`;
  if (!/^[1-9]\d*$/.test(value) || Number(value) > 1024) return false;
  settings[key] = Number(value);
  return null;
}

function text(value: string, settings: Plain, key: string): null {
  settings[key] = value;
  return null;
}

/** A name, or a number behind `#`. */
function account(value: string, settings: Plain, key: string): string | null | false {
  const name = value.replace(/^#/, "");
  if (PLACEHOLDER.test(value)) return `${value} is to be filled in`;
  return /^\w[\w.-]*\$?$/.test(name) ? text(name, settings, key) : false;
}

function variable(settings: Plain, name: string, value: string): null {
  settings["environment"] = { ...(settings["environment"] as Plain | undefined), [name]: value };
  return null;
}
