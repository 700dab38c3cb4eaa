import { parseDuration } from "../../base/units.ts";
import { approximated, ignored, mapped, type Outcome, undecided } from "../ledger.ts";
import type { Plain } from "../tree.ts";
import { type AccessDraft, accessOf, newAccess, readAccess } from "./access.ts";
import { type CacheDraft, cacheOf, newCache, readCache } from "./cache.ts";
import { type EnvironmentDraft, newEnvironment, readEnvironment } from "./environment.ts";
import { type HeaderDraft, headersOf, newHeaders, readHeader } from "./headers.ts";
import { noteFor } from "./notes.ts";
import type { ApacheNode } from "./parse.ts";
import { newRewrite, type RewriteDraft, readRewrite } from "./rewrite-draft.ts";
import { plainTemplate } from "./template.ts";

/** What a server, a virtual host or a `<Directory>`, `<Location>` or `<Files>` in it says of the requests that it covers. */
export interface OptionsDraft {
  readonly access: AccessDraft;
  readonly cache: CacheDraft;
  readonly rewrite: RewriteDraft;
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
  bodyLimit: number | null;
  intercept: boolean | null;
  charset: string | null;
}

export function newOptions(): OptionsDraft {
  return {
    access: newAccess(),
    cache: newCache(),
    rewrite: newRewrite(),
    response: newHeaders(),
    request: newHeaders(),
    files: {},
    errors: {},
    environ: {},
    environment: newEnvironment(),
    wsgi: { group: null, callable: null, reloading: null, authorization: null },
    overrides: null,
    bodyLimit: null,
    intercept: null,
    charset: null,
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
      draft.files["index"] = /^disabled$/i.test(first) ? [] : node.args.filter((name) => !name.startsWith("/"));
      return node.args.some((name) => name.startsWith("/"))
        ? approximated("without those that begin with a slash")
        : mapped();
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
      draft.bodyLimit = Number(first);
      return /^\d+$/.test(first) ? mapped() : undecided(`"${first}" is no number of bytes`);
    case "setenv":
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
    case "setoutputfilter":
    case "addoutputfilterbytype":
    case "addoutputfilter":
      if (!/deflate|brotli/i.test(node.args.join(" "))) return undecided("output filters have no counterpart");
      draft.files["precompressed"] = true;
      return approximated(
        "answers are not compressed on the way; files with a .gz, .br or .zst beside them are sent compressed",
      );
    case "expiresactive":
      return on ? mapped() : ignored("it is off");
    case "expiresdefault":
    case "expiresbytype":
      return readExpires(node, draft);
    case "addtype":
      draft.files["types"] = {
        ...(draft.files["types"] as Plain | undefined),
        ...Object.fromEntries(rest.map((extension) => [extension.replace(/^\./, ""), first])),
      };
      return mapped();
    case "forcetype":
    case "defaulttype":
      if (!/^none$/i.test(first)) draft.files["default_type"] = first;
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
      return readAccess(node, draft.access) ?? readRewrite(node, draft.rewrite) ?? readCache(node, draft.cache) ?? noteFor(node);
  }
}

/** The settings that a route has by its options, the wider ones first. */
export function routeOptions(drafts: readonly OptionsDraft[]): Plain {
  const { settings: access } = accessOf(drafts.map((draft) => draft.access));
  const response = newHeaders();
  const request = newHeaders();
  for (const draft of drafts) {
    mergeHeaders(response, draft.response);
    mergeHeaders(request, draft.request);
  }
  const bodyLimit = drafts.map((draft) => draft.bodyLimit).findLast((limit) => limit !== null) ?? null;
  const intercept = drafts.map((draft) => draft.intercept).findLast((flag) => flag !== null) ?? null;
  const errors = Object.assign({}, ...drafts.map((draft) => draft.errors)) as Plain;
  const cache = cacheOf(drafts.map((draft) => draft.cache));
  const responseHeaders = headersOf(response);
  const requestHeaders = headersOf(request);
  return {
    ...access,
    ...(responseHeaders === null ? {} : { response_headers: responseHeaders }),
    ...(requestHeaders === null ? {} : { request_headers: requestHeaders }),
    ...(bodyLimit === null ? {} : { limits: { body: bodyLimit } }),
    ...(Object.keys(errors).length === 0 ? {} : { errors }),
    ...(intercept === true ? { intercept } : {}),
    ...(cache === undefined ? {} : { cache }),
  };
}

/** What a `static` section has by the options: as Apache serves files where nothing else is said. */
export function fileOptions(drafts: readonly OptionsDraft[]): Plain {
  const charset = drafts.map((draft) => draft.charset).findLast((name) => name !== null) ?? null;
  return {
    dotfiles: true,
    symlinks: true,
    precompressed: false,
    charset: charset ?? false,
    ...(Object.assign({}, ...drafts.map((draft) => draft.files)) as Plain),
  };
}

// --- internal ---

function mergeHeaders(into: HeaderDraft, from: HeaderDraft): void {
  for (const [name, value] of from.set) {
    into.set.set(name, value);
    into.remove.delete(name);
  }
  for (const [name, value] of from.add) into.add.set(name, value);
  for (const [name, value] of from.fallback) into.fallback.set(name, value);
  for (const name of from.remove) if (!into.set.has(name) || !from.set.has(name)) into.remove.add(name);
}

function readOptions(args: readonly string[], draft: OptionsDraft): Outcome {
  const words = args.map((arg) => arg.toLowerCase());
  for (const word of words) {
    const name = word.replace(/^[+-]/, "");
    const given = !word.startsWith("-");
    if (name === "indexes" || name === "all") draft.files["autoindex"] = given;
    if (name === "followsymlinks" || name === "symlinksifownermatch" || name === "all") draft.files["symlinks"] = given;
    if (name === "none") Object.assign(draft.files, { autoindex: false, symlinks: false });
  }
  const others = words.filter((word) => /^\+?(?:includes|includesnoexec)$/.test(word));
  if (others.length > 0) return undecided("server-side includes are not run here");
  return words.some((word) => /^\+?(?:execcgi|multiviews)$/.test(word))
    ? approximated("programs are run where ScriptAlias says so alone, and no file is chosen by language")
    : mapped();
}

function readErrorDocument(status: string, target: string, draft: OptionsDraft): Outcome {
  if (!/^[45]\d\d$/.test(status)) return undecided(`"${status}" is no status of an error`);
  if (/^default$/i.test(target)) delete draft.errors[status];
  else if (target.startsWith("/")) draft.errors[status] = { path: plainTemplate(target) };
  else if (/^https?:\/\//.test(target)) draft.errors[status] = { redirect: plainTemplate(target) };
  else return approximated("our own error page is sent in place of the text");
  return mapped();
}

/** With this the app sees the field, as with WSGIPassAuthorization. */
function passesAuthorization(node: ApacheNode): boolean {
  return (
    /^authorization$/i.test(node.args[0] ?? "") && node.args.slice(2).some((name) => /^HTTP_AUTHORIZATION=/i.test(name))
  );
}

function readExpires(node: ApacheNode, draft: OptionsDraft): Outcome {
  const text = (node.key === "expiresdefault" ? node.args : node.args.slice(1)).join(" ").replace(/"/g, "");
  const seconds = expirySeconds(text);
  if (seconds === null) return undecided(`"${text}" is no time that we can read`);
  if (node.key === "expiresdefault") {
    draft.files["expires"] = `${seconds}s`;
    return mapped();
  }
  const before = parseDuration(String(draft.files["expires"] ?? ""));
  draft.files["expires"] = `${before === null ? seconds : Math.min(before / 1000, seconds)}s`;
  return approximated("all files of the folder have one time, the shortest that is given for a type");
}

const SECONDS: Readonly<Record<string, number>> = {
  year: 31_536_000,
  month: 2_592_000,
  week: 604_800,
  day: 86_400,
  hour: 3600,
  minute: 60,
  second: 1,
};

/** `access plus 1 month 2 days`, `A3600`. */
function expirySeconds(text: string): number | null {
  const short = /^[AM](\d+)$/.exec(text);
  if (short !== null) return Number(short[1]);
  if (!/^(?:access|now|modification)(?:\s+plus)?\s+\d/i.test(text)) return null;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+)\s+([a-z]+?)s?(?=\s|$)/gi)) {
    const factor = SECONDS[unit!.toLowerCase()];
    if (factor === undefined) return null;
    total += Number(amount) * factor;
  }
  return total;
}
