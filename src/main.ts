import { describe, exitCode, PropylonError } from "./base/errors.ts";
import { createProgram } from "./cli/program.ts";

// argv in, exit code out. The one place where an error becomes output.

try {
  await createProgram().parseAsync();
} catch (error) {
  process.exitCode = exitCode(error);
  if (error instanceof PropylonError) {
    process.stderr.write(`propylon: ${describe(error)}\n`);
  } else {
    const detail =
      error instanceof Error ? (process.env["PROPYLON_DEBUG"] === "1" ? error.stack : error.message) : String(error);
    process.stderr.write(
      `propylon: internal error: ${detail}\n  this is our fault: please report it, with the output of PROPYLON_DEBUG=1\n`,
    );
  }
}
