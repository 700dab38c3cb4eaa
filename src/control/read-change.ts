import { PropylonError } from "../base/errors.ts";
import { Arguments } from "./arguments.ts";
import type { JsonObject } from "./read-json.ts";
import type { TargetChange } from "./upstreams.ts";

/** The arguments of `POST /upstream`: the upstream's name and one change. Throws a PropylonError for what they can't be. */
export function readChange(values: JsonObject): { readonly name: string; readonly change: TargetChange } {
  const given = new Arguments("upstream", values, ["name", "action", "target", "weight", "backup", "down"]);
  const name = given.text("name");
  const kind = given.text("action");
  const address = given.text("target");
  const weight = given.optionalNumber("weight");
  const backup = given.optionalFlag("backup");
  const down = given.optionalFlag("down");
  if (weight !== undefined && (!Number.isInteger(weight) || weight < 1 || weight > 1_000_000))
    throw new PropylonError("user", `The weight ${weight} is not a whole number from 1`);
  const settings = {
    ...(weight === undefined ? {} : { weight }),
    ...(backup === undefined ? {} : { backup }),
    ...(down === undefined ? {} : { down }),
  };
  if (kind === "add" || kind === "set") return { name, change: { kind, address, settings } };
  if (kind === "remove") return { name, change: { kind, address } };
  throw new PropylonError("user", `The action "${kind}" is not one of an upstream`, {
    remedy: "it is add, set or remove",
  });
}
