/** Severity, least first. */
export type LogLevel = "debug" | "info" | "warn" | "error";

const ORDER: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };

/** One event: what happened, and fields that a machine reads. Values are escaped when written, so no input can forge a line. */
export interface LogRecord {
  readonly time: Date;
  readonly level: LogLevel;
  /** Who speaks: `main`, `edge 0`, `app person`, `person/1 stderr`. */
  readonly source: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>> | undefined;
}

export type LogSink = (record: LogRecord) => void;

/** Speaks for one source. Construct with {@link createLog}; `child` speaks for another source to the same sink. */
export interface Log {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
  child(source: string): Log;
}

export function createLog(source: string, sink: LogSink, threshold: LogLevel = "info"): Log {
  const say = (level: LogLevel) => (message: string, fields?: Record<string, unknown>) => {
    if (ORDER[level] >= ORDER[threshold]) sink({ time: new Date(), level, source, message, fields });
  };
  return {
    debug: say("debug"),
    info: say("info"),
    warn: say("warn"),
    error: say("error"),
    child: (other) => createLog(other, sink, threshold),
  };
}

/** `2026-11-21T04:26:42.123Z info main: message key=value` */
export function formatText(record: LogRecord): string {
  let line = `${record.time.toISOString()} ${record.level} ${record.source}: ${escapeControls(record.message)}`;
  for (const [key, value] of Object.entries(record.fields ?? {})) {
    if (value !== undefined) line += ` ${key}=${formatValue(value)}`;
  }
  return line;
}

/** One JSON object a line: `time`, `level`, `source`, `message` and the fields. */
export function formatJson(record: LogRecord): string {
  const { time, level, source, message, fields } = record;
  return JSON.stringify({ time: time.toISOString(), level, source, message, ...fields });
}

function formatValue(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return /^[\w.:/@+-]+$/.test(text) ? text : JSON.stringify(text);
}

// Control characters would let an app or a client forge lines or drive a terminal (CWE-117).
function escapeControls(text: string): string {
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
