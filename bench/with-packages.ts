import path from "node:path";
import { PropylonError } from "../src/base/errors.ts";
import { prepareEnvironment } from "../src/process/environment.ts";
import type { Benchmark } from "./context.ts";

/** The interpreter that has the packages of `folder`/requirements.txt once {@link withPackages} has prepared it. */
export function pythonWith(folder: string): string {
  return path.join(folder, ".venv", "bin", "python");
}

/** The same benchmark with a Python of its own: an environment in `folder`, made at the first run. */
export function withPackages(benchmark: Benchmark, folder: string): Benchmark {
  return {
    ...benchmark,
    run: async (context) => {
      const prepared = await prepareEnvironment(folder, (line) => context.progress(line));
      if (prepared === null) throw new PropylonError("user", `There is no requirements.txt in ${folder}`);
      return benchmark.run({ ...context, surroundings: { ...context.surroundings, python: prepared.python } });
    },
  };
}
