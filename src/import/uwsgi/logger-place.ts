/** A daemon of syslog, with the name that messages carry. */
export interface SyslogPlace {
  readonly to: string;
  readonly tag: string;
  readonly facility?: string;
}

/** A file, `-` for stdout, or a daemon. */
export type LogPlace = string | SyslogPlace;

/** Where uWSGI's `logger` and `req-logger` write: `[NAME] PLUGIN:ARGUMENT`; null for plugins without a counterpart. */
export function loggerPlace(value: string): LogPlace | null {
  const [, plugin = "", argument = ""] = /^(?:[\w-]+\s+)?(\w+)(?::(.*))?$/.exec(value.trim()) ?? [];
  switch (plugin) {
    case "file":
      return argument === "" ? null : argument;
    case "stdio":
      return "-";
    case "syslog": {
      const [tag = "", facility] = argument.split(",");
      return { to: "unix:/dev/log", tag: tagOf(tag), ...facilityOf(facility) };
    }
    case "rsyslog": {
      const [receiver = "", tag = "", facility] = argument.split(",");
      return receiver === "" ? null : { to: `udp:${receiver}`, tag: tagOf(tag), ...facilityOf(facility) };
    }
    default:
      return null;
  }
}

/** The name that messages carry, as it may stand in one. */
export function tagOf(written: string): string {
  const tag = written.replace(/[^\w./-]/g, "-").slice(0, 48);
  return tag === "" ? "uwsgi" : tag;
}

function facilityOf(facility: string | undefined): { readonly facility?: string } {
  return facility !== undefined && /^[a-z]+\d?$/.test(facility) ? { facility } : {};
}
