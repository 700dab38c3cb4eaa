import { resolve } from "node:path";
import { type Place, ProblemList, PropylonError } from "../../base/errors.ts";
import { appName } from "../../config/app-config.ts";
import type { WrittenSettings } from "../../config/schema.ts";
import { approximated, ignored, Ledger, mapped } from "../ledger.ts";
import type { Door, Reader, Reading } from "../reading.ts";
import type { Plain } from "../tree.ts";
import { OPTIONS } from "./options.ts";
import { readWords, type WaitressWords } from "./words.ts";

/** What waitress listens on when it is not told. */
const DEFAULT = { host: "0.0.0.0", port: "8080" };
/** Waitress is one process; apps may keep state in it. */
const THREADS = 4;

/** Reads a waitress-serve command line: one process with its threads becomes one worker with as many lanes. */
export const readWaitress: Reader = (source, context) => {
  if (source.form === "file")
    throw new ProblemList([
      new PropylonError("user", "waitress-serve has no configuration file", {
        place: { file: source.path },
        remedy: "give its command line: --with 'waitress-serve app:app'",
      }),
    ]);
  const { place } = source;
  const words = readWords(source.words, place);
  const ledger = new Ledger();
  for (const { name, negated, value } of words.options)
    ledger.say(place, `--${negated ? "no-" : ""}${name}`, outcomeOf(name, negated, value));
  const target = lastOf(words, "app") ?? words.target;
  if (target === null)
    throw new ProblemList([
      new PropylonError("user", "waitress-serve is given no app", {
        place,
        remedy: "write module:app behind the options",
      }),
    ]);
  ledger.say(place, target, mapped());
  const called = words.options.some(({ name }) => name === "call");
  const wsgi = `${target.includes(":") ? target : `${target}:app`}${called ? "()" : ""}`;
  const name = appName(wsgi, context.directory);
  const app = {
    wsgi,
    directory: context.directory,
    workers: 1,
    threads: Number(lastOf(words, "threads") ?? THREADS),
    ...(words.options.some((option) => option.name === "expose-tracebacks" && !option.negated)
      ? { tracebacks: true }
      : {}),
  };
  const addresses = addressesOf(words, context.directory);
  const settings = { apps: { [name]: app }, ...limitsOf(words), ...siteOf(words, name, addresses) };
  const doors = addresses.map((address) => doorOf(name, address, words, place));
  const reading: Reading = {
    kind: "waitress",
    settings: settings as WrittenSettings,
    doors,
    directives: ledger.all(),
    files: [],
  };
  return reading;
};

// --- internal ---

function outcomeOf(name: string, negated: boolean, value: string) {
  if (name === "expose-tracebacks" && negated) return ignored("tracebacks are not shown unless asked for");
  if (name === "clear-untrusted-proxy-headers" && negated) return mapped();
  if (name === "url-scheme" && value !== "http")
    return approximated("the app is told this scheme, also where a trusted proxy names another");
  if (name === "host" || name === "port" || name === "listen") return mapped();
  return OPTIONS[name]!.outcome;
}

function lastOf({ options }: WaitressWords, name: string): string | null {
  return options.findLast((option) => option.name === name)?.value ?? null;
}

/** `--listen` may be repeated, and hold several; `--host` and `--port` are the old way; a Unix socket is instead of both. */
function addressesOf(words: WaitressWords, directory: string): readonly string[] {
  const socket = lastOf(words, "unix-socket");
  if (socket !== null) return [`unix:${resolve(directory, socket)}`];
  const listens = words.options
    .filter(({ name }) => name === "listen")
    .flatMap(({ value }) => value.split(/\s+/).filter(Boolean));
  if (listens.length === 0)
    listens.push(`${lastOf(words, "host") ?? DEFAULT.host}:${lastOf(words, "port") ?? DEFAULT.port}`);
  return listens.map((listen) => {
    const match = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(listen);
    return `${match?.[1] || DEFAULT.host}:${match?.[2] ?? DEFAULT.port}`;
  });
}

function doorOf(app: string, address: string, words: WaitressWords, place: Place): Door {
  const permissions = lastOf(words, "unix-socket-perms");
  const mode = address.startsWith("unix:") ? Number.parseInt(permissions ?? "600", 8) : null;
  // Waitress leaves its socket behind.
  const trust = trustOf(words);
  return {
    app,
    address,
    protocol: "http",
    mode,
    owner: null,
    group: null,
    unlink: false,
    place,
    ...(trust && { trust }),
  };
}

/** What of a proxy's fields is believed: none where `trusted_proxy_headers` names none, as in waitress. */
function trustOf(words: WaitressWords): Plain | null {
  const proxy = lastOf(words, "trusted-proxy");
  const clears = words.options.findLast(({ name }) => name === "clear-untrusted-proxy-headers");
  if (proxy === null && clears === undefined) return null;
  const strip = clears === undefined ? false : !clears.negated;
  if (proxy === null) return { strip };
  const headers = (lastOf(words, "trusted-proxy-headers") ?? "").toLowerCase().split(/[\s,]+/);
  const forwarded = headers.includes("forwarded");
  const take = (["address", "scheme", "host", "port"] as const).filter(
    (one) => one !== "host" && (forwarded || headers.includes(FIELD_OF[one])),
  );
  return {
    from: proxy === "*" ? ["0.0.0.0/0", "::/0", "unix:"] : [proxy],
    take,
    fields: forwarded ? "forwarded" : "x-forwarded",
    hops: Number(lastOf(words, "trusted-proxy-count") ?? 1),
    strip,
  };
}

const FIELD_OF = {
  address: "x-forwarded-for",
  scheme: "x-forwarded-proto",
  host: "x-forwarded-host",
  port: "x-forwarded-port",
} as const;

function limitsOf(words: WaitressWords): Plain {
  const limits: Plain = {};
  const header = lastOf(words, "max-request-header-size");
  const body = lastOf(words, "max-request-body-size");
  const connections = lastOf(words, "connection-limit");
  const idle = lastOf(words, "channel-timeout");
  if (header !== null) limits["header_size"] = Number(header);
  limits["body"] = Number(body ?? 1024 ** 3);
  if (connections !== null) limits["connections"] = Number(connections);
  return { limits, ...(idle === null ? {} : { timeouts: { idle: `${idle}s` } }) };
}

/** RFC 3986, section 3.1; what is none says nothing. */
function schemeOf(written: string | null): string {
  return written !== null && /^[A-Za-z][A-Za-z0-9+.-]*$/.test(written) ? written : "http";
}

/** A prefix, or a scheme that is said, makes a site of its own: the app is mounted there, or told of that scheme. */
function siteOf(words: WaitressWords, app: string, listeners: readonly string[]): Plain {
  const prefix = (lastOf(words, "url-prefix") ?? "").replace(/\/+$/, "");
  const scheme = schemeOf(lastOf(words, "url-scheme"));
  if (prefix === "" && scheme === "http") return {};
  const path = prefix === "" || prefix.startsWith("/") ? prefix : `/${prefix}`;
  const route = {
    ...(path === "" ? {} : { path, mount: path }),
    app,
    ...(scheme === "http" ? {} : { environ: { "wsgi.url_scheme": scheme } }),
  };
  const trust = trustOf(words);
  const trusted = trust === null ? {} : { trusted_proxies: trust };
  const mode = lastOf(words, "unix-socket-perms") ?? "600";
  const bound = listeners.map((address) =>
    address.startsWith("unix:") ? { address, mode: `0${mode}`, unlink: false } : address,
  );
  return { listeners: bound, sites: [{ listeners, ...trusted, routes: [route] }] };
}
