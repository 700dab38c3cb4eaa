import { approximated, ignored, mapped, type Outcome, undecided } from "../ledger.ts";
import { fromUwsgi } from "../log-format.ts";
import type { Instance, UwsgiSocket } from "./instance.ts";
import { LIFE } from "./life.ts";
import { loggerPlace, tagOf } from "./logger-place.ts";
import { readAddedHeader } from "./routing.ts";
import { readExpiry } from "./static-expires.ts";
import type { WrittenOption } from "./written-option.ts";

/** Takes an option into the instance and says what becomes of it; null: the option sets nothing of ours. */
export function handle(instance: Instance, canonical: string, option: WrittenOption): Outcome | null {
  return Object.hasOwn(HANDLERS, canonical) ? HANDLERS[canonical]!(option.value ?? "", instance, option) : null;
}

/** Whether a switch is on: uWSGI takes everything for yes but `false`, `off`, `no` and `0`. */
export function isOn(value: string | null): boolean {
  return value === null || !/^(?:false|off|no|0)$/i.test(value);
}

/** More lanes in a worker than this are not worth their threads. */
export const MOST_LANES = 128;

// --- internal ---

type Handler = (value: string, instance: Instance, option: WrittenOption) => Outcome;

const count =
  (take: (number: number, instance: Instance) => void, outcome: Outcome = mapped()): Handler =>
  (value, instance) => {
    const number = Number.parseInt(value === "" ? "1" : value, 10);
    if (Number.isNaN(number) || number < 0) return undecided(`"${value}" is no number`);
    take(number, instance);
    return outcome;
  };
const text =
  (take: (value: string, instance: Instance) => void, outcome: Outcome = mapped()): Handler =>
  (value, instance) => {
    take(value, instance);
    return outcome;
  };
const account =
  (take: (value: string, instance: Instance) => void): Handler =>
  (value, instance) => {
    if (!/^\w[\w.-]*\$?$/.test(value)) return undecided(`"${value}" is no user or group`);
    take(value, instance);
    return mapped();
  };
const flag =
  (take: (on: boolean, instance: Instance) => void, outcome: Outcome = mapped()): Handler =>
  (_value, instance, option) => {
    take(isOn(option.value), instance);
    return outcome;
  };
const socket =
  (protocol: UwsgiSocket["protocol"]): Handler =>
  (value, instance, { place, name }) => {
    instance.sockets.push({ protocol, address: value, tls: null, place, name });
    return mapped();
  };
/** `ADDRESS,CERTIFICATE,KEY[,CIPHERS[,CA]]` */
const secureSocket: Handler = (value, instance, { place, name }) => {
  const [address, certificate, key, ...more] = value.split(",");
  if (certificate === undefined || key === undefined || address === undefined)
    return undecided("it names no certificate and key");
  instance.sockets.push({ protocol: "http", address, tls: { certificate, key }, place, name });
  return more.length === 0
    ? mapped()
    : approximated("ciphers and client certificates are left out: set `tls` of the listener");
};
const staticMap =
  (whole: boolean): Handler =>
  (value, instance) => {
    const equals = value.indexOf("=");
    if (equals < 0) return undecided("it has no `=` between path and folder");
    instance.staticMaps.push({ prefix: value.slice(0, equals), target: value.slice(equals + 1), whole });
    return approximated("files and folders whose name begins with a dot are not served");
  };
const cores: Handler = (value, instance) => {
  instance.cores = Math.max(1, Number.parseInt(value, 10) || 1);
  return approximated(
    `requests run in threads, at most ${Math.min(instance.cores, MOST_LANES)} at a time in each worker, not in greenlets`,
  );
};
const daemon: Handler = (value, instance, { place, name }) => {
  const pairs = /^attach-daemon2$/.test(name) ? keyValues(value) : {};
  const smart = /^smart-attach-daemon/.test(name);
  const command = pairs["cmd"] ?? pairs["command"] ?? pairs["exec"] ?? (smart ? value.replace(/^\S+\s+/, "") : value);
  instance.daemons.push({ command, place, name, uid: pairs["uid"] ?? null, gid: pairs["gid"] ?? null });
  return smart || pairs["pidfile"] !== undefined
    ? approximated("it becomes a program, which has to stay in the foreground; its pid file is not looked at")
    : mapped("it becomes a program");
};
const requestLogger: Handler = (value, instance) => {
  const place = loggerPlace(value);
  instance.requestLog = place ?? "-";
  return place === null ? approximated("requests are logged to stdout") : mapped();
};
const logFile: Handler = (value, instance) => {
  instance.log = value;
  return mapped("requests, what the app prints and our own log go there");
};
const logger: Handler = (value, instance) => {
  const place = loggerPlace(value);
  if (place === null || place === "-")
    return approximated("what the app prints and our own log go to stderr, with levels");
  instance.log = place;
  return mapped();
};
const logFormat: Handler = (value, instance) => {
  const { text, unknown } = fromUwsgi(value);
  instance.logFormat = text;
  return unknown.length === 0 ? mapped() : approximated(`a dash stands for ${[...new Set(unknown)].join(", ")}`);
};
const syslogOption: Handler = (value, instance) => {
  instance.log = { to: "unix:/dev/log", tag: tagOf(value === "" || value === "true" ? "uwsgi" : value) };
  return mapped("requests, what the app prints and our own log go there");
};
const pidFile: Handler = (value, instance) => {
  instance.pidFile = value;
  return mapped();
};
const plugins: Handler = (value) => {
  const foreign = value
    .split(",")
    .map((name) => name.trim().replace(/^\d+:/, ""))
    .filter((name) =>
      /^(?:php|psgi|perl|rack|rbthreads|ruby|fiber|lua|cgi|jvm|ring|mono|v8|gccgo|go|erlang|xslt|ssi|webdav)/.test(
        name,
      ),
    );
  return foreign.length > 0
    ? undecided(
        `${foreign.join(", ")}: only Python's apps are served; keep uWSGI for these, behind \`proxy: uwsgi://...\``,
      )
    : mapped("Python and HTTP are built in");
};

const HANDLERS: Readonly<Record<string, Handler>> = {
  chdir: text((value, instance) => {
    instance.directory = value;
  }),
  module: (value, instance, { place, name }) => {
    instance.module = { target: value, place, name };
    return mapped();
  },
  "wsgi-file": (value, instance, { place, name }) => {
    instance.script = { target: value, place, name };
    return mapped();
  },
  "pypy-wsgi": (value, instance, { place, name }) => {
    instance.module = { target: value, place, name };
    return approximated("the app runs in the Python that `python` names");
  },
  callable: text((value, instance) => {
    instance.callable = value;
  }),
  mount: (value, instance, { place, name }) => {
    const equals = value.indexOf("=");
    if (equals < 0) return undecided("it has no `=` between path and app, which uWSGI refuses");
    instance.mounts.push({ point: value.slice(0, equals), target: value.slice(equals + 1), place, name });
    return mapped();
  },
  "manage-script-name": flag((on, instance) => {
    instance.manageScriptName = on;
  }),
  "no-default-app": flag((on, instance) => {
    instance.noDefaultApp = on;
  }),
  home: text((value, instance) => {
    instance.python = value;
  }),
  pythonpath: text((value, instance) => {
    instance.pythonpath.push(value);
  }),
  env: (value, instance) => {
    const equals = value.indexOf("=");
    if (equals < 1) return ignored("it sets nothing without a `=`");
    if (/\s/.test(value.slice(0, equals))) return undecided(`"${value.slice(0, equals)}" is no name for a variable`);
    instance.environment[value.slice(0, equals)] = value.slice(equals + 1);
    return mapped();
  },
  ienv: (value, instance, option) => HANDLERS["env"]!(value, instance, option),
  unenv: (value, instance) => {
    instance.environment[value] = "";
    return approximated("the variable is empty, not gone");
  },
  optimize: text((value, instance) => {
    instance.environment["PYTHONOPTIMIZE"] = value;
  }),
  uid: account((value, instance) => {
    instance.user = value;
  }),
  gid: account((value, instance) => {
    instance.group = value;
  }),
  "immediate-uid": account((value, instance) => {
    instance.user = value;
  }),
  "immediate-gid": account((value, instance) => {
    instance.group = value;
  }),
  umask: (value, instance) => {
    if (!/^[0-7]{1,4}$/.test(value)) return undecided(`"${value}" are no permission bits`);
    instance.umask = value;
    return mapped();
  },
  processes: count((number, instance) => {
    instance.processes = Math.max(1, number);
  }),
  threads: count((number, instance) => {
    instance.threads = Math.max(1, number);
  }),
  gevent: cores,
  async: cores,
  asyncio: cores,
  loop: (value) =>
    value === "gevent" || value === "asyncio"
      ? approximated("requests run in threads")
      : undecided(`the loop ${value} does not exist here`),
  "gevent-monkey-patch": approximatedSwitch("requests run in threads; nothing is patched"),
  "gevent-early-monkey-patch": approximatedSwitch("requests run in threads; nothing is patched"),
  ugreen: approximatedSwitch("requests run in threads"),
  socket: socket("default"),
  "uwsgi-socket": socket("uwsgi"),
  http: socket("http"),
  "http-socket": socket("http"),
  "http11-socket": socket("http"),
  https: secureSocket,
  "https-socket": secureSocket,
  https2: (value, instance, { place, name }) => {
    const { addr: address = "", cert: certificate, key } = keyValues(value);
    if (address === "" || certificate === undefined || key === undefined)
      return undecided("it names no address, certificate and key");
    instance.sockets.push({ protocol: "http", address, tls: { certificate, key }, place, name });
    return approximated("of the keys `addr`, `cert` and `key` count: set `tls` of the listener for more");
  },
  protocol: (value, instance) => {
    instance.protocol = value;
    return value === "uwsgi" || value === "http" ? mapped() : undecided(`listeners speak http and uwsgi, not ${value}`);
  },
  "chmod-socket": (value, instance) => {
    const mode = Number.parseInt(value === "" ? "666" : value, 8);
    if (Number.isNaN(mode) || mode > 0o7777) return undecided(`"${value}" are no permission bits`);
    instance.socketMode = mode;
    return mapped();
  },
  "chown-socket": (value, instance) => {
    const [owner, group] = value.split(":");
    instance.socketOwner = owner || null;
    instance.socketGroup = group || null;
    return mapped();
  },
  vacuum: flag((on, instance) => {
    instance.vacuum = on;
  }),
  "static-map": staticMap(false),
  "static-map2": staticMap(true),
  "check-static": (value, instance) => {
    const folders = value.split(/\s+/).filter(Boolean);
    instance.staticChecks.push(...folders);
    return folders.length > 1
      ? approximated("it names several folders, of which each is looked in; uWSGI takes them for the name of one")
      : approximated("files and folders whose name begins with a dot are not served");
  },
  "static-index": text((value, instance) => {
    instance.staticIndexes.push(value);
  }),
  "static-gzip-all": flag((on, instance) => {
    instance.staticGzip = on;
  }),
  "static-gzip": text((_value, instance) => {
    instance.staticGzip = true;
  }, approximated("`.gz` files beside all static files are sent, not only beside those that match")),
  "static-gzip-dir": text((_value, instance) => {
    instance.staticGzip = true;
  }, approximated("`.gz` files are looked for beside the files, not in a folder of their own")),
  "static-gzip-ext": text((_value, instance) => {
    instance.staticGzip = true;
  }, approximated("`.gz` files beside all static files are sent")),
  "static-expires": (value, instance) => readExpiry(value, false, instance.staticExpiries),
  "static-expires-mtime": (value, instance) => readExpiry(value, false, instance.staticExpiries),
  "static-expires-uri": (value, instance) => readExpiry(value, true, instance.staticExpiries),
  "static-expires-uri-mtime": (value, instance) => readExpiry(value, true, instance.staticExpiries),
  "static-expires-path-info": (value, instance) => readExpiry(value, true, instance.staticExpiries),
  "static-expires-path-info-mtime": (value, instance) => readExpiry(value, true, instance.staticExpiries),
  "hook-master-start": (value) =>
    /^unix_signal:15 gracefully_kill_them_all$/.test(value.trim())
      ? mapped("TERM finishes what is in flight and ends")
      : undecided("hooks are not run: make it a program with `once: true` where it is a step at start"),
  logto: logFile,
  logto2: logFile,
  "req-logger": requestLogger,
  logger,
  "log-format": logFormat,
  "log-syslog": syslogOption,
  "disable-logging": flag((on, instance) => {
    instance.requestLogOff = on;
  }),
  "attach-daemon": daemon,
  "attach-control-daemon": daemon,
  "attach-daemon2": daemon,
  "smart-attach-daemon": daemon,
  "smart-attach-daemon2": daemon,
  ...LIFE,
  "py-autoreload": (value, instance) => {
    instance.reload = (Number.parseInt(value === "" ? "1" : value, 10) || 0) > 0;
    return mapped();
  },
  "catch-exceptions": flag((on, instance) => {
    instance.tracebacks = on;
  }, approximated("tracebacks are shown to anyone, as with uWSGI: leave it out in production")),
  pidfile: pidFile,
  pidfile2: pidFile,
  "safe-pidfile": pidFile,
  "safe-pidfile2": pidFile,
  "limit-as": count((number, instance) => {
    instance.memory = number;
  }),
  "max-fd": count((number, instance) => {
    instance.files = number;
  }),
  "limit-post": count((number, instance) => {
    instance.largestBody = number;
  }),
  "buffer-size": count((number, instance) => {
    instance.largestHead = number;
  }, approximated(
    "`limits.header_size` bounds a request's head, and is not set lower than usual; larger ones get 431",
  )),
  "socket-timeout": count((number, instance) => {
    instance.bodyTimeout = number;
  }, approximated("`timeouts.body` and `timeouts.write`: between two parts of a body")),
  "http-keepalive": (value, instance) => {
    const seconds = Number.parseInt(value, 10);
    if (seconds > 1) instance.idleTimeout = seconds;
    return mapped("connections are kept for `timeouts.idle`");
  },
  harakiri: count((number, instance) => {
    instance.harakiri = number === 0 ? null : number;
  }, mapped(
    "it is `deadline.hard`: the client gets 504 and the worker is replaced; a `soft` one would spare the worker",
  )),
  "worker-reload-mercy": count((number, instance) => {
    instance.stopTimeout = number;
  }),
  "reload-mercy": count((number, instance) => {
    instance.stopTimeout = number;
  }),
  stats: (value, instance, { place, name }) => {
    instance.statistics = { address: value, place, name };
    return mapped();
  },
  "stats-http": flag((on, instance) => {
    instance.statisticsHttp = on;
  }),
  "stats-minified": flag((on, instance) => {
    instance.statisticsMinified = on;
  }),
  plugins,
  emperor: (value, instance, { place, name }) => {
    if (!instance.vassals.some(({ pattern }) => pattern === value))
      instance.vassals.push({ pattern: value, place, name });
    return approximated("the vassals that are there now are read; new ones come with `propylon reload`");
  },
  strict: flag((on, instance) => {
    instance.strict = on;
  }),
  "add-header": (value, instance) => readAddedHeader(`^/ addheader:${value}`, instance),
  route: (value, instance) => readAddedHeader(value, instance),
};

function approximatedSwitch(note: string): Handler {
  return () => approximated(note);
}

/** `cmd=./x,freq=3` */
function keyValues(text: string): Readonly<Record<string, string>> {
  const pairs = text.split(",").map((pair) => {
    const equals = pair.indexOf("=");
    return equals < 0 ? [pair, ""] : [pair.slice(0, equals).trim(), pair.slice(equals + 1)];
  });
  return Object.fromEntries(pairs);
}
