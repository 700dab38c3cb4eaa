import { resolve } from "node:path";
import { type Place, ProblemList, PropylonError } from "../base/errors.ts";
import { splitShellWords } from "../base/shell-words.ts";
import { type ServerCommand, serverCommand } from "./command-kind.ts";
import { renamedDoor } from "./merge.ts";
import type { ForeignKind, ReadContext, Reader, Reading } from "./reading.ts";
import { folderOf, standIns } from "./stand-ins.ts";
import { isPlain, listAt, mapAt, type Plain } from "./tree.ts";

export interface Folded {
  readonly readings: readonly Reading[];
  readonly notes: readonly string[];
  /** The program stays, for the reason that the note gives. */
  readonly kept?: true;
}

/**
 * Takes the programs that are servers which we take the place of (Gunicorn under Supervisor, uWSGI in a unit) out of the
 * programs, and reads their command lines in place of it. `given`: kinds of files that were given besides: an NGINX program
 * is what serves the nginx.conf among them.
 *
 * @param files paths of all files that were given, for a command line that names one of them where it will be deployed
 */
export function foldPrograms(
  reading: Reading,
  given: ReadonlySet<ForeignKind>,
  readers: Readonly<Record<ForeignKind, Reader>>,
  context: ReadContext,
  files: readonly string[] = [],
): Folded {
  const programs = mapAt(reading.settings as Plain, "programs");
  const kept: Plain = {};
  const readings: Reading[] = [];
  const notes: string[] = [];
  for (const [name, program] of Object.entries(programs)) {
    const server = isPlain(program) ? commandOf(program) : null;
    const folded =
      server === null ? null : readServer(name, program as Plain, server, reading, given, readers, context, files);
    if (folded === null || folded.kept === true) kept[name] = program;
    if (folded !== null) {
      readings.push(...folded.readings);
      notes.push(...folded.notes);
    }
  }
  if (notes.length === 0) return { readings: [reading], notes };
  const { programs: _, ...rest } = reading.settings as Plain;
  const settings = Object.keys(kept).length === 0 ? rest : { ...rest, programs: kept };
  return { readings: [{ ...reading, settings: settings as Reading["settings"] }, ...readings], notes };
}

// --- internal ---

function commandOf(program: Plain): ServerCommand | null {
  const { command } = program;
  const words = Array.isArray(command) ? command.map(String) : splitShellWords(String(command ?? ""));
  if (words === null) return null;
  const server = serverCommand(words);
  if (server !== null || words.length !== 3) return server;
  // `sh -c 'exec gunicorn ...'`, as long as the shell has nothing else to do.
  const inner = /^(?:\/bin\/)?(?:ba|da)?sh$/.test(words[0]!) && /^-l?c$/.test(words[1]!) ? words[2]! : null;
  return inner === null || /[;&|<>`$()]/.test(inner) ? null : serverCommand(splitShellWords(inner) ?? []);
}

function readServer(
  name: string,
  program: Plain,
  server: ServerCommand,
  from: Reading,
  given: ReadonlySet<ForeignKind>,
  readers: Readonly<Record<ForeignKind, Reader>>,
  context: ReadContext,
  files: readonly string[],
): Folded | null {
  const place = placeOf(name, from);
  if (server.kind === "nginx" && given.has("nginx"))
    return { readings: [], notes: [`the program ${name} is NGINX, whose configuration was given: it is not started`] };
  const directory = resolve(context.directory, String(program["directory"] ?? context.directory));
  const environment = { ...context.environment, ...texts(mapAt(program, "environment")), ...server.environment };
  const found = standIns(context, files, folderOf(from, context));
  let reading: Reading;
  let missing: readonly string[];
  try {
    const source = { kind: server.kind, form: "command" as const, words: server.words, place };
    const read = readers[server.kind](source, { ...found.context, directory, environment });
    ({ reading, notes: missing } = found.settle(read));
  } catch (error) {
    if (!(error instanceof PropylonError)) throw error;
    const message = error instanceof ProblemList ? error.problems[0]!.message : error.message;
    return {
      readings: [],
      notes: [`the program ${name} is ${server.kind} and stays a program: ${message}`],
      kept: true,
    };
  }
  const { apps, sites } = reading.settings as Plain;
  // `gunicorn --version`, or a file that names no app.
  if (apps === undefined && sites === undefined) return null;
  const settings = adopt(name, program, server, reading.settings as Plain);
  const notes = [
    `the program ${name} is ${server.kind}: its app runs in our own workers`,
    ...missing,
    ...lost(name, program),
  ];
  const doors = reading.doors.map((door) => renamedDoor(door, door.app, nameOf(door.app, name, reading)));
  return { readings: [{ ...reading, doors, settings: settings as Reading["settings"] }], notes };
}

/** An only app is called as the program was. */
function nameOf(app: string, program: string, reading: Reading): string {
  const valid = /^[A-Za-z0-9][A-Za-z0-9_-]{0,47}$/.test(program);
  return valid && Object.keys(mapAt(reading.settings as Plain, "apps")).length === 1 ? program : app;
}

const ACCOUNT = ["user", "group", "umask"] as const;

/** The app's settings with what the program said of its user, environment and interpreter. */
function adopt(name: string, program: Plain, server: ServerCommand, settings: Plain): Plain {
  const apps = Object.entries(mapAt(settings, "apps")).map(([key, value]) => {
    const app = value as Plain;
    const account = Object.fromEntries(
      ACCOUNT.filter((setting) => program[setting] !== undefined).map((setting) => [setting, program[setting]]),
    );
    const environment = { ...mapAt(program, "environment"), ...server.environment, ...mapAt(app, "environment") };
    const adopted = {
      ...account,
      ...(server.python === null ? {} : { python: server.python }),
      ...(program["env_file"] === undefined ? {} : { env_file: program["env_file"] }),
      ...(program["after"] === undefined ? {} : { after: program["after"] }),
      ...app,
      ...(Object.keys(environment).length === 0 ? {} : { environment }),
    };
    return [
      /^[A-Za-z0-9][A-Za-z0-9_-]{0,47}$/.test(name) && Object.keys(mapAt(settings, "apps")).length === 1 ? name : key,
      adopted,
    ] as const;
  });
  const renamed =
    apps.length === 1
      ? listAt(settings, "sites").map((site) => renameApp(site, apps[0]![0]))
      : listAt(settings, "sites");
  return {
    ...settings,
    ...(apps.length === 0 ? {} : { apps: Object.fromEntries(apps) }),
    ...(renamed.length === 0 ? {} : { sites: renamed }),
  };
}

function renameApp(value: unknown, name: string): unknown {
  if (Array.isArray(value)) return value.map((item) => renameApp(item, name));
  if (!isPlain(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, key === "app" ? name : renameApp(item, name)]),
  );
}

/** What the program said that an app has no place for. */
function lost(name: string, program: Plain): readonly string[] {
  const notes: string[] = [];
  if (program["autostart"] === false) notes.push(`${name} had autostart off; as an app it starts with the others`);
  if (program["stdout"] !== undefined || program["stderr"] !== undefined)
    notes.push(`${name}'s output goes to our log (propylon logs ${name}), not to files of its own`);
  if (Number(program["instances"] ?? 1) > 1)
    notes.push(`${name} had ${String(program["instances"])} instances; the app has one pool`);
  return notes;
}

function texts(map: Plain): Record<string, string> {
  return Object.fromEntries(
    Object.entries(map)
      .filter(([, value]) => !isPlain(value))
      .map(([key, value]) => [key, String(value)]),
  );
}

/** Where the program's own command stands: behind its section, where sections have a line of the report. */
function placeOf(name: string, reading: Reading): Place {
  const file = reading.directives[0]?.place.file ?? reading.kind;
  const section = reading.directives.findIndex((directive) => directive.name.includes(`:${name}]`));
  const own = reading.directives.slice(Math.max(0, section));
  const command = own.find(
    (directive) => directive.name === "command" || directive.name === "ExecStart" || directive.name === name,
  );
  const { line } = command?.place ?? {};
  return { file: command?.place.file ?? file, ...(line === undefined ? {} : { line }) };
}
