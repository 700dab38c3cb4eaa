import { resolve } from "node:path";
import type { AuthSettings, BasicSettings, ForwardAuthSettings } from "./auth-schema.ts";
import { hashProblem, parseUsers } from "./password-hash.ts";
import type { AuthConfig, BasicConfig, ForwardAuthConfig } from "./policy-model.ts";
import { proxySchema } from "./proxy-schema.ts";
import { resolveProxy } from "./resolve-proxy.ts";
import type { RouteContext } from "./route-context.ts";
import type { Path } from "./sourced.ts";
import { checkTemplate } from "./template-check.ts";

/** null: nobody is asked who they are. */
export function resolveAuth(settings: AuthSettings, at: Path, context: RouteContext): AuthConfig | null {
  if (settings === false) return null;
  const { basic, forward } = settings;
  if (basic === undefined && forward === undefined)
    context.problems.error(at, "nothing is asked for", { at: "key", remedy: "give it basic, forward, or both" });
  return {
    basic: basic === undefined ? null : resolveBasic(basic, [...at, "basic"], context),
    forward: forward === undefined ? null : resolveForward(forward, [...at, "forward"], context),
  };
}

// --- internal ---

function resolveBasic(settings: BasicSettings, at: Path, context: RouteContext): BasicConfig {
  const { problems, disk, directory } = context;
  const users = settings.users ?? {};
  const file = settings.file === undefined ? null : resolve(directory, settings.file);
  if (file === null && Object.keys(users).length === 0)
    problems.error(at, "there are no users", { at: "key", remedy: "name a file, or users with their hashes" });
  for (const [name, hash] of Object.entries(users)) {
    const problem = hashProblem(hash);
    if (problem !== null) problems.error([...at, "users", name], problem.reason, { remedy: problem.remedy });
  }
  if (file !== null) checkFile(file, [...at, "file"], context);
  const known = new Set(Object.keys(users));
  for (const [index, name] of (settings.only ?? []).entries())
    if (file === null && !known.has(name)) {
      const where = problems.isList([...at, "only"]) ? [...at, "only", index] : [...at, "only"];
      problems.error(where, `there is no user ${name}`, { remedy: `the users are ${[...known].join(", ")}` });
    }
  checkTemplate(settings.realm, [...at, "realm"], context);
  return { realm: settings.realm, file, users, only: settings.only ?? null, pass: settings.pass };

  function checkFile(path: string, where: Path, { disk: files }: Pick<RouteContext, "disk">): void {
    if (!disk.isFile(path)) {
      problems.warn(where, `there is no file ${path}: nobody is let in by it`, {
        remedy: `make it: htpasswd -cB ${path} NAME`,
      });
      return;
    }
    let text: string;
    try {
      text = files.read(path);
    } catch (error) {
      problems.error(where, `${path} can't be read: ${error instanceof Error ? error.message : String(error)}`);
      return;
    }
    for (const { line, problem } of parseUsers(text).refused)
      problems.warn(where, `${path}, line ${line}: ${problem.reason}: this user is not let in`, {
        remedy: problem.remedy,
      });
  }
}

function resolveForward(settings: ForwardAuthSettings, at: Path, context: RouteContext): ForwardAuthConfig | null {
  const { to, timeout, user, cookies, refusal } = settings;
  const where: Path = [...at, "to"];
  const set = settings.set ?? {};
  for (const [name, value] of Object.entries(set)) checkTemplate(value, [...at, "set", name], context);
  const asked = to.startsWith("/")
    ? ({ kind: "path", path: checkTemplate(to, where, context) } as const)
    : resolveProxy(
        proxySchema.parse({
          to,
          connect_timeout: timeout / 1000,
          read_timeout: timeout / 1000,
          upgrade: false,
          accel: false,
        }),
        at,
        // The URL's path is the whole of what is asked for.
        { ...context, own: { path: "/", kind: "prefix" } },
      );
  if (asked === null) return null;
  const target =
    asked.kind === "path" ? asked : { ...asked, path: asked.path === null ? null : { ...asked.path, strip: null } };
  return {
    to: target,
    timeout,
    copy: settings.copy ?? [],
    set,
    user: user?.toLowerCase() ?? null,
    cookies,
    refusal,
  };
}
