import path from "node:path";
import { describePlace, ProblemList, PropylonError } from "../../base/errors.ts";
import type { WrittenSettings } from "../../config/schema.ts";
import type { DirectiveReport, ForeignSource, ReadContext, Reader, Reading } from "../reading.ts";
import type { Plain } from "../tree.ts";
import { cacheStores } from "./cache.ts";
import { CLOSED_BLOCKS, TABLE_BLOCKS } from "./directives.ts";
import { variableOf } from "./maps.ts";
import { parseConfiguration } from "./parse.ts";
import { probe } from "./probe.ts";
import { Scope } from "./scope.ts";
import { type Server, serverOf } from "./server.ts";
import { sitesOf } from "./sites.ts";
import { topSettings } from "./top.ts";
import { Translation } from "./translation.ts";
import { type Directive, firstOf, type Parsed } from "./tree.ts";
import { upstreamSection } from "./upstream.ts";
import { sectionOf } from "./values.ts";
import { fateOf } from "./verdicts.ts";

export interface NginxOptions {
  /** Where `root html` and log files start, absolute; null: the folder of the main file. */
  readonly prefix: string | null;
  /** Refuse all that NGINX refuses, as `nginx -t` does: fragments, and includes that can't be read. */
  readonly strict: boolean;
  /** Directives of the command line (`-g`), read before the file's. */
  readonly extra: string;
}

/** Reads an nginx.conf, or a fragment of one: `server` blocks, `location` blocks, directives of the http level. */
export const readNginx: Reader = (source, context) =>
  readNginxWith(source, context, { prefix: null, strict: false, extra: "" });

/** The same with what the command line of nginx says. */
export function readNginxWith(source: ForeignSource, machine: ReadContext, options: NginxOptions): Reading {
  if (source.form === "command")
    throw new PropylonError("usage", "expected an nginx.conf, got a command line", { place: source.place });
  const folder = path.dirname(source.path);
  const prefix = options.prefix ?? folder;
  const parsed = parseConfiguration(source.path, source.text, machine, {
    configurationFolder: folder,
    strict: options.strict,
    extra: options.extra,
  });
  const t = new Translation(parsed.directives, machine, {
    prefix,
    configurationFolder: folder,
    context: parsed.context,
    strict: options.strict,
  });
  const settings = translate(parsed, t);
  if (t.problems.length > 0) throw new ProblemList(t.problems);
  return {
    kind: "nginx",
    // Written in the keys of the schema, which checks it when it is loaded.
    settings: settings as WrittenSettings,
    doors: [],
    directives: report(parsed.directives, t),
    files: [...new Set(parsed.files.map((file) => file.path))],
    ...(options.strict ? { pidFile: pidFileOf(parsed, prefix) } : {}),
  };
}

/** Where nginx writes its process id: `pid`, else `logs/nginx.pid` under the prefix. */
export function pidFileOf(parsed: Parsed, prefix: string): string {
  const directive = parsed.directives.find((one) => one.name === "pid");
  return path.resolve(prefix, directive === undefined ? "logs/nginx.pid" : firstOf(directive));
}

// --- internal ---

function translate(parsed: Parsed, t: Translation): Plain {
  const outermost = new Scope(parsed.context === "M" ? "main" : "http", parsed.directives, null);
  const https = parsed.context === "M" ? outermost.own("http") : [];
  t.ledger.claimAll(https);
  const http =
    parsed.context === "M"
      ? new Scope(
          "http",
          https.flatMap((directive) => directive.block ?? []),
          outermost,
          https[0] ?? null,
        )
      : outermost;
  const servers = parsed.context === "S" ? [bareServer(parsed, t)] : serversIn(http, t);
  const upstreams = http
    .own("upstream")
    .map((block) => [t.upstream(firstOf(block)), upstreamSection(block, http, t)] as const);
  const tables = ["map", "geo", "split_clients"]
    .flatMap((name) => http.own(name))
    .flatMap((block) => {
      const variable = variableOf(block, t);
      return variable === null ? [] : [variable];
    });
  // What stands around servers that are in other files holds for them.
  if (servers.length === 0) probe(http.directives, t);
  const scopes = servers.map((server) => server.scope);
  const top = topSettings(parsed.context === "M" ? outermost : null, parsed.context === "S" ? null : http, scopes, t);
  return {
    ...top,
    ...sectionOf({ caches: cacheStores(parsed.context === "S" ? null : http, t) }),
    ...sectionOf({
      variables: sectionOf(Object.fromEntries(tables)),
      upstreams: sectionOf(Object.fromEntries(upstreams)),
    }),
    ...sitesOf(servers, t),
  };
}

interface ScopedServer extends Server {
  readonly scope: Scope;
}

function serversIn(http: Scope, t: Translation): ScopedServer[] {
  return http.own("server").map((directive) => {
    const scope = new Scope("server", directive.block ?? [], http, directive);
    return { ...serverOf(directive, scope, t), scope };
  });
}

/** What stands in a file that is itself the inside of a server. */
function bareServer(parsed: Parsed, t: Translation): ScopedServer {
  const scope = new Scope("server", parsed.directives, null);
  return { ...serverOf(null, scope, t), scope };
}

/** A line for each directive, those of included files where the include stands. */
function report(directives: readonly Directive[], t: Translation): DirectiveReport[] {
  const closed = new Map(
    everything(directives)
      .filter(({ name }) => CLOSED_BLOCKS.has(name))
      .flatMap((block) => everything(block.block ?? []).map((inner) => [inner, block] as const)),
  );
  return everything(directives).map((directive) => {
    const block = closed.get(directive);
    const fate = (): ReturnType<typeof fateOf> =>
      block === undefined
        ? fateOf(directive, t.isWhole)
        : {
            verdict: "ignored",
            note: `${block.name} as a whole is to be decided about (${describePlace(block.place)})`,
          };
    return t.ledger.report(directive, fate);
  });
}

function everything(directives: readonly Directive[]): Directive[] {
  return directives
    .filter((directive) => !directive.builtIn)
    .flatMap((directive) => [
      directive,
      ...(directive.block === null || TABLE_BLOCKS.has(directive.name) ? [] : everything(directive.block)),
    ]);
}
