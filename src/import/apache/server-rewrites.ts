import type { Plain } from "../tree.ts";
import { FORWARDED_HEADERS } from "./proxy.ts";
import { type Rewritten, rewritesOf } from "./rewrite.ts";
import { RewriteMaps } from "./rewrite-map.ts";
import { environmentVariable } from "./rewrite-text.ts";
import type { RouteContext } from "./route-context.ts";
import type { Scope } from "./scope.ts";
import { isUnder } from "./sections.ts";

/** The rules of a server or virtual host, with those of the server where it takes them over. */
export function serverRewrites(scope: Scope, context: RouteContext): Rewritten {
  const own = scope.options.rewrite;
  const { rewrite: wide } = context.server;
  const inherits = own === wide ? null : own.inherits;
  const lines =
    inherits === null
      ? own.lines
      : inherits === "before"
        ? [...wide.lines, ...own.lines]
        : [...own.lines, ...wide.lines];
  if (own.engine !== true || lines.length === 0) return { rules: [], routes: [], environment: [], filesOnly: null };
  const maps = new RewriteMaps(scope.maps, context.machine, context.variables);
  const rewritten = rewritesOf(
    { ...own, lines },
    {
      names: {
        documentRoot: scope.documentRoot ?? "",
        file: "{uri}",
        lookUp: (map, key, otherwise) => maps.lookUp(map, key, otherwise),
      },
      folder: null,
      ledger: context.ledger,
      fresh: namesFor(),
      isDirectory: (path) => context.machine.isDirectory(path),
      isElsewhere: (path) => isElsewhere(path, scope),
    },
  );
  for (const name of rewritten.environment)
    if (name === "HTTP_AUTHORIZATION") scope.options.wsgi.authorization = true;
    else scope.options.environ[name] ??= `{${environmentVariable(name)}}`;
  return rewritten;
}

/** What sets the variables that depend on the request, which the rules and routes of the server look at. */
export function environmentRules(scope: Scope, { server }: RouteContext): readonly Plain[] {
  const drafts = scope.options === server ? [server] : [server, scope.options];
  for (const { environment } of drafts)
    for (const name of environment.names) scope.options.environ[name] ??= `{${environmentVariable(name)}}`;
  return drafts.flatMap(({ environment }) => environment.rules);
}

/** Names that nobody has yet. */
export function namesFor(): (wanted: string) => string {
  const taken = new Set<string>();
  return (wanted) => {
    let name = wanted;
    for (let number = 2; taken.has(name); number++) name = `${wanted}_${number}`;
    taken.add(name);
    return name;
  };
}

/** The same route for requests that no rule has sent to files. */
export function unless(route: Plain, variable: string): Plain {
  const before = route["when"] === undefined ? [] : [route["when"]].flat();
  return { ...route, when: [...before, { value: `{${variable}}`, equals: "file", not: true }] };
}

/** A proxy that a rule leads to, with what the server says of its proxies. */
export function finishProxy(route: Plain, scope: Scope, options: Plain): Plain {
  const headers = (options["request_headers"] ?? {}) as Plain;
  const redirects = scope.reverses.map((reverse) => ({ from: reverse.url, to: reverse.path }));
  return {
    ...route,
    ...options,
    proxy: {
      ...proxyTimes(scope),
      ...(route["proxy"] as Plain),
      host: scope.preserveHost ? "{http_host}" : "{proxy_host}",
      redirects: redirects.length === 0 ? false : redirects,
    },
    request_headers: { ...headers, set: { ...FORWARDED_HEADERS, ...(headers["set"] as Plain | undefined) } },
  };
}

export function proxyTimes({ proxyTimeout }: Scope): Plain {
  return proxyTimeout === null ? {} : { read_timeout: `${proxyTimeout}s`, send_timeout: `${proxyTimeout}s` };
}

// --- internal ---

/** Whether an alias, a script, a redirect or a proxy may answer for a path, of which the beginning is known. */
function isElsewhere(path: string, { aliases, scripts, proxies, redirects }: Scope): boolean {
  const fixed = path.replace(/[{?][\s\S]*$/, "");
  const isOpen = fixed !== path;
  const paths = [...aliases, ...scripts].map(({ match }) => ("path" in match ? match.path : "/"));
  return (
    redirects.length > 0 ||
    [...paths, ...proxies.map((rule) => rule.path)].some(
      (own) => isUnder(fixed, own) || (isOpen && own.startsWith(fixed)),
    )
  );
}
