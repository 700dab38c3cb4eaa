import type { TestContext } from "node:test";
import type { ProgramStatus } from "../../src/control/operations.ts";
import { Folder, Running, until } from "../supervision/instance.ts";

/** A propylon with this configuration, which is written as JSON (and so YAML), in a folder with these files. */
export async function start(
  t: TestContext,
  config: Readonly<Record<string, unknown>>,
  files: Readonly<Record<string, string>> = {},
): Promise<Running> {
  const folder = new Folder({ "propylon.yaml": JSON.stringify(config), ...files });
  const running = new Running(folder);
  t.after(() => running.cleanUp());
  return running.ready();
}

/** The status of one instance. */
export async function look(running: Running, name: string): Promise<ProgramStatus> {
  const { programs } = await running.client.status();
  const found = programs.find((program) => program.name === name);
  if (found === undefined) throw new Error(`no program ${name}`);
  return found;
}

/** Waits until an instance is in a state, and returns its status then. */
export async function untilState(running: Running, name: string, state: string): Promise<ProgramStatus> {
  let status = await look(running, name);
  await until(`${name} is ${state} (it is ${status.state})`, async () => {
    status = await look(running, name);
    return status.state === state;
  });
  return status;
}
