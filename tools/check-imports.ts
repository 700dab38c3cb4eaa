import fs from "node:fs";
import path from "node:path";

/**
 * Checks the structure of src/: imports go one way, without cycles; no barrels, no `utils`; no file over 400 lines. Prints each
 * offence and exits 1 if there is one. Type-only imports count: a type from above is a dependency on above.
 */

const ROOT = path.join(import.meta.dirname, "..");
const SRC = path.join(ROOT, "src");
const LONGEST = 400;

/** What the files of each folder may import from other folders. */
const ALLOWED: Record<string, readonly string[]> = {
  base: [],
  http: ["base"],
  config: ["base"],
  metrics: ["base", "http"],
  spool: ["base", "http"],
  process: ["base", "config"],
  websocket: ["base", "http"],
  app: ["base", "http", "config", "metrics", "spool", "template", "websocket"],
  static: ["base", "http", "config", "metrics"],
  template: ["base", "http", "config"],
  respond: ["base", "http", "config", "template"],
  middleware: ["base", "http", "config", "metrics", "template"],
  log: ["base", "http", "config", "template", "process"],
  route: ["base", "http", "config", "metrics", "template", "middleware"],
  tls: ["base"],
  acme: ["base", "tls"],
  uwsgi: ["base", "http"],
  http2: ["base", "http"],
  proxy: ["base", "http", "config", "metrics", "spool", "template"],
  cache: ["base", "http", "config", "metrics", "template"],
  cgi: ["base", "http", "config", "spool", "template", "proxy"],
  edge: [
    "base",
    "http",
    "config",
    "metrics",
    "spool",
    "template",
    "app",
    "static",
    "respond",
    "middleware",
    "log",
    "cgi",
    "route",
    "proxy",
    "cache",
    "tls",
    "uwsgi",
    "http2",
    "websocket",
  ],
  import: ["base", "config"],
  export: ["base", "config"],
  control: ["base", "http", "config", "metrics"],
  supervisor: ["base", "http", "config", "metrics", "process", "control", "tls", "acme"],
  cli: ["base", "http", "config", "metrics", "process", "control", "supervisor", "import", "export", "log"],
  main: ["base", "cli"],
};
/** What main's side reads of the edge's: what both say to each other. */
const SHARED = new Set(["edge/messages.ts", "cache/orders.ts"]);

const IMPORT = /^\s*(?:import|export)\b[^;"']*?\bfrom\s+["']([^"']+)["']|^\s*import\s+["']([^"']+)["']/gm;

const offences: string[] = [];
const graph = new Map<string, string[]>();
for (const file of files(SRC)) check(file);
for (const cycle of cycles()) offences.push(`cycle: ${cycle.join(" -> ")}`);
for (const offence of offences) console.error(offence);
process.exitCode = offences.length === 0 ? 0 : 1;

// --- internal ---

function files(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"));
}

function check(file: string): void {
  const text = fs.readFileSync(path.join(SRC, file), "utf8");
  const lines = text.split("\n").length - 1;
  if (lines > LONGEST) offences.push(`src/${file}: ${lines} lines, ${LONGEST} at most`);
  const name = path.basename(file);
  if (name === "index.ts" || /^(utils?|helpers?|common|misc)\b/.test(name))
    offences.push(`src/${file}: name it after what it is`);
  const targets: string[] = [];
  for (const match of text.matchAll(IMPORT)) {
    const target = match[1] ?? match[2]!;
    if (!target.startsWith(".")) continue;
    const to = path.relative(SRC, path.join(SRC, path.dirname(file), target));
    if (to.startsWith("..")) {
      const forTests = file.endsWith(".test.ts") && to.startsWith("../test/support/");
      if (!to.endsWith("package.json") && !forTests) offences.push(`src/${file}: imports ${target}, outside src/`);
      continue;
    }
    targets.push(to);
    if (!mayImport(file, to)) offences.push(`src/${file}: may not import src/${to}`);
  }
  graph.set(file, targets);
}

function mayImport(from: string, to: string): boolean {
  const [source, target] = [folderOf(from), folderOf(to)];
  if (source === target) return true;
  if (SHARED.has(to) && (source === "supervisor" || source === "control" || source === "cli")) return true;
  return ALLOWED[source]?.includes(target) ?? false;
}

function folderOf(file: string): string {
  return file.includes("/") ? file.slice(0, file.indexOf("/")) : path.basename(file, ".ts");
}

/** Each cycle once, found by depth-first search. */
function cycles(): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const visit = (file: string, trail: string[]): void => {
    const at = trail.indexOf(file);
    if (at >= 0) {
      found.push([...trail.slice(at), file]);
      return;
    }
    if (done.has(file)) return;
    for (const next of graph.get(file) ?? []) visit(next, [...trail, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return found;
}
