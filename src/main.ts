import { describe, exitCode, hasCode, PropylonError } from "./base/errors.ts";
import { isDropIn } from "./cli/drop-in-names.ts";
import { printable } from "./cli/printable.ts";
import { createProgram } from "./cli/program.ts";

// argv in, exit code out. The one place where an error becomes output.

process.on("uncaughtException", (error) => {
  fail(error);
  process.exit();
});
// A reader that has seen enough (`propylon logs | head`) ends it quietly.
process.stdout.on("error", (error) => {
  if (!hasCode(error, "EPIPE")) throw error;
  process.exit();
});
process.stderr.on("error", () => {}); // nobody reads: nothing to say it to

try {
  const [verb, ...words] = process.argv.slice(2);
  if (isDropIn(verb)) await (await import("./cli/drop-ins.ts")).DROP_INS[verb](words);
  else await (await createProgram(process.argv.slice(2))).parseAsync();
} catch (error) {
  fail(error);
}

function fail(error: unknown): void {
  process.exitCode = exitCode(error);
  const expected = error instanceof PropylonError;
  const stack = process.env["PROPYLON_DEBUG"] === "1" && error instanceof Error ? `\n${error.stack}` : "";
  const text = expected
    ? describe(error)
    : `internal error: ${error instanceof Error ? error.message : String(error)}${stack}`;
  const ours =
    process.exitCode === 70 ? "\n  this is our fault: please report it, with the output of PROPYLON_DEBUG=1" : "";
  process.stderr.write(`propylon: ${printable(text)}${ours}\n`);
}
