import type { Instance } from "./instance.ts";
import type { WrittenOption } from "./written-option.ts";

/** Environment variable by which a worker knows that its app came from uWSGI; its value is JSON. */
export const SHIM_VARIABLE = "PROPYLON_UWSGI";

/**
 * What `import uwsgi` finds: `opt` (by name, the last one of a repeated option: text, empty for a key alone, `true` for a switch of the command line), and the numbers
 * of processes and threads. `env` stays out, since it is in the environment already.
 */
export function shimVariable(options: readonly WrittenOption[], instance: Instance): Readonly<Record<string, string>> {
  const given = options.filter(({ name }) => name !== "env" && name !== "ienv");
  const opt = Object.fromEntries(
    given.map(({ name, value, place }) => [name, value ?? (place.line === undefined ? true : "")]),
  );
  return { [SHIM_VARIABLE]: JSON.stringify({ opt, numproc: instance.processes, threads: instance.threads }) };
}
