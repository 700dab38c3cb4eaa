import fs from "node:fs";
import path from "node:path";
import type { Instance } from "../support/instance.ts";

/** The deployment guides, which live beside the project: PROPYLON_SEEDS, or ../shared/seeds. null: not here. */
const FOLDER = process.env["PROPYLON_SEEDS"] ?? path.join(import.meta.dirname, "..", "..", "..", "shared", "seeds");
const GUIDES = fs.existsSync(FOLDER)
  ? fs.readdirSync(FOLDER).map((name) => fs.readFileSync(path.join(FOLDER, name), "utf8"))
  : [];

/** For the `skip` of tests that run a guide's blocks as they are written. */
export const skip = GUIDES.length === 0 ? "the deployment guides are not here (PROPYLON_SEEDS)" : false;

/** The one block of code of the guides in which `sign` finds something. */
export function block(sign: RegExp): string {
  const blocks = GUIDES.flatMap((text) =>
    [...text.matchAll(/^[ \t]*```[ \t]*\w*[ \t]*\r?\n([\s\S]*?)^[ \t]*```/gm)].map((match) => match[1]!),
  );
  const found = blocks.filter((text) => sign.test(text));
  if (found.length !== 1) throw new Error(`${found.length} blocks of the guides match ${sign}`);
  return found[0]!.replaceAll("\r", "");
}

/** Resolves when the instance serves; rejects with what it said when it ends before. */
export async function serving({ output, process: child }: Instance): Promise<void> {
  while (!/serving .* at |main: ready /.test(output.err)) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`it ended before it served:\n${output.err}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
