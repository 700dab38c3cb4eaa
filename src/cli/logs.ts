import { Command } from "commander";
import { PropylonError } from "../base/errors.ts";
import { formatText } from "../base/log.ts";
import type { SentRecord } from "../control/client.ts";
import { addInstanceOptions, findInstance, type InstanceFlags } from "./instance.ts";

interface Flags extends InstanceFlags {
  readonly follow?: boolean;
  readonly lines: string;
  readonly json?: boolean;
}

export function logsCommand(): Command {
  const command = new Command("logs")
    .description("the last log records, of everything or of one app, program or process")
    .argument("[name]", "an app, a program, `main`, `edge 0` or a worker such as `shop/3`")
    .option("-f, --follow", "go on with each new one, until Ctrl-C")
    .option("-n, --lines <count>", "how many of the past", "100")
    .option("--json", "one JSON object a line")
    .action(show);
  return addInstanceOptions(command);
}

async function show(name: string | undefined, flags: Flags): Promise<void> {
  const lines = /^\d+$/.test(flags.lines) ? Number(flags.lines) : Number.NaN;
  if (!Number.isSafeInteger(lines)) throw new PropylonError("usage", `--lines takes a count, not "${flags.lines}"`);
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  const options = {
    lines,
    follow: flags.follow ?? false,
    signal: stop.signal,
    ...(name === undefined ? {} : { name }),
  };
  for await (const record of findInstance(flags).logs(options))
    process.stdout.write(`${flags.json ? JSON.stringify(record) : text(record)}\n`);
}

function text({ time, level, source, message, ...fields }: SentRecord): string {
  return formatText({ time: new Date(time), level, source, message, fields });
}
