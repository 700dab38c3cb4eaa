import { plainTemplate } from "../apache/template.ts";
import { approximated, type Ledger, mapped, type Outcome, undecided } from "../ledger.ts";
import type { Plain } from "../tree.ts";
import type { JsonNode } from "./json.ts";

/** What `pass` leads to, as keys of a route; null: there is no such thing. */
export type PassReader = (to: string) => Plain | null;

/** An `action` as keys of a route. */
export function readAction(node: JsonNode, at: string, pass: PassReader, ledger: Ledger): Plain {
  const say = (key: string, outcome: Outcome): void => {
    const child = node.entries.get(key);
    if (child !== undefined) ledger.say(child.place, `${at}.${key}`, outcome);
  };
  for (const [key, child] of node.entries)
    if (!KNOWN.has(key)) ledger.say(child.place, `${at}.${key}`, undecided("it is no option that we know"));
  const headers = node.entries.get("response_headers");
  const options: Plain = headers === undefined ? {} : { response_headers: headersOf(headers) };
  say("response_headers", mapped());
  const rewrite = node.entries.get("rewrite")?.value;
  if (rewrite !== undefined) {
    options["rules"] = [{ rewrite: "^", to: variables(String(rewrite)), flag: "break" }];
    say("rewrite", mapped());
  }
  const text = (key: string): string | null => {
    const child = node.entries.get(key);
    return child === undefined ? null : String(child.value);
  };
  const to = text("pass");
  if (to !== null) {
    const route = pass(variables(to));
    say("pass", route === null ? undecided(`there is no ${to}: 404 is answered`) : mapped());
    return { ...(route ?? { fail: 404 }), ...options };
  }
  const proxied = text("proxy");
  if (proxied !== null) {
    say("proxy", mapped());
    const url = proxied.replace(/^http:\/\/unix:/, "http://unix:");
    return { proxy: { to: url, forwarded: false, redirects: false }, ...options };
  }
  const share = node.entries.get("share");
  if (share !== undefined) return { ...shareOf(node, share, at, pass, ledger, say), ...options };
  const status = node.entries.get("return")?.value;
  if (status !== undefined) return { ...returned(Number(status), text("location"), say), ...options };
  ledger.say(node.place, at, undecided("it says nothing that we know: 404 is answered"));
  return { fail: 404 };
}

/** Unit's `$name` as templates. */
export function variables(text: string): string {
  return plainTemplate(text).replace(/\$(?:\{(\w+)\}|(\w+))/g, (_written, braced?: string, bare?: string) => {
    const name = braced ?? bare ?? "";
    return name === "dollar" ? "$" : `{${NAMES[name] ?? name}}`;
  });
}

// --- internal ---

const KNOWN = new Set([
  "pass",
  "proxy",
  "share",
  "return",
  "location",
  "fallback",
  "index",
  "types",
  "chroot",
  "follow_symlinks",
  "traverse_mounts",
  "rewrite",
  "response_headers",
]);
const NAMES: Readonly<Record<string, string>> = {
  method: "request_method",
  request_line: "request",
  remote_addr: "remote_addr",
};

function headersOf(node: JsonNode): Plain {
  const set: Plain = {};
  const remove: string[] = [];
  for (const [name, child] of node.entries)
    if (child.value === null) remove.push(name);
    else set[name] = variables(String(child.value));
  return {
    ...(Object.keys(set).length === 0 ? {} : { set }),
    ...(remove.length === 0 ? {} : { remove }),
  };
}

function returned(status: number, location: string | null, say: (key: string, outcome: Outcome) => void): Plain {
  say("return", mapped());
  if (location !== null && [301, 302, 303, 307, 308].includes(status)) {
    say("location", mapped());
    return { redirect: { to: variables(location), status } };
  }
  if (location !== null) say("location", approximated("only redirects have a Location"));
  if (status >= 400) return { fail: status };
  if (status >= 200) return { respond: { status, body: "" } };
  say("return", undecided(`${status} is no status that can be answered`));
  return { fail: 500 };
}

/** Files, with what answers where there is none. */
function shareOf(
  node: JsonNode,
  share: JsonNode,
  at: string,
  pass: PassReader,
  ledger: Ledger,
  say: (key: string, outcome: Outcome) => void,
): Plain {
  const paths = (share.items.length > 0 ? share.items : [share]).map((item) => variables(String(item.value)));
  const fallback = node.entries.get("fallback");
  const types = node.entries.get("types");
  const follow = node.entries.get("follow_symlinks")?.value;
  const index = node.entries.get("index")?.value;
  const base: Plain = {
    dotfiles: true,
    symlinks: follow !== false,
    precompressed: false,
    charset: false,
    ...(index === undefined ? {} : { index: String(index) }),
  };
  const sections = paths.map((path) => {
    const root = /^(.*?)\/?\{uri\}$/.exec(path)?.[1];
    return root === undefined
      ? { ...base, root: rootBefore(path), file: path }
      : { ...base, root: root === "" ? "/" : root, strip: false };
  });
  say("share", paths.every((path) => path.startsWith("/")) ? mapped() : undecided("it is no absolute path"));
  say("follow_symlinks", mapped());
  say("index", mapped());
  say("chroot", approximated("symbolic links stay under the shared folder with follow_symlinks: false alone"));
  say("traverse_mounts", approximated("mount points are passed"));
  say(
    "types",
    types === undefined ? mapped() : undecided("files are not chosen by their type: write routes by extension"),
  );
  const steps: Plain[] = sections.map((section) => ({ static: section }));
  if (fallback !== undefined) {
    ledger.say(fallback.place, `${at}.fallback`, mapped());
    steps.push(readAction(fallback, `${at}.fallback`, pass, ledger));
  }
  return steps.length === 1 ? steps[0]! : { try: steps };
}

function rootBefore(path: string): string {
  return path.replace(/\{.*$/, "").replace(/\/[^/]*$/, "") || "/";
}
