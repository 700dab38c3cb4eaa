import { hostname } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { approximated, ignored, Ledger, mapped, undecided } from "../ledger.ts";
import type { ForeignSource, ReadContext, Reader, Reading } from "../reading.ts";
import type { Plain } from "../tree.ts";
import { isServerSection, readDaemon, readServer } from "./daemon.ts";
import { expandValue } from "./expand.ts";
import { orderPrograms, readGroups } from "./groups.ts";
import { type IniOption, type IniSection, parseIni } from "./ini.ts";
import type { SupervisedProcess } from "./layout.ts";
import { environmentNames, isProgramKey, passOver, readProgram } from "./program.ts";

/** A supervisord.conf, with what supervisorctl needs to name its processes as supervisor does. */
export interface SupervisorReading extends Reading {
  readonly processes: readonly SupervisedProcess[];
  /** `file` of `[unix_http_server]` and the like, for a supervisorctl that is given a URL. */
  readonly serverUrls: readonly string[];
}

export const readSupervisor: Reader = (source, context) => readSupervisorConfig(source, context);

/** Reads supervisord.conf with its includes, or a fragment of one without `[supervisord]`. */
export function readSupervisorConfig(source: ForeignSource, context: ReadContext): SupervisorReading {
  const ledger = new Ledger();
  const file = sourceFile(source, context);
  if (file === null) return unreadable(source, ledger);
  const here = dirname(file.path);
  const names = {
    here,
    host_node_name: hostname(),
    ...environmentNames(context.environment),
  };
  const files = [file.path];
  const sections = joined(readFileWithIncludes(file, names, context, ledger, files));
  const daemon = readDaemon(
    sections
      .filter(({ name }) => name === "supervisord")
      .flatMap(({ options }) => options.map((o) => expanded(o, names))),
    context.directory,
    ledger,
  );
  const groups = readGroups(sections, names, ledger);
  const taken = new Set<string>();
  const programs: Plain = {};
  const processes: SupervisedProcess[] = [];
  for (const section of sections) {
    if (isServerSection(section.name)) readServer(section, ledger);
    else if (section.name === "supervisord") ledger.say(section.place, "[supervisord]", mapped());
    else if (/^(?:program|fcgi-program):/.test(section.name)) {
      const written = section.name.slice(section.name.indexOf(":") + 1).trim();
      const group = groups.of(written);
      const read = readProgram(section, group, {
        environment: context.environment,
        directory: daemon.directory,
        here,
        host: names.host_node_name,
        defaults: daemon.defaults,
        shared: daemon.shared,
        ledger,
        taken,
      });
      Object.assign(programs, read.programs);
      processes.push(...read.processes);
    } else if (section.name.startsWith("eventlistener:")) {
      passOver(section, ledger, section.place, onlyLogs(section) ? LOGGER : LISTENER);
    } else if (!/^(?:include$|group:)/.test(section.name)) {
      passOver(section, ledger, section.place, ignored("supervisor has no such section and passes over it"));
    }
  }
  orderPrograms(programs, processes, groups);
  keepFilesApart(programs, sections, ledger);
  return {
    kind: "supervisor",
    settings: {
      ...(daemon.level === null ? {} : { log: { level: daemon.level } }),
      ...(Object.keys(programs).length === 0 ? {} : { programs }),
    } as Reading["settings"],
    doors: [],
    directives: ledger.all(),
    files,
    processes,
    serverUrls: serverUrls(sections, names),
  };
}

// --- internal ---

const LISTENER = undecided(
  "there are no events here; what it did on them is for a health check, restart or propylon logs --follow to do",
);
const LOGGER = approximated(
  "it is not started: what it wrote down, the lines of all programs, is in our own log, each with its program's name",
);

/** Whether a listener is told of nothing but output, and by its name does nothing but write it down. */
function onlyLogs({ options }: IniSection): boolean {
  const value = (key: string): string => options.findLast((option) => option.key === key)?.value ?? "";
  const events = value("events")
    .split(",")
    .map((event) => event.trim())
    .filter(Boolean);
  return (
    events.length > 0 &&
    events.every((event) => /^PROCESS_LOG(?:_STDOUT|_STDERR)?$/.test(event)) &&
    /(?:^|[/\s_-])(?:supervisor[_-])?(?:stdout|logg(?:er|ing)|tail)(?:$|[\s._:-])/.test(value("command"))
  );
}

function sourceFile(
  source: ForeignSource,
  context: ReadContext,
): { readonly path: string; readonly text: string } | null {
  if (source.form === "file") return source;
  const index = source.words.findIndex((word) => word === "-c" || word === "--configuration");
  const joinedWord = source.words.find((word) => /^-c.|^--configuration=/.test(word));
  const written = index >= 0 ? source.words[index + 1] : joinedWord?.replace(/^-c|^--configuration=/, "");
  const candidates = written === undefined ? DEFAULT_FILES : [written];
  for (const candidate of candidates) {
    const path = isAbsolute(candidate) ? candidate : join(context.directory, candidate);
    const text = context.readFile(path);
    if (text !== null) return { path, text };
  }
  return null;
}

/** Where supervisord looks without `-c`, from the folder that it is started in. */
export const DEFAULT_FILES = [
  "supervisord.conf",
  "etc/supervisord.conf",
  "/etc/supervisord.conf",
  "/etc/supervisor/supervisord.conf",
];

function unreadable(source: ForeignSource, ledger: Ledger): SupervisorReading {
  const place = source.form === "command" ? source.place : { file: source.path };
  ledger.say(place, "supervisord", undecided("its configuration file can't be read"));
  return {
    kind: "supervisor",
    settings: {},
    doors: [],
    directives: ledger.all(),
    files: [],
    processes: [],
    serverUrls: [],
  };
}

/** The sections of the file and, behind them, of those that it includes; included files can't include more. */
function readFileWithIncludes(
  file: { readonly path: string; readonly text: string },
  names: Readonly<Record<string, string>>,
  context: ReadContext,
  ledger: Ledger,
  files: string[],
): readonly IniSection[] {
  const main = parse(file, ledger);
  const included: IniSection[] = [];
  for (const section of main.filter(({ name }) => name === "include")) {
    ledger.say(section.place, "[include]", mapped());
    for (const option of section.options) {
      const patterns = option.key === "files" ? expandValue(option.value, names).text.split(/\s+/).filter(Boolean) : [];
      const found = patterns.flatMap((pattern) =>
        context.glob(isAbsolute(pattern) ? pattern : join(dirname(file.path), pattern)),
      );
      for (const path of found) {
        const text = context.readFile(path);
        if (text === null || files.includes(path)) continue;
        files.push(path);
        included.push(...parse({ path, text }, ledger).filter(({ name }) => name !== "include"));
      }
      const empty = found.length === 0 && option.key === "files";
      const note = empty ? "no file is there for it" : "";
      ledger.say(
        option.place,
        option.name,
        option.key === "files" ? mapped(note) : ignored("supervisor has no such setting and passes over it"),
      );
    }
  }
  return [...main, ...included];
}

function parse(file: { readonly path: string; readonly text: string }, ledger: Ledger): readonly IniSection[] {
  const isKey = (section: string, key: string): boolean =>
    /^(?:program|fcgi-program|eventlistener):/.test(section) && isProgramKey(key);
  const { sections, stray } = parseIni(file.text, file.path, isKey);
  for (const { text, place, reason } of stray) ledger.say(place, text.slice(0, 60), undecided(reason));
  const here = dirname(file.path);
  return sections.map((section) => ({
    ...section,
    options: section.options.map((option) => ({ ...option, value: option.value.replaceAll("%(here)s", here) })),
  }));
}

/** One section for each name: what stands in the later ones is added to the first. */
function joined(sections: readonly IniSection[]): readonly IniSection[] {
  const byName = new Map<string, IniSection>();
  for (const section of sections) {
    const first = byName.get(section.name);
    byName.set(
      section.name,
      first === undefined ? section : { ...first, options: [...first.options, ...section.options] },
    );
  }
  return [...byName.values()];
}

function expanded(option: IniOption, names: Readonly<Record<string, string>>): IniOption {
  return { ...option, value: expandValue(option.value, names).text };
}

function serverUrls(sections: readonly IniSection[], names: Readonly<Record<string, string>>): readonly string[] {
  return sections.flatMap((section) => {
    const value = (key: string): string | undefined => {
      const option = section.options.findLast((candidate) => candidate.key === key);
      return option === undefined ? undefined : expandValue(option.value, names).text;
    };
    if (section.name === "unix_http_server") return value("file") === undefined ? [] : [`unix://${value("file")}`];
    return section.name === "inet_http_server" && value("port") !== undefined ? [`http://${value("port")}`] : [];
  });
}

/** Supervisor lets several programs write one file; here each file has one writer, which rotates it. */
function keepFilesApart(programs: Plain, sections: readonly IniSection[], ledger: Ledger): void {
  const owners = new Map<string, string>();
  for (const [name, program] of Object.entries(programs) as [string, Plain][]) {
    for (const stream of ["stdout", "stderr"]) {
      const output = program[stream] as { readonly file?: string } | undefined;
      if (output?.file === undefined || output.file.startsWith("/dev/")) continue;
      const several = Number(program["instances"] ?? 1) > 1;
      const owner = owners.get(output.file);
      owners.set(output.file, owner ?? name);
      if (owner === undefined && !several) continue;
      const own = several ? "{instance}" : name;
      const file = output.file.replace(/(\.\w+)?$/, (extension) =>
        extension === "" ? `-${own}` : `-${own}${extension}`,
      );
      program[stream] = { ...output, file };
      const section = sections.find((candidate) => candidate.name.endsWith(`:${name}`));
      const option = section?.options.findLast(({ key }) => key === `${stream}_logfile`);
      if (option !== undefined)
        ledger.say(option.place, option.name, approximated(`each process writes a file of its own here: ${file}`));
    }
  }
}
