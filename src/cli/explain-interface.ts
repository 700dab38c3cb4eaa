import type { AppStatus } from "../control/operations.ts";
import { findInstance } from "./instance.ts";

/** The settings that a worker settles when it has imported the app. */
const SETTLED = /^apps\.([^.]+)\.(interface|loop)$/;

/** What the instance of this folder has made of such a setting, for a line of `explain`; null: another setting, or none runs here. */
export async function settledByWorker(key: string, directory: string): Promise<string | null> {
  const match = SETTLED.exec(key);
  if (match === null) return null;
  let apps: readonly AppStatus[];
  try {
    ({ apps } = await findInstance({ directory }).status());
  } catch {
    return null; // nothing runs here, or it is about to end: what is written is all there is to say
  }
  const kind = apps.find(({ name }) => name === match[1])?.interface;
  if (!kind) return null;
  if (match[2] === "interface") return `${kind.kind}, since ${kind.why}`;
  return kind.loop || null;
}
