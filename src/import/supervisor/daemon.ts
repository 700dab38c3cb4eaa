import { resolve } from "node:path";
import { didYouMean } from "../../base/did-you-mean.ts";
import { approximated, ignored, type Ledger, mapped, type Outcome, undecided } from "../ledger.ts";
import type { Plain } from "../tree.ts";
import type { IniOption, IniSection } from "./ini.ts";
import { readBoolean, readInteger } from "./values.ts";
import { splitEnvironment } from "./words.ts";

/** What `[supervisord]` says of all programs. */
export interface Daemon {
  /** Settings of a program that says nothing else. */
  readonly defaults: Plain;
  readonly shared: Readonly<Record<string, string>>;
  /** Where supervisord runs, absolute: what relative paths start from. */
  readonly directory: string;
  /** The level of our log, or null. */
  readonly level: string | null;
}

/** The soft limit of open files that Linux gives by default, and supervisord's default for `minfds`. */
const USUAL_FILES = 1024;
const LEVELS: Readonly<Record<string, string>> = {
  critical: "error",
  critcal: "error",
  error: "error",
  warn: "warn",
  info: "info",
  debug: "debug",
  trace: "debug",
  blather: "debug",
};

interface Draft {
  readonly defaults: Plain;
  shared: Readonly<Record<string, string>>;
  directory: string;
  level: string | null;
  readonly daemonizes: boolean;
}

type KeyReader = (value: string, draft: Draft) => Outcome;

const LOG = "our own log goes to stderr, and to who asks with propylon logs; let what starts propylon keep it";

const KEYS: Readonly<Record<string, KeyReader>> = {
  nodaemon: (value) =>
    readBoolean(value) === true
      ? mapped()
      : approximated("propylon stays in the foreground: what starts it puts it into the background"),
  logfile: () => approximated(LOG),
  logfile_maxbytes: () => approximated(LOG),
  logfile_backups: () => approximated(LOG),
  loglevel: (value, draft) => {
    draft.level = LEVELS[value.toLowerCase()] ?? null;
    return draft.level === null ? undecided(`"${value}" is no level`) : mapped();
  },
  pidfile: () => approximated("propylon supervisord writes it; with propylon run give --pid-file"),
  umask: (value, draft) => {
    if (!/^[0-7]{1,4}$/.test(value)) return undecided(`"${value}" is no octal mask`);
    if (draft.daemonizes) draft.defaults["umask"] = value.padStart(3, "0");
    return draft.daemonizes ? mapped() : ignored("supervisord sets it only when it goes to the background");
  },
  user: (value, draft) => {
    draft.defaults["user"] = value;
    return approximated("programs run as this user; our main process stays who started it");
  },
  directory: (value, draft) => {
    if (!draft.daemonizes) return ignored("supervisord goes there only when it goes to the background");
    draft.directory = resolve(draft.directory, value);
    return mapped();
  },
  environment: (value, draft) => {
    const variables = splitEnvironment(value);
    if (variables === null) return undecided('it is no list such as KEY="value",OTHER="value"; left out');
    draft.shared = variables;
    return mapped();
  },
  minfds: (value, draft) => {
    const files = readInteger(value);
    if (files === null || files <= USUAL_FILES) return ignored("it is a floor that the system's own limit reaches");
    draft.defaults["limits"] = { files };
    return approximated("it is the limit of each program's open files, where supervisord only raises a lower one");
  },
  minprocs: () => ignored("it is a floor, which the system's own limit reaches"),
  identifier: () => ignored("it names supervisord to XML-RPC clients"),
  childlogdir: () => approximated("output of programs without a log file goes to our log, not to files there"),
  nocleanup: () => ignored("no log files with made-up names are left here to be cleaned up"),
  strip_ansi: (value) =>
    readBoolean(value) === true
      ? approximated("escape sequences stay in log files; in our log they are written visibly")
      : mapped(),
  silent: () => approximated(LOG),
};

/** The options of `[supervisord]`, expanded; `directory`: where supervisord is started. */
export function readDaemon(options: readonly IniOption[], directory: string, ledger: Ledger): Daemon {
  const nodaemon = options.findLast(({ key }) => key === "nodaemon");
  const draft: Draft = {
    defaults: {},
    shared: {},
    directory,
    level: null,
    daemonizes: readBoolean(nodaemon?.value ?? "false") !== true,
  };
  for (const option of options) {
    const reader = Object.hasOwn(KEYS, option.key) ? KEYS[option.key] : undefined;
    const near = didYouMean(option.key, Object.keys(KEYS));
    ledger.say(
      option.place,
      option.name,
      reader === undefined
        ? ignored(`supervisor has no such setting and passes over it${near === undefined ? "" : `; ${near}`}`)
        : reader(option.value, draft),
    );
  }
  return draft;
}

/** What becomes of the sections that are about supervisord's own servers and clients. */
export function readServer(section: IniSection, ledger: Ledger): void {
  const kind = section.name.split(":")[0]!;
  ledger.say(section.place, `[${section.name}]`, SERVER_SECTIONS[kind]!);
  for (const option of section.options) {
    const factory = option.key === "supervisor.rpcinterface_factory";
    ledger.say(option.place, option.name, factory ? readFactory(option.value) : (SERVER_KEYS[kind] ?? SOCKET));
  }
}

export function isServerSection(name: string): boolean {
  return Object.hasOwn(SERVER_SECTIONS, name.split(":")[0]!);
}

// --- internal ---

const SOCKET = approximated("propylon's control socket is its own; propylon supervisorctl -c finds it");
const SERVER_SECTIONS: Readonly<Record<string, Outcome>> = {
  unix_http_server: SOCKET,
  inet_http_server: approximated("there is no web page and no XML-RPC over TCP; the control socket stays local"),
  supervisorctl: approximated("propylon supervisorctl -c finds the instance by this file"),
  rpcinterface: approximated("commands go over propylon's control socket, not over XML-RPC"),
};
const SERVER_KEYS: Readonly<Record<string, Outcome>> = {
  inet_http_server: approximated(
    "there is no web page and no XML-RPC over TCP: nothing listens; propylon supervisorctl works on this machine",
  ),
  supervisorctl: approximated(
    "propylon supervisorctl finds the instance by this file, and the system keeps others out",
  ),
  rpcinterface: undecided("there are no XML-RPC extensions here"),
};

function readFactory(value: string): Outcome {
  return value === "supervisor.rpcinterface:make_main_rpcinterface"
    ? approximated("commands go over propylon's control socket, not over XML-RPC")
    : undecided("there are no XML-RPC extensions here: what do its callers need?");
}
