import { hostname } from "node:os";

/** What `%n` and its like stand for in one unit (systemd.unit(5), "Specifiers"), for the system's manager. */
export function specifiers(unit: string): Readonly<Record<string, string>> {
  const type = /\.\w+$/.exec(unit)?.[0] ?? "";
  const name = unit.slice(0, unit.length - type.length);
  const at = name.indexOf("@");
  const prefix = at < 0 ? name : name.slice(0, at);
  const instance = at < 0 ? "" : name.slice(at + 1);
  return {
    n: unit,
    N: name,
    p: prefix,
    P: unescapeName(prefix),
    i: instance,
    I: unescapeName(instance),
    j: prefix.split("-").at(-1)!,
    f: `/${unescapeName(instance === "" ? prefix : instance)}`,
    H: hostname(),
    l: hostname().split(".")[0]!,
    // Of the manager, which is root's, not of User=.
    u: "root",
    U: "0",
    h: "/root",
    t: "/run",
    S: "/var/lib",
    C: "/var/cache",
    L: "/var/log",
    E: "/etc",
    T: "/tmp",
    V: "/var/tmp",
    "%": "%",
  };
}

/** The text with its specifiers replaced; those that are not known stay. */
export function expandSpecifiers(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/%(.)/g, (written, letter: string) => values[letter] ?? written);
}

// --- internal ---

/** `-` stands for `/`, `\x2d` for a byte. */
function unescapeName(name: string): string {
  return name
    .replaceAll("-", "/")
    .replace(/\\x([\da-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
