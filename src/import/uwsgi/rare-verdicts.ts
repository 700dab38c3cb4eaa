import { approximated, ignored, mapped, type Outcome, undecided } from "../ledger.ts";

/** What becomes of the options of uWSGI that few configurations have, by name; together with `verdicts.ts` all that `uwsgi --help` lists. */
export const RARE: ReadonlyMap<string, Outcome> = new Map([
  ...each(
    undecided("it does something of its own in place of serving"),
    "get extract connect-and-read print-sym print-symbol no-server command-mode build-plugin dot-h config-py test exit",
  ),
  ...each(
    undecided("`propylon uwsgi --stop FILE` and `--reload FILE` signal the process of a pid file; nothing pauses one"),
    "stop reload pause suspend resume",
  ),
  ...each(ignored("it prints something and is no part of the service"), "loop-list loops-list python-version"),
  ...each(
    undecided("a command of the instance: use `propylon reload`, `stop`, `restart` and the signal USR1"),
    "master-fifo",
  ),
  ...each(mapped("readiness, reloads and the end are told to who started us (sd_notify)"), "notify-socket"),
  ...each(
    ignored("every request is for the Python app, whatever its modifier"),
    "http-socket-modifier1 http-socket-modifier2 https-socket-modifier1 https-socket-modifier2 http-modifier1 http-modifier2 allowed-modifiers remap-modifier",
  ),
  ...each(
    undecided("uWSGI's routers and their subscriptions have no counterpart: name the servers in `upstreams`"),
    "http-to http-zerg http-fallback http-use-cache http-use-pattern http-use-base http-use-code-string http-use-socket http-subscription-server http-subscription-fallback-key http-ss http-stud-prefix http-resubscribe http-var http-manage-source http-manage-rtsp st unsubscribe-on-graceful-reload weight auto-weight",
  ),
  ...each(
    ignored("there is no router of its own: the edge serves clients"),
    "http-events http-gracetime http-cheap http-uid http-gid force-gateway http-server-name-as-http-host https-session-context",
  ),
  ...each(
    undecided(
      "the router has no statistics of its own here: those of `stats`, and `/metrics` at `admin`, have its figures",
    ),
    "http-stats http-stats-server",
  ),
  ...each(ignored("a client that has gone is no error here and not reported"), "http-quiet"),
  ...each(approximated("`limits.header_size` bounds a request's head"), "http-buffer-size"),
  ...each(approximated("`timeouts.head` bounds how long a request's head may take"), "http-headers-timeout"),
  ...each(
    approximated("`timeouts.write` bounds how long a client may take to read"),
    "socket-send-timeout socket-write-timeout",
  ),
  ...each(approximated("`timeouts.body` bounds the wait for a part of a body"), "chunked-input-timeout"),
  ...each(approximated("`limits.body` bounds the whole of a body, however it is cut"), "chunked-input-limit"),
  ...each(ignored("`limits` bounds what may be sent"), "response-headers-limit websockets-max-size websocket-max-size"),
  ...each(
    ignored("the edge answers pings of WebSockets, and asks by itself"),
    "websockets-ping-freq websocket-ping-freq websockets-pong-tolerance websocket-pong-tolerance",
  ),
  ...each(
    undecided("set `tls` of the listener: a list of certificates, chosen by the name that the client asks for"),
    "sni sni-dir sni-dir-ciphers sni-regexp https-export-cert",
  ),
  ...each(undecided("write it as `response_headers` of the site"), "rem-header del-header"),
  ...each(
    approximated("log formats have the fields of requests and answers: `{>Name}` and `{<Name}`"),
    "collect-header response-header-collect pull-header",
  ),
  ...each(undecided("write `errors` at the site"), "error-page-403 error-page-404 error-page-500"),
  ...each(undecided("media types are ours: set the header at the route where one is missing"), "mimefile mime-file"),
  ...each(
    undecided("write `expires` at the site's static route"),
    "static-expires-type static-expires-type-mtime static-expires-mtime static-expires-uri-mtime static-expires-path-info static-expires-path-info-mtime",
  ),
  ...each(undecided("write the folder as `check-static` or `static-map`"), "check-static-docroot"),
  ...each(undecided("only `.gz` files beside the files are looked for"), "static-gzip-prefix static-gzip-suffix"),
  ...each(mapped("parts of files are sent to who asks for them"), "honour-range"),
  ...each(
    approximated("the edge sends files itself, whatever is in front"),
    "file-serve-mode fileserve-mode disable-sendfile",
  ),
  ...each(undecided("write `cache` at the site"), "check-cache"),
  ...each(
    ignored("`import uwsgi` has one store in memory, which is gone with the last worker"),
    "cache-blocksize cache-store cache-store-sync cache-expire-freq cache-report-freed-items cache-use-last-modified",
  ),
  ...each(
    undecided("the store of `import uwsgi` begins empty, keeps what expires, and is of this instance alone"),
    "cache-no-expire cache-udp-server cache-udp-node cache-sync add-cache-item load-file-in-cache load-file-in-cache-gzip",
  ),
  ...each(
    approximated("workers are started as their user; main stays as it was started"),
    "refork re-fork refork-as-root re-fork-as-root refork-post-jail re-fork-post-jail drop-after-init drop-after-apps",
  ),
  ...each(
    undecided("two instances can't listen on one address; nothing else is locked"),
    "flock flock-wait flock2 flock-wait2",
  ),
  ...each(undecided("bound it outside: `TasksMax` of systemd, or the container"), "limit-nproc"),
  ...each(
    ignored("it tunes uWSGI's own process, or helps to find its faults"),
    "skip-zero heartbeat persistent-ipcsem safe-fd fd-safe no-fd-passing mem-collector-freq pcre-jit check-interval use-abort rpc-max binary-path binary-append-data shutdown-sockets profiler early-emperor exit-on-reload propagate-touch binsh mode daemons-honour-stdin",
  ),
  ...each(
    ignored("what the app imports may run `atexit` functions, which always run"),
    "skip-atexit skip-atexit-teardown",
  ),
  ...each(mapped("a worker ends when its requests have, within `stop_timeout`"), "no-threads-wait"),
  ...each(
    approximated("no option of its own is needed: `harakiri` is the app's `deadline`, up to the end of an answer"),
    "no-harakiri-after-req-hook",
  ),
  ...each(
    ignored("it shapes uWSGI's own log; ours has levels and formats of its own"),
    "body-read-warning not-alarm-log",
  ),
  ...each(
    undecided("exceptions of the app are in the log: watch them there or with an error tracker in the app"),
    "exception-handler",
  ),
  ...each(undecided("progress of uploads is not told"), "upload-progress"),
  ...each(
    undecided("nothing is waited for, and no file is watched for this"),
    "check-mountpoint mountpoint-check check-mount fs-signal",
  ),
  ...each(
    undecided("configurations do not restrict, declare or rewrite one another here: write what is meant"),
    "blacklist end-blacklist whitelist end-whitelist declare-option declare-option2 inject-before inject-after fallback-config resolve file-write",
  ),
  ...each(undecided("the folder is the one we are started in: use `chdir`"), "force-cwd"),
  ...each(undecided("write the variables as `environment`, or as one `env_file`"), "envdir early-envdir"),
  ...each(ignored("a reload starts processes with the environment that we were started with"), "reload-os-env"),
  ...each(undecided("one app for each host is written as one site for each, with `hosts`"), "vhost-host"),
  ...each(undecided("write it as `mount`: each worker has every app of its pool"), "worker-mount"),
  ...each(
    undecided("it runs something else than the app: make it a program (`programs`)"),
    "worker-exec worker-exec2 python-worker-override python py pyrun pyshell pyshell-oneshot python-raw",
  ),
  ...each(undecided("import it in the app's module under that name"), "pymodule-alias post-pymodule-alias"),
  ...each(undecided("apps are WSGI or ASGI"), "pecan web3 pump wsgi-lite paste-logger"),
  ...each(
    ignored("`sys.argv` and `sys.executable` are those of the worker's Python"),
    "py-programname py-program-name py-executable py-sys-executable",
  ),
  ...each(approximated("every file that the app has imported is watched"), "py-auto-reload-ignore"),
  ...each(
    mapped("the head goes with the first piece of an answer, or when the app wants it written"),
    "start_response-nodelay",
  ),
  ...each(
    approximated("an app gives bytes: others are an error, as WSGI has it"),
    "wsgi-accept-buffer wsgi-accept-buffers",
  ),
  ...each(undecided("memory is not shared between workers here"), "py-sharedarea"),
]);

// --- internal ---

function each(outcome: Outcome, names: string): readonly (readonly [string, Outcome])[] {
  return names.split(" ").map((name) => [name, outcome] as const);
}
