import path from "node:path";
import { PropylonError } from "../base/errors.ts";
import type { Config } from "../config/model.ts";
import { type RunsAs, runsAs } from "./accounts.ts";
import { isLoopback, isWithin, logFolders, pathsIn, portOf, stopTime, tcpListeners } from "./needs.ts";

export interface ImageOptions {
  /** Absolute path of the propylon.yaml; its folder is the build context. */
  readonly file: string;
  /** Folders with a requirements.txt, relative to the build context; `.` is the context itself. */
  readonly requirements: readonly string[];
  /** Debian packages of the image, beside those of known programs. */
  readonly packages: readonly string[];
}

/** A Dockerfile with what its reader should know. */
export interface Image {
  readonly text: string;
  /** What it can't bring along, a sentence each. */
  readonly notes: readonly string[];
  /** TCP ports that it listens on. */
  readonly ports: readonly number[];
  /** Where in the image logs are written, absolute. */
  readonly volumes: readonly string[];
  /** ms that a stop may take. */
  readonly stopTime: number;
  /** A port is below 1024 and main is not root. */
  readonly lowPort: boolean;
}

/** Where the app and Propylon are in the image. */
const APP = "/srv/app";
const PROPYLON = "/opt/propylon";
const VENV = "/opt/venv";
const USER = "propylon";
const ADMIN = "127.0.0.1:7700";
/** Servers whose Debian package has the name of the command. */
const PACKAGED = new Set(["redis-server", "memcached", "nginx", "beanstalkd", "varnishd"]);
/** What the Node that Propylon brings is linked with, and slim images lack. */
const NODE_NEEDS: readonly string[] = ["libatomic1"];
const RUN_PARTS = ["bin", "dist", "node_modules", "python", "package.json"];

/**
 * A Dockerfile of three stages: Propylon from a checkout (the build context `propylon`), the app's packages in a virtual
 * environment, and the image with both, the app and nothing that builds. Throws a PropylonError for what it can't name.
 */
export function dockerfile(config: Config, options: ImageOptions): Image {
  const account = runsAs(config, USER);
  const command = runCommand(config, options);
  const logs = logFolders(config).map((folder) => inImage(folder, config.directory));
  // A volume over the app would keep its code of today.
  const volumes = logs.filter((folder) => !isWithin(APP, folder));
  const ports = [...new Set(tcpListeners(config).map(({ port }) => port))].filter((port) => port > 0);
  const stages = [
    header(),
    propylonStage(),
    venvStage(options),
    imageStage(config, options, account, { volumes, ports, command }),
  ];
  return {
    text: `${stages.map((lines) => lines.join("\n")).join("\n\n")}\n`,
    notes: [
      ...notes(config, account),
      ...logs
        .filter((folder) => !volumes.includes(folder))
        .map((folder) => `log files in ${folder} go with the container: give them a folder of their own`),
    ],
    ports,
    volumes,
    stopTime: stopTime(config),
    lowPort: account.user !== null && ports.some((port) => port < 1024),
  };
}

/** What never belongs into the build context, for `.dockerignore`. */
export const DOCKERIGNORE = [
  ".git",
  "**/.venv",
  "**/venv",
  "**/node_modules",
  "**/__pycache__",
  "**/*.pyc",
  "**/.env",
  ".dockerignore",
  "Dockerfile",
  "compose.yaml",
  "",
].join("\n");

/** Where a file of the host's `directory` is in the image; others stay where they are. */
export function inImage(file: string, directory: string): string {
  return isWithin(file, directory) ? path.posix.join(APP, path.relative(directory, file)) : file;
}

// --- internal ---

function header(): readonly string[] {
  return [
    "# Propylon comes from a checkout, given as a build context of its own:",
    "#   docker build --build-context propylon=PATH -t APP .",
    "ARG NODE_IMAGE=node:24-bookworm-slim",
    "ARG PYTHON_IMAGE=python:3.13-slim-bookworm",
  ];
}

function propylonStage(): readonly string[] {
  return [
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the Dockerfile's own variable
    "FROM ${NODE_IMAGE} AS built",
    ...install(NODE_NEEDS),
    `WORKDIR ${PROPYLON}`,
    "COPY --from=propylon package.json package-lock.json tsconfig.json tsconfig.build.json ./",
    "COPY --from=propylon bin bin",
    "COPY --from=propylon python python",
    "COPY --from=propylon src src",
    "COPY --from=propylon tools tools",
    "# Its own Node comes with it. What only compiling takes goes again, and so do that Node's headers.",
    "RUN npm ci --no-audit --no-fund \\",
    " && npm prune --omit=dev --ignore-scripts --no-audit --no-fund \\",
    " && rm -rf node_modules/typescript node_modules/@typescript node_modules/.bin/tsc node_modules/node-*/include",
  ];
}

function venvStage({ requirements }: ImageOptions): readonly string[] {
  const copies = requirements.map((folder) => {
    const shown = nameable(folder);
    return `COPY ${JSON.stringify([path.posix.join(shown, "requirements*.txt"), `/build/${shown}/`])}`;
  });
  const files = requirements.flatMap((folder) => ["-r", path.posix.join("/build", folder, "requirements.txt")]);
  return [
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the Dockerfile's own variable
    "FROM ${PYTHON_IMAGE} AS packages",
    `RUN python3 -m venv ${VENV}`,
    ...copies,
    ...(files.length === 0
      ? ["# No requirements.txt was found: the app has the standard library alone."]
      : [`RUN ${JSON.stringify([`${VENV}/bin/pip`, "install", "--no-cache-dir", ...files])}`]),
  ];
}

function imageStage(
  config: Config,
  { packages }: ImageOptions,
  { user, group, users, groups }: RunsAs,
  { volumes, ports, command }: { volumes: readonly string[]; ports: readonly number[]; command: readonly string[] },
): readonly string[] {
  const named = users.filter((name) => name !== "root");
  const accounts = [...new Set(user === null || named.includes(user) ? named : [...named, user])];
  const owner = user ?? "root";
  const debian = [...new Set([...NODE_NEEDS, ...programPackages(config), ...packages])].map(packageName).sort();
  return [
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the Dockerfile's own variable
    "FROM ${PYTHON_IMAGE}",
    ...install(debian),
    ...groups.map((name) => `RUN getent group ${accountName(name)} || groupadd --system ${accountName(name)}`),
    ...accounts.map((name) => {
      const shown = accountName(name);
      return `RUN id ${shown} || useradd --system --user-group --no-create-home --shell /usr/sbin/nologin ${shown}`;
    }),
    ...RUN_PARTS.map((part) => `COPY --from=built ${PROPYLON}/${part} ${PROPYLON}/${part}`),
    `COPY --from=packages ${VENV} ${VENV}`,
    `WORKDIR ${APP}`,
    `COPY --chown=${owner} . .`,
    // WORKDIR makes its folder as root; an app may keep a file beside its code.
    `RUN ${JSON.stringify(["install", "-d", "-o", owner, ...[APP, ...volumes].map(nameable)])}`,
    ...(volumes.length === 0 ? [] : [`VOLUME ${JSON.stringify(volumes.map(nameable))}`]),
    `ENV PATH=${VENV}/bin:${PROPYLON}/bin:$PATH PYTHONUNBUFFERED=1`,
    ...(user === null
      ? ["# Main is root: the configuration names accounts that only root can become."]
      : [`USER ${[user, ...(group === null ? [] : [group])].map(accountName).join(":")}`]),
    ...(ports.length === 0 ? [] : [`EXPOSE ${ports.join(" ")}`]),
    "STOPSIGNAL SIGTERM",
    "HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \\",
    `  CMD ${JSON.stringify([`${VENV}/bin/python3`, "-I", "-c", healthScript(config)])}`,
    `CMD ${JSON.stringify(command)}`,
  ];
}

function install(packages: readonly string[]): readonly string[] {
  return [
    "RUN apt-get update \\",
    ` && apt-get install -y --no-install-recommends ${packages.join(" ")} \\`,
    " && rm -rf /var/lib/apt/lists/*",
  ];
}

function runCommand(config: Config, { file }: ImageOptions): readonly string[] {
  const listeners = reachable(config);
  return [
    `${PROPYLON}/bin/propylon`,
    "run",
    inImage(file, config.directory),
    ...(Object.keys(config.apps).length === 0 ? [] : ["--python", VENV]),
    ...(config.profile === "" ? [] : ["--profile", config.profile]),
    ...(config.admin === null ? ["--admin", ADMIN] : []),
    ...listeners.flatMap((address) => ["--listen", address]),
  ];
}

/** In a container 127.0.0.1 is the container's own: what to listen on instead, where that can be said; else nothing. */
function reachable(config: Config): readonly string[] {
  const { listeners, sites } = config;
  const plain = listeners.every(
    (listener) => isLoopback(listener) && listener.tls === null && listener.protocol === "http" && listener.port > 0,
  );
  const bound = sites.some((site) => site.listeners !== null);
  return plain && !bound ? listeners.map(({ port }) => `*:${port}`) : [];
}

/** `/readyz` says that the listeners are open and that every app has a ready worker. */
function healthScript(config: Config): string {
  const port = portOf(config.admin ?? ADMIN);
  const host = (config.admin ?? ADMIN).replace(/:\d+$/, "");
  const reached = /^(?:\*|0\.0\.0\.0|localhost)$/.test(host) ? "127.0.0.1" : host === "[::]" ? "[::1]" : host;
  const url = `http://${reached}:${port}/readyz`;
  return `import urllib.request as u; u.build_opener(u.ProxyHandler({})).open(${JSON.stringify(url)}, timeout=4)`;
}

function programPackages(config: Config): readonly string[] {
  return Object.values(config.programs)
    .map(({ command }) => command[0]!)
    .filter((name) => PACKAGED.has(name));
}

function notes(config: Config, { user, asRoot }: RunsAs): readonly string[] {
  const outside = [
    ...new Set(
      pathsIn({ apps: foldersOf(config), sites: config.sites, listeners: config.listeners.map(({ tls }) => tls) }),
    ),
  ]
    .filter((file) => path.isAbsolute(file) && !isWithin(file, config.directory))
    .filter((file) => Object.values(config.apps).some(({ directory }) => directory === file) || looksLikeFile(file));
  const closed = config.listeners.filter((listener) => isLoopback(listener) && reachable(config).length === 0);
  const missing = Object.values(config.programs).filter(
    ({ command }) => !PACKAGED.has(command[0]!) && !command[0]!.startsWith(config.directory),
  );
  return [
    ...outside.map((file) => `${file} is outside ${config.directory}, and so not in the image: mount it`),
    ...closed.map(({ address }) => `${address} is reached from within the container alone: listen on *:PORT`),
    ...missing.map(({ name, command }) => `program ${name}: see that the image has ${command[0]}`),
    ...(user === null ? ["main is root in the image: the configuration names accounts that only root can become"] : []),
    ...asRoot.map((name) => `${name} names no user and would run as root`),
  ];
}

function foldersOf(config: Config): readonly string[] {
  return Object.values(config.apps).map(({ directory }) => directory);
}

// URL paths (`/static/`) begin with a slash too: what is a file's is in a folder that systems have.
function looksLikeFile(file: string): boolean {
  return /^\/(?:etc|home|mnt|opt|root|run|srv|usr|var)\//.test(file);
}

/** A word that a Dockerfile takes as it is, in JSON and without: no variable, no wildcard, no quote. */
function nameable(text: string): string {
  if (/^[\w.@+/:=, -]+$/.test(text) && !text.startsWith("-")) return text;
  throw new PropylonError("user", `A Dockerfile can't name ${JSON.stringify(text)}`, {
    remedy: "rename it: letters, digits, blanks and . _ - @ + / alone",
  });
}

/** Debian Policy 5.6.1, with an architecture or a version. */
function packageName(text: string): string {
  if (/^[a-z0-9][a-z0-9+.-]+(?::[a-z0-9-]+)?(?:=[\w.+:~-]+)?$/.test(text)) return text;
  throw new PropylonError("user", `${JSON.stringify(text)} is no name of a Debian package`);
}

function accountName(text: string): string {
  if (/^[a-z_][\w-]*$/i.test(text)) return text;
  throw new PropylonError("user", `A Dockerfile can't name the account ${JSON.stringify(text)}`, {
    remedy: "name it with letters, digits, _ and - alone",
  });
}
