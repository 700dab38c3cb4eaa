import path from "node:path";
import { accessLogFiles, ownLogFiles } from "../config/log-files.ts";
import type { Config, ListenerConfig } from "../config/model.ts";

/** Networks that exist before any link is up. */
const EARLY_HOSTS = /^(?:\*|0\.0\.0\.0|\[?::\]?|127\..*|\[?::1\]?|localhost)$/;
const LOOPBACK = /^(?:127\..*|\[?::1\]?|localhost)$/;
/** ms that ending takes beside the waits that the configuration sets. */
const MARGIN = 5000;
/** Starts of an app in a row before it is given up (docs/supervision.md), and ms for the pauses between them. */
const STARTS = 5;
const START_PAUSES = 30_000;

/** Whether a TCP listener asks for a port that is root's, CAP_NET_BIND_SERVICE's (capabilities(7)) otherwise. */
export function needsLowPort(config: Config): boolean {
  return tcpListeners(config).some(({ port }) => port > 0 && port < 1024) || portOf(config.admin ?? "") < 1024;
}

/** Whether a listener's address is one that only a configured network has. */
export function needsNetwork(config: Config): boolean {
  return tcpListeners(config).some(({ host }) => !EARLY_HOSTS.test(host));
}

export function tcpListeners(config: Config): readonly ListenerConfig[] {
  return config.listeners.filter((listener) => listener.path === null);
}

/** Whether only the same machine reaches it. */
export function isLoopback(listener: ListenerConfig): boolean {
  return listener.path === null && LOOPBACK.test(listener.host);
}

/** Folders of the access log and of programs' output, absolute. */
export function logFolders(config: Config): readonly string[] {
  const outputs = Object.values(config.programs).flatMap(({ stdout, stderr }) => [stdout, stderr]);
  const files = outputs.flatMap((output) => (output.kind === "file" ? [output.path] : []));
  return sorted(
    [...accessLogFiles(config), ...ownLogFiles(config), ...files].map((file) => path.dirname(file)).map(ofAllInstances),
  );
}

/** Folders of Unix sockets that are listened on. */
export function socketFolders(config: Config): readonly string[] {
  return sorted(config.listeners.flatMap((listener) => (listener.path === null ? [] : [path.dirname(listener.path)])));
}

/** Folders that apps and programs start in, and may keep data in. */
export function workFolders(config: Config): readonly string[] {
  return sorted(
    [...Object.values(config.apps), ...Object.values(config.programs)].map(({ directory }) =>
      ofAllInstances(directory),
    ),
  );
}

/** Every absolute path, and every text that begins as one, anywhere in the configuration. */
export function pathsIn(value: unknown): readonly string[] {
  if (typeof value === "string") return /^(?:unix:)?\//.test(value) ? [value.replace(/^unix:/, "")] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(pathsIn);
}

/** Whether `file` is `folder` or in it; both absolute. */
export function isWithin(file: string, folder: string): boolean {
  const relative = path.relative(folder, file);
  return relative === "" || !(relative === ".." || relative.startsWith("../"));
}

/** ms that a stop may take: exchanges in flight, then the apps together, then the programs one after the other. */
export function stopTime(config: Config): number {
  const apps = Object.values(config.apps).map(({ stopTimeout }) => stopTimeout);
  const programs = Object.values(config.programs).map(({ stopTimeout }) => stopTimeout);
  return config.timeouts.drain + Math.max(0, ...apps) + programs.reduce((sum, time) => sum + time, 0) + MARGIN;
}

/** ms until an app that can't start has been given up; null: an app waits for programs, which has no bound. */
export function startTime(config: Config): number | null {
  const apps = Object.values(config.apps);
  if (apps.some(({ after }) => after.length > 0)) return null;
  return Math.max(0, ...apps.map(({ startTimeout }) => startTimeout)) * STARTS + START_PAUSES;
}

/** The port of `host:port`; not a number where there is none. */
export function portOf(address: string): number {
  const digits = /:(\d+)$/.exec(address)?.[1];
  return digits === undefined ? Number.NaN : Number(digits);
}

/** The folder above what differs between the instances of a program. */
function ofAllInstances(folder: string): string {
  const at = folder.indexOf("{instance}");
  return at < 0 ? folder : path.dirname(`${folder.slice(0, at)}x`);
}

function sorted(folders: readonly string[]): readonly string[] {
  return [...new Set(folders)].sort();
}
