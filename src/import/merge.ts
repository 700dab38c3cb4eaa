import { describePlace } from "../base/errors.ts";
import type { DirectiveReport, Door, ForeignKind, Reading } from "./reading.ts";
import { changeMaps, changeTexts, isPlain, listAt, mapAt, type Plain } from "./tree.ts";

/** A door with the kind of server that opened it, which decides what its app was told of the client. */
export interface ServerDoor extends Door {
  readonly kind: ForeignKind;
}

/** Several readings made into one document; doors and reports beside it. */
export interface Merged {
  readonly settings: Plain;
  readonly doors: readonly ServerDoor[];
  readonly directives: readonly DirectiveReport[];
  readonly notes: readonly string[];
}

/** Where fragments without a listener of their own are served, as NGINX and Apache do. */
export const FRAGMENT_ADDRESS = "*:80";

/**
 * Puts readings together. Names that two of them use get a number, sites without listeners get those of their own reading, and
 * of a setting that stands alone (`user`, `limits`, ...) the first reading's is kept, with a note.
 */
export function mergeReadings(readings: readonly Reading[]): Merged {
  const notes: string[] = [];
  const settings: Plain = {};
  const doors: ServerDoor[] = [];
  const taken = new Set<string>();
  for (const reading of readings) {
    const renamed = rename(reading, taken, notes);
    doors.push(...renamed.doors.map((door) => ({ ...door, kind: reading.kind })));
    add(settings, withOwnLog(withListeners(renamed.settings), settings["access_log"]), reading, notes);
  }
  return { settings, doors, directives: readings.flatMap(({ directives }) => directives), notes };
}

// --- internal ---

const SECTIONS = ["apps", "programs", "upstreams", "variables", "caches", "log_formats"] as const;
/** What a section has that says where a log goes. */
const LOG_PLACES = ["path", "syslog", "journald"] as const;
const LISTS = ["listeners", "sites"] as const;

/** The reading with names that no reading before it has. */
function rename(reading: Reading, taken: Set<string>, notes: string[]): { settings: Plain; doors: readonly Door[] } {
  let settings = reading.settings as Plain;
  let { doors } = reading;
  for (const section of SECTIONS) {
    for (const name of Object.keys(mapAt(settings, section))) {
      const free = freeName(name, section, taken);
      taken.add(`${spaceOf(section)} ${free}`);
      if (free === name) continue;
      notes.push(
        `the ${section.slice(0, -1)} ${name} of ${originOf(reading)} is called ${free} here: the name is taken`,
      );
      settings = renamed(settings, section, name, free);
      if (section === "apps") doors = doors.map((door) => renamedDoor(door, name, free));
    }
  }
  return { settings, doors };
}

/** An app and a program can't have the same name. */
function spaceOf(section: string): string {
  return section === "programs" ? "apps" : section;
}

/** A door with this app called otherwise. */
export function renamedDoor(door: Door, name: string, free: string): Door {
  const called = door.app === name ? { ...door, app: free } : door;
  if (door.routes === undefined) return called;
  const rename = (map: Plain): Plain => (map["app"] === name ? { ...map, app: free } : map);
  return { ...called, routes: door.routes.map((route) => changeMaps(route, rename) as Plain) };
}

function freeName(name: string, section: string, taken: ReadonlySet<string>): string {
  const space = spaceOf(section);
  if (!taken.has(`${space} ${name}`)) return name;
  for (let number = 2; ; number++) {
    const free = section === "variables" ? `${name}_${number}` : `${name}-${number}`;
    if (!taken.has(`${space} ${free}`)) return free;
  }
}

function renamed(settings: Plain, section: (typeof SECTIONS)[number], name: string, free: string): Plain {
  const entries = Object.entries(mapAt(settings, section)).map(([key, value]) => [key === name ? free : key, value]);
  const changed: Plain = { ...settings, [section]: Object.fromEntries(entries) };
  if (section === "variables")
    return changeTexts(changed, (text) => text.replaceAll(`{${name}}`, `{${free}}`)) as Plain;
  if (section === "log_formats")
    return changeMaps(changed, (map) =>
      map["format"] === name && LOG_PLACES.some((key) => map[key] !== undefined) ? { ...map, format: free } : map,
    ) as Plain;
  if (section === "programs") return afterRenamed(changed, name, free);
  if (changed["sites"] === undefined) return changed;
  const sites = changeMaps(changed["sites"], (map) => {
    if (section === "apps" && map["app"] === name) return { ...map, app: free };
    const cache = map["cache"];
    if (section === "caches" && isPlain(cache) && cache["store"] === name)
      return { ...map, cache: { ...cache, store: free } };
    if (section !== "upstreams") return map;
    if (map["proxy"] === name) return { ...map, proxy: free };
    const proxy = map["proxy"];
    return isPlain(proxy) && proxy["to"] === name ? { ...map, proxy: { ...proxy, to: free } } : map;
  });
  return { ...changed, sites };
}

/** What has to wait for the program waits for it under its new name. */
function afterRenamed(settings: Plain, name: string, free: string): Plain {
  const waiting = (section: "apps" | "programs"): Plain => {
    const entries = Object.entries(mapAt(settings, section)).map(([key, value]) => {
      const { after } = value as Plain;
      if (Array.isArray(after))
        return [key, { ...(value as Plain), after: after.map((each) => (each === name ? free : each)) }];
      if (after === name) return [key, { ...(value as Plain), after: free }];
      if (!isPlain(after) || after[name] === undefined) return [key, value];
      const { [name]: condition, ...others } = after;
      return [key, { ...(value as Plain), after: { ...others, [free]: condition } }];
    });
    return entries.length === 0 ? {} : { [section]: Object.fromEntries(entries) };
  };
  return { ...settings, ...waiting("apps"), ...waiting("programs") };
}

/** Sites answer where their own reading listens, and nowhere else. */
function withListeners(settings: Plain): Plain {
  const sites = listAt(settings, "sites");
  if (sites.length === 0) return settings;
  const own = listAt(settings, "listeners").map(addressOf);
  const addresses = own.length === 0 ? [FRAGMENT_ADDRESS] : own;
  const bound = sites.map((site) =>
    isPlain(site) && site["listeners"] === undefined ? { ...site, listeners: addresses } : site,
  );
  return { ...settings, listeners: own.length === 0 ? addresses : settings["listeners"], sites: bound };
}

/** Where another access log holds for the whole, sites keep that of their own reading. */
function withOwnLog(settings: Plain, before: unknown): Plain {
  const { access_log: log, ...rest } = settings;
  const sites = listAt(settings, "sites");
  if (log === undefined || before === undefined || sites.length === 0) return settings;
  if (JSON.stringify(log) === JSON.stringify(before)) return settings;
  const logged = sites.map((site) =>
    isPlain(site) && site["access_log"] === undefined ? { ...site, access_log: log } : site,
  );
  return { ...rest, sites: logged };
}

export function addressOf(listener: unknown): string {
  return String(isPlain(listener) ? listener["address"] : listener);
}

function add(into: Plain, settings: Plain, reading: Reading, notes: string[]): void {
  for (const [key, value] of Object.entries(settings)) {
    if ((SECTIONS as readonly string[]).includes(key)) into[key] = { ...mapAt(into, key), ...(value as Plain) };
    else if ((LISTS as readonly string[]).includes(key)) into[key] = [...listAt(into, key), ...listAt(settings, key)];
    else if (into[key] === undefined) into[key] = value;
    else if (JSON.stringify(into[key]) !== JSON.stringify(value))
      notes.push(`${key} of ${originOf(reading)} is left out: what was given before says otherwise`);
  }
  if (into["listeners"] !== undefined) into["listeners"] = distinct(listAt(into, "listeners"));
}

/** One of each address; the first that says more than the address wins. */
function distinct(listeners: readonly unknown[]): readonly unknown[] {
  const byAddress = new Map<string, unknown>();
  for (const listener of listeners) {
    const address = addressOf(listener);
    if (!byAddress.has(address) || !isPlain(byAddress.get(address))) byAddress.set(address, listener);
  }
  return [...byAddress.values()];
}

function originOf(reading: Reading): string {
  const place = reading.directives[0]?.place;
  return place === undefined ? reading.kind : describePlace({ file: place.file });
}
