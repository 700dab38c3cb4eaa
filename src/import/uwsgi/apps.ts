import { resolve } from "node:path";
import { appName } from "../../config/app-config.ts";
import { approximated, type Ledger, mapped, undecided } from "../ledger.ts";
import type { ReadContext } from "../reading.ts";
import type { Plain } from "../tree.ts";
import { MOST_LANES } from "./handlers.ts";
import type { Instance, Mount } from "./instance.ts";
import { lifeSettings } from "./life.ts";

/** The apps of an instance, and which of them answers where. */
export interface UwsgiApps {
  /** Settings of each by its name. */
  readonly apps: Plain;
  /** What answers when no mount does; null: nothing. */
  readonly main: string | null;
  readonly mounts: readonly { readonly point: string; readonly app: string }[];
}

/**
 * @param directory where the instance runs (`chdir`), absolute
 * @param taken names of other instances; new ones are added
 */
export function appsOf(
  instance: Instance,
  directory: string,
  context: ReadContext,
  ledger: Ledger,
  taken: Set<string>,
): UwsgiApps {
  const names = new Map<string, string>();
  const apps: Plain = {};
  const add = (load: Plain, target: string): string => {
    const key = JSON.stringify(load);
    const known = names.get(key);
    if (known !== undefined) return known;
    const base = appName(target, directory);
    let name = base;
    for (let number = 2; taken.has(name); number++) name = `${base}-${number}`;
    taken.add(name);
    names.set(key, name);
    apps[name] = { ...load, ...commonSettings(instance, directory, context) };
    return name;
  };
  const first = primary(instance, directory, ledger);
  const main = first === null ? null : add(first.load, first.target);
  const mounts = instance.mounts.flatMap((mount) => {
    const load = mountLoad(instance, mount, directory, ledger);
    return load === null ? [] : [{ point: mount.point, app: add(load, mount.target) }];
  });
  const fallback = instance.noDefaultApp ? null : (mounts[0]?.app ?? null);
  return { apps, main: main ?? fallback, mounts };
}

// --- internal ---

const MODULE =
  /^[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)*(?::[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)*(?:\(\))?)?$/u;

/** `module` wins over `wsgi-file`, as uWSGI tries it first. */
function primary(
  instance: Instance,
  directory: string,
  ledger: Ledger,
): { readonly load: Plain; readonly target: string } | null {
  const { module, script, callable } = instance;
  if (module !== null && script !== null)
    ledger.say(
      script.place,
      script.name,
      approximated("`module` is given too and wins, as in uWSGI; the file is not loaded"),
    );
  const chosen = module ?? script;
  if (chosen === null) return null;
  const load = module === null ? scriptLoad(chosen.target, callable, directory) : moduleLoad(chosen.target, callable);
  if (load === null)
    ledger.say(chosen.place, chosen.name, undecided(`"${chosen.target}" names no module and callable`));
  else if (module === null && !chosen.target.startsWith("/"))
    ledger.say(chosen.place, chosen.name, mapped(`it is ${resolve(directory, chosen.target)}`));
  return load === null ? null : { load, target: chosen.target };
}

function mountLoad(instance: Instance, mount: Mount, directory: string, ledger: Ledger): Plain | null {
  const script = /\.(?:py|wsgi)(?::\w+)?$/.test(mount.target) || mount.target.includes("/");
  const load = script
    ? scriptLoad(mount.target, instance.callable, directory)
    : moduleLoad(mount.target, instance.callable);
  if (load === null) ledger.say(mount.place, mount.name, undecided(`"${mount.target}" names no module and callable`));
  else if (!instance.manageScriptName && mount.point !== "/")
    ledger.say(
      mount.place,
      mount.name,
      approximated("without `manage-script-name` uWSGI goes by the SCRIPT_NAME that it is sent; here the path decides"),
    );
  return load;
}

function moduleLoad(target: string, callable: string | null): Plain | null {
  const written = target.trim();
  const wsgi = written.includes(":") ? written : `${written}:${callable ?? "application"}`;
  return MODULE.test(wsgi) ? { wsgi } : null;
}

function scriptLoad(target: string, callable: string | null, directory: string): Plain | null {
  const [, path, own] = /^(.*?)(?::(\w+))?$/.exec(target)!;
  const attribute = own ?? callable ?? "application";
  const called = attribute.endsWith("()");
  const name = called ? attribute.slice(0, -2) : attribute;
  if (path === "" || !MODULE.test(name)) return null;
  return {
    script: resolve(directory, path!),
    ...(name === "application" ? {} : { callable: name }),
    ...(called ? { factory: true } : {}),
  };
}

function commonSettings(instance: Instance, directory: string, context: ReadContext): Plain {
  const lanes = instance.cores > 0 ? Math.min(instance.cores, MOST_LANES) : instance.threads;
  const path = (written: string): string => resolve(directory, written);
  const folders = instance.pythonpath.flatMap((written) =>
    /[*?[]/.test(written) ? context.glob(path(written)) : [path(written)],
  );
  const limits = {
    ...(instance.memory === null ? {} : { memory: `${instance.memory}MB` }),
    ...(instance.files === null ? {} : { files: Math.max(16, instance.files) }),
  };
  return {
    directory,
    ...(instance.python === null ? {} : { python: path(instance.python) }),
    ...(folders.length === 0 ? {} : { pythonpath: [...new Set(folders)] }),
    workers: instance.processes,
    threads: Math.min(lanes, 1024),
    ...(Object.keys(instance.environment).length === 0 ? {} : { environment: { ...instance.environment } }),
    ...(instance.user === null ? {} : { user: instance.user }),
    ...(instance.group === null ? {} : { group: instance.group }),
    ...(instance.umask === null ? {} : { umask: instance.umask }),
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
    ...(instance.stopTimeout === null ? {} : { stop_timeout: `${instance.stopTimeout}s` }),
    ...lifeSettings(instance, path),
    ...(instance.harakiri === null ? {} : { deadline: { hard: `${instance.harakiri}s` } }),
    ...(instance.reload ? { reload: true } : {}),
    ...(instance.tracebacks ? { tracebacks: true } : {}),
  };
}
