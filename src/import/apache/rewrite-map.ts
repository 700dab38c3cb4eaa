import type { ReadContext } from "../reading.ts";
import type { Plain } from "../tree.ts";
import { plainTemplate } from "./template.ts";

/** Looks values up as the maps of a server do (RewriteMap), each with a variable of its own. */
export class RewriteMaps {
  readonly #maps: ReadonlyMap<string, string>;
  readonly #machine: ReadContext;
  readonly #variables: Plain;

  constructor(maps: ReadonlyMap<string, string>, machine: ReadContext, variables: Plain) {
    this.#maps = maps;
    this.#machine = machine;
    this.#variables = variables;
  }

  /** The template for `${map:key|otherwise}`; null: it is a map that can't be had. */
  lookUp(map: string, key: string, otherwise: string | null): string | null {
    const source = this.#maps.get(map) ?? "";
    // Names of hosts have no upper case here.
    if (source === "int:tolower") return key === "{http_host}" || key === "{host}" ? "{host}" : null;
    if (!source.startsWith("txt:")) return null;
    const text = this.#machine.readFile(source.slice("txt:".length));
    if (text === null) return null;
    const values: Record<string, string> = {};
    for (const line of text.split(/\r?\n/)) {
      const [name = "", value] = line.trim().split(/\s+/);
      if (name !== "" && !name.startsWith("#") && value !== undefined) values[name] ??= plainTemplate(value);
    }
    const wanted = { from: key, values, default: otherwise ?? "" };
    const plain = `map_${map.replace(/\W/g, "_")}`;
    for (let number = 1; ; number++) {
      const name = number === 1 ? plain : `${plain}_${number}`;
      this.#variables[name] ??= wanted;
      if (JSON.stringify(this.#variables[name]) === JSON.stringify(wanted)) return `{${name}}`;
    }
  }
}
