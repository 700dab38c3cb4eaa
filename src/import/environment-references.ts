import { attempt, callAfter, type Environment, type Import, probes, stillOpen } from "./environment-trials.ts";
import type { Imported } from "./import.ts";
import { changeTexts, isPlain, type Plain } from "./tree.ts";

/**
 * Imports with `${NAME}` in the settings wherever the value of an environment variable went into them: no secret lands in a
 * propylon.yaml, and what is set later still counts. No reader knows of it: each variable is tried with another value, and where that
 * value comes out, and nothing else differs, the variable stands. What decides the structure keeps its value, with a note. A variable
 * that is not set, and that something can't do without, is left to be set.
 *
 * @param read imports with this environment; may throw
 * @param textOf all that was given, as it was written: only variables named there, and those that servers look up by themselves, are tried
 */
export function withReferences(
  read: Import,
  environment: Environment,
  textOf: (imported: Imported | null) => string,
): Imported {
  const looked = new Set<string>();
  const plain = attempt(read, recording(environment, looked));
  const text = textOf(plain.imported);
  // Supervisor puts the whole environment beside names of its own: there, what is not set is no look-up.
  for (const [, name] of text.matchAll(/%\(ENV_([A-Za-z_]\w*)\)s/g)) looked.add(name!);
  const names = [...looked].filter((name) => isNamed(name, text, environment)).slice(0, MOST_NAMES);
  const assumed = stillOpen(read, environment, names, plain, (name) => isPlaceholder(name, text));
  const known = { ...environment, ...assumed };
  const called: Import = (values) => callAfter(read(values), assumed);
  const base = attempt(called, known);
  if (base.imported === null) throw base.error;
  const start = base.imported;
  const found = names.flatMap((name) => referenceOf(called, known, name, start, Object.hasOwn(assumed, name)));
  return told(start, weave(called, known, start, found), found, Object.keys(assumed), environment);
}

// --- internal ---

/** A configuration that names more is none. */
const MOST_NAMES = 60;
/** Servers look these up without a word about them in their files. */
const OWN_NAMES = /^(?:UWSGI_\w+|PORT|WEB_CONCURRENCY|FORWARDED_ALLOW_IPS)$/;
/** A value so short stands in other texts by chance. */
const TELLING = 6;

/** A variable that goes into texts or numbers of the settings. */
interface Reference {
  readonly name: string;
  /** What it was tried with. */
  readonly probe: string;
  /** Its value, or null where its default went in. */
  readonly value: string | null;
  /** What counts when it is not set, or null. */
  readonly fallback: string | null;
  /** Whether nothing else differs; else only this and that text follows it. */
  readonly alone: boolean;
  /** Whether anything at all follows it. */
  readonly used: boolean;
}

/** An environment that notes which of its variables are looked up, set or not. */
function recording(environment: Environment, looked: Set<string>): Environment {
  const target: Record<string, string | undefined> = { ...environment };
  const note = (name: string | symbol): void => {
    if (typeof name === "string" && /^[A-Za-z_]\w*$/.test(name)) looked.add(name);
  };
  return new Proxy(target, {
    get(_, name) {
      note(name);
      return Reflect.get(target, name);
    },
    has(_, name) {
      note(name);
      return Reflect.has(target, name);
    },
  });
}

function isNamed(name: string, text: string, environment: Environment): boolean {
  if (OWN_NAMES.test(name) && environment[name] !== undefined) return true;
  return new RegExp(`(?<![A-Za-z0-9_])(?:ENV_)?${name}(?![A-Za-z0-9_])|__${name}__`).test(text);
}

function isPlaceholder(name: string, text: string): boolean {
  return new RegExp(`\\{\\{\\s*${name}\\s*\\}\\}|(?<!\\w)__${name}__(?!\\w)`).test(text);
}

/** What this variable does, tried with another value of the same kind; nothing where it does nothing. */
function referenceOf(
  read: Import,
  known: Environment,
  name: string,
  base: Imported,
  isAssumed: boolean,
): readonly Reference[] {
  const value = known[name] ?? null;
  const { [name]: _, ...rest } = known;
  const without = isAssumed ? null : value === null ? base : attempt(read, rest).imported;
  const [first, ...others] = probesFor(name, value, isAssumed).flatMap((probe): readonly Reference[] => {
    const tried = attempt(read, { ...known, [name]: probe }).imported;
    if (tried === null) return [];
    const trial = { name, probe, value };
    const differences: Differences = { explained: 0, others: 0, fallbacks: new Set() };
    compare(base.settings, tried.settings, without?.settings, trial, differences);
    const [fallback, ...more] = [...differences.fallbacks];
    if (differences.explained === 0)
      return differences.others === 0 ? [] : [{ ...trial, fallback: null, alone: false, used: false }];
    const one = !isAssumed && more.length === 0 && fallback !== undefined && fallback !== null;
    // Where it isn't set, each place that it goes to has to have the same default.
    if (value === null && !(one && (fallback.includes(name) || /^[^{}]+$/.test(fallback)))) return [];
    return [{ ...trial, fallback: one ? fallback : null, alone: differences.others === 0, used: true }];
  });
  const best = [first, ...others].find((each) => each?.used === true && each.alone) ?? first;
  return best === undefined ? [] : [best];
}

function probesFor(name: string, value: string | null, isAssumed: boolean): readonly string[] {
  const { word, number, path, yes } = probes(name);
  if (value === "true" || value === "false") return [value === "true" ? "false" : "true"];
  if (value === null) return [number, word, path, yes, "false"];
  if (isAssumed) return [value];
  return [/^\d+$/.test(value) ? number : value.startsWith("/") ? path : word];
}

interface Differences {
  explained: number;
  others: number;
  readonly fallbacks: Set<string | null>;
}

type Trial = Pick<Reference, "name" | "probe" | "value">;

function compare(base: unknown, tried: unknown, without: unknown, trial: Trial, into: Differences): void {
  if (Array.isArray(base) && Array.isArray(tried) && base.length === tried.length) {
    const beside = Array.isArray(without) && without.length === base.length ? without : [];
    for (const [index, item] of base.entries()) compare(item, tried[index], beside[index], trial, into);
  } else if (isPlain(base) && isPlain(tried)) {
    for (const key of new Set([...Object.keys(base), ...Object.keys(tried)]))
      compare(base[key], tried[key], isPlain(without) ? without[key] : undefined, trial, into);
  } else if (follows(base, tried, trial)) {
    into.explained++;
    into.fallbacks.add(fallbackOf(tried, without, trial));
  } else if (base !== tried) into.others++;
}

/** Whether the variable's value makes the one text (or number, or switch) as the probe makes the other. */
function follows(base: unknown, tried: unknown, { probe, value }: Trial): boolean {
  // A switch that is left out is as it would be with the other value.
  if (isSwitch(probe) && [base, tried].every((side) => side === undefined || typeof side === "boolean"))
    return base !== tried && (tried ?? !base) === (probe === "true") && (value ?? `${probe !== "true"}`) !== probe;
  if (typeof tried !== "string" && typeof tried !== "number") return false;
  if (typeof base !== "string" && typeof base !== "number") return false;
  const parts = String(tried).split(probe);
  if (parts.length === 1 || (typeof tried === "number" && parts.length !== 2)) return false;
  return value === null ? inserted(parts, String(base)) !== null : parts.join(escaped(value)) === String(base);
}

function isSwitch(probe: string): boolean {
  return probe === "true" || probe === "false";
}

/** What stands between these parts in a text, everywhere the same; null: nothing does. */
function inserted(parts: readonly string[], text: string): string | null {
  const length = (text.length - parts.join("").length) / (parts.length - 1);
  if (length < 0 || !Number.isInteger(length)) return null;
  const candidate = text.slice(parts[0]!.length, parts[0]!.length + length);
  return parts.join(candidate) === text ? candidate : null;
}

function fallbackOf(tried: unknown, without: unknown, { probe }: Trial): string | null {
  if (isSwitch(probe)) return String(without ?? false);
  if (typeof without !== "string" && typeof without !== "number") return null;
  return inserted(String(tried).split(probe), String(without));
}

/** As readings are: a `${` that is meant as it stands is written `$${`. */
function escaped(value: string): string {
  return value.replaceAll("${", () => "$${");
}

/** The import with all of these in place: those that only texts follow together, the others where they still can be told. */
function weave(read: Import, known: Environment, base: Imported, references: readonly Reference[]): Imported {
  const used = references.filter((reference) => reference.used);
  // A switch does not say which of several variables it follows.
  const isText = ({ alone, probe }: Reference): boolean => alone && !isSwitch(probe);
  const together = used.filter(isText);
  const rounds = [together, ...used.filter((each) => !isText(each)).map((one) => [one])];
  let result = base;
  for (const round of rounds.filter(({ length }) => length > 0)) {
    const values = Object.fromEntries(round.map(({ name, probe }) => [name, probe]));
    const tried = attempt(read, { ...known, ...values }).imported;
    if (tried === null) continue;
    result = {
      ...result,
      settings: place(result.settings, base.settings, tried.settings, round) as Plain,
      directives: result.directives.map((line, index) => ({
        ...line,
        note: place(line.note, base.directives[index]?.note, tried.directives[index]?.note, round) as string,
      })),
      notes: place(result.notes, base.notes, tried.notes, round) as readonly string[],
    };
  }
  return result;
}

function place(into: unknown, base: unknown, tried: unknown, references: readonly Reference[]): unknown {
  if (Array.isArray(into) && Array.isArray(base) && Array.isArray(tried))
    return tried.length === base.length
      ? into.map((item, index) => place(item, base[index], tried[index], references))
      : into;
  if (isPlain(into) && isPlain(base) && isPlain(tried)) {
    const placed = Object.keys({ ...into, ...tried }).map((key) => [
      key,
      place(into[key], base[key], tried[key], references),
    ]);
    return Object.fromEntries(placed.filter(([, value]) => value !== undefined));
  }
  if (into !== base) return into;
  const toggled = references.find((each) => isSwitch(each.probe) && follows(base, tried, each));
  if (toggled !== undefined) return written(toggled);
  if ((typeof tried !== "string" && typeof tried !== "number") || (tried === base && !holdsProbe(tried, references)))
    return into;
  const fill = (text: (reference: Reference) => string): string =>
    references.reduce((result, reference) => result.split(reference.probe).join(text(reference)), String(tried));
  const again = fill(({ value, fallback }) => escaped(value ?? fallback ?? ""));
  return again === String(base) && holdsProbe(tried, references) ? fill(written) : into;
}

function holdsProbe(text: string | number, references: readonly Reference[]): boolean {
  return references.some(({ probe }) => String(text).includes(probe));
}

function written(reference: Reference): string {
  const { name, fallback } = reference;
  return fallback === null || isOpen(reference) || !/^[^{}]+$/.test(fallback)
    ? `\${${name}}`
    : `\${${name}:${fallback}}`;
}

/** Where what is not set stays as it was written: `$(NAME)` of uWSGI, `{{ NAME }}` of templates. */
function isOpen({ name, fallback }: Reference): boolean {
  return fallback?.includes(name) === true;
}

/** The import with a note for what has to be set, and for values that stay as they are; the report without values that went out of the settings. */
function told(
  base: Imported,
  woven: Imported,
  references: readonly Reference[],
  assumed: readonly string[],
  environment: Environment,
): Imported {
  const settings = JSON.stringify(woven.settings);
  const values = references.flatMap(({ name }) => {
    const value = environment[name];
    return value === undefined || value.length < TELLING ? [] : [{ name, value }];
  });
  // A stand-in is nothing that anyone has written: where nothing else told of it, it is still the variable's place.
  const named = (text: string): string =>
    assumed.reduce((rest, name) => rest.replaceAll(probes(name).word, `\${${name}}`), text);
  const hide = (text: string): string =>
    values.reduce(
      (rest, { name, value }) => (isSecret(name) ? rest.replaceAll(value, `\${${name}}`) : rest),
      named(text),
    );
  const out = values.filter(
    ({ name, value }) => isSecret(name) && settings.includes(JSON.stringify(value).slice(1, -1)),
  );
  const decided = references.filter(({ used, alone, value }) => (!used || !alone) && value !== null);
  const notes = [
    ...[...assumed, ...references.filter((each) => each.value === null && isOpen(each)).map(({ name }) => name)].map(
      (name) => `\${${name}} is not set here: it is read from the environment at every start`,
    ),
    ...decided.map(({ name }) => `what ${name} is now decided more than a text; import again when it changes`),
    ...out.map(({ name }) => `the value of ${name} is part of what was written`),
  ];
  return {
    ...base,
    settings: changeTexts(woven.settings, named) as Plain,
    directives: woven.directives.map((line) => ({ ...line, name: named(line.name), note: hide(line.note) })),
    notes: [...woven.notes.map(hide), ...notes],
  };
}

function isSecret(name: string): boolean {
  return /SECRET|PASS|TOKEN|KEY|CREDENTIAL|PRIVATE|DSN|URL|AUTH/i.test(name);
}
