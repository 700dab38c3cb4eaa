import { resolve } from "node:path";
import { approximated, ignored, mapped, type Outcome, undecided } from "../ledger.ts";
import type { Plain } from "../tree.ts";
import { readLimit, readTimeSpan } from "./values.ts";

/** A `[Service]` as it is read. */
export interface ServiceDraft {
  readonly settings: Plain;
  /** Where relative paths start, which systemd does not take. */
  readonly base: string;
  type: string;
  /** `RuntimeDirectory=` and its like: kind -> folders. */
  readonly directories: Map<string, readonly string[]>;
  readonly directoryModes: Map<string, string>;
}

type OptionReader = (value: string, draft: ServiceDraft) => Outcome;

const RESTARTS: Readonly<Record<string, readonly [string, string]>> = {
  no: ["never", ""],
  always: ["always", ""],
  "on-failure": ["unexpected", "one that a signal has ended counts as failed, TERM and INT too"],
  "on-abnormal": ["unexpected", "an exit code other than 0 restarts it too"],
  "on-abort": ["unexpected", "an exit code other than 0 restarts it too"],
  "on-watchdog": ["unexpected", "there is no watchdog: any failure restarts it"],
  "on-success": ["always", "a failure restarts it too"],
};
/** As `user` and `group` take it. */
const ACCOUNT = /^\w[\w.-]*\$?$/;
const SIGNALS = ["TERM", "HUP", "INT", "QUIT", "KILL", "USR1", "USR2", "WINCH"];
const DIRECTORY_KINDS: Readonly<Record<string, string>> = {
  RuntimeDirectory: "/run",
  StateDirectory: "/var/lib",
  CacheDirectory: "/var/cache",
  LogsDirectory: "/var/log",
  ConfigurationDirectory: "/etc",
};

const directory: OptionReader = (value, draft) => {
  const path = value.replace(/^-/, "").replace(/^"(.*)"$/, "$1");
  if (path === "~") return approximated("the folder of the configuration is taken, not the user's home");
  draft.settings["directory"] = resolve(draft.base, path);
  return path.startsWith("/")
    ? mapped()
    : approximated("systemd takes absolute paths alone; it starts from this folder");
};

/** Options of a service whose value becomes a setting of the program. Exec lines and variables are read in `service.ts`. */
export const SERVICE_OPTIONS: Readonly<Record<string, OptionReader>> = {
  WorkingDirectory: directory,
  User: (value, { settings }) => {
    if (!ACCOUNT.test(value)) return undecided(`"${value}" is no name that we know; left out`);
    settings["user"] = value;
    return mapped();
  },
  Group: (value, { settings }) => {
    if (!ACCOUNT.test(value)) return undecided(`"${value}" is no name that we know; left out`);
    settings["group"] = value;
    return mapped();
  },
  SupplementaryGroups: () => approximated("the program has the groups that its user is a member of"),
  UMask: (value, { settings }) => {
    settings["umask"] = value.replace(/^0*(?=\d{3})/, "").padStart(3, "0");
    return mapped();
  },
  Type: (value, draft) => {
    draft.type = value;
    if (value === "oneshot") draft.settings["once"] = true;
    if (value === "simple" || value === "exec" || value === "oneshot") return mapped();
    if (value === "idle") return approximated("it starts with the others");
    if (value === "forking")
      return undecided("the program has to stay in the foreground here: leave out what makes it go to the background");
    return approximated(
      "its readiness messages are not listened for: it counts as running when it has stayed up for a second",
    );
  },
  Restart: (value, { settings }) => {
    const found = RESTARTS[value];
    if (found === undefined) return undecided(`"${value}" is no way to restart`);
    settings["restart"] = found[0];
    return found[1] === "" ? mapped() : approximated(found[1]);
  },
  RestartSec: (value, { settings }) => {
    const pause = readTimeSpan(value);
    if (pause === null || pause === "infinity") return undecided(`"${value}" is no time`);
    settings["backoff"] = { first: pause, longest: pause };
    return mapped("less up to a quarter, at random");
  },
  RestartSteps: () => approximated("pauses double"),
  RestartMaxDelaySec: () => approximated("pauses double from RestartSec"),
  SuccessExitStatus: (value, { settings }) => {
    const words = value.split(/\s+/);
    const codes = words.filter((word) => /^\d+$/.test(word)).map(Number);
    settings["expected_codes"] = [...new Set([0, ...codes])];
    return codes.length === words.length ? mapped() : approximated("exit codes count, signals don't");
  },
  RestartPreventExitStatus: (value, { settings }) => {
    const codes = value
      .split(/\s+/)
      .filter((word) => /^\d+$/.test(word))
      .map(Number);
    settings["expected_codes"] = [...new Set([0, ...codes])];
    return approximated("these exit codes count as expected, with restart: unexpected");
  },
  RestartForceExitStatus: () => approximated("restart: unexpected or always says which exit codes restart it"),
  StartLimitBurst: (value, { settings }) => {
    if (/^\d+$/.test(value)) settings["start_retries"] = Number(value);
    return approximated("so many failed starts in a row, however long they take");
  },
  StartLimitInterval: () => approximated("failed starts in a row count, however long they take"),
  StartLimitIntervalSec: () => approximated("failed starts in a row count, however long they take"),
  StartLimitAction: () => approximated("the program is given up, and nothing else happens"),
  KillSignal: (value, { settings }) => {
    const name = value.replace(/^SIG/, "");
    if (!SIGNALS.includes(name)) return approximated(`${value} is not sent here: the program gets TERM`);
    settings["stop_signal"] = name;
    return mapped();
  },
  RestartKillSignal: () => approximated("a restart sends the stop signal"),
  KillMode: (value, { settings }) => {
    settings["stop_group"] = value === "control-group" || value === "mixed";
    if (value === "control-group") return mapped("signals go to the process group");
    if (value === "mixed") return approximated("the stop signal too goes to the whole process group");
    return value === "process" ? mapped() : approximated("the process is asked to end, its children are left");
  },
  TimeoutStopSec: (value, { settings }) => stopTimeout(value, settings),
  TimeoutSec: (value, { settings }) => stopTimeout(value, settings),
  TimeoutStartSec: () => approximated("a start may take as long as it wants"),
  TimeoutAbortSec: () => approximated("what does not end in its time is killed"),
  RuntimeMaxSec: () => approximated("it may run as long as it wants"),
  LimitNOFILE: (value, { settings }) => limit(value, settings, "files"),
  LimitNPROC: (value, { settings }) => limit(value, settings, "processes"),
  LimitCORE: (value, { settings }) => limit(value, settings, "core"),
  LimitAS: (value, { settings }) => limit(value, settings, "memory"),
  StandardOutput: (value, { settings }) => output(value, settings, "stdout"),
  StandardError: (value, { settings }) => output(value, settings, "stderr"),
  ...Object.fromEntries(
    Object.entries(DIRECTORY_KINDS).flatMap(([kind, root]): [string, OptionReader][] => [
      [
        kind,
        (value, { directories }) => {
          directories.set(
            kind,
            value.split(/\s+/).map((name) => `${root}/${name.split(":")[0]!}`),
          );
          return approximated("made before the program starts, and left there when it stops");
        },
      ],
      [
        `${kind}Mode`,
        (value, { directoryModes }) => {
          directoryModes.set(kind, value);
          return mapped();
        },
      ],
    ]),
  ),
};

// --- internal ---

function stopTimeout(value: string, settings: Plain): Outcome {
  const time = readTimeSpan(value);
  if (time === null) return undecided(`"${value}" is no time`);
  settings["stop_timeout"] = time === "infinity" ? "1w" : time;
  return time === "infinity" ? approximated("killed after a week") : mapped();
}

function limit(value: string, settings: Plain, name: string): Outcome {
  const number = readLimit(value);
  if (number === null) return approximated("the limit stays that of propylon");
  settings["limits"] = { ...(settings["limits"] as Plain | undefined), [name]: number };
  return value.includes(":") ? approximated("the first number is both limits, the soft and the hard one") : mapped();
}

function output(value: string, settings: Plain, stream: "stdout" | "stderr"): Outcome {
  const file = /^(append|file|truncate):(.+)$/.exec(value);
  if (file !== null) {
    settings[stream] = { file: file[2]!, rotate_size: "0" };
    return file[1] === "append" ? mapped() : approximated("output is appended to what is in the file");
  }
  if (value === "null") {
    settings[stream] = false;
    return mapped();
  }
  if (value === "inherit" && stream === "stderr") {
    if (settings["stdout"] !== undefined) settings["stderr"] = "stdout";
    return mapped();
  }
  if (value.startsWith("socket") || value.startsWith("fd:"))
    return approximated("goes to our log: programs are not given sockets");
  return value === "inherit"
    ? ignored("programs read nothing: their output goes to our log")
    : mapped("goes to our log, a record for each line, and with that to the journal where systemd starts propylon");
}
