import type { Command } from "commander";

/** The names of all verbs, in the order in which --help lists them. */
export function verbNames(): readonly string[] {
  return Object.keys(VERBS);
}

export function isVerb(word: string): boolean {
  return Object.hasOwn(VERBS, word);
}

/** The commands of these verbs, made now. */
export function loadVerbs(names: readonly string[]): Promise<readonly Command[]> {
  return Promise.all(names.map((name) => VERBS[name]!()));
}

// --- internal ---

// Each verb's code is loaded when it is asked for: `propylon status` reads no configuration, and a main that serves for months keeps
// nothing in memory that it will not run.
const VERBS: Readonly<Record<string, () => Promise<Command>>> = {
  run: async () => (await import("./run.ts")).runCommand(),
  dev: async () => (await import("./run.ts")).devCommand(),
  check: async () => (await import("./check.ts")).checkCommand(),
  explain: async () => (await import("./explain.ts")).explainCommand(),
  import: async () => (await import("./import.ts")).importCommand(),
  export: async () => (await import("./export.ts")).exportCommand(),
  status: async () => (await import("./status.ts")).statusCommand(),
  reload: async () => (await import("./operate.ts")).reloadCommand(),
  restart: async () => (await import("./operate.ts")).restartCommand(),
  start: async () => (await import("./operate.ts")).startCommand(),
  stop: async () => (await import("./operate.ts")).stopCommand(),
  signal: async () => (await import("./operate.ts")).signalCommand(),
  logs: async () => (await import("./logs.ts")).logsCommand(),
  stacks: async () => (await import("./stacks.ts")).stacksCommand(),
  cache: async () => (await import("./cache.ts")).cacheCommand(),
  upstream: async () => (await import("./upstream.ts")).upstreamCommand(),
  reports: async () => (await import("./reports.ts")).reportsCommand(),
};
