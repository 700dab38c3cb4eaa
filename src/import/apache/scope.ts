import type { Place } from "../../base/errors.ts";
import type { Plain } from "../tree.ts";
import type { Alternatives } from "./expression.ts";
import { newOptions, type OptionsDraft } from "./options.ts";
import type { ProxyRule } from "./proxy.ts";
import type { RemoteDraft } from "./remote-ip.ts";
import { inheritTls, newTls, type TlsDraft } from "./tls.ts";

/** `Alias`, `AliasMatch` or `WSGIScriptAlias`. */
export interface AliasRule {
  readonly match: { readonly path: string } | { readonly regex: string; readonly ignore_case?: true };
  /** A file or folder; with a regex `{1}` stands for what it caught. */
  readonly target: string;
  readonly place: Place;
  readonly name: string;
}

export interface ScriptAlias extends AliasRule {
  readonly group: string | null;
  readonly callable: string | null;
}

/** What a section covers, and what it says. */
export interface AreaOptions {
  readonly covers: (path: string) => boolean;
  /** The path of a section that names one, without patterns; null: it is told by a pattern. */
  readonly path: string | null;
  /** The pattern; null: it names a path, or is one that only Apache knows. */
  readonly pattern: string | null;
  readonly ignoreCase: boolean;
  readonly options: OptionsDraft;
  /** Its rewrite rules have come into some route. */
  rewritten: boolean;
}

export interface FilesOptions {
  /** Pattern of the name of the file, and the folder that the section stands in. */
  readonly name: string;
  readonly ignoreCase: boolean;
  readonly directory: string | null;
  readonly options: OptionsDraft;
}

/** `<If>` and what follows it: options for requests that one of the ways fits. */
export interface ConditionalOptions {
  readonly ways: Alternatives;
  /** Whether the section around it covers a file and a URL. */
  readonly covers: (file: string | null, url: string) => boolean;
  readonly options: OptionsDraft;
}

/** The main server or a virtual host. */
export interface Scope {
  readonly hosts: string[];
  readonly addresses: readonly string[];
  readonly options: OptionsDraft;
  documentRoot: string | null;
  readonly aliases: AliasRule[];
  readonly scripts: ScriptAlias[];
  readonly proxies: ProxyRule[];
  readonly reverses: { readonly path: string; readonly url: string }[];
  readonly redirects: Plain[];
  /** RewriteMap by name: where its keys and values are. */
  readonly maps: Map<string, string>;
  /** Access logs, as `access_log` lists them. */
  readonly logs: unknown[];
  readonly directories: AreaOptions[];
  readonly locations: AreaOptions[];
  readonly files: FilesOptions[];
  /** `<Proxy>`: by the URL that is proxied to. */
  readonly proxySections: { readonly covers: (url: string) => boolean; readonly options: OptionsDraft }[];
  readonly conditionals: ConditionalOptions[];
  /** Names of the files of folders. */
  accessFiles: readonly string[];
  preserveHost: boolean;
  proxyTimeout: number | null;
  readonly tls: TlsDraft;
  readonly remote: RemoteDraft;
}

export function newScope(addresses: readonly string[]): Scope {
  return {
    hosts: [],
    addresses,
    options: newOptions(),
    documentRoot: null,
    aliases: [],
    scripts: [],
    proxies: [],
    reverses: [],
    redirects: [],
    maps: new Map(),
    logs: [],
    directories: [],
    locations: [],
    files: [],
    proxySections: [],
    conditionals: [],
    accessFiles: [".htaccess"],
    preserveHost: false,
    proxyTimeout: null,
    tls: newTls(),
    remote: { header: null, from: [] },
  };
}

/** The virtual host with what it has from the main server; rewrite rules are not inherited. */
export function inherit(host: Scope, server: Scope): Scope {
  return {
    ...host,
    documentRoot: host.documentRoot ?? server.documentRoot,
    aliases: [...host.aliases, ...server.aliases],
    scripts: [...host.scripts, ...server.scripts],
    proxies: inOrder([...host.proxies, ...server.proxies]),
    reverses: [...host.reverses, ...server.reverses],
    redirects: [...host.redirects, ...server.redirects],
    maps: new Map([...server.maps, ...host.maps]),
    directories: [...server.directories, ...host.directories],
    locations: [...server.locations, ...host.locations],
    files: [...server.files, ...host.files],
    proxySections: [...server.proxySections, ...host.proxySections],
    conditionals: [...server.conditionals, ...host.conditionals],
    preserveHost: host.preserveHost || server.preserveHost,
    proxyTimeout: host.proxyTimeout ?? server.proxyTimeout,
    tls: inheritTls(host.tls, server.tls),
  };
}

/** Whether the scope itself says what to answer with. */
export function answersSomething(scope: Scope): boolean {
  return (
    scope.aliases.length > 0 ||
    scope.scripts.length > 0 ||
    scope.proxies.length > 0 ||
    scope.redirects.length > 0 ||
    (scope.options.rewrite.engine === true && scope.options.rewrite.lines.length > 0) ||
    scope.documentRoot !== null
  );
}

/** Proxies of locations win over the others, the longest path first; of the others the first that fits. */
export function inOrder(proxies: readonly ProxyRule[]): ProxyRule[] {
  const located = proxies.filter(({ located: inLocation }) => inLocation);
  return [
    ...located.toSorted((a, b) => b.path.length - a.path.length),
    ...proxies.filter(({ located: inLocation }) => !inLocation),
  ];
}
