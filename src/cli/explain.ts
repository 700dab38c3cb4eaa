import { Command } from "commander";
import { didYouMean } from "../base/did-you-mean.ts";
import { describe, PropylonError } from "../base/errors.ts";
import {
  type ExplainedSetting,
  effectiveSettings,
  explainSetting,
  formatScalar,
  formatYaml,
  listValues,
} from "../config/explain.ts";
import { parsePath } from "../config/flags.ts";
import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/model.ts";
import { settingsSchema } from "../config/schema.ts";
import { describeOrigin, type Path, type Sourced, valueAt } from "../config/sourced.ts";
import { keysAt, schemaAt } from "../config/walk.ts";
import { findInterpreter } from "../process/interpreter.ts";
import { settledByWorker } from "./explain-interface.ts";

export interface ExplainOptions {
  readonly file: string;
  readonly profile: string | null;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly directory: string;
  readonly set?: readonly string[];
  readonly json?: boolean;
}

/** `propylon explain`, to be added to the program. */
export function explainCommand(): Command {
  return new Command("explain")
    .description("show the configuration in effect, and where each value came from")
    .argument("[KEY]", "one setting or section, such as apps.person.workers")
    .option("--file <FILE>", "propylon.yaml, or a folder that holds one", ".")
    .option("--profile <P>", "with this profile")
    .option("--set <KEY=VALUE>", "override a setting, as `run` does (repeatable)", collect, [])
    .option("--json", "print each value with its origin as JSON")
    .action(
      async (key: string | undefined, options: { file: string; profile?: string; set?: string[]; json?: boolean }) => {
        const { profile = null, file, set = [], json = false } = options;
        const text = explain(key ?? null, {
          file,
          profile,
          set,
          json,
          environment: process.env,
          directory: process.cwd(),
        });
        const settled = key === undefined || json ? null : await settledByWorker(key, process.cwd());
        process.stdout.write(settled === null ? text : `${text}  in use   ${settled}\n`);
      },
    );
}

/** The text that `propylon explain` prints. Throws a ProblemList for a wrong configuration, a PropylonError for an unknown key. */
export function explain(key: string | null, options: ExplainOptions): string {
  const { file, profile, environment, directory, set = [] } = options;
  const { origins, config } = loadConfig({ file, profile, environment, directory, flags: { set } });
  const settings = effectiveSettings(origins);
  if (key === null) return options.json === true ? toJson(listValues(settings)) : `${formatYaml(settings)}\n`;
  const path = parsePath(key);
  const setting = path === null ? null : explainSetting(settings, path);
  if (path === null || setting === null) throw unknownKey(key, path, settings);
  if (options.json === true)
    return toJson({ ...setting, node: undefined, values: setting.node === null ? [] : listValues(setting.node, path) });
  return settingText(setting) + interpreterText(config, path, environment);
}

/** Which Python an app runs with, and why, below its setting `python`; empty for other settings. */
function interpreterText(config: Config, path: Path, variables: ExplainOptions["environment"]): string {
  const [section, name, setting] = path;
  const app = section === "apps" && setting === "python" && path.length === 3 ? config.apps[String(name)] : undefined;
  if (app === undefined) return "";
  try {
    const interpreter = findInterpreter(app, { directory: config.directory, variables });
    return `  in use   ${interpreter.path}, Python ${interpreter.version} (${interpreter.reason})\n`;
  } catch (error) {
    if (!(error instanceof PropylonError)) throw error;
    return `  in use   none: ${describe(error).trimEnd()}\n`;
  }
}

function settingText(setting: ExplainedSetting): string {
  const { key, node, meaning, type } = setting;
  const about = [
    ...(meaning === "" ? [] : [`meaning  ${meaning}`]),
    `type     ${type}`,
    ...(setting.default === "" ? [] : [`default  ${setting.default}`]),
  ];
  const notes = about.map((line) => `  ${line}\n`).join("");
  if (node === null) return `${key} is not set\n${notes}`;
  if (node.kind === "scalar")
    return `${key}: ${formatScalar(node)}\n  from     ${describeOrigin(node.origin)}\n${notes}`;
  return `${formatYaml(node)}\n`;
}

function unknownKey(key: string, path: Path | null, settings: Sourced): PropylonError {
  return new PropylonError("user", `There is no setting "${key}"`, {
    remedy: path === null ? "write it as apps.person.workers" : remedyFor(path, settings),
  });
}

/** The nearest key of the section in which the path goes astray, or the keys there. */
function remedyFor(path: Path, settings: Sourced): string {
  for (let length = 0; length < path.length; length++) {
    const start = path.slice(0, length);
    if (explainSetting(settings, path.slice(0, length + 1)) !== null) continue;
    const schema = schemaAt(settingsSchema, settings, start);
    const keys =
      schema === undefined
        ? []
        : [...new Set([...keysAt(settingsSchema, settings, start), ...namesAt(settings, start)])];
    const word = String(path[length]);
    return (
      didYouMean(word, keys) ??
      (keys.length === 0 ? "nothing stands below it" : `the keys there are ${keys.join(", ")}`)
    );
  }
  return "write it as apps.person.workers";
}

function namesAt(settings: Sourced, path: Path): readonly string[] {
  const node = valueAt(settings, path);
  return node?.kind === "map" ? [...node.entries.keys()] : [];
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

// Not a variadic option, which would take the arguments behind it for its own.
function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
