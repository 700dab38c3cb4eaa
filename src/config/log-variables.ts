/** What access logs may name besides the variables of the request: known once the exchange has ended. */
export const LOG_VARIABLES: ReadonlySet<string> = new Set([
  "app",
  "site",
  "queue_time",
  "request_milliseconds",
  "request_microseconds",
  "request_seconds",
  "status_class",
  "time",
  "refused",
]);

/** Variables whose values are numbers: written without quotes in JSON. */
export const NUMERIC_VARIABLES: ReadonlySet<string> = new Set([
  "body_bytes_sent",
  "bytes_sent",
  "connection",
  "connection_requests",
  "msec",
  "pid",
  "queue_time",
  "remote_port",
  "request_length",
  "request_microseconds",
  "request_milliseconds",
  "request_seconds",
  "request_time",
  "server_port",
  "status",
]);
