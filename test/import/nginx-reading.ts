import { readNginx } from "../../src/import/nginx/read.ts";
import type { ReadContext, Reading } from "../../src/import/reading.ts";
import type { Plain } from "../../src/import/tree.ts";
import { machine } from "./nginx-machine.ts";

export const FILE = "/srv/nginx/site.conf";

export function read(
  text: string,
  files: Readonly<Record<string, string>> = {},
  more: Partial<ReadContext> = {},
): Reading {
  return readNginx({ kind: "nginx", form: "file", path: FILE, text }, machine(files, more));
}

/** The routes of the first site, without the one that nothing asked for. */
export function routes(text: string): Plain[] {
  const [site] = read(text).settings.sites as unknown as Plain[];
  return (site!["routes"] as Plain[]).filter((route) => route["fail"] !== 404 || route["prefix"] !== "/");
}

export function route(location: string): Plain {
  return routes(`server { ${location} }`).at(-1)!;
}

export function verdictOf(reading: Reading, name: string): string {
  const found = reading.directives.filter((directive) => directive.name === name);
  return found.map(({ verdict, note }) => (note === "" ? verdict : `${verdict}: ${note}`)).join(" | ");
}
