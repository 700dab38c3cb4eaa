import type { Plain } from "../tree.ts";
import { cacheAt } from "./cache.ts";
import { charsetAt } from "./charset.ts";
import { requestHeaders } from "./headers.ts";
import { type ProxyTarget, proxyTarget, targetKeys } from "./proxy-target.ts";
import { resolverOf } from "./resolver.ts";
import type { Scope } from "./scope.ts";
import { isRegex, pathOf } from "./static-files.ts";
import type { Translation } from "./translation.ts";
import { type Directive, firstOf, textsOf } from "./tree.ts";
import { durationText, timeOf } from "./units.ts";
import { compact, sectionOf } from "./values.ts";

/** The directives that hand a request to another server, and what their family of settings is called. */
export const PASSES: Readonly<Record<string, { readonly family: string; readonly protocol: string }>> = {
  proxy_pass: { family: "proxy", protocol: "http" },
  uwsgi_pass: { family: "uwsgi", protocol: "uwsgi" },
  fastcgi_pass: { family: "fastcgi", protocol: "fastcgi" },
  scgi_pass: { family: "scgi", protocol: "scgi" },
};

/** NGINX keeps these of an upstream to itself, unless `*_pass_header` names them. */
const HIDDEN: Readonly<Record<string, readonly string[]>> = {
  proxy: ["Date", "Server", "X-Pad"],
  uwsgi: [],
  fastcgi: [],
  scgi: [],
};
const RETRIES: Readonly<Record<string, string>> = {
  error: "error",
  timeout: "timeout",
  invalid_header: "invalid-header",
  http_500: "500",
  http_502: "502",
  http_503: "503",
  http_504: "504",
  http_403: "403",
  http_404: "404",
  http_429: "429",
  non_idempotent: "non-idempotent",
};

const UNKNOWN: ProxyTarget = { protocol: "https", server: "", uri: null, hasVariables: true };

/** A route's handler and what else it needs; null where the target can't be known. */
export function proxyRoute(pass: Directive, scope: Scope, t: Translation): Plain | null {
  t.ledger.claim(pass);
  const { family, protocol } = PASSES[pass.name]!;
  const target = proxyTarget(pass, protocol, scope, t) ?? UNKNOWN;
  const location = scope.within("location");
  const isNamed = location !== null && (isRegex(location) || pathOf(location).startsWith("@") || scope.kind === "if");
  noteUri(pass, target.uri, target.hasVariables, location, isNamed, t);
  const http = family === "proxy" ? requestHeaders(scope, t) : null;
  const setsHost = Object.keys(http?.set ?? {}).some((name) => name.toLowerCase() === "host");
  const own = new Family(family, scope, t);
  const proxy = compact({
    ...targetKeys(target, isNamed),
    resolver: /\{\w+\}/.test(target.server)
      ? resolverOf(scope.one("resolver"), scope.one("resolver_timeout"), t)
      : undefined,
    host: http === null || setsHost ? undefined : "{proxy_host}",
    forwarded: false,
    method: own.template("method"),
    body: own.isOff("pass_request_body") ? false : own.template("set_body"),
    pass_headers: own.isOff("pass_request_headers") ? passedFields(http?.set) : undefined,
    parameters: http === null ? parameters(family, scope, t) : undefined,
    script: family === "fastcgi" ? own.script() : undefined,
    buffering: own.flag("buffering", true),
    request_buffering: own.flag("request_buffering", true),
    connect_timeout: own.duration("connect_timeout") ?? "1m",
    send_timeout: own.duration("send_timeout"),
    read_timeout: own.duration("read_timeout"),
    retry: own.retry(),
    redirects: http === null ? undefined : redirects(scope, t),
    cookies: http === null ? undefined : cookies(scope, t),
    hide: own.hidden(),
    underscores: passesAnyName(scope, t),
    keep_connections: family === "fastcgi" && !own.isOn("keep_conn") ? false : undefined,
    upgrade: http?.tunnels === true ? undefined : false,
    accel: own.ignoresAccel() ? false : undefined,
    tls: target.protocol === "https" || target.protocol === "" ? own.tls() : undefined,
  });
  if (http !== null) noteVersion(scope, t);
  own.noteOthers();
  const intercept = scope.isOn(`${family}_intercept_errors`, false);
  t.ledger.claimAll(scope.nearest(`${family}_intercept_errors`));
  if (target === UNKNOWN) return null;
  return compact({
    proxy,
    request_headers: http === null ? undefined : sectionOf({ set: sectionOf(http.set) }),
    intercept: intercept || undefined,
    charset: charsetAt(scope, t),
    cache: cacheAt(family, target.server, scope, t),
  });
}

// --- internal ---

/** One family of settings: `proxy_*`, `uwsgi_*`, ... */
class Family {
  readonly #name: string;
  readonly #scope: Scope;
  readonly #t: Translation;

  constructor(name: string, scope: Scope, t: Translation) {
    this.#name = name;
    this.#scope = scope;
    this.#t = t;
  }

  flag(name: string, otherwise: boolean): boolean | undefined {
    const directive = this.#claimed(name);
    if (directive === null) return undefined;
    const value = firstOf(directive) === "on";
    return value === otherwise ? undefined : value;
  }

  isOn(name: string): boolean {
    const directive = this.#claimed(name);
    return directive !== null && firstOf(directive) === "on";
  }

  isOff(name: string): boolean {
    const directive = this.#claimed(name);
    return directive !== null && firstOf(directive) === "off";
  }

  /** How a path becomes a script's name and what follows it. */
  script(): Plain | undefined {
    const index = this.#claimed("index");
    const split = this.#claimed("split_path_info");
    const pattern = split === null ? null : this.#t.pattern(split, firstOf(split));
    if (split !== null && pattern !== null && new RegExp(`${pattern.source}|`).exec("")!.length < 3)
      this.#t.refuse(split, `pattern "${firstOf(split)}" must have 2 captures`);
    return sectionOf({ index: index === null ? undefined : firstOf(index), split: pattern?.source });
  }

  template(name: string): string | undefined {
    const directive = this.#claimed(name);
    return directive === null ? undefined : this.#t.template(directive, firstOf(directive));
  }

  duration(name: string): string | undefined {
    const directive = this.#claimed(name);
    if (directive === null) return undefined;
    this.#t.placeholders(directive, firstOf(directive));
    if (timeOf(firstOf(directive)) === null && !/[${<_]/.test(firstOf(directive)))
      this.#t.refuse(directive, `"${directive.name}" directive invalid value`);
    return durationText(firstOf(directive));
  }

  retry(): unknown {
    const next = this.#claimed("next_upstream");
    const tries = this.#claimed("next_upstream_tries");
    const timeout = this.#claimed("next_upstream_timeout");
    const words = next === null ? [] : textsOf(next);
    if (words.includes("off")) return false;
    const on = words.flatMap((word) => RETRIES[word] ?? []);
    if (on.length < words.length)
      this.#t.ledger.claim(next!, "approximated", "updating has no meaning without a cache");
    return sectionOf({
      on: on.length === 0 || on.join() === "error,timeout" ? undefined : on,
      tries: tries === null ? undefined : Number(firstOf(tries)),
      timeout: timeout === null ? undefined : durationText(firstOf(timeout)),
    });
  }

  hidden(): string[] | undefined {
    const passed = this.#scope.nearest(`${this.#name}_pass_header`);
    const hidden = this.#scope.nearest(`${this.#name}_hide_header`);
    this.#t.ledger.claimAll([...passed, ...hidden]);
    const kept = new Set(passed.map((directive) => firstOf(directive).toLowerCase()));
    const names = [...HIDDEN[this.#name]!, ...hidden.map(firstOf)].filter((name) => !kept.has(name.toLowerCase()));
    return names.length === 0 ? undefined : [...new Set(names)];
  }

  ignoresAccel(): boolean {
    const directives = this.#scope.nearest(`${this.#name}_ignore_headers`);
    this.#t.ledger.claimAll(directives);
    return directives.filter((directive) => this.#ignoresAccel(directive)).length > 0;
  }

  #ignoresAccel(directive: Directive): boolean {
    const names = textsOf(directive).map((name) => name.toLowerCase());
    if (
      names.some((name) => !/^(?:x-accel-redirect|cache-control|expires|set-cookie|vary|x-accel-expires)$/.test(name))
    )
      this.#t.ledger.claim(directive, "approximated", "of X-Accel's fields X-Accel-Redirect alone can be ignored");
    if (names.includes("set-cookie"))
      this.#t.ledger.claim(
        directive,
        "approximated",
        "what is kept has no Set-Cookie, so that no client gets another's",
      );
    return names.includes("x-accel-redirect");
  }

  tls(): Plain | undefined {
    const verify = this.#claimed("ssl_verify");
    const ca = this.#claimed("ssl_trusted_certificate");
    const crl = this.#claimed("ssl_crl");
    const name = this.#claimed("ssl_name");
    const sni = this.#claimed("ssl_server_name");
    const certificate = this.#claimed("ssl_certificate");
    const key = this.#claimed("ssl_certificate_key");
    if (sni === null || firstOf(sni) === "off")
      if (sni !== null) this.#t.ledger.claim(sni, "approximated", "the name is always sent (SNI)");
    return compact({
      verify: verify !== null && firstOf(verify) === "on",
      crl: crl === null ? undefined : this.#t.configurationPath(crl, firstOf(crl)),
      ca: ca === null ? undefined : this.#t.configurationPath(ca, firstOf(ca)),
      name: name === null ? undefined : this.#t.template(name, firstOf(name)),
      certificate: certificate === null ? undefined : this.#t.configurationPath(certificate, firstOf(certificate)),
      key: key === null ? undefined : this.#t.configurationPath(key, firstOf(key)),
    });
  }

  /** Settings that change less than an answer, or something that is not here yet. */
  noteOthers(): void {
    for (const [names, verdict, note] of OTHERS)
      for (const name of names.split(" ")) {
        const directive = this.#scope.one(`${this.#name}_${name}`);
        if (directive !== null) this.#t.ledger.claimAll(this.#scope.nearest(`${this.#name}_${name}`), verdict, note);
      }
  }

  #claimed(name: string): Directive | null {
    const directive = this.#scope.one(`${this.#name}_${name}`);
    if (directive !== null) this.#t.ledger.claim(directive);
    return directive;
  }
}

const OTHERS: readonly (readonly [string, "approximated" | "ignored" | "needs-a-decision", string])[] = [
  ["store store_access", "needs-a-decision", "answers are not stored as files"],
  ["limit_rate", "approximated", "the upstream is read as fast as the client reads"],
  ["ignore_client_abort", "approximated", "when the client goes away the upstream is told at once"],
  ["bind", "needs-a-decision", "the system chooses the address that connections are made from"],
  ["modifier1 modifier2", "approximated", "both modifiers are always 0, which is WSGI"],
];

/** Both belong to a server: NGINX looks at the one of the first that listens at the address. */
function passesAnyName(scope: Scope, t: Translation): true | undefined {
  const underscores = scope.one("underscores_in_headers");
  if (underscores === null) return undefined;
  t.ledger.claim(underscores);
  return firstOf(underscores).toLowerCase() === "on" ? true : undefined;
}

/** Of a request whose fields don't go on: those that `proxy_set_header` gives. */
function passedFields(set: Readonly<Record<string, unknown>> = {}): false | string[] {
  const names = Object.keys(set);
  return names.length === 0 ? false : names;
}

function noteVersion(scope: Scope, t: Translation): void {
  const version = scope.one("proxy_http_version");
  if (version === null) return;
  const is11 = firstOf(version) === "1.1";
  t.ledger.claim(version, is11 ? "mapped" : "approximated", is11 ? "" : "upstreams are spoken to by HTTP/1.1");
}

function noteUri(
  pass: Directive,
  uri: string | null,
  hasVariables: boolean,
  location: Scope | null,
  isNamed: boolean,
  t: Translation,
): void {
  if (pass.name !== "proxy_pass" || location === null) return;
  const path = pathOf(location);
  if (uri === null)
    t.ledger.claim(pass, "mapped", path === "/" ? "" : "without a URI part: the path goes on as it came");
  else if (hasVariables) t.ledger.claim(pass, "mapped", "with variables in it the URI is sent just as it is written");
  else if (isNamed)
    t.refuse(
      pass,
      '"proxy_pass" cannot have URI part in location given by regular expression, or inside named location, or inside "if" statement, or inside "limit_except" block',
    );
  else if (uri !== path)
    t.ledger.claim(pass, "mapped", `with a URI part: ${path} at the front of the path becomes ${uri}`);
}

function parameters(family: string, scope: Scope, t: Translation): Plain {
  const result: Plain = {};
  for (const directive of scope.nearest(`${family}_param`)) {
    t.ledger.claim(directive);
    const [name, written, flag] = textsOf(directive);
    const value = t.template(directive, written!);
    if (flag === "if_not_empty") {
      if (value === "") continue;
      if (value.includes("{")) t.ledger.claim(directive, "approximated", "it is sent empty too");
    }
    result[name!] = value;
  }
  return result;
}

function redirects(scope: Scope, t: Translation): unknown {
  const found = scope.nearest("proxy_redirect");
  t.ledger.claimAll(found);
  if (found.some((directive) => firstOf(directive) === "off")) return false;
  if (found.length === 0 || (found.length === 1 && firstOf(found[0]!) === "default")) return undefined;
  return found.map((directive) => {
    const [from, to] = textsOf(directive);
    return from === "default" ? from : { from: fromText(directive, from!, t), to: t.template(directive, to ?? "") };
  });
}

function cookies(scope: Scope, t: Translation): Plain | undefined {
  const rewrites = (name: string): Plain[] | undefined => {
    const found = scope.nearest(name);
    t.ledger.claimAll(found);
    const list = found.flatMap((directive) => {
      const [from, to] = textsOf(directive);
      return from === "off" || to === undefined
        ? []
        : [{ from: fromText(directive, from!, t), to: t.template(directive, to) }];
    });
    return list.length === 0 ? undefined : list;
  };
  return sectionOf({
    paths: rewrites("proxy_cookie_path"),
    domains: rewrites("proxy_cookie_domain"),
    flags: cookieFlags(scope, t),
  });
}

function cookieFlags(scope: Scope, t: Translation): Plain[] | undefined {
  const found = scope.nearest("proxy_cookie_flags");
  t.ledger.claimAll(found);
  const list = found.flatMap((directive) => {
    const [name, ...flags] = textsOf(directive);
    if (name === "off" || flags.length === 0) return [];
    for (const flag of flags)
      if (!/^(?:no)?(?:secure|httponly)$|^nosamesite$|^samesite(?:=(?:strict|lax|none))?$|\$/i.test(flag))
        t.refuse(directive, `invalid parameter "${flag}"`);
    return [
      {
        name: fromText(directive, name!.replace(/^~(?!\*)/, "~*"), t),
        set: flags.map((flag) => t.template(directive, flag)),
      },
    ];
  });
  return list.length === 0 ? undefined : list;
}

/** What is looked for: text with variables, or a pattern after `~`. */
function fromText(directive: Directive, from: string, t: Translation): string {
  const match = /^~(\*?)\s*(.*)$/.exec(from);
  if (match === null) return t.template(directive, from);
  const pattern = t.pattern(directive, match[2]!);
  const anyCase = match[1] === "*" || pattern?.ignoreCase === true;
  return `~${anyCase ? "*" : ""}${pattern?.source ?? "$^"}`;
}
