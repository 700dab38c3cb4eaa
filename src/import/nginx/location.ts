import type { Plain } from "../tree.ts";
import { differing, optionsAt, routeName } from "./options.ts";
import { PASSES, proxyRoute } from "./proxy.ts";
import { type Rules, rulesOf } from "./rules.ts";
import { Scope } from "./scope.ts";
import { folderAt, isRegex, pathOf, rootAt, staticSection } from "./static-files.ts";
import type { Translation } from "./translation.ts";
import { type Directive, firstOf, textsOf } from "./tree.ts";
import { compact } from "./values.ts";

/** Options of the site and of the routes around a route, so that only differences are written. */
export type Surroundings = readonly Plain[];

const NO_COUNTERPART =
  /^(?:grpc_pass|memcached_pass|js_content|perl|content_by_lua\w*|passenger_enabled|empty_gif|tunnel_pass|xslt_\w+|image_filter|echo)$/;

/** What `stub_status` answers, which programs read. */
const STUB_STATUS = `Active connections: {connections_active} 
server accepts handled requests
 {connections_accepted} {connections_handled} {requests_total} 
Reading: {connections_reading} Writing: {connections_writing} Waiting: {connections_waiting} 
`;

/** The route that a `location` comes to; null where it never answers. */
export function locationRoute(directive: Directive, parent: Scope, t: Translation, around: Surroundings): Plain | null {
  t.ledger.claim(directive);
  const match = matchOf(directive, parent, t);
  if (match === null) return null;
  const scope = new Scope("location", directive.block ?? [], parent, directive);
  const route = t.withRoot(
    () => rootAt(scope, t),
    () => routeAt(scope, t, around),
  );
  return { ...match, ...route };
}

/** What answers at a level: the keys of a route. */
export function answerAt(scope: Scope, t: Translation, rules: Rules): Plain {
  if (rules.answer !== null) return rules.answer;
  const other = scope.directives.find((directive) => NO_COUNTERPART.test(directive.name) && directive.fate === null);
  if (other !== undefined) {
    t.ledger.claim(other, "needs-a-decision", "nothing here can answer so; clients get 501");
    return { fail: 501 };
  }
  const status = scope.own("stub_status").at(-1);
  if (status !== undefined) {
    t.ledger.claim(status, "mapped", "the admin listener's /metrics tells more");
    return { respond: { body: STUB_STATUS, headers: { "Content-Type": "text/plain" } } };
  }
  const handler = passAt(scope, t) ?? filesAt(scope, t);
  const tried = scope.own("try_files").at(-1);
  return tried === undefined ? handler : tryFiles(tried, scope, handler, t);
}

/** The routes of the `location` blocks right at a level; undefined for none. */
export function nestedRoutes(scope: Scope, t: Translation, around: Surroundings): Plain[] | undefined {
  const seen = new Set<string>();
  const routes = scope.own("location").flatMap((directive): Plain[] => {
    const route = locationRoute(directive, scope, t, around);
    if (route === null) return [];
    const { prefix, exact, name } = route;
    if ((prefix ?? exact ?? name) === undefined) return [route];
    const key = JSON.stringify([prefix, exact, name]);
    if (seen.has(key)) {
      t.refuse(directive, `duplicate location "${textsOf(directive).at(-1)}"`);
      return [];
    }
    seen.add(key);
    return [route];
  });
  return routes.length === 0 ? undefined : routes;
}

/** Rules as the schema has them: undefined for none. */
export function rulesWith(first: readonly Plain[], rules: Rules): Plain[] | undefined {
  const all = [...first, ...rules.rules];
  return all.length === 0 ? undefined : all;
}

// --- internal ---

/** All of a route but what it matches. */
function routeAt(scope: Scope, t: Translation, around: Surroundings): Plain {
  const options = optionsAt(scope, t);
  const inner = [...around, options];
  const rules = rulesOf(scope, t, (level, own) => ifRoute(level, own, t, inner));
  const guard = limitExcept(scope, t);
  return compact({
    internal: isInternal(scope, t) || undefined,
    ...differing(options, around),
    rules: rulesWith(guard, rules),
    ...answerAt(scope, t, rules),
    routes: nestedRoutes(scope, t, inner),
  });
}

function matchOf(directive: Directive, parent: Scope, t: Translation): Plain | null {
  const words = textsOf(directive);
  const joined = words.length === 1 ? /^(\^~|~\*?|=)(?=\S)([\s\S]*)$/.exec(words[0]!) : null;
  const [modifier, path] = joined === null ? (words.length === 1 ? ["", words[0]!] : words) : [joined[1]!, joined[2]!];
  t.placeholders(directive, path!);
  if (path!.startsWith("@") && modifier === "") {
    if (parent.kind === "location") t.refuse(directive, `named location "${path}" can be on the server level only`);
    return { name: routeName(path!), named_only: true };
  }
  if (modifier === "~" || modifier === "~*") {
    const pattern = t.pattern(directive, path!);
    if (pattern === null) return null;
    return compact({ regex: pattern.source, ignore_case: modifier === "~*" || pattern.ignoreCase || undefined });
  }
  if (modifier !== "" && modifier !== "=" && modifier !== "^~") {
    t.refuse(directive, `invalid location modifier "${modifier}"`);
    return null;
  }
  const outer = pathOf(parent);
  if (parent.kind === "location" && !isRegex(parent) && !path!.startsWith(outer))
    t.refuse(directive, `location "${path}" is outside location "${outer}"`);
  if (!/^(?:\/|\$\{)/.test(path!) || /[?#]/.test(path!)) {
    t.ledger.claim(
      directive,
      /^__|^\{\{|^<%/.test(path!) ? "needs-a-decision" : "approximated",
      "no path begins so; left out, as it never answers in NGINX either",
    );
    return null;
  }
  if (modifier === "=") return { exact: path };
  return compact({ prefix: path, final: modifier === "^~" || undefined });
}

function isInternal(scope: Scope, t: Translation): boolean {
  const own = scope.own("internal");
  t.ledger.claimAll(own);
  return own.length > 0;
}

/** Files of the `root` or `alias` in effect. NGINX's own default, `html`, need not be there. */
function filesAt(scope: Scope, t: Translation): Plain {
  const folder = folderAt(scope, t);
  const isWritten = scope.nearest("root").length > 0 || scope.nearest("alias").length > 0;
  if (!isWritten && !t.machine.isDirectory(folder.root)) return { fail: 404 };
  return { static: staticSection(scope, t, folder) };
}

/** The `*_pass` in effect; an `if` takes that of its location. null: none. */
function passAt(scope: Scope, t: Translation): Plain | null {
  for (let level: Scope | null = scope; level !== null; level = level.kind === "if" ? level.parent : null) {
    const pass = level.directives.findLast((one) => PASSES[one.name] !== undefined && one.fate === null);
    if (pass !== undefined) return proxyRoute(pass, scope, t) ?? { fail: 502 };
  }
  return null;
}

function ifRoute(scope: Scope, rules: Rules, t: Translation, around: Surroundings): Plain {
  const options = optionsAt(scope, t);
  const answer = answerAt(scope, t, rules);
  return compact({ ...differing(options, around), ...answer });
}

/** NGINX's `try_files`, around what would answer without it. */
function tryFiles(directive: Directive, scope: Scope, handler: Plain, t: Translation): Plain {
  t.ledger.claim(directive);
  const words = textsOf(directive);
  const last = words.pop()!;
  const folder = folderAt(scope, t);
  // In a regex location the alias stands before each of the names, as a root does.
  const root = folder.file !== null && isRegex(scope) ? folder.file : folder.root;
  const { static: files, proxy, ...rest } = handler;
  const found =
    files === undefined ? (proxy === undefined ? rest : { proxy }) : { static: foundFiles(files as Plain, root) };
  const others = files === undefined && proxy === undefined ? {} : rest;
  return {
    ...others,
    try: compact({
      root,
      strip: folder.strip === "" ? undefined : folder.strip,
      files: words.map((word) => t.template(directive, word)),
      found,
      else: lastOf(directive, last, t),
    }),
  };
}

function foundFiles(files: Plain, root: string): Plain {
  const { file, ...rest } = files;
  return file === undefined ? rest : { ...rest, root };
}

function lastOf(directive: Directive, last: string, t: Translation): Plain {
  const code = /^=(\d{3})$/.exec(last);
  if (code !== null) {
    const status = Number(code[1]);
    return status >= 400 && status <= 599 ? { fail: status } : { respond: { status } };
  }
  if (last.startsWith("@")) return { goto: routeName(last) };
  return { goto: t.template(directive, last) };
}

/** `limit_except GET { deny all; }`: other methods get 403. */
function limitExcept(scope: Scope, t: Translation): Plain[] {
  return scope.own("limit_except").map((directive) => {
    t.ledger.claim(directive);
    const inner = directive.block ?? [];
    const deniesAll = inner.some((one) => one.name === "deny" && firstOf(one) === "all");
    if (inner.length === 1 && deniesAll) t.ledger.claimAll(inner);
    else {
      t.ledger.claim(directive, "needs-a-decision", "until you decide, other methods get 403 from everywhere");
      t.ledger.claimAll(inner, "needs-a-decision", "who may use other methods is not told apart");
    }
    const methods = textsOf(directive).map((method) => method.toUpperCase());
    const allowed = methods.includes("GET") ? [...methods, "HEAD"] : methods;
    const when = { value: "{request_method}", matches: `^(?:${[...new Set(allowed)].join("|")})$`, not: true };
    return { when, rules: [{ return: 403 }] };
  });
}
