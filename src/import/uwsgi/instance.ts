import type { Place } from "../../base/errors.ts";
import { type Life, newLife } from "./life.ts";
import type { LogPlace } from "./logger-place.ts";
import type { StaticExpiry } from "./static-expires.ts";

/** A socket that uWSGI opens. */
export interface UwsgiSocket {
  /** `default`: speaks what `protocol` says. */
  readonly protocol: "default" | "http" | "uwsgi";
  /** As written. */
  readonly address: string;
  readonly tls: { readonly certificate: string; readonly key: string } | null;
  readonly place: Place;
  readonly name: string;
}

export interface Mount {
  /** Path that the app answers under; `/` for all. */
  readonly point: string;
  /** A script, or `module:callable`. */
  readonly target: string;
  readonly place: Place;
  readonly name: string;
}

export interface StaticMap {
  readonly prefix: string;
  readonly target: string;
  /** `static-map2`: the whole path is looked for under the target. */
  readonly whole: boolean;
}

export interface Daemon {
  readonly command: string;
  readonly place: Place;
  readonly name: string;
  readonly uid: string | null;
  readonly gid: string | null;
}

/** A header that internal routing adds to the answers of the paths that its pattern matches. */
export interface AddedHeader {
  readonly pattern: string;
  readonly header: string;
  readonly value: string;
}

/** What one uWSGI instance was told, the last word on each; paths are as written. */
export class Instance {
  directory: string | null = null;
  module: { target: string; place: Place; name: string } | null = null;
  script: { target: string; place: Place; name: string } | null = null;
  callable: string | null = null;
  readonly mounts: Mount[] = [];
  manageScriptName = false;
  noDefaultApp = false;
  python: string | null = null;
  readonly pythonpath: string[] = [];
  readonly environment: Record<string, string> = {};
  user: string | null = null;
  group: string | null = null;
  umask: string | null = null;
  processes = 1;
  threads = 1;
  /** Greenlets or async cores of a process, which become lanes; 0: none. */
  cores = 0;
  readonly sockets: UwsgiSocket[] = [];
  protocol = "uwsgi";
  socketMode: number | null = null;
  socketOwner: string | null = null;
  socketGroup: string | null = null;
  vacuum = false;
  readonly staticMaps: StaticMap[] = [];
  readonly staticChecks: string[] = [];
  readonly staticIndexes: string[] = [];
  readonly staticExpiries: StaticExpiry[] = [];
  staticGzip = false;
  readonly headers: AddedHeader[] = [];
  /** What everything is logged to; null: to stdout and stderr. */
  log: LogPlace | null = null;
  /** What requests are logged to instead. */
  requestLog: LogPlace | null = null;
  /** Template of a line; null: the combined format. */
  logFormat: string | null = null;
  requestLogOff = false;
  readonly daemons: Daemon[] = [];
  reload = false;
  /** Seconds after which the worker of a request is killed; null: never. */
  harakiri: number | null = null;
  tracebacks = false;
  pidFile: string | null = null;
  /** Where statistics are told, as written. */
  statistics: { readonly address: string; readonly place: Place; readonly name: string } | null = null;
  statisticsHttp = false;
  statisticsMinified = false;
  /** MB of address space of a worker. */
  memory: number | null = null;
  files: number | null = null;
  /** Bytes. */
  largestBody: number | null = null;
  largestHead: number | null = null;
  /** Seconds. */
  bodyTimeout: number | null = null;
  idleTimeout: number | null = null;
  stopTimeout: number | null = null;
  readonly life: Life = newLife();
  /** Folders or patterns of an Emperor's vassals. */
  readonly vassals: { readonly pattern: string; readonly place: Place; readonly name: string }[] = [];
  strict = false;
}
