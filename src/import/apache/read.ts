import { basename, dirname, join } from "node:path";
import { ignored, Ledger, type Outcome, undecided } from "../ledger.ts";
import type { Reader, Reading } from "../reading.ts";
import type { Plain } from "../tree.ts";
import { type Collected, Collector } from "./collect.ts";
import type { OptionsDraft } from "./options.ts";
import { trustOf } from "./remote-ip.ts";
import type { RewriteDraft } from "./rewrite-draft.ts";
import { environmentVariable } from "./rewrite-text.ts";
import { routesOf, type ServerRoutes } from "./routes.ts";
import { answersSomething, inherit, inOrder, type Scope, type ScriptAlias } from "./scope.ts";
import { listenerOf } from "./tls.ts";

/** Reads Apache's configuration: virtual hosts, or a fragment without one, with mod_wsgi, proxies and files. */
export const readApache: Reader = (source, context) => {
  const ledger = new Ledger();
  const file = source.form === "file" ? source.path : join(context.directory, source.words.at(-1) ?? "httpd.conf");
  const text = source.form === "file" ? source.text : (context.readFile(file) ?? "");
  const collector = new Collector(ledger, context, file);
  collector.readFile(file, text);
  collector.readFolders();
  const collected = collector.result;
  const apps = new Map<string, Plain>();
  const names = new Map<string, string>();
  const app = (script: ScriptAlias, options: readonly OptionsDraft[]): string => {
    const settings = appOf(script, options, collected);
    const key = JSON.stringify(settings);
    const known = names.get(key);
    if (known !== undefined) return known;
    const name = appName(groupOf(script, options) ?? basename(script.target), script.target, apps);
    names.set(key, name);
    apps.set(name, settings);
    return name;
  };
  const { server, hosts, listen } = collected;
  const logs = commonLogs(server, hosts);
  const scopes = hosts.map((host) => inherit(host, server));
  // The main server answers where no virtual host does; a name alone is not worth a site.
  if (hosts.length === 0 && answersSomething(server))
    scopes.push({ ...server, proxies: inOrder(server.proxies), addresses: [...new Set(listen)] });
  const listeners = [...new Set([...listen, ...hosts.flatMap(({ addresses }) => addresses)])].map((address) => {
    const on = scopes.filter(({ addresses }) => addresses.includes(address));
    return listenerOf(
      address,
      on.map(({ tls }) => tls),
      ledger,
    );
  });
  const taken = new Set<string>();
  const variables: Plain = {};
  const sites = scopes.map((scope) =>
    siteOf(
      scope,
      server,
      routesOf(scope, {
        server: server.options,
        app,
        machine: context,
        ledger,
        variables,
        errorTexts: new Map(),
        undecided: ({ place, name }, note) => ledger.say(place, name, undecided(note)),
      }),
      taken,
      scopes.length > 1,
      {
        ...(scope.logs.length === 0 || isSame(scope.logs, logs) ? {} : { access_log: asWritten(scope.logs) }),
        ...trustedBy(scope, server),
      },
    ),
  );
  if (JSON.stringify(sites).includes("{and_args}"))
    variables["and_args"] = { from: "{args}", values: { "": "" }, default: "&{args}" };
  sayUnused([server, ...hosts], ledger);
  return {
    kind: "apache",
    settings: {
      ...collected.top,
      ...(Object.keys(variables).length === 0 ? {} : { variables }),
      ...(Object.keys(collected.logs.used).length === 0 ? {} : { log_formats: collected.logs.used }),
      ...(logs.length === 0 ? {} : { access_log: asWritten(logs) }),
      ...(listeners.length === 0 ? {} : { listeners }),
      ...(apps.size === 0 ? {} : { apps: Object.fromEntries(apps) }),
      ...(Object.keys(collected.upstreams).length === 0 ? {} : { upstreams: collected.upstreams }),
      ...(sites.length === 0 ? {} : { sites }),
    } as Reading["settings"],
    doors: [],
    directives: ledger.all(),
    files: collected.files,
  };
};

// --- internal ---

/** What is said of rules that nothing came of. */
function sayUnused(scopes: readonly Scope[], ledger: Ledger): void {
  const say = ({ engine, lines }: RewriteDraft, note: Outcome): void => {
    for (const { place, name } of lines) ledger.say(place, name, engine === true ? note : OFF);
  };
  for (const { options, directories, locations } of scopes) {
    if (options.rewrite.engine !== true) say(options.rewrite, OFF);
    for (const area of directories) if (!area.rewritten) say(area.options.rewrite, ELSEWHERE);
    for (const area of locations) say(area.options.rewrite, IN_LOCATION);
  }
}

const OFF = ignored("Apache passes over it: RewriteEngine is not on here");
const ELSEWHERE = ignored("no file of this folder is served here");
const IN_LOCATION = undecided("rules in a <Location> have no counterpart: put it at the site");

function trustedBy(scope: Scope, server: Scope): Plain {
  const trusted = trustOf(scope.remote, server.remote);
  return trusted === null ? {} : { trusted_proxies: trusted };
}

/** The first host of an address answers for names that none has. */
function siteOf(
  scope: Scope,
  server: Scope,
  { options, rules, routes }: ServerRoutes,
  taken: Set<string>,
  several: boolean,
  logs: Plain,
): Plain {
  const site = JSON.stringify([options, rules, routes, logs]);
  const named = [...new Set([...site.matchAll(/\{(env_\w+)\}/g)].map(([, name]) => name!))];
  const fixed = Object.entries({ ...server.options.environ, ...scope.options.environ });
  const set = named.map((name) => {
    const [, value] = fixed.find(([key]) => environmentVariable(key) === name) ?? [];
    return { set: name, to: typeof value === "string" && value !== `{${name}}` ? value : "" };
  });
  const first = several && scope.addresses.some((address) => !taken.has(address));
  for (const address of scope.addresses) taken.add(address);
  return {
    ...(scope.hosts.length === 0 ? {} : { hosts: [...new Set(scope.hosts)] }),
    ...(scope.addresses.length === 0 ? {} : { listeners: scope.addresses }),
    ...(first ? { default: true } : {}),
    ...logs,
    ...options,
    ...(rules.length + set.length === 0 ? {} : { rules: [...set, ...rules] }),
    routes: routes.length === 0 ? [{ fail: 404 }] : routes,
  };
}

/** What holds for everything: the logs of the main server, or those that all virtual hosts have alike. */
function commonLogs(server: Scope, hosts: readonly Scope[]): readonly unknown[] {
  const [first, ...others] = hosts;
  if (server.logs.length > 0 || first === undefined) return server.logs;
  return others.every(({ logs }) => isSame(logs, first.logs)) ? first.logs : [];
}

function asWritten(logs: readonly unknown[]): unknown {
  return logs.length === 1 ? logs[0] : logs;
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function groupOf(script: ScriptAlias, options: readonly OptionsDraft[]): string | null {
  const group = script.group ?? options.map(({ wsgi }) => wsgi.group).findLast((name) => name !== null) ?? null;
  return group === "%{GLOBAL}" ? null : group;
}

/** The settings of the app behind a script: those of its process group, or of mod_wsgi's embedded mode. */
function appOf(script: ScriptAlias, options: readonly OptionsDraft[], { daemons, embedded }: Collected): Plain {
  const group = groupOf(script, options);
  const daemon = group === null ? undefined : daemons.get(group);
  const callable =
    script.callable ?? options.map(({ wsgi }) => wsgi.callable).findLast((name) => name !== null) ?? null;
  const reloading = options.map(({ wsgi }) => wsgi.reloading).findLast((flag) => flag !== null) ?? null;
  return {
    script: script.target,
    ...(callable === null || callable === "application" ? {} : { callable }),
    directory: dirname(script.target),
    ...(daemon === undefined ? embedded : { ...embedded, ...daemon.settings }),
    ...(reloading === true ? { reload: true } : {}),
  };
}

function appName(wanted: string, script: string, apps: ReadonlyMap<string, Plain>): string {
  const clean = (text: string): string =>
    text
      .replace(/\.(?:wsgi|py)$/, "")
      .replace(/[^A-Za-z0-9_-]+/g, "-")
      .replace(/^[-_]+|-+$/g, "")
      .slice(0, 40);
  const plain = clean(wanted) || clean(basename(script)) || "app";
  if (!apps.has(plain)) return plain;
  for (let number = 2; ; number++) if (!apps.has(`${plain}-${number}`)) return `${plain}-${number}`;
}
