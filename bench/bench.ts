import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { benchmarks } from "./benchmarks.ts";
import type { Benchmark, Context } from "./context.ts";
import { writeFiles } from "./files.ts";
import { describeMachine } from "./machine.ts";

const USAGE = `npm run bench -- [NAME...] [OPTION...]      see docs/benchmarks.md

NAME is a benchmark or the beginning of its name (hello, flask, django, asgi, sleep, mixed, download, upload, static,
connections, https, http2, handshakes, idle, proxy, cache, routes, footprint); none: all.

  --repeats N        of each measurement (default 5, 7 where p99 counts)
  --seconds N        of each measurement (default 4)
  --peers A,B        only these peers
  --nginx-workers N  (default 2)
  --python PATH      interpreter for everything Python (default /usr/bin/python3)
  --prototype DIR    a prototype of the data path takes part
  --json FILE        every single measurement, beside the tables
  --list             the names
`;

interface Options {
  readonly names: readonly string[];
  readonly repeats: number | null;
  readonly seconds: number;
  readonly peers: readonly string[] | null;
  readonly nginxWorkers: number;
  readonly python: string;
  readonly prototype: string | null;
  readonly json: string | null;
  readonly list: boolean;
}

process.exitCode = await main();

async function main(): Promise<number> {
  const options = readOptions();
  if (typeof options === "string") {
    console.error(options === "" ? USAGE : `bench: ${options}\n\n${USAGE}`);
    return options === "" ? 0 : 2;
  }
  const all = benchmarks(options);
  const unknown = options.names.find((name) => !all.some((benchmark) => benchmark.name.startsWith(name)));
  if (unknown !== undefined) {
    console.error(`bench: no benchmark begins with "${unknown}"; there are ${all.map(({ name }) => name).join(", ")}`);
    return 2;
  }
  const chosen =
    options.names.length === 0
      ? all
      : all.filter(({ name }) => options.names.some((wanted) => name.startsWith(wanted)));
  if (options.list) {
    for (const { name, title } of chosen) console.log(`${name.padEnd(15)} ${title}`);
    return 0;
  }
  return runAll(chosen, options);
}

/** Runs one after another; a failure ends its benchmark, not the others. */
async function runAll(chosen: readonly Benchmark[], options: Options): Promise<number> {
  const machine = describeMachine(chosen, options.python);
  for (const [what, value] of Object.entries(machine)) console.log(`${what.padEnd(15)} ${value}`);
  const files = fs.mkdtempSync(path.join(os.tmpdir(), "propylon-bench-files-"));
  writeFiles(files);
  const context: Context = {
    surroundings: { python: options.python, apps: path.join(import.meta.dirname, "apps"), files },
    repeats: options.repeats,
    seconds: options.seconds,
    progress: (text) => console.error(`  ${text}`),
  };
  const results: Record<string, unknown> = {};
  let failures = 0;
  try {
    for (const benchmark of chosen) {
      console.log(`\n${benchmark.name}: ${benchmark.title}`);
      try {
        const { table, samples } = await benchmark.run(context);
        console.log(table);
        results[benchmark.name] = { title: benchmark.title, samples };
      } catch (error) {
        failures++;
        const message = error instanceof Error ? error.message : String(error);
        console.log(`FAILED: ${message}`);
        results[benchmark.name] = { title: benchmark.title, failed: message };
      }
    }
  } finally {
    fs.rmSync(files, { recursive: true, force: true });
  }
  if (options.json !== null)
    fs.writeFileSync(options.json, `${JSON.stringify({ machine, benchmarks: results }, null, 2)}\n`);
  return failures === 0 ? 0 : 1;
}

/** The options, or what is wrong with them; empty for --help. */
function readOptions(): Options | string {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        repeats: { type: "string" },
        seconds: { type: "string", default: "4" },
        peers: { type: "string" },
        "nginx-workers": { type: "string", default: "2" },
        python: { type: "string", default: "/usr/bin/python3" },
        prototype: { type: "string" },
        json: { type: "string" },
        list: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) return "";
    return {
      names: positionals,
      repeats: values.repeats === undefined ? null : positive("repeats", values.repeats),
      seconds: positive("seconds", values.seconds),
      peers: values.peers?.split(",") ?? null,
      nginxWorkers: positive("nginx-workers", values["nginx-workers"]),
      python: values.python,
      prototype: values.prototype ?? null,
      json: values.json ?? null,
      list: values.list,
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function positive(option: string, value: string): number {
  const number = Number(value);
  if (Number.isInteger(number) && number > 0) return number;
  throw new Error(`--${option}: expected a positive whole number, got "${value}"`);
}
