import { dirname, join } from "node:path";
import { approximated, ignored, type Ledger, mapped, type Outcome, undecided } from "../ledger.ts";
import type { Plain } from "../tree.ts";
import type { JsonNode } from "./json.ts";

/** Python apps by their name and, for those with `targets`, by `name/target`; null: of another language. */
export function readApplication(
  name: string,
  node: JsonNode,
  base: string,
  ledger: Ledger,
  at: string,
): ReadonlyMap<string, Plain> | null {
  const type = String(node.entries.get("type")?.value ?? "");
  if (!/^python/.test(type)) {
    sayAll(
      node,
      at,
      ledger,
      undecided(`applications of the type "${type}" are not run here: run it as a program, with a proxy to it`),
    );
    return null;
  }
  const common: Plain = { workers: 1, threads: 1 };
  const targets = node.entries.get("targets");
  for (const [key, value] of node.entries) {
    if (key === "targets") continue;
    ledger.say(value.place, `${at}.${key}`, readKey(key, value, common, base));
  }
  const apps = new Map<string, Plain>();
  if (targets === undefined) apps.set(name, finished(common));
  else {
    ledger.say(targets.place, `${at}.targets`, approximated("each target is an app with processes of its own"));
    for (const [target, section] of targets.entries) {
      const settings = { ...common };
      for (const [key, value] of section.entries)
        ledger.say(value.place, `${at}.targets.${target}.${key}`, readKey(key, value, settings, base));
      apps.set(`${name}/${target}`, finished(settings));
    }
  }
  return apps;
}

/** Says the same of a node and of all beneath. */
export function sayAll(node: JsonNode, name: string, ledger: Ledger, outcome: Outcome): void {
  ledger.say(node.place, name, outcome);
  for (const [key, value] of node.entries) sayAll(value, `${name}.${key}`, ledger, outcome);
  for (const [index, item] of node.items.entries())
    if (item.entries.size > 0) sayAll(item, `${name}[${index}]`, ledger, outcome);
}

// --- internal ---

function readKey(key: string, node: JsonNode, settings: Plain, base: string): Outcome {
  const { value } = node;
  switch (key) {
    case "type":
      return /^python$|^python 3(?:\.|$)/.test(String(value))
        ? mapped()
        : approximated("the interpreter is that of the environment, or the system's python3");
    case "path":
      settings["pythonpath"] = (Array.isArray(value) ? value : [value]).map((path) => absolute(base, String(path)));
      return mapped();
    case "working_directory":
      settings["directory"] = absolute(base, String(value));
      return mapped();
    case "home":
      settings["python"] = absolute(base, String(value));
      return mapped();
    case "module":
      settings["module"] = String(value);
      return mapped();
    case "callable":
      settings["attribute"] = String(value);
      return mapped();
    case "factory":
      settings["factory"] = value === true;
      return mapped();
    case "protocol":
      if (value === "asgi" || value === "wsgi") settings["interface"] = value;
      return mapped();
    case "threads":
      settings["threads"] = Number(value);
      return mapped();
    case "processes":
      if (typeof value === "number") {
        settings["workers"] = value;
        return mapped();
      }
      settings["workers"] = Number(node.entries.get("max")?.value ?? 1);
      return approximated("as many workers as the most that it may have, all the time");
    case "environment":
      settings["environment"] = Object.fromEntries(
        [...node.entries].map(([name, entry]) => [name, String(entry.value)]),
      );
      return mapped();
    case "user":
    case "group":
      settings[key] = String(value);
      return mapped();
    case "limits":
      return readLimits(node, settings);
    case "prefix":
      settings["mount"] = String(value).replace(/\/+$/, "");
      return mapped();
    case "stdout":
    case "stderr":
      return approximated("output of apps goes to our log");
    case "thread_stack_size":
      return ignored("threads have the system's stack size");
    case "isolation":
      return undecided("apps are not put into namespaces of their own: do it for the whole of propylon");
    default:
      return undecided("it is no option that we know: does the app depend on it?");
  }
}

function readLimits(node: JsonNode, settings: Plain): Outcome {
  const requests = Number(node.entries.get("requests")?.value ?? 0);
  if (Number.isInteger(requests) && requests > 0) settings["recycle"] = { requests };
  const seconds = Number(node.entries.get("timeout")?.value ?? 0);
  if (seconds > 0) settings["deadline"] = { hard: `${seconds}s` };
  return node.entries.has("timeout")
    ? approximated("`timeout` is `deadline.hard`: the client gets 504, not 503, and the worker is replaced")
    : mapped("it is `recycle.requests`");
}

function absolute(base: string, path: string): string {
  return path.startsWith("/") ? path : join(base, path);
}

/** `module` and `callable` as `wsgi`; where the app runs is its first folder, unless it says otherwise. */
function finished({ module, attribute, ...settings }: Plain): Plain {
  const folders = settings["pythonpath"] as readonly string[] | undefined;
  const wsgi =
    module === undefined ? undefined : attribute === undefined ? `${module}:application` : `${module}:${attribute}`;
  return {
    ...(wsgi === undefined ? {} : { wsgi }),
    ...(settings["directory"] === undefined && folders !== undefined ? { directory: folders[0] ?? dirname("/") } : {}),
    ...settings,
  };
}
