import { didYouMean } from "../base/did-you-mean.ts";
import { PropylonError } from "../base/errors.ts";
import { overlay } from "./overlay.ts";
import { readValue } from "./read.ts";
import { settingsSchema } from "./schema.ts";
import { fromValue, type Origin, type Path, type Sourced, scalar, valueAt, withValue } from "./sourced.ts";
import { keysAt } from "./walk.ts";

/** Ours, but no setting; the last two say where tests find what they read in place. */
const RESERVED = new Set(["PROPYLON_PROFILE", "PROPYLON_DEBUG", "PROPYLON_CORPORA", "PROPYLON_SEEDS"]);

/** What Kubernetes sets in every container beside a service named `propylon`. */
const SERVICE_LINK = /^PROPYLON_(SERVICE_(HOST|PORT)(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_\w+)?)?)$/;

/**
 * The document with `PROPYLON_*` over it: `PROPYLON_LOG__LEVEL=debug`, `PROPYLON_APPS__PERSON__WORKERS=4`,
 * `PROPYLON_LISTENERS='["*:80"]'`, `PROPYLON_LISTEN=*:80,unix:/run/p.sock`. Two underscores step into a section; names are
 * compared without case, and with `_` for `-`. An empty variable counts as not set, as in Compose files.
 */
export function applyEnvironment(
  document: Sourced,
  environment: Readonly<Record<string, string | undefined>>,
): { readonly document: Sourced; readonly warnings: readonly PropylonError[] } {
  const warnings: PropylonError[] = [];
  let result = document;
  for (const name of Object.keys(environment).sort()) {
    const value = environment[name];
    if (
      !name.startsWith("PROPYLON_") ||
      RESERVED.has(name) ||
      SERVICE_LINK.test(name) ||
      value === undefined ||
      value === ""
    )
      continue;
    const origin: Origin = { layer: "environment", place: { file: `environment ${name}` } };
    if (name === "PROPYLON_LISTEN") {
      result = withValue(
        result,
        ["listeners"],
        fromValue(
          value.split(",").map((address) => address.trim()),
          origin,
        ),
      );
      continue;
    }
    const path = pathOf(name.slice("PROPYLON_".length), result);
    if (path === null) warnings.push(unknownVariable(name));
    else result = overlay(result, path, readText(value, origin));
  }
  return { document: result, warnings };
}

/** The setting that a name means, or null when its first word is none. */
function pathOf(name: string, document: Sourced): Path | null {
  const path: (string | number)[] = [];
  for (const word of name.split("__")) {
    const here = valueAt(document, path);
    if (here?.kind === "list" && /^\d+$/.test(word)) {
      path.push(Number(word));
      continue;
    }
    const written = here?.kind === "map" ? [...here.entries.keys()] : [];
    const known = [...written, ...keysAt(settingsSchema, document, path)].find((key) => normal(key) === normal(word));
    if (known === undefined && path.length === 0) return null;
    // The names of variables keep their case; any other name that nobody has written yet is lower case.
    path.push(known ?? (path.at(-1) === "environment" ? word : word.toLowerCase()));
  }
  return path;
}

function unknownVariable(name: string): PropylonError {
  const names = [
    ...keysAt(
      settingsSchema,
      { kind: "map", entries: new Map(), origin: { layer: "default", place: { file: "" } } },
      [],
    ),
    "listen",
  ];
  const first = name.slice("PROPYLON_".length).split("__")[0]!;
  const remedy = didYouMean(
    `PROPYLON_${first}`,
    names.map((key) => `PROPYLON_${key.toUpperCase()}`),
  );
  return new PropylonError("user", `${name} is not a setting, so it is ignored`, {
    place: { file: `environment ${name}` },
    ...(remedy === undefined ? {} : { remedy }),
  });
}

/** Text as it is; lists, sections and null in YAML's short form. */
function readText(value: string, origin: Origin): Sourced {
  return /^\s*[[{]/.test(value) || value === "null" ? readValue(value, origin) : scalar(value, origin);
}

function normal(word: string): string {
  return word.toLowerCase().replaceAll("-", "_");
}
