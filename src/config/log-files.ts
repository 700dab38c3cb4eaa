import type { Config } from "./model.ts";

/** Files that access logs are written to, absolute: those of the top, of sites and of routes. */
export function accessLogFiles(config: Pick<Config, "accessLog" | "sites">): readonly string[] {
  return filesIn([config.accessLog, config.sites]);
}

/** The file of our own log, or none. */
export function ownLogFiles(config: Pick<Config, "log">): readonly string[] {
  return filesIn(config.log);
}

/** What has a path and keeps older files is the destination of a log. */
function filesIn(settings: unknown): readonly string[] {
  const paths = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    const { kind, path, rotateKeep } = value as Record<string, unknown>;
    if (kind === "file" && typeof path === "string" && rotateKeep !== undefined) paths.add(path);
    else for (const item of Object.values(value)) visit(item);
  };
  visit(settings);
  return [...paths].filter((path) => path !== "-" && !path.startsWith("/dev/"));
}
