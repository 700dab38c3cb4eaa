import { approximated, mapped, type Outcome, undecided } from "../ledger.ts";
import type { Plain } from "../tree.ts";
import { type AccessDraft, accessOf, newAccess, readAccess } from "./access.ts";
import { type CacheDraft, cacheOf, newCache, readCache } from "./cache.ts";
import { type CompressionDraft, compressOf, newCompression, readCompression } from "./compression.ts";
import { type EnvironmentDraft, newEnvironment, readEnvironment } from "./environment.ts";
import { type ExpiresDraft, maxAgeOf, newExpires, readExpires } from "./expires.ts";
import { type HeaderDraft, newHeaders, readHeader, requestHeadersOf, responseHeadersOf } from "./headers.ts";
import { noteFor } from "./notes.ts";
import type { ApacheNode } from "./parse.ts";
import { newRewrite, type RewriteDraft, readRewrite } from "./rewrite-draft.ts";
import { plainTemplate } from "./template.ts";

/** What a server, a virtual host or a `<Directory>`, `<Location>` or `<Files>` in it says of the requests that it covers. */
export interface OptionsDraft {
  readonly access: AccessDraft;
  readonly cache: CacheDraft;
  readonly rewrite: RewriteDraft;
  readonly expires: ExpiresDraft;
  readonly compression: CompressionDraft;
  readonly response: HeaderDraft;
  readonly request: HeaderDraft;
  /** Of the static files. */
  readonly files: Plain;
  readonly errors: Plain;
  readonly environ: Plain;
  readonly environment: EnvironmentDraft;
  readonly wsgi: {
    group: string | null;
    callable: string | null;
    reloading: boolean | null;
    authorization: boolean | null;
  };
  /** Whether files of its folders are read (AllowOverride). */
  overrides: boolean | null;
  /** Handlers by ending, or for all files with the ending `""`. */
  readonly handlers: Map<string, "wsgi-script" | "cgi-script" | "none">;
  /** Options ExecCGI. */
  execCgi: boolean | null;
  bodyLimit: number | null;
  intercept: boolean | null;
  charset: string | null;
  /** A path in place of files that are not there; empty: none. */
  fallback: string | null;
}

export function newOptions(): OptionsDraft {
  return {
    access: newAccess(),
    cache: newCache(),
    rewrite: newRewrite(),
    expires: newExpires(),
    compression: newCompression(),
    response: newHeaders(),
    request: newHeaders(),
    files: {},
    errors: {},
    environ: {},
    environment: newEnvironment(),
    wsgi: { group: null, callable: null, reloading: null, authorization: null },
    overrides: null,
    handlers: new Map(),
    execCgi: null,
    bodyLimit: null,
    intercept: null,
    charset: null,
    fallback: null,
  };
}

/** Takes in what may stand at every level; null: the directive is none of these. */
export function readOption(
  node: ApacheNode,
  draft: OptionsDraft,
  environment: Readonly<Record<string, string | undefined>>,
): Outcome | null {
  const [first = "", ...rest] = node.args;
  const on = /^on$/i.test(first);
  switch (node.key) {
    case "header":
      return readHeader(node.args, draft.response, false);
    case "requestheader":
      return readHeader(node.args, draft.request, true);
    case "options":
      return readOptions(node.args, draft);
    case "directoryindex":
      if (node.args.some((name) => name.endsWith(".php"))) draft.handlers.set(".php", "none");
      draft.files["index"] = /^disabled$/i.test(first) ? [] : node.args.filter((name) => !name.startsWith("/"));
      return node.args.some((name) => name.startsWith("/"))
        ? approximated("without those that begin with a slash")
        : mapped();
    case "addhandler":
    case "sethandler":
      return readHandler(node, draft);
    case "fallbackresource":
      draft.fallback = /^disabled$/i.test(first) ? "" : plainTemplate(first.startsWith("/") ? first : `/${first}`);
      return mapped();
    case "indexoptions":
    case "indexignore":
      return approximated("folders are listed in our own way");
    case "allowoverride":
      draft.overrides = !/^none$/i.test(first);
      return draft.overrides
        ? approximated("the .htaccess files of its folders are read at the start and at a reload")
        : mapped();
    case "errordocument":
      return readErrorDocument(first, rest.join(" "), draft);
    case "limitrequestbody":
      if (!/^\d{1,15}$/.test(first)) return undecided(`"${first}" is no number of bytes`);
      draft.bodyLimit = Number(first);
      return mapped();
    case "setenv":
      if (!/^[A-Za-z_][\w.-]*$/.test(first))
        return approximated(`Apache takes "${first}" whole for a name: it is left out`);
      draft.environ[first] = plainTemplate(rest.join(" "));
      return mapped("for the apps; nothing else sees it");
    case "passenv":
      for (const name of node.args)
        if (environment[name] !== undefined) draft.environ[name] = plainTemplate(environment[name]);
      return approximated("as it is now; apps have the whole environment of propylon besides");
    case "unsetenv":
      for (const name of node.args) delete draft.environ[name];
      return mapped();
    case "setenvif":
    case "setenvifnocase":
    case "browsermatch":
    case "browsermatchnocase":
    case "setenvifexpr":
      if (!passesAuthorization(node)) return readEnvironment(node, draft.environment);
      draft.wsgi.authorization = true;
      return mapped("apps see Authorization");
    case "addtype":
      if (/php/i.test(first)) return withoutPhp(rest, draft);
      if (!/^[\w.+-]+\/[\w.+-]+$/.test(first) || !rest.every((ending) => /^\.?[\w+-]+$/.test(ending)))
        return approximated("without what is no media type, or no plain ending");
      draft.files["types"] = {
        ...(draft.files["types"] as Plain | undefined),
        ...Object.fromEntries(rest.map((extension) => [extension.replace(/^\./, ""), first])),
      };
      return mapped();
    case "forcetype":
    case "defaulttype":
      if (!/^none$|^[\w.+-]+\/[\w.+-]+(?:;\s*[\w.+=-]+)?$/i.test(first))
        return undecided(`"${first}" is no media type`);
      if (!/^none$/i.test(first)) draft.files["default_type"] = first.replace(/;.*/, "");
      return node.key === "forcetype" ? approximated("for files whose extension is not known") : mapped();
    case "adddefaultcharset":
      draft.charset = on ? "iso-8859-1" : /^off$/i.test(first) ? null : first;
      return mapped();
    case "fileetag":
      if (/^none$/i.test(first)) draft.files["etag"] = false;
      return /^none$/i.test(first) ? mapped() : approximated("ETags are made of size and time");
    case "wsgiprocessgroup":
      draft.wsgi.group = first;
      return mapped();
    case "wsgiapplicationgroup":
      return first === "%{GLOBAL}"
        ? mapped("each worker runs the app in its main interpreter")
        : approximated("each app has processes of its own, in their main interpreter");
    case "wsgicallableobject":
      draft.wsgi.callable = first;
      return mapped();
    case "wsgiscriptreloading":
      draft.wsgi.reloading = on;
      return on
        ? approximated("the other source files of the app reload it too, and before the next request comes")
        : mapped();
    case "wsgipassauthorization":
      draft.wsgi.authorization = on;
      return mapped();
    case "wsgierroroverride":
    case "proxyerroroverride":
      draft.intercept = on;
      return mapped();
    default:
      if (/^php/.test(node.key)) draft.handlers.set(".php", "none");
      return (
        readAccess(node, draft.access) ??
        readRewrite(node, draft.rewrite) ??
        readExpires(node, draft.expires) ??
        readCompression(node, draft.compression) ??
        readCache(node, draft.cache) ??
        noteFor(node)
      );
  }
}

/** What the options of a site share. */
export interface OptionsContext {
  /** Of the whole configuration, as `variables` has them. */
  readonly variables: Plain;
  /** Texts of ErrorDocument, by the name of the route that sends them. */
  readonly errorTexts: Map<string, { readonly status: number; readonly text: string }>;
}

/** The settings that a route has by its options, the wider ones first, where these atoms hold. */
export function routeOptions(
  drafts: readonly OptionsDraft[],
  truths: ReadonlySet<string>,
  context: OptionsContext,
  files = false,
): Plain {
  const { settings: access } = accessOf(
    drafts.map((draft) => draft.access),
    truths,
  );
  const bodyLimit = drafts.map((draft) => draft.bodyLimit).findLast((limit) => limit !== null) ?? null;
  const intercept = drafts.map((draft) => draft.intercept).findLast((flag) => flag !== null) ?? null;
  const errors = errorsOf(drafts, context);
  const cache = cacheOf(drafts.map((draft) => draft.cache));
  const response = responseHeadersOf(
    drafts.map((draft) => draft.response),
    context.variables,
  );
  const request = requestHeadersOf(
    drafts.map((draft) => draft.request),
    context.variables,
  );
  const maxAge =
    files && isPlainExpiry(drafts)
      ? null
      : maxAgeOf(
          drafts.map(({ expires }) => expires),
          context.variables,
        );
  const aged = maxAge === null ? response : withMaxAge(response, maxAge);
  const compress = compressOf(drafts.map((draft) => draft.compression));
  return {
    ...access,
    ...(aged === null ? {} : { response_headers: aged }),
    ...(request === null ? {} : { request_headers: request }),
    ...(bodyLimit === null ? {} : { limits: { body: bodyLimit } }),
    ...(Object.keys(errors).length === 0 ? {} : { errors }),
    ...(intercept === true ? { intercept } : {}),
    ...(compress === null ? {} : { compress }),
    ...(cache === undefined ? {} : { cache }),
  };
}

/** What holds for answers that come of no route: redirects, and pages of our own. */
export function siteOptions(drafts: readonly OptionsDraft[], context: OptionsContext): Plain {
  const errors = errorsOf(drafts, context);
  const response = responseHeadersOf(
    drafts.map((draft) => draft.response),
    context.variables,
    true,
  );
  return {
    ...(response === null ? {} : { response_headers: response }),
    ...(Object.keys(errors).length === 0 ? {} : { errors }),
  };
}

/** What a `static` section has by the options: as Apache serves files where nothing else is said. */
export function fileOptions(drafts: readonly OptionsDraft[]): Plain {
  const otherwise = drafts.map(({ expires }) => expires.otherwise).findLast((value) => value !== null) ?? 0;
  const charset = drafts.map((draft) => draft.charset).findLast((name) => name !== null) ?? null;
  return {
    dotfiles: true,
    symlinks: true,
    precompressed: false,
    charset: charset ?? false,
    ...(isPlainExpiry(drafts) ? { expires: `${otherwise}s` } : {}),
    ...(Object.assign({}, ...drafts.map((draft) => draft.files)) as Plain),
  };
}

// --- internal ---

/** All files alike are kept for some time, which `expires` says, with both of its fields. */
function isPlainExpiry(drafts: readonly OptionsDraft[]): boolean {
  const active = drafts.map(({ expires }) => expires.active).findLast((flag) => flag !== null) ?? false;
  return (
    active &&
    drafts.some(({ expires }) => expires.otherwise !== null) &&
    drafts.every(({ expires }) => expires.types.size === 0)
  );
}

function withMaxAge(headers: Plain | null, value: string): Plain {
  const before = (headers?.["default"] ?? {}) as Plain;
  return { ...headers, default: { "Cache-Control": { value, always: false }, ...before } };
}

/** `errors`, with a route for each text. */
function errorsOf(drafts: readonly OptionsDraft[], { errorTexts }: OptionsContext): Plain {
  const errors = Object.assign({}, ...drafts.map((draft) => draft.errors)) as Plain;
  return Object.fromEntries(
    Object.entries(errors).flatMap(([status, page]) => {
      if (page === null) return [];
      const { text } = page as { text?: string };
      if (text === undefined) return [[status, page]];
      let number = 1;
      const name = (): string => `@error-${status}${number === 1 ? "" : `-${number}`}`;
      while (errorTexts.has(name()) && errorTexts.get(name())!.text !== text) number++;
      errorTexts.set(name(), { status: Number(status), text });
      return [[status, { route: name() }]];
    }),
  );
}

function readOptions(args: readonly string[], draft: OptionsDraft): Outcome {
  const words = args.map((arg) => arg.toLowerCase());
  for (const word of words) {
    const name = word.replace(/^[+-]/, "");
    const given = !word.startsWith("-");
    if (name === "indexes" || name === "all") draft.files["autoindex"] = given;
    if (name === "followsymlinks" || name === "symlinksifownermatch" || name === "all") draft.files["symlinks"] = given;
    if (name === "execcgi" || name === "all") draft.execCgi = given;
    else if (!/^[+-]/.test(word)) draft.execCgi ??= false;
    if (name === "none") Object.assign(draft.files, { autoindex: false, symlinks: false });
  }
  const others = words.filter((word) => /^\+?(?:includes|includesnoexec)$/.test(word));
  if (others.length > 0) return undecided("server-side includes are not run here");
  return words.some((word) => /^\+?multiviews$/.test(word))
    ? approximated("no file is chosen by language or left-out ending")
    : mapped();
}

/** Programs in PHP are not run, and no client is to read them either. */
function withoutPhp(endings: readonly string[], draft: OptionsDraft): Outcome {
  for (const ending of [".php", ...endings]) draft.handlers.set(ending.startsWith(".") ? ending : `.${ending}`, "none");
  return undecided("PHP is not run, and its files are 403: proxy to fastcgi://");
}

/** `AddHandler HANDLER .ENDING ...` and `SetHandler HANDLER`. */
function readHandler({ key, args: [handler = "", ...endings] }: ApacheNode, draft: OptionsDraft): Outcome {
  const known = /^(wsgi|cgi)-script$/i.exec(handler)?.[0].toLowerCase() as "wsgi-script" | "cgi-script" | undefined;
  if (/^(?:none|default-handler)$/i.test(handler)) {
    if (key === "sethandler") draft.handlers.set("", "none");
    return mapped();
  }
  if (/^(?:server-status|server-info|ldap-status|balancer-manager)$/i.test(handler))
    return approximated("this page is not there: ask propylon status, or /metrics of admin");
  if (known === undefined && /php/i.test(handler)) return withoutPhp(endings, draft);
  if (known === undefined) return undecided(`the handler ${handler} has no counterpart`);
  if (key === "sethandler") draft.handlers.set("", known);
  for (const ending of key === "addhandler" ? endings : [])
    draft.handlers.set(ending.startsWith(".") ? ending : `.${ending}`, known);
  return approximated("for the files that are there at the start or a reload; others of these endings are 403");
}

function readErrorDocument(status: string, target: string, draft: OptionsDraft): Outcome {
  if (!/^[45]\d\d$/.test(status)) return undecided(`"${status}" is no status of an error`);
  if (/^default$/i.test(target)) draft.errors[status] = null;
  else if (target.startsWith("/")) draft.errors[status] = { path: plainTemplate(target) };
  else if (/^https?:\/\//.test(target)) draft.errors[status] = { redirect: plainTemplate(target) };
  else draft.errors[status] = { text: plainTemplate(target.replace(/^"/, "")) };
  return mapped();
}

/** With this the app sees the field, as with WSGIPassAuthorization. */
function passesAuthorization(node: ApacheNode): boolean {
  return (
    /^authorization$/i.test(node.args[0] ?? "") && node.args.slice(2).some((name) => /^HTTP_AUTHORIZATION=/i.test(name))
  );
}
