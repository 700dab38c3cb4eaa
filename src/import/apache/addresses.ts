/** An address of `<VirtualHost>` or `Listen` as `listeners` have it; null: its port is no number. */
export function readAddress(written: string): string | null {
  const match = /^(?:(\[[^\]]+\]|[^:]*):)?([^:]+)$/.exec(written);
  if (match === null) return null;
  const [, host, port] = match;
  const onlyHost = host === undefined && !/^\d+$/.test(port!);
  const number = onlyHost ? "80" : port === "*" ? "80" : port!;
  if (!/^\d+$/.test(number) || Number(number) > 65_535) return null;
  const name = onlyHost ? port! : (host ?? "*");
  return `${/^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[\da-fA-F:.]+\])$/.test(name) ? name : "*"}:${number}`;
}

/** A name of ServerName or ServerAlias as `hosts` have it; null: it is no host name. */
export function readHost(written: string): string | null {
  const name = written
    .replace(/^[a-z]+:\/\//i, "")
    .replace(/:\d+$/, "")
    .toLowerCase();
  if (!/^[\w.*?[\]:-]+$/.test(name)) return null;
  if (/^(?:\*\.)?[\w.:[\]-]+$/.test(name)) return name;
  const pattern = name
    .replace(/[.[\]-]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return `~^${pattern}$`;
}
