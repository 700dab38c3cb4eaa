import path from "node:path";
import { describe, PropylonError } from "../src/base/errors.ts";
import { prepareEnvironment } from "../src/process/environment.ts";

// Prints the Python that has an example's packages, making a virtual environment when there is none: `npm start` asks it.

const directory = path.resolve(process.argv[2]!);
try {
  const prepared = await prepareEnvironment(directory, (line) => process.stderr.write(`${line}\n`));
  process.stdout.write(`${prepared?.python ?? "python3"}\n`);
} catch (error) {
  if (!(error instanceof PropylonError)) throw error;
  process.stderr.write(`propylon: ${describe(error)}\n`);
  process.exitCode = 1;
}
