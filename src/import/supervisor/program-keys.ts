import { resolve } from "node:path";
import { formatSize } from "../../base/units.ts";
import { approximated, ignored, mapped, type Outcome, undecided } from "../ledger.ts";
import type { Plain } from "../tree.ts";
import { readBoolean, readBytes, readExitCodes, readInteger, readSignal } from "./values.ts";

/** A program section as it is read: `settings` become those of the program in propylon.yaml. */
export interface ProgramDraft {
  readonly settings: Plain;
  readonly logs: { readonly stdout: LogDraft; readonly stderr: LogDraft };
  redirect: boolean;
  stopAsGroup: boolean;
  killAsGroup: boolean | null;
}

export interface LogDraft {
  /** As written, expanded; null: AUTO. */
  file: string | null;
  maxBytes: number;
  backups: number;
}

export const DEFAULT_LOG_BYTES = 50 * 1024 * 1024;
export const DEFAULT_LOG_BACKUPS = 10;

type KeyReader = (value: string, draft: ProgramDraft) => Outcome;

/** Every key of a program section but `command`, `environment`, `numprocs` and the names, which `program.ts` reads itself. */
export const PROGRAM_KEYS: Readonly<Record<string, KeyReader>> = {
  directory: (value, { settings }) => {
    settings["directory"] = value;
    return mapped();
  },
  user: (value, { settings }) => {
    if (!/^\w[\w.-]*\$?$/.test(value)) return undecided(`"${value}" is no name of a user; left out`);
    settings["user"] = value;
    return mapped("needs root, as with supervisord");
  },
  umask: (value, { settings }) => {
    if (!/^[0-7]{1,4}$/.test(value)) return undecided(`"${value}" is no octal mask`);
    settings["umask"] = value.padStart(3, "0");
    return mapped();
  },
  autostart: (value, { settings }) =>
    boolean(value, (flag) => {
      if (!flag) settings["autostart"] = false;
      return mapped();
    }),
  autorestart: (value, { settings }) => {
    const restart = value.toLowerCase() === "unexpected" ? "unexpected" : readBoolean(value);
    if (restart === null) return undecided(`"${value}" is none of true, false and unexpected`);
    settings["restart"] = restart === true ? "always" : restart === false ? "never" : "unexpected";
    return mapped();
  },
  startsecs: (value, { settings }) =>
    integer(value, (seconds) => {
      settings["start_time"] = `${seconds}s`;
      return mapped();
    }),
  startretries: (value, { settings }) =>
    integer(value, (count) => {
      settings["start_retries"] = count;
      return approximated(
        "pauses between the tries double and vary a little, where supervisor's grow by a second each",
      );
    }),
  exitcodes: (value, { settings }) => {
    const codes = readExitCodes(value);
    if (codes === null) return undecided(`"${value}" is no list of exit codes`);
    settings["expected_codes"] = codes;
    return mapped();
  },
  stopsignal: (value, { settings }) => {
    const { name, known } = readSignal(value);
    if (known) settings["stop_signal"] = name;
    return known ? mapped() : approximated(`${name} is not sent here: the program gets TERM`);
  },
  stopwaitsecs: (value, { settings }) =>
    integer(value, (seconds) => {
      settings["stop_timeout"] = `${seconds}s`;
      return mapped();
    }),
  stopasgroup: (value, draft) =>
    boolean(value, (flag) => {
      draft.stopAsGroup = flag;
      return mapped();
    }),
  killasgroup: (value, draft) =>
    boolean(value, (flag) => {
      draft.killAsGroup = flag;
      return flag && !draft.stopAsGroup
        ? approximated("the stop signal too goes to the whole process group, not KILL alone")
        : mapped();
    }),
  priority: (value, { settings }) =>
    integer(value, (priority) => {
      settings["priority"] = priority;
      return mapped();
    }),
  redirect_stderr: (value, draft) =>
    boolean(value, (flag) => {
      draft.redirect = flag;
      return mapped();
    }),
  stdout_logfile: (value, { logs }) => logFile(value, logs.stdout),
  stderr_logfile: (value, { logs }) => logFile(value, logs.stderr),
  stdout_logfile_maxbytes: (value, { logs }) => logBytes(value, logs.stdout),
  stderr_logfile_maxbytes: (value, { logs }) => logBytes(value, logs.stderr),
  stdout_logfile_backups: (value, { logs }) => logBackups(value, logs.stdout),
  stderr_logfile_backups: (value, { logs }) => logBackups(value, logs.stderr),
  stdout_syslog: syslog,
  stderr_syslog: syslog,
  stdout_capture_maxbytes: capture,
  stderr_capture_maxbytes: capture,
  stdout_events_enabled: events,
  stderr_events_enabled: events,
  serverurl: () => approximated("SUPERVISOR_SERVER_URL is not set for the program: XML-RPC is not spoken here"),
};

/** The section of propylon.yaml for one of the two outputs; undefined: our log. */
export function outputOf(log: LogDraft, directory: string): unknown {
  if (log.file === null) return undefined;
  if (/^none$/i.test(log.file)) return false;
  const file = resolve(directory, log.file);
  // A terminal or pipe can't be rotated; supervisord wants maxbytes=0 for it, and fails when that is forgotten.
  const rotated = log.maxBytes > 0 && !/^\/dev\/|^\/proc\//.test(file);
  return { file, rotate_size: rotated ? formatSize(log.maxBytes) : "0", rotate_keep: log.backups };
}

// --- internal ---

function boolean(value: string, then: (flag: boolean) => Outcome): Outcome {
  const flag = readBoolean(value);
  return flag === null
    ? undecided(`"${value}" is neither true nor false, and supervisord would not start`)
    : then(flag);
}

function integer(value: string, then: (number: number) => Outcome): Outcome {
  const number = readInteger(value);
  return number === null || number < 0
    ? undecided(`"${value}" is no whole number, and supervisord would not start`)
    : then(number);
}

function logFile(value: string, log: LogDraft): Outcome {
  if (/^auto$/i.test(value)) return mapped("goes to our log, a line each, under the program's name");
  if (/^syslog$/i.test(value)) return approximated("goes to our log, a line each, not to syslog");
  log.file = value;
  return mapped();
}

function logBytes(value: string, log: LogDraft): Outcome {
  const bytes = readBytes(value);
  if (bytes === null) return undecided(`"${value}" is no size`);
  log.maxBytes = bytes;
  return mapped();
}

function logBackups(value: string, log: LogDraft): Outcome {
  return integer(value, (count) => {
    log.backups = count;
    return mapped();
  });
}

function syslog(value: string): Outcome {
  return boolean(value, (flag) =>
    flag ? approximated("goes to our log, a line each, not to syslog") : ignored("nothing goes to syslog here"),
  );
}

function capture(value: string): Outcome {
  return readBytes(value) === 0
    ? ignored("there is no capture mode, and it is off")
    : undecided(
        "there is no capture mode here: what the program writes between its tags stays in the log; who reads it?",
      );
}

function events(value: string): Outcome {
  return boolean(value, (flag) =>
    flag
      ? approximated("its lines are in our log, each with its name; no event tells of them")
      : mapped("it is so anyway"),
  );
}
