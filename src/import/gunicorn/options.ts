import { approximated, ignored, mapped, type Outcome, undecided } from "../ledger.ts";

/** A setting of Gunicorn 19 to 27. */
export interface GunicornSetting {
  /** Long and short options of the command line; empty for what only the file can say. */
  readonly flags: readonly string[];
  /** `flag` takes no value, `list` may be repeated. */
  readonly takes: "value" | "flag" | "list";
  /** What becomes of it here. */
  readonly outcome: Outcome;
}

const TUNING = ignored("it tunes Gunicorn's own processes");
const STATSD = approximated("figures are given to Prometheus at /metrics, nothing is sent to statsd");
const SYSLOG = mapped("access lines and our own log, which the app's is part of");
const LIMITS = ignored("requests that break RFC 9112 are refused");
const TLS = mapped("it is `tls` of the listener");
const HOOK = undecided("hooks are not run: move what they do into the app, or into a program");

const DIRTY = undecided("nothing runs tasks beside requests here: run them as a program of their own (`programs`)");
const CONTROL = approximated(
  "`propylon status`, `reload`, `stop` and others speak over a control socket of our own, which only our user opens",
);

/** Server hooks: functions of the configuration file. */
export const HOOKS: ReadonlySet<string> = new Set([
  "on_starting",
  "on_reload",
  "when_ready",
  "pre_fork",
  "post_fork",
  "post_worker_init",
  "worker_int",
  "worker_abort",
  "pre_exec",
  "pre_request",
  "post_request",
  "child_exit",
  "worker_exit",
  "nworkers_changed",
  "on_exit",
  "ssl_context",
  "on_dirty_starting",
  "dirty_post_fork",
  "dirty_worker_init",
  "dirty_worker_exit",
]);
export const HOOK_OUTCOME = HOOK;
export const LOGGING_HOOK: Outcome = approximated(
  "the hook only writes to Gunicorn's log; ours tells starts, ends and deaths of workers in its own words",
);

const value = (outcome: Outcome, ...flags: string[]): GunicornSetting => ({ flags, takes: "value", outcome });
const flag = (outcome: Outcome, ...flags: string[]): GunicornSetting => ({ flags, takes: "flag", outcome });
const list = (outcome: Outcome, ...flags: string[]): GunicornSetting => ({ flags, takes: "list", outcome });

/** Every setting by its name in a configuration file. */
export const SETTINGS: Readonly<Record<string, GunicornSetting>> = {
  config: value(mapped(), "--config", "-c"),
  bind: list(mapped(), "--bind", "-b"),
  backlog: value(approximated("it is the largest that the system allows (net.core.somaxconn)"), "--backlog"),
  workers: value(mapped(), "--workers", "-w"),
  worker_class: value(mapped(), "--worker-class", "-k"),
  threads: value(mapped(), "--threads"),
  worker_connections: value(ignored("connections are the edge's: no worker holds any"), "--worker-connections"),
  max_requests: value(mapped("it is `recycle.requests`, looked at each second at least"), "--max-requests"),
  max_requests_jitter: value(mapped("it is `recycle.jitter`, taken off the sum of both"), "--max-requests-jitter"),
  timeout: value(
    approximated(
      "of sync workers it is `deadline.hard`, since their requests may not take longer; with threads it limits no request",
    ),
    "--timeout",
    "-t",
  ),
  graceful_timeout: value(mapped("it is `timeouts.drain`"), "--graceful-timeout"),
  keepalive: value(approximated("it is `timeouts.idle`, for clients of our own front"), "--keep-alive"),
  limit_request_line: value(mapped("it is `limits.request_line`"), "--limit-request-line"),
  limit_request_fields: value(mapped("it is `limits.header_count`"), "--limit-request-fields"),
  limit_request_field_size: value(
    approximated("the whole header section has a limit, `limits.header_size`"),
    "--limit-request-field_size",
  ),
  reload: flag(mapped(), "--reload"),
  reload_engine: value(ignored("the system's own way of watching is used"), "--reload-engine"),
  reload_extra_files: list(
    approximated("templates and configuration in the app's folder are watched"),
    "--reload-extra-file",
  ),
  spew: flag(ignored("it is a debugging aid of Gunicorn's own"), "--spew"),
  check_config: flag(
    approximated("`propylon gunicorn` checks the configuration and ends; the app is not imported for it"),
    "--check-config",
  ),
  print_config: flag(
    approximated("`propylon gunicorn` shows what the configuration comes to, in our words, and ends"),
    "--print-config",
  ),
  preload_app: flag(
    approximated("it is `preload`; HUP imports the app anew, which Gunicorn's does not then"),
    "--preload",
  ),
  sendfile: flag(approximated("files are sent by the edge in its own way"), "--no-sendfile"),
  reuse_port: flag(TUNING, "--reuse-port"),
  chdir: value(mapped(), "--chdir"),
  daemon: flag(approximated("it stays in the foreground: let systemd or a program keep it"), "--daemon", "-D"),
  raw_env: list(mapped(), "--env", "-e"),
  pidfile: value(mapped(), "--pid", "-p"),
  worker_tmp_dir: value(
    approximated("a worker says that it lives over its connection to main, not by a file"),
    "--worker-tmp-dir",
  ),
  user: value(mapped(), "--user", "-u"),
  group: value(mapped(), "--group", "-g"),
  umask: value(mapped(), "--umask", "-m"),
  initgroups: flag(mapped("workers always have the groups of their user"), "--initgroups"),
  tmp_upload_dir: value(ignored("large uploads go to the system's folder for temporary files (TMPDIR)")),
  secure_scheme_headers: value(mapped("it is `secure_fields` of `trusted_proxies`")),
  forwarded_allow_ips: value(mapped("it is `trusted_proxies` of the site"), "--forwarded-allow-ips"),
  accesslog: value(mapped(), "--access-logfile"),
  disable_redirect_access_to_syslog: flag(mapped(), "--disable-redirect-access-to-syslog"),
  access_log_format: value(mapped("a dash stands for what has no counterpart"), "--access-logformat"),
  errorlog: value(mapped("what the app prints is there too"), "--error-logfile", "--log-file"),
  loglevel: value(mapped(), "--log-level"),
  capture_output: flag(mapped("what the app prints is always in the log"), "--capture-output"),
  logger_class: value(approximated("lines have our own format, text or JSON"), "--logger-class"),
  logconfig: value(approximated("lines have our own format, text or JSON"), "--log-config"),
  logconfig_dict: value(approximated("lines have our own format, text or JSON")),
  logconfig_json: value(approximated("lines have our own format, text or JSON"), "--log-config-json"),
  syslog_addr: value(SYSLOG, "--log-syslog-to"),
  syslog: flag(SYSLOG, "--log-syslog"),
  syslog_prefix: value(SYSLOG, "--log-syslog-prefix"),
  syslog_facility: value(SYSLOG, "--log-syslog-facility"),
  enable_stdio_inheritance: flag(
    mapped("what the app prints is always in the log"),
    "--enable-stdio-inheritance",
    "-R",
  ),
  statsd_host: value(STATSD, "--statsd-host"),
  dogstatsd_tags: value(STATSD, "--dogstatsd-tags"),
  statsd_prefix: value(STATSD, "--statsd-prefix"),
  enable_backlog_metric: flag(STATSD, "--enable-backlog-metric"),
  proc_name: value(approximated("it becomes the app's name, which process titles and metrics show"), "--name", "-n"),
  default_proc_name: value(ignored("the app's name is shown")),
  pythonpath: value(mapped(), "--pythonpath"),
  paste: value(undecided("Paste configurations are not read: name the app as module:app"), "--paste", "--paster"),
  proxy_protocol: flag(approximated("connections without a PROXY protocol header are closed"), "--proxy-protocol"),
  proxy_allow_ips: value(mapped("it is `from` of `proxy_protocol`"), "--proxy-allow-from"),
  keyfile: value(TLS, "--keyfile"),
  certfile: value(TLS, "--certfile"),
  ssl_version: value(approximated("TLS 1.2 and 1.3 are spoken: `tls.minimum`"), "--ssl-version"),
  cert_reqs: value(TLS, "--cert-reqs"),
  ca_certs: value(TLS, "--ca-certs"),
  suppress_ragged_eofs: flag(TUNING, "--suppress-ragged-eofs"),
  do_handshake_on_connect: flag(TUNING, "--do-handshake-on-connect"),
  ciphers: value(TLS, "--ciphers"),
  raw_paste_global_conf: list(undecided("Paste configurations are not read"), "--paste-global"),
  permit_obsolete_folding: flag(LIMITS, "--permit-obsolete-folding"),
  strip_header_spaces: flag(LIMITS, "--strip-header-spaces"),
  permit_unconventional_http_method: flag(
    ignored("every method that is a token is passed on"),
    "--permit-unconventional-http-method",
  ),
  permit_unconventional_http_version: flag(LIMITS, "--permit-unconventional-http-version"),
  casefold_http_method: flag(approximated("methods are passed on as they come"), "--casefold-http-method"),
  forwarder_headers: value(approximated("header fields with an underscore are never variables"), "--forwarder-headers"),
  header_map: value(approximated("header fields with an underscore are never variables"), "--header-map"),
  tolerate_dangerous_framing: flag(LIMITS, "--tolerate-dangerous-framing"),
  wsgi_app: value(mapped()),
  protocol: value(mapped("listeners speak http or uwsgi"), "--protocol"),
  uwsgi_allow_ips: value(
    approximated("the uwsgi protocol is only spoken on addresses of this machine and Unix sockets"),
    "--uwsgi-allow-from",
  ),
  http_protocols: value(
    approximated("HTTP/1.1 and HTTP/2 are spoken, HTTP/3 is not, as clients ask for it"),
    "--http-protocols",
  ),
  http2_cleartext: value(
    approximated("HTTP/2 is spoken without TLS to who begins with it: set `http2` of the listener"),
    "--http2-cleartext",
  ),
  http2_max_concurrent_streams: value(mapped("it is `limits.http2.streams`"), "--http2-max-concurrent-streams"),
  http2_initial_window_size: value(TUNING, "--http2-initial-window-size"),
  http2_max_frame_size: value(TUNING, "--http2-max-frame-size"),
  http2_max_header_list_size: value(
    approximated("the whole header section has a limit, `limits.header_size`"),
    "--http2-max-header-list-size",
  ),
  http_parser: value(ignored("the edge reads requests, by rules of its own"), "--http-parser"),
  asgi_loop: value(mapped("it is `loop` of the app"), "--asgi-loop"),
  asgi_lifespan: value(mapped("it is `lifespan` of the app"), "--asgi-lifespan"),
  asgi_disconnect_grace_period: value(
    approximated("an app that a client has left goes on until it is done, or its deadline has come"),
    "--asgi-disconnect-grace-period",
  ),
  websocket_max_message_size: value(
    approximated("it is `websocket.message_size` of the app, at most 15 MB"),
    "--websocket-max-message-size",
  ),
  root_path: value(undecided("write a route with `mount` for the path that a proxy in front takes off"), "--root-path"),
  dirty_apps: list(DIRTY, "--dirty-app"),
  dirty_workers: value(DIRTY, "--dirty-workers"),
  dirty_timeout: value(DIRTY, "--dirty-timeout"),
  dirty_threads: value(DIRTY, "--dirty-threads"),
  dirty_graceful_timeout: value(DIRTY, "--dirty-graceful-timeout"),
  control_socket: value(CONTROL, "--control-socket"),
  control_socket_mode: value(CONTROL, "--control-socket-mode"),
  control_socket_disable: flag(CONTROL, "--no-control-socket"),
};

/** Options that are no settings. */
export const ENDING: ReadonlySet<string> = new Set(["--help", "-h", "--version", "-v"]);
