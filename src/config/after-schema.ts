import { z } from "zod";
import { choice, pattern } from "./kinds.ts";
import { named, oneOrMore } from "./sections.ts";

/** Names of programs become parts of file names, log lines and metrics; a colon parts the instance from the name. */
export const PROGRAM_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

const programName = pattern("name of a program", "redis", PROGRAM_NAME);

/** What has to be up before: names, or what has to be true of each. */
export const afterSchema = z.union([
  oneOrMore(programName),
  named(PROGRAM_NAME, "a name of a program", choice("running", "healthy", "done")),
]);

export type AfterSettings = z.output<typeof afterSchema>;
