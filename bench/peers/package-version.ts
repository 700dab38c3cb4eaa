import { spawnSync } from "node:child_process";

/** Version of an installed Python package, or `unknown`. */
export function packageVersion(python: string, name: string): string {
  const script = "import importlib.metadata, sys; print(importlib.metadata.version(sys.argv[1]))";
  return spawnSync(python, ["-c", script, name], { encoding: "utf8" }).stdout?.trim() || "unknown";
}
