import type { Log } from "../base/log.ts";
import type { ProxyConfig } from "../config/proxy-model.ts";
import type { Exchange } from "../http/exchange.ts";
import { type ChoiceKey, choiceKeys } from "./choice-key.ts";
import { cookieFlagRules } from "./cookie-flags.ts";
import type { Protocol } from "./protocol.ts";
import type { UpstreamRegistry } from "./registry.ts";
import { cookieDomainRules, cookiePathRules, redirectRules } from "./rewriting.ts";
import { type SecureTargets, secureTargets } from "./secure-targets.ts";
import { type AnswerRules, FOR_US } from "./shown-answer.ts";
import type { PathRule } from "./target-path.ts";
import type { Template, Templates } from "./template.ts";
import type { Upstream } from "./upstream.ts";
import type { Note } from "./upstream-notes.ts";

/** What proxy handlers are made from besides their configuration. */
export interface ProxyParts {
  /** Outlives a reload. */
  readonly upstreams: UpstreamRegistry;
  readonly log: Log;
  readonly templates: Templates;
  /** A Location that is a path as the client is to get it. */
  readonly locate: (exchange: Exchange, location: string) => string;
  /** Gives a variable (`upstream_addr`, ...) of an exchange its value; null: no variable of upstreams is used anywhere. */
  readonly note: Note | null;
  /** Bytes of a request body, and of an answer, that are kept in memory before a file is used. */
  readonly memoryLimit: number;
  /** Bytes of an answer in memory and file before the target is held back. */
  readonly fileLimit: number;
}

/** A `proxy` section made ready: templates compiled, files read. Immutable, and shared by all exchanges of the route. */
export interface ProxyRoute {
  readonly config: ProxyConfig;
  readonly parts: ProxyParts;
  readonly protocol: Protocol;
  /** null: `target` says it for each request. */
  readonly upstream: Upstream | null;
  readonly target: Template | null;
  readonly path: PathRule | null;
  readonly host: Template;
  readonly name: Template;
  readonly method: Template | null;
  readonly body: Template | null;
  readonly passHeaders: ReadonlySet<string> | null;
  readonly parameters: readonly (readonly [string, Template])[];
  readonly rules: AnswerRules;
  readonly key: ChoiceKey;
  readonly secure: SecureTargets | null;
  readonly retryOn: ReadonlySet<string>;
}

/** Reads what is needed. Throws a PropylonError for a file that can't be read. */
export function proxyRoute(config: ProxyConfig, protocol: Protocol, parts: ProxyParts): ProxyRoute {
  // Of an address with variables it is a part, which templates work out.
  const named = (text: string): string => (config.target === null ? text.replace(PROXY_HOST, config.name) : text);
  const templates: Templates = {
    compile: (text) => parts.templates.compile(named(text)),
    url: (text) => parts.templates.url(named(text)),
  };
  const { compile, url } = templates;
  const upstream = config.upstream === null ? null : parts.upstreams.named(config.upstream);
  const secure = config.protocol === "https" ? secureTargets(config.tls, templates) : null;
  upstream?.speak(secure);
  const hidden = new Set([...config.hide.map((name) => name.toLowerCase()), ...FOR_US]);
  if (!config.accel) hidden.add("x-accel-redirect");
  if (config.tellsExpiry === true) hidden.delete("x-accel-expires");
  return {
    config,
    parts,
    protocol,
    upstream,
    target: config.target === null ? null : compile(config.target),
    path:
      config.path === null
        ? null
        : { strip: config.path.strip, to: url(config.path.to), whole: config.path.whole === true },
    host: compile(config.host),
    name: compile(config.name),
    method: config.method === null ? null : compile(config.method),
    body: config.body === null ? null : compile(config.body),
    passHeaders: config.passHeaders === null ? null : new Set(config.passHeaders),
    parameters: config.parameters.map(([name, value]) => [name, compile(value)]),
    rules: {
      hidden,
      redirects: redirectRules(config, `${config.protocol}://${config.name}`, templates),
      locate: parts.locate,
      cookiePaths: cookiePathRules(config, templates),
      cookieDomains: cookieDomainRules(config, templates),
      cookieFlags: cookieFlagRules(config, templates),
    },
    key: choiceKeys(templates),
    secure,
    retryOn: new Set<string>(config.retry.on),
  };
}

const PROXY_HOST = /(?<!\{)\{proxy_host\}(?!\})/g;
