import { Command } from "commander";
import { addInstanceOptions, findInstance, type InstanceFlags } from "./instance.ts";
import { printable } from "./printable.ts";

export function stacksCommand(): Command {
  const command = new Command("stacks")
    .description("what every lane of an app is doing now: Python stacks")
    .argument("<app>", "an app")
    .option("--json", "for machines")
    .action(async (app: string, flags: InstanceFlags & { readonly json?: boolean }) => {
      const stacks = await findInstance(flags).stacks({ app });
      if (flags.json) process.stdout.write(`${JSON.stringify(stacks, null, 2)}\n`);
      else
        for (const { worker, pid, text } of stacks)
          process.stdout.write(`worker ${worker} (process ${pid})\n${printable(text.trimEnd())}\n\n`);
    });
  return addInstanceOptions(command);
}
