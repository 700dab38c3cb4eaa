import { resolve } from "node:path";
import { endpointOf, isLoopback } from "../addresses.ts";
import { approximated, type Ledger, mapped, undecided } from "../ledger.ts";
import { COMBINED } from "../log-format.ts";
import type { Door, ReadContext } from "../reading.ts";
import type { Plain } from "../tree.ts";
import { appsOf } from "./apps.ts";
import type { Instance, UwsgiSocket } from "./instance.ts";
import type { LogPlace } from "./logger-place.ts";
import { shimVariable } from "./shim.ts";
import { needsSite, routesOf } from "./site.ts";
import { socketAddress } from "./sockets.ts";
import type { WrittenOption } from "./written-option.ts";

/** Settings and doors of one instance. */
export interface Built {
  readonly settings: Plain;
  readonly doors: readonly Door[];
}

/**
 * @param options all that the instance was told, for `uwsgi.opt` of apps that ask for it
 * @param taken names of apps and programs of other instances; new ones are added
 */
export function buildInstance(
  instance: Instance,
  options: readonly WrittenOption[],
  context: ReadContext,
  ledger: Ledger,
  taken: Set<string>,
): Built {
  const directory = resolve(context.directory, instance.directory ?? ".");
  const known = appsOf(instance, directory, context, ledger, taken);
  const apps = withShim(known.apps, options, instance);
  const settings: Plain = {
    ...(Object.keys(apps).length === 0 ? {} : { apps }),
    ...programsOf(instance, directory, ledger, taken),
    ...boundsOf(instance),
    ...statisticsOf(instance, directory, ledger, taken),
  };
  if (Object.keys(apps).length === 0) {
    for (const { place, name } of instance.sockets)
      ledger.say(place, name, undecided("no app is named that would answer there"));
    return { settings, doors: [] };
  }
  Object.assign(
    settings,
    logsOf(instance, (file) => resolve(context.directory, file)),
  );
  const own = known.main !== null && !needsSite(instance, known);
  const routes = own ? {} : { routes: routesOf(instance, known, directory, context) };
  const answering = known.main ?? Object.keys(apps)[0]!;
  const doors = instance.sockets.flatMap((socket) => doorOf(socket, instance, answering, directory, ledger));
  return { settings, doors: doors.map((door) => ({ ...door, ...routes })) };
}

// --- internal ---

/** What tells a worker that its app came from uWSGI, and what `import uwsgi` is to find there. */
function withShim(apps: Plain, options: readonly WrittenOption[], instance: Instance): Plain {
  const variable = shimVariable(options, instance);
  const entries = Object.entries(apps).map(([name, app]) => {
    const { environment, ...rest } = app as Plain;
    return [name, { ...rest, environment: { ...(environment as Plain | undefined), ...variable } }];
  });
  return Object.fromEntries(entries);
}

/** Requests go where everything goes unless they have a logger of their own. */
function logsOf({ log, requestLog, requestLogOff, logFormat }: Instance, absolute: (file: string) => string): Plain {
  const section = (place: LogPlace): Plain =>
    typeof place === "string" ? { path: place === "-" ? "-" : absolute(place) } : { syslog: { ...place } };
  const settings: Plain = log === null ? {} : { log: section(log) };
  if (requestLogOff) return settings;
  const place = section(requestLog ?? log ?? "-");
  const format = logFormat === null || logFormat === COMBINED ? null : logFormat;
  if (format !== null) settings["log_formats"] = { uwsgi: format };
  const plain = format === null && place["path"] !== undefined;
  settings["access_log"] = plain ? place["path"] : { ...place, ...(format === null ? {} : { format: "uwsgi" }) };
  return settings;
}

function doorOf(
  socket: UwsgiSocket,
  instance: Instance,
  app: string,
  directory: string,
  ledger: Ledger,
): readonly Door[] {
  const { place, name } = socket;
  const protocol = socket.protocol === "default" ? instance.protocol : socket.protocol;
  const found = socketAddress(socket.address, directory);
  if ("reason" in found || (protocol !== "http" && protocol !== "uwsgi")) {
    ledger.say(
      place,
      name,
      undecided("reason" in found ? found.reason : `listeners speak http and uwsgi, not ${protocol}`),
    );
    return [];
  }
  const { address } = found;
  const unix = address.startsWith("unix:");
  if (unix && !socket.address.startsWith("/")) ledger.say(place, name, mapped(`it is ${address.slice(5)}`));
  if (!unix && protocol === "uwsgi" && isPublic(address))
    ledger.say(
      place,
      name,
      undecided(
        "the uwsgi protocol where other machines reach it lets them set any variable of a request: set `public: true` at the listener, listen on 127.0.0.1, or say `protocol = http`; not needed where a given nginx leads to it",
      ),
    );
  const { socketMode: mode, socketOwner: owner, socketGroup: group, vacuum } = instance;
  return [
    {
      app,
      address,
      protocol,
      ...(unix ? { mode, owner, group } : { mode: null, owner: null, group: null }),
      unlink: vacuum,
      place,
      ...(socket.tls === null
        ? {}
        : {
            tls: { certificate: resolve(directory, socket.tls.certificate), key: resolve(directory, socket.tls.key) },
          }),
    },
  ];
}

function isPublic(address: string): boolean {
  const endpoint = endpointOf(address);
  return endpoint?.kind === "tcp" && !isLoopback(endpoint.host);
}

function programsOf(instance: Instance, directory: string, ledger: Ledger, taken: Set<string>): Plain {
  if (instance.daemons.length === 0) return {};
  const programs: Plain = {};
  for (const { command, place, name: option, uid, gid } of instance.daemons) {
    const name = freeName(command, taken);
    const user = uid ?? instance.user;
    const group = gid ?? instance.group;
    programs[name] = {
      command,
      shell: true,
      directory,
      restart: "always",
      ...(Object.keys(instance.environment).length === 0 ? {} : { environment: { ...instance.environment } }),
      ...(user === null ? {} : { user }),
      ...(group === null ? {} : { group }),
    };
    if (option === "attach-daemon") ledger.say(place, option, mapped(`it becomes the program ${name}`));
  }
  return { programs };
}

/** Called after what it runs: the last word of the command's first words that is not an option. */
function freeName(command: string, taken: Set<string>): string {
  const words = command.split(/\s+/).filter((word) => !word.startsWith("-") && !word.includes("="));
  const parts = words.slice(0, 2).map((word) =>
    word
      .replace(/^.*\//, "")
      .replace(/[^\w-]+/g, "-")
      .replace(/^-+|-+$/g, ""),
  );
  const base = parts.filter(Boolean).join("-").slice(0, 40) || "daemon";
  let name = base;
  for (let number = 2; taken.has(name); number++) name = `${base}-${number}`;
  taken.add(name);
  return name;
}

/** Stands for the statistics among the names that are taken; no app is called so. */
const STATISTICS = "uwsgi_stats:";

function statisticsOf(instance: Instance, directory: string, ledger: Ledger, taken: Set<string>): Plain {
  const { statistics, statisticsHttp: http, statisticsMinified: minified, socketMode: mode } = instance;
  if (statistics === null) return {};
  const found = socketAddress(statistics.address, directory);
  if ("reason" in found) {
    ledger.say(statistics.place, statistics.name, undecided(found.reason));
    return {};
  }
  const { address } = found;
  if (taken.has(STATISTICS)) {
    ledger.say(
      statistics.place,
      statistics.name,
      approximated("one address tells the statistics of all instances: that of the first"),
    );
    return {};
  }
  taken.add(STATISTICS);
  const shape = {
    ...(http ? { http } : {}),
    ...(minified ? { minified } : {}),
    ...(mode === null || !address.startsWith("unix:") ? {} : { mode: `0${mode.toString(8)}` }),
  };
  return { uwsgi_stats: Object.keys(shape).length === 0 ? address : { address, ...shape } };
}

/** The smallest head that we take is larger than what uWSGI takes by default. */
const USUAL_HEAD = 32_768;

function boundsOf(instance: Instance): Plain {
  const { largestBody, largestHead, bodyTimeout, idleTimeout } = instance;
  const limits = {
    ...(largestBody === null ? {} : { body: largestBody }),
    ...(largestHead === null || largestHead <= USUAL_HEAD ? {} : { header_size: largestHead }),
  };
  const timeouts = {
    ...(bodyTimeout === null || bodyTimeout <= 0 ? {} : { body: `${bodyTimeout}s`, write: `${bodyTimeout}s` }),
    ...(idleTimeout === null ? {} : { idle: `${idleTimeout}s` }),
  };
  return {
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
    ...(Object.keys(timeouts).length === 0 ? {} : { timeouts }),
  };
}
