import fs from "node:fs";
import path from "node:path";
import { Command } from "commander";
import { hasCode, PropylonError } from "../base/errors.ts";
import { type LoadedConfig, loadConfig } from "../config/load.ts";
import { runsAs } from "../export/accounts.ts";
import { composeFile } from "../export/compose.ts";
import { DOCKERIGNORE, dockerfile, type Image } from "../export/dockerfile.ts";
import { systemdUnit } from "../export/systemd.ts";

/** The checkout that this runs from. */
const ROOT = path.join(import.meta.dirname, "..", "..");

/** By these a shell's Python is found (docs/cli.md, "Which Python"); a service has none of them. */
const SHELL_ENVIRONMENTS = ["VIRTUAL_ENV", "CONDA_PREFIX", "UV_PROJECT_ENVIRONMENT"];

interface ExportFlags {
  readonly output?: string;
  readonly force?: boolean;
  readonly profile?: string;
  readonly propylon: string;
}

interface UnitFlags extends ExportFlags {
  readonly name?: string;
  readonly user: string;
  readonly writable: readonly string[];
}

interface ImageFlags extends ExportFlags {
  readonly package: readonly string[];
}

/** `propylon export`, to be added to the program. */
export function exportCommand(): Command {
  return new Command("export")
    .description("write what runs a configuration elsewhere: a systemd unit, a Dockerfile, a compose.yaml")
    .argument("[kind]", "systemd, dockerfile or compose")
    .action((kind: string | undefined) => {
      throw new PropylonError(
        "usage",
        kind === undefined ? "Nothing to export was named" : `"${kind}" can't be exported`,
        {
          remedy: "write propylon export systemd, propylon export dockerfile or propylon export compose",
        },
      );
    })
    .addCommand(
      target("systemd", "a hardened unit for this machine")
        .option("--name <name>", "name of the unit (default: that of the configuration's folder)")
        .option("--user <name>", "whom to run as, where the configuration names nobody", "www-data")
        .option("--writable <path>", "a further folder that may be written in; may be repeated", collect, [])
        .action((file: string | undefined, flags: UnitFlags) => exportSystemd(file ?? ".", flags)),
    )
    .addCommand(
      imageTarget("dockerfile", "a Dockerfile, whose build context is the configuration's folder").action(
        (file: string | undefined, flags: ImageFlags) => exportDockerfile(file ?? ".", flags),
      ),
    )
    .addCommand(
      imageTarget("compose", "a compose.yaml, with the Dockerfile that it builds (-o writes both)").action(
        (file: string | undefined, flags: ImageFlags) => exportCompose(file ?? ".", flags),
      ),
    );
}

// --- internal ---

function target(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .argument("[FILE]", "propylon.yaml, or a folder that holds one (default: this one)")
    .option("-o, --output <dir>", "write into this folder (default: stdout)")
    .option("--force", "overwrite what is there")
    .option("-p, --profile <name>", "profile of the configuration (default: PROPYLON_PROFILE)")
    .option("--propylon <path>", "the checkout of Propylon (default: the one that runs)", ROOT);
}

function imageTarget(name: string, description: string): Command {
  return target(name, description).option(
    "--package <name>",
    "a Debian package that the image needs, such as libpq5; may be repeated",
    collect,
    [],
  );
}

function exportSystemd(file: string, flags: UnitFlags): void {
  const { config, file: found } = load(file, flags);
  const name = flags.name ?? nameOf(config.directory);
  if (!/^[\w.-]+$/.test(name))
    throw new PropylonError("usage", `--name ${JSON.stringify(name)} is no name of a unit`, {
      remedy: "write letters, digits and . _ - alone",
    });
  const text = systemdUnit(config, {
    name,
    command: path.join(checkout(flags), "bin", "propylon"),
    file: found,
    user: flags.user,
    writable: flags.writable.map((folder) => path.resolve(folder)),
  });
  deliver({ [`${name}.service`]: text }, flags);
  for (const one of runsAs(config, flags.user).asRoot) note(`${one} names no user and would run as root`);
  for (const app of Object.values(config.apps).filter(({ python }) => python === null))
    for (const name of SHELL_ENVIRONMENTS.filter((variable) => process.env[variable]))
      note(`app ${app.name} names no python, and at boot there is no ${name}: set apps.${app.name}.python`);
}

function exportDockerfile(file: string, flags: ImageFlags): void {
  const { image } = buildImage(file, flags);
  deliver({ Dockerfile: image.text }, flags, { ".dockerignore": DOCKERIGNORE });
  for (const text of image.notes) note(text);
}

function exportCompose(file: string, flags: ImageFlags): void {
  const { config, image } = buildImage(file, flags);
  const compose = composeFile(image, { name: nameOf(config.directory), propylon: checkout(flags) });
  if (flags.output === undefined) deliver({ "compose.yaml": compose }, flags);
  else deliver({ "compose.yaml": compose, Dockerfile: image.text }, flags, { ".dockerignore": DOCKERIGNORE });
  for (const text of image.notes) note(text);
}

function buildImage(file: string, flags: ImageFlags): { config: LoadedConfig["config"]; image: Image } {
  const { config, file: found } = load(file, flags);
  const folders = [config.directory, ...Object.values(config.apps).map(({ directory }) => directory)];
  const requirements = [...new Set(folders)]
    .filter((folder) => fs.existsSync(path.join(folder, "requirements.txt")))
    .map((folder) => path.relative(config.directory, folder) || ".")
    .filter((folder) => folder !== ".." && !folder.startsWith("../"));
  return { config, image: dockerfile(config, { file: found, requirements, packages: flags.package }) };
}

function load(file: string, flags: ExportFlags): { config: LoadedConfig["config"]; file: string } {
  const directory = process.cwd();
  const { config, file: found } = loadConfig({
    file,
    profile: flags.profile ?? null,
    environment: process.env,
    flags: {},
    directory,
  });
  if (found === null) throw new Error("a configuration that was read from no file");
  return { config, file: found };
}

function checkout({ propylon }: ExportFlags): string {
  const absolute = path.resolve(propylon);
  if (fs.existsSync(path.join(absolute, "bin", "propylon"))) return absolute;
  throw new PropylonError("usage", `--propylon ${propylon} is no checkout of Propylon`, {
    remedy: "name the folder that has bin/propylon",
  });
}

/** The folder's name, as units and services may be called. */
function nameOf(directory: string): string {
  return (
    path
      .basename(directory)
      .replace(/[^\w.-]+/g, "-")
      .replace(/^[.-]+|[.-]+$/g, "") || "app"
  );
}

/** All files or none: none is written where one exists, unless --force says so. Those of `unless` are written where missing. */
function deliver(
  files: Readonly<Record<string, string>>,
  { output, force }: ExportFlags,
  unless: Readonly<Record<string, string>> = {},
): void {
  if (output === undefined) {
    process.stdout.write(Object.values(files).join("\n"));
    return;
  }
  const paths = Object.entries(files).map(([name, text]) => ({ file: path.join(output, name), text }));
  const there = paths.find(({ file }) => fs.existsSync(file));
  if (there !== undefined && force !== true)
    throw new PropylonError("user", `${there.file} exists already`, { remedy: "name another folder, or give --force" });
  for (const { file, text } of paths) write(file, text, force === true ? "w" : "wx");
  for (const [name, text] of Object.entries(unless)) {
    const file = path.join(output, name);
    if (!fs.existsSync(file)) write(file, text, "wx");
  }
}

function write(file: string, text: string, flag: "w" | "wx"): void {
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text, { flag });
  } catch (cause) {
    const there = hasCode(cause, "EEXIST");
    throw new PropylonError("user", there ? `${file} exists already` : `Cannot write ${file}: ${String(cause)}`, {
      cause,
    });
  }
  note(`wrote ${file}`);
}

function note(text: string): void {
  process.stderr.write(`propylon: ${text}\n`);
}

// Not a variadic option, which would take the arguments behind it for its own.
function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
