import { z } from "zod";
import { afterSchema } from "./after-schema.ts";
import { deadlineSchema } from "./deadline-schema.ts";
import { choice, count, countOrAuto, duration, flag, path, pattern, permissions, size, target, text } from "./kinds.ts";
import { poolLife } from "./pool-life-schema.ts";
import { named, oneOrMore, optional, section, withDefault } from "./sections.ts";

/** Names of apps become parts of file names, log lines and metrics. */
export const APP_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,47}$/;
export const VARIABLE_NAME = /^[^=\0\s]+$/;

const identifier = pattern("Python name", "application", /^[\p{L}_][\p{L}\p{N}_]*(\.[\p{L}_][\p{L}\p{N}_]*)*$/u);
export const account = pattern("user or group", "www-data", /^[\w][\w.-]*\$?$/);

/** An app's own metrics where nothing is said of them. */
const METRICS = { prefix: "", series: 10_000 };

/** A value of `environment`: text, or the content of a file. */
export const variable = z.union([
  text,
  section({ file: path.describe("A file whose content is the value, without its last newline; for secrets.") }),
]);

const webSocketSchema = section({
  message_size: withDefault(
    size,
    "1MB",
    "Longest message of a client; a longer one ends the connection with code 1009. At most 15MB.",
  ),
  ping: withDefault(
    duration,
    "20s",
    "A client that has said nothing for so long is pinged, and given up when it stays silent as long again; 0 for never.",
  ),
  lifetime: withDefault(
    duration,
    0,
    "Longest life of a connection, which is then closed with code 1001; 0 for no limit.",
  ),
});

/** Settings of one Python application and its pool of workers. */
export const appSchema = section({
  wsgi: optional(
    target,
    "What to import: the module, a colon, and the app in it (`app:app`; `application` when it is left out). `()` at the end calls it first, as `factory` does. This or `script`.",
    "none",
  ),
  asgi: optional(target, "The same for an ASGI app: in place of `wsgi`, with `interface: asgi`.", "none"),
  script: optional(path, "A `.wsgi` file to run as it is, in place of `wsgi`.", "none"),
  interface: optional(
    choice("auto", "wsgi", "asgi"),
    "How the app is called. `auto` looks at what was imported: a coroutine function, or an object whose `__call__` is one, is ASGI; `propylon status` says which it is and why.",
    "`asgi` for an app named by `asgi`, else `auto`",
  ),
  callable: optional(identifier, "Name of the app in the `script`.", "`application`"),
  factory: optional(
    flag,
    "Call what was loaded, without arguments, to get the app.",
    "only when it is a function that takes none",
  ),
  directory: optional(
    path,
    "Folder that the app runs in; it is put first on Python's path.",
    "the configuration's folder; for a `script`, the script's folder",
  ),
  python: optional(
    path,
    "Python interpreter, or folder of a virtual environment.",
    "discovered: `$VIRTUAL_ENV`; `.venv`, `venv` or `env` beside the app or the configuration; what uv, poetry or pipenv keeps for the folder; `$CONDA_PREFIX`; what pyenv has for `.python-version`; `python3`. `propylon explain apps.<app>.python` says which and why",
  ),
  pythonpath: optional(oneOrMore(path), "More folders for Python's path; one, or a list.", "none"),
  workers: withDefault(
    countOrAuto,
    "auto",
    "Processes that run the app. `auto` is the number of CPUs this process may use, at least 2, at most 32, and fewer where a container's memory limit leaves less than 128 MB for each.",
  ),
  threads: withDefault(count(1, 1024), 4, "Lanes of each worker: requests that one worker runs at the same time."),
  concurrency: withDefault(
    count(1, 100_000),
    1000,
    "ASGI: requests and WebSockets that one worker runs at the same time; more wait in the queue.",
  ),
  loop: withDefault(
    choice("auto", "asyncio", "uvloop"),
    "auto",
    "ASGI: the event loop. `auto` takes uvloop when the app's Python has it.",
  ),
  lifespan: withDefault(
    choice("auto", "on", "off"),
    "auto",
    "ASGI: tell the app of its startup and shutdown. `auto` does without for an app that does not know of them; `on` takes that for a failed start.",
  ),
  websocket: withDefault(webSocketSchema, {}, "ASGI: WebSockets of the app."),
  environment: optional(
    named(VARIABLE_NAME, "a name for an environment variable", variable),
    "Environment variables of the app, each text or `{file: PATH}`.",
    "none",
  ),
  env_file: optional(
    oneOrMore(path),
    "Files of `NAME=value` lines read into the environment; `environment` wins over them, later files over earlier ones.",
    "none",
  ),
  user: optional(account, "User that the workers run as, when started as root.", "unchanged"),
  group: optional(account, "Group that the workers run as, when started as root.", "the user's own group"),
  umask: optional(permissions, 'File mode mask of the workers, in octal: `"022"`.', "unchanged"),
  limits: optional(
    section({
      files: optional(count(16), "Open files (`RLIMIT_NOFILE`).", "unchanged"),
      memory: optional(size, "Address space of one worker (`RLIMIT_AS`).", "unchanged"),
      core: optional(size, "Size of a core dump (`RLIMIT_CORE`); 0 for none.", "unchanged"),
    }),
    "Limits that the system holds each worker to.",
  ),
  after: optional(
    afterSchema,
    "Programs that have to be up before the workers start: names, or `{NAME: running}`, `{NAME: healthy}`, `{NAME: done}`.",
    "none",
  ),
  start_timeout: withDefault(duration, "60s", "A worker that is not ready after this time is killed and tried again."),
  stop_timeout: withDefault(duration, "10s", "A worker that has not ended this long after it was asked to is killed."),
  ...poolLife,
  queue: withDefault(
    section({
      size: withDefault(count(0), 1024, "Requests that may wait for a free lane; more are answered 503 at once."),
      timeout: withDefault(duration, "30s", "Longest wait for a free lane before a 503; 0 for no limit."),
    }),
    {},
    "Requests that wait because every lane is busy.",
  ),
  metrics: withDefault(
    z.union([
      flag.transform((on) => (on ? METRICS : null)),
      section({
        prefix: withDefault(
          pattern("metric name", "shop_", /^(?!__)[a-zA-Z_:][a-zA-Z0-9_:]*$|^$/),
          "",
          "What is put before the names of its metrics, where they would clash with those of another app.",
        ),
        series: withDefault(
          count(1, 100_000),
          METRICS.series,
          "Most series of the app; more are left out, with a warning.",
        ),
      }),
    ]),
    true,
    "Whether what the app counts with `prometheus_client` is part of our `/metrics`, all workers added up: `true`, `false` or a section.",
  ),
  deadline: optional(
    deadlineSchema,
    "How long a request may run, from when a lane begins with it to the end of its answer: the soft limit, or a section. Routes can have their own.",
    "no limit",
  ),
  reload: withDefault(flag, false, "Watch the source and reload the app when it changes (for development)."),
  tracebacks: withDefault(
    flag,
    false,
    "Show tracebacks in the browser (for development: they show the source to anyone who asks).",
  ),
});

export type AppSettings = z.output<typeof appSchema>;

/** Every app by its name. */
export const appsSchema = named(APP_NAME, "a name for an app: letters, digits, - and _, at most 48", appSchema);
