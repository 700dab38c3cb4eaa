import { z } from "zod";
import { afterSchema, PROGRAM_NAME } from "./after-schema.ts";
import { account, VARIABLE_NAME, variable } from "./app-schema.ts";
import { choice, count, duration, flag, off, path, pattern, permissions, size, text } from "./kinds.ts";
import { list, named, oneOrMore, optional, section, withDefault } from "./sections.ts";

/** Signals that ask a program to end. */
const STOP_SIGNALS = ["TERM", "HUP", "INT", "QUIT", "KILL", "USR1", "USR2", "WINCH"] as const;

const command = z.union([text, list(text)]);

const fileOutput = section({
  file: path.describe("File to append to."),
  rotate_size: withDefault(
    size,
    "50MB",
    "Size from which on a new file is begun, between two lines; the one before becomes `FILE.1`, and so on. 0: never.",
  ),
  rotate_keep: withDefault(count(0, 1000), 10, "How many older files are kept."),
});

const output = [off, path, fileOutput] as const;

/** Settings of one program: any command that is kept alive. */
export const programSchema = section({
  command: command.describe(
    "What to run: text that is split into words as a POSIX shell does (quotes and backslashes, no expansion), or a list of words.",
  ),
  shell: withDefault(flag, false, "Give the `command`, which is then text, to `/bin/sh -c`."),
  directory: optional(path, "Folder that it runs in.", "the configuration's folder"),
  environment: optional(
    named(VARIABLE_NAME, "a name for an environment variable", variable),
    "More environment variables, each text or `{file: PATH}`. `PROPYLON_PROGRAM` and `PROPYLON_INSTANCE` are always there.",
    "none",
  ),
  env_file: optional(
    oneOrMore(path),
    "Files of `NAME=value` lines read into the environment; `environment` wins over them, later files over earlier ones.",
    "none",
  ),
  user: optional(account, "User that it runs as, when started as root.", "unchanged"),
  group: optional(account, "Group that it runs as, when started as root.", "the user's own group"),
  umask: optional(permissions, 'File mode mask, in octal: `"022"`.', "unchanged"),
  limits: optional(
    section({
      files: optional(count(3), "Open files (`RLIMIT_NOFILE`).", "unchanged"),
      memory: optional(size, "Address space of a process (`RLIMIT_AS`).", "unchanged"),
      core: optional(size, "Size of a core dump (`RLIMIT_CORE`); 0 for none.", "unchanged"),
      processes: optional(count(1), "Processes of its user (`RLIMIT_NPROC`); root has no limit.", "unchanged"),
    }),
    "Limits that the system holds it to.",
  ),
  instances: withDefault(
    count(1, 1000),
    1,
    "How many of it run, called `NAME:0`, `NAME:1` and so on when there are several. `{instance}` stands for the number in the command, in the values of `environment`, in `health` and in the paths of its output.",
  ),
  autostart: withDefault(flag, true, "Start it with everything else; else only when asked (`propylon start NAME`)."),
  restart: withDefault(
    choice("always", "unexpected", "never"),
    "unexpected",
    "What happens when it ends by itself after its `start_time`. `unexpected`: it is started again unless its exit code is one of `expected_codes`.",
  ),
  expected_codes: withDefault(oneOrMore(count(0, 255)), 0, "Exit codes that are no failure: one, or a list."),
  start_time: withDefault(
    duration,
    "1s",
    "How long it has to stay up to count as running; one that ends before, with whatever code, is a failed start.",
  ),
  start_retries: optional(
    count(0),
    "Failed starts in a row that are tried again; the next one makes it `failed`.",
    "3; none for a `once` step",
  ),
  retry_failed: optional(
    z.union([off, duration]),
    "Pause between further tries once it has `failed`; `false`: it stays so until it is asked to start.",
    "`30s` with `restart: always` where `start_retries` is left out, else `false`",
  ),
  backoff: withDefault(
    section({
      first: withDefault(duration, "500ms", "Pause before the first restart; each further one doubles it."),
      longest: withDefault(duration, "30s", "Longest pause."),
    }),
    {},
    "Pauses between restarts, less up to a quarter at random. A program that was running for ten seconds starts the row anew.",
  ),
  stop_signal: withDefault(choice(...STOP_SIGNALS), "TERM", "Signal that asks it to end."),
  stop_timeout: withDefault(duration, "10s", "Still there so long after the signal, it is killed."),
  stop_group: withDefault(
    flag,
    true,
    "Signals go to its whole process group, and what is left of that when it has ended is ended too.",
  ),
  priority: withDefault(count(0), 999, "Lower ones start first and stop last."),
  once: withDefault(
    flag,
    false,
    "A step that has to end with an expected code, such as a migration: it runs at start, when its settings change and when asked, and is not restarted when it has ended well.",
  ),
  after: optional(
    afterSchema,
    "Programs that have to be up before: names, or `{NAME: running}`, `{NAME: healthy}`, `{NAME: done}`. A name alone means healthy where there is a health check, done for a `once` step, else running.",
    "none",
  ),
  health: optional(
    section({
      http: optional(
        pattern("URL", "http://127.0.0.1:8080/health", /^https?:\/\/\S+$/),
        "Ask for this URL; 2xx and 3xx are well. This, `tcp` or `command`.",
      ),
      tcp: optional(
        pattern("address", "127.0.0.1:6379", /^(unix:.+|.+:\d+)$/),
        "Connect to this address: `127.0.0.1:6379` or `unix:/run/redis.sock`.",
      ),
      command: optional(command, "Run this command as the program's user; exit code 0 is well."),
      interval: withDefault(duration, "10s", "Between two checks; until the first that passes it is asked more often."),
      timeout: withDefault(duration, "5s", "A check that has not answered by then has failed."),
      retries: withDefault(count(1), 3, "So many failures in a row, and the program is started anew."),
      start_period: withDefault(
        duration,
        "0s",
        "Failures so long after a start don't count, until a check has passed.",
      ),
    }),
    "How to find out whether it is well.",
    "none",
  ),
  stdout: optional(
    z.union(output),
    "Where its output goes: a file, a section, or `false` to discard it.",
    "our log, a record for each line",
  ),
  stderr: optional(
    z.union([choice("stdout"), ...output]),
    "Where its errors go: as `stdout`, or the word `stdout` for the same place.",
    "our log, a record for each line",
  ),
});

export type ProgramSettings = z.output<typeof programSchema>;

/** Every program by its name. */
export const programsSchema = named(
  PROGRAM_NAME,
  "a name for a program: letters, digits, -, _ and ., at most 64",
  programSchema,
);
