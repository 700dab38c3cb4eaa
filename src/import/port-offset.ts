import { addressOf } from "./merge.ts";
import { isPlain, listAt, type Plain } from "./tree.ts";

/** Ports that only a privileged process may listen on, unless the system says otherwise. */
const PRIVILEGED = 1024;

/** The settings with `offset` added to every listening port below 1024, so that 80 becomes 8080 with an offset of 8000. */
export function shiftPorts(settings: Plain, offset: number): Plain {
  const shift = (address: string): string => {
    const match = /^(.*:)?(\d+)$/.exec(address);
    if (match === null || address.startsWith("unix:") || Number(match[2]) >= PRIVILEGED) return address;
    return `${match[1] ?? ""}${Number(match[2]) + offset}`;
  };
  const listeners = listAt(settings, "listeners").map((listener) =>
    isPlain(listener) ? { ...listener, address: shift(addressOf(listener)) } : shift(String(listener)),
  );
  const sites = listAt(settings, "sites").map((site) =>
    isPlain(site) && site["listeners"] !== undefined
      ? { ...site, listeners: listAt(site, "listeners").map((address) => shift(String(address))) }
      : site,
  );
  return {
    ...settings,
    ...(listeners.length === 0 ? {} : { listeners }),
    ...(sites.length === 0 ? {} : { sites }),
  };
}
