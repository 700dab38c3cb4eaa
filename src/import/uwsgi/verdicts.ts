import { approximated, ignored, mapped, type Outcome, undecided } from "../ledger.ts";
import { RARE } from "./rare-verdicts.ts";

/** What becomes of an option that changes no setting of ours, or null where nothing is known of it. */
export function fixedOutcome(name: string): Outcome | null {
  return Object.hasOwn(BY_NAME, name)
    ? BY_NAME[name]!
    : (RARE.get(name) ?? FAMILIES.find(([pattern]) => pattern.test(name))?.[1] ?? null);
}

// --- internal ---

const RECYCLING = ignored(
  "workers are replaced after requests, age or resident memory (`recycle`), not for this; answers are the same",
);
const FIXED_POOL = approximated("all workers run all the time, however little there is to do");
const KERNEL = ignored("it tunes how requests come to uWSGI's processes");
const LOGGING = ignored("it shapes uWSGI's own log; ours has levels and formats of its own (`log`, `access_log`)");
const OTHER_LANGUAGE = undecided(
  "it is for apps that are not Python's: keep uWSGI for them, behind `proxy: uwsgi://...`",
);
const ROUTER = undecided(
  "uWSGI's routers and their subscriptions have no counterpart: name the servers in `upstreams`",
);
const BACKGROUND = undecided(
  "nothing runs tasks beside requests here: run them as a program of their own (`programs`)",
);
const RULES = undecided("internal routing is only read for `addheader:`: write the rule as a route of the site");
const HOOK = undecided("hooks are not run: make it a program with `once: true` where it is a step at start");
const NETWORK = undecided("this kind of socket does not exist here");
const DEADLINE = approximated(
  "no option of its own is needed: `harakiri` is the app's `deadline`, and those that wait get 503 after `queue.timeout`",
);
const RELOAD = approximated(
  "folders are not watched as a whole: name a file in `touch_reload`, or run `propylon reload`",
);
const NOISE = approximated("a client that has gone is no error here and not reported");

const BY_NAME: Readonly<Record<string, Outcome>> = {
  master: mapped(
    "main watches over the workers; each imports the app itself, unless `preload: true` has it imported once and forked, as uWSGI does without `lazy-apps`",
  ),
  "die-on-term": mapped("TERM finishes what is in flight and ends"),
  "enable-threads": mapped("threads of the app always run"),
  "single-interpreter": mapped("a worker has one interpreter"),
  "lazy-apps": mapped("each worker imports the app itself"),
  lazy: mapped("each worker imports the app itself"),
  "need-app": approximated(
    "an app that can't be loaded is tried again, and its error shown in the log, in place of an exit",
  ),
  "no-orphans": mapped("workers end with main"),
  "no-site": ignored("Python starts as usual"),
  "honour-stdin": ignored("stdin is not handed on"),
  "thunder-lock": mapped("each request is handed to one worker: none wakes for another's"),
  "py-call-osafterfork": mapped("Python's own hooks run in every worker that was forked"),
  "py-callos-afterfork": mapped("Python's own hooks run in every worker that was forked"),
  "py-call-uwsgi-fork-hooks": mapped("Python's own hooks run in every worker that was forked"),
  "py-tracebacker": approximated("`propylon stacks APP` shows what every thread is doing"),
  "wsgi-disable-file-wrapper": approximated(
    "`wsgi.file_wrapper` is there; an app that sends a file by it gets the same answer",
  ),
  "wsgi-env-behaviour": mapped("every request gets an environ of its own"),
  "wsgi-env-behavior": mapped("every request gets an environ of its own"),
  "wsgi-strict": mapped(),
  "close-on-exec": mapped("no socket is handed to what an app starts"),
  "close-on-exec2": mapped("no socket is handed to what an app starts"),
  "post-buffering": approximated(
    "bodies are always read before the app runs, in memory up to `limits.spool_memory`, then in a file",
  ),
  "post-buffering-bufsize": ignored("it sizes a buffer"),
  "http-harakiri": DEADLINE,
  "harakiri-verbose": mapped("a killed worker's report tells what it did: `propylon reports`"),
  "http-timeout": DEADLINE,
  "http-connect-timeout": ignored("nothing is connected to: the app is in our own pool"),
  "http-auto-chunked": mapped("answers without a length are chunked, or end the connection for HTTP/1.0"),
  "http-chunked-input": mapped("chunked bodies are taken"),
  "http-raw-body": mapped("chunked bodies are taken"),
  "http-manage-expect": mapped("`Expect: 100-continue` is answered when the body is wanted"),
  "http-keepalive": mapped("connections are kept for `timeouts.idle`"),
  "http-websockets": undecided("WebSocket needs an app that speaks it over uWSGI's own calls, which do not exist here"),
  "http-workers": ignored("the edge is one process"),
  "http-auto-gzip": undecided("set `compress: true` at the site to compress answers"),
  "http-to-https": undecided("write a site on that address with `redirect: https://{host}{uri}`"),
  "http-enable-proxy-protocol": undecided("the PROXY protocol is not read: who connects is taken for the client"),
  "enable-proxy-protocol": undecided("the PROXY protocol is not read: who connects is taken for the client"),
  "so-keepalive": KERNEL,
  "tcp-nodelay": mapped(),
  "reuse-port": KERNEL,
  listen: approximated("the backlog is the largest that the system allows (net.core.somaxconn)"),
  freebind: ignored("addresses have to be there"),
  "offload-threads": mapped("files are sent by the edge, never by a worker"),
  "offload-thread": mapped("files are sent by the edge, never by a worker"),
  "ignore-sigpipe": NOISE,
  "ignore-write-errors": NOISE,
  "disable-write-exception": approximated(
    "the app is not told that a client has gone: its answer is read to the end or closed",
  ),
  "write-errors-tolerance": NOISE,
  "write-errors-exception-only": NOISE,
  "max-vars": ignored("`limits.header_count` bounds header fields"),
  "max-apps": ignored("there is no bound on apps"),
  "auto-procname": mapped("process titles say what each process is"),
  "memory-report": approximated("metrics and `propylon status` tell the memory of workers, not the log"),
  daemonize: approximated(
    "we stay in the foreground, and log to stderr: leave the background to systemd or the container",
  ),
  daemonize2: approximated(
    "we stay in the foreground, and log to stderr: leave the background to systemd or the container",
  ),
  "master-as-root": mapped("only main stays root"),
  "no-initgroups": approximated("workers get all groups of their user"),
  "add-gid": approximated("workers get all groups of their user"),
  cap: approximated("workers of another user have no capabilities; only main keeps its own"),
  reaper: mapped("what an app leaves behind is reaped"),
  "no-defer-accept": KERNEL,
  vhost: approximated(
    "the apps named here answer for every host; those that a proxy names by the request (UWSGI_MODULE) are written as a site for each, with `hosts`",
  ),
  "binary-path": ignored("it names uWSGI's own program"),
  "master-fifo": approximated("`propylon reload`, `stop` and `status` take the place of what is written there"),
  "cgi-mode": ignored("it is for CGI"),
  "manage-expect": mapped(),
  chdir2: undecided("the folder does not change after the app was loaded"),
  chroot: undecided("there is no chroot: use a container"),
  pyargv: undecided("sys.argv is empty: give the value by `environment`"),
  eval: undecided("code in a configuration is not run: put it into a file and name it by `script`"),
  paste: undecided("PasteDeploy files are not read: write a module that calls `loadapp`"),
  "ini-paste": undecided("PasteDeploy files are not read: write a module that calls `loadapp`"),
  "ini-paste-logged": undecided("PasteDeploy files are not read: write a module that calls `loadapp`"),
  strict: mapped(),
  "show-config": approximated(
    "`propylon uwsgi` shows the options that it was given; `propylon explain` what they come to",
  ),
  "emperor-tyrant": undecided("vassals run as their own `uid` and `gid`, not as the owner of their file"),
  cache2: approximated("`import uwsgi` has the cache functions, in one store of all workers without a bound on items"),
  cache: approximated("`import uwsgi` has the cache functions, in one store of all workers without a bound on items"),
  locks: approximated("`import uwsgi` has lock and unlock, for any number"),
  "ignore-script-name": undecided("SCRIPT_NAME of the uwsgi protocol is always taken"),
  "log-4xx": approximated("with the access log off, no request is logged, these neither"),
  "log-5xx": approximated("with the access log off, no request is logged, these neither"),
  "log-master": mapped("main and the edge write the logs, never a worker"),
  "threaded-logger": mapped("no request waits for its line"),
  "log-date": approximated("every line tells its time, in a form of our own"),
  "log-x-forwarded-for": approximated("the log tells the address that connected"),
};

/** By the beginning of the name, in order. */
const FAMILIES: readonly (readonly [RegExp, Outcome])[] = [
  [/^(?:cheap|idle$|die-on-idle)/, FIXED_POOL],
  [/^(?:(?:evil-)?reload-on-as|worker-reload$|(?:brutal-)?reload-on-fd)/, RECYCLING],
  [
    /^(?:worker-)?reload-mercy$|^mule-reload-mercy$/,
    approximated("`stop_timeout` bounds how long a worker may take to end"),
  ],
  [/^reload-on-exception/, RECYCLING],
  [/^harakiri/, DEADLINE],
  [/^route|^(?:error|final|response)-route/, RULES],
  [/^(?:log|logger|logfile|threaded-logger|alarm|.*-alarm$|backtrace)/, LOGGING],
  [/^procname/, approximated("process titles say what each process is, in words of our own")],
  [/^emperor|^vassal|^imperial/, ignored("it is for the Emperor, whose vassals are read as instances of their own")],
  [/^(?:spooler|mule|mules|farm|cron|unique-cron|legion-cron|timer|rbtimer|signal)/, BACKGROUND],
  [/^unsubscribe/, ignored("there is no subscription to end")],
  [/^(?:legion|zerg|subscri|fastrouter|rawrouter|sslrouter|corerouter|start-unsubscribed)/, ROUTER],
  [/^(?:hook|exec|call|as-|mount-|umount-|after-request)/, HOOK],
  [/^(?:php|psgi|perl|rack|rails|ruby|rb-|lua|cgi|jvm|ring|mono|v8|go-|gccgo|erlang|xslt|ssi|webdav)/, OTHER_LANGUAGE],
  [/^(?:fastcgi|scgi|raw|puwsgi|suwsgi|ssl|shared|undeferred|udp|snmp|multicast)[-\w]*(?:socket)?$/, NETWORK],
  [/^(?:so-|socket-(?:snd|rcv)buf|tcp-|abstract|map-socket)/, KERNEL],
  [/^stats-push/, ignored("nothing is pushed: metrics are fetched at `admin`, statistics at `uwsgi_stats`")],
  [/^stats-no-/, approximated("`uwsgi_stats` has no metrics of uWSGI's, and always tells the cores")],
  [
    /^(?:enable-metrics|metric|carbon|rrdtool|statsd)/,
    ignored("metrics are served at `admin`, as `propylon_*`; the names that uWSGI gives them do not exist here"),
  ],
  [/^touch-log/, approximated("no file is watched for this: the signal USR1 opens the logs anew")],
  [/^touch-/, undecided("no file is watched for this")],
  [/^fs-(?:brutal-)?reload/, RELOAD],
  [
    /^(?:cpu-affinity|prio|thread-stack|threads-stack|ksm|lock-engine|ftok|clock|never-swap|buffer|queue|sharedarea)/,
    KERNEL,
  ],
  [
    /^(?:namespace|ns|cgroup|setns|unshare|pivot|forkbomb|jail|privileged|unprivileged)/,
    undecided("processes are not put into namespaces or groups: use a container"),
  ],
  [/^static-(?:cache|skip|safe)/, undecided("it is not in effect: write the site's static route as you want it")],
  [/^(?:plugin|autoload|dlopen)/, ignored("there are no plugins to load")],
  [
    /^(?:import|shared-import|py-?import|python-import|shared-py)/,
    undecided("modules are not imported beside the app: import them in the app's module"),
  ],
  [/^wait-(?:for-)?/, undecided("nothing is waited for: make it a program, and the app come `after` it")],
  [/^(?:print|iprint|version|help|cflags|dump-options)$/, ignored("it prints something and is no part of the service")],
];
