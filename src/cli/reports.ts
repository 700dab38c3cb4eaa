import { Command } from "commander";
import { reportText } from "../control/report.ts";
import { addInstanceOptions, findInstance, type InstanceFlags } from "./instance.ts";
import { printable } from "./printable.ts";

export function reportsCommand(): Command {
  const command = new Command("reports")
    .description("what was with workers that were killed, crashed or timed out: requests, Python stacks, last lines")
    .argument("[app]", "only this app's")
    .option("--json", "for machines")
    .action(async (app: string | undefined, flags: InstanceFlags & { readonly json?: boolean }) => {
      const reports = await findInstance(flags).reports(app === undefined ? {} : { app });
      if (flags.json) process.stdout.write(`${JSON.stringify(reports, null, 2)}\n`);
      else if (reports.length === 0) process.stdout.write("no worker has been killed, crashed or timed out\n");
      else for (const report of reports) process.stdout.write(`${report.time} ${printable(reportText(report))}\n\n`);
    });
  return addInstanceOptions(command);
}
