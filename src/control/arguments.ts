import { PropylonError } from "../base/errors.ts";
import type { JsonObject } from "./read-json.ts";

/** The arguments of one operation: what is asked for by name and type is there, and nothing else is. */
export class Arguments {
  readonly #operation: string;
  readonly #values: JsonObject;

  constructor(operation: string, values: JsonObject, known: readonly string[]) {
    this.#operation = operation;
    this.#values = values;
    for (const name of Object.keys(values)) {
      if (!known.includes(name)) {
        const remedy = known.length === 0 ? "it takes none" : `it takes ${known.join(", ")}`;
        throw new PropylonError("user", `"${operation}" knows no argument "${name}"`, { remedy });
      }
    }
  }

  text(name: string): string {
    const value = this.optionalText(name);
    if (value !== undefined) return value;
    throw new PropylonError("user", `"${this.#operation}" needs the argument "${name}"`);
  }

  optionalText(name: string): string | undefined {
    return this.#typed(name, "string") as string | undefined;
  }

  flag(name: string): boolean {
    return (this.#typed(name, "boolean") as boolean | undefined) ?? false;
  }

  optionalFlag(name: string): boolean | undefined {
    return this.#typed(name, "boolean") as boolean | undefined;
  }

  optionalNumber(name: string): number | undefined {
    return this.#typed(name, "number") as number | undefined;
  }

  #typed(name: string, type: "string" | "boolean" | "number"): unknown {
    const value = this.#values[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value === type) return value;
    throw new PropylonError("user", `The argument "${name}" of "${this.#operation}" is not a ${type}`);
  }
}
