import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { hasCode, PropylonError } from "../base/errors.ts";
import { splitShellWords } from "../base/shell-words.ts";
import { serverCommand } from "../import/command-kind.ts";
import { withReferences } from "../import/environment-references.ts";
import type { Environment } from "../import/environment-trials.ts";
import { type Imported, importSources } from "../import/import.ts";
import { READERS } from "../import/readers.ts";
import { FOREIGN_KINDS, type ForeignKind, type ForeignSource, type ReadContext } from "../import/reading.ts";
import { type ForeignRequest, kindOf, readSource } from "./foreign-kind.ts";

/** Reads and links what the request names. Throws a PropylonError, or a ProblemList, that says what is wrong and where. */
export function importForeign(
  request: ForeignRequest,
  directory: string,
  environment: Environment = process.env,
): Imported {
  const { file } = request;
  const readers = file?.reader === undefined ? READERS : { ...READERS, [file.kind]: file.reader };
  const context = { ...readContext(directory), environment };
  return importSources(sourcesOf(request, directory), readers, context, request.keepPrograms === true);
}

/** The same, to be written down: variables of the environment stay variables (`${NAME}`), so that no secret is written with them. */
export function importPortable(
  request: ForeignRequest,
  directory: string,
  environment: Environment = process.env,
): Imported {
  const given = [...request.files, ...(request.file === undefined ? [] : [request.file.path])];
  const textOf = (imported: Imported | null): string =>
    [...new Set([...given.map((file) => path.resolve(directory, file)), ...(imported?.files ?? [])])]
      .map((file) => readFile(file) ?? "")
      .concat(request.commands, request.words?.words ?? [])
      .join("\n");
  return withReferences((values) => importForeign(request, directory, values), environment, textOf);
}

/** The machine, as readers may see it. */
export function readContext(directory: string): ReadContext {
  return {
    directory,
    environment: process.env,
    readFile,
    glob: (pattern) =>
      fs
        .globSync(pattern)
        .map((found) => path.resolve(found))
        .sort(),
    isDirectory: (name) => fs.statSync(name, { throwIfNoEntry: false })?.isDirectory() === true,
    isFile: (name) => fs.statSync(name, { throwIfNoEntry: false })?.isFile() === true,
    cpus: os.availableParallelism(),
  };
}

// --- internal ---

function sourcesOf(request: ForeignRequest, directory: string): readonly ForeignSource[] {
  const kind = request.as === null ? null : kindNamed(request.as);
  const files = request.files.map((file): ForeignSource => {
    const absolute = path.resolve(directory, file);
    const text = readSource(absolute, file);
    return { kind: kind ?? foreignKind(file, text), form: "file", path: absolute, text };
  });
  const { words, file } = request;
  const own: ForeignSource[] = [];
  if (words !== undefined) own.push({ ...words, form: "command", place: { file: `propylon ${words.kind}` } });
  if (file !== undefined)
    own.push({ kind: file.kind, form: "file", path: file.path, text: readSource(file.path, file.path) });
  return [...files, ...own, ...request.commands.map(commandSource)];
}

function kindNamed(name: string): ForeignKind {
  const kind = FOREIGN_KINDS.find((known) => known === name);
  if (kind === undefined)
    throw new PropylonError("usage", `--as ${name} is no kind that we read`, {
      remedy: `one of ${FOREIGN_KINDS.join(", ")}`,
    });
  return kind;
}

function foreignKind(file: string, text: string): ForeignKind {
  const kind = kindOf(file, text);
  if (kind === "propylon")
    throw new PropylonError("user", `${file} is a propylon.yaml, which can't be put together with other files`, {
      remedy: "propylon import FILE... -o other.yaml makes one of them; then join the two by hand",
    });
  return kind;
}

function commandSource(command: string): ForeignSource {
  const words = splitShellWords(command);
  if (words === null)
    throw new PropylonError("usage", `The quotes of --with '${command}' are not closed`, { remedy: "close them" });
  const server = serverCommand(words);
  if (server === null)
    throw new PropylonError("usage", `--with '${command}' is no server that we know`, {
      remedy: "give a gunicorn, uwsgi, waitress-serve or nginx command",
    });
  return { kind: server.kind, form: "command", words: server.words, place: { file: `--with '${command}'` } };
}

/** Only what is there and may be read; a reader says what it misses in its report. */
function readFile(name: string): string | null {
  try {
    return fs.readFileSync(name, "utf8");
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "EISDIR", "EACCES"].some((code) => hasCode(error, code))) return null;
    throw error;
  }
}
