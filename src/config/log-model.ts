import type { Template } from "./template-model.ts";

/** Where lines go. Logs with the same destination share it. */
export type LogDestination =
  /** `path`: absolute, `-` for stdout, `/dev/stderr` for stderr. */
  | ({ readonly kind: "file"; readonly path: string } & RotationConfig)
  /** Files whose absolute path depends on the request. */
  | { readonly kind: "files"; readonly path: Template }
  | SyslogConfig
  /** The journal of systemd, by its stream socket. `tag`: SYSLOG_IDENTIFIER. */
  | { readonly kind: "journald"; readonly tag: string };

/** When a file is begun anew, and how many older ones are kept as `PATH.1` (the youngest) to `PATH.N`. */
export interface RotationConfig {
  /** Bytes; 0: whatever its size. */
  readonly rotateSize: number;
  /** Milliseconds; 0: whatever its age. */
  readonly rotateAge: number;
  readonly rotateKeep: number;
}

export interface SyslogConfig {
  readonly kind: "syslog";
  readonly to:
    | { readonly kind: "unix"; readonly path: string }
    | { readonly kind: "udp" | "tcp"; readonly host: string; readonly port: number };
  /** 0 to 23 (RFC 5424 §6.2.1). */
  readonly facility: number;
  /** 0 (emergency) to 7 (debug). */
  readonly severity: number;
  /** APP-NAME, or TAG of the older form. */
  readonly tag: string;
  /** `rfc3164`: the older form, which the local daemon's socket takes too. */
  readonly format: "rfc5424" | "rfc3164";
  /** Whether messages name the host. */
  readonly hostname: boolean;
  /** Whether messages name the process. */
  readonly pid: boolean;
}

export type LogFormatConfig =
  | { readonly kind: "combined" }
  | { readonly kind: "json" }
  | { readonly kind: "text"; readonly text: Template; readonly escape: LogEscape }
  /** A JSON object with these keys. */
  | { readonly kind: "fields"; readonly fields: readonly (readonly [key: string, value: Template])[] };

/** What becomes of quotes, backslashes, controls and bytes beyond ASCII in values; `none` escapes controls alone. */
export type LogEscape = "default" | "json" | "none";

/** What logs are resolved in the sight of: the formats that have names, and the files that are written already. */
export interface LogTable {
  readonly formats: ReadonlyMap<string, LogFormatConfig>;
  /** File -> how the first log there rotates it. */
  readonly files: Map<string, LogDestination>;
}

/** Our own log and that of the apps. */
export interface LogConfig {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly format: "text" | "json";
  /** null: stderr. */
  readonly destination: LogDestination | null;
}
