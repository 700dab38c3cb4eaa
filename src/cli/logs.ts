import { Command } from "commander";
import { PropylonError } from "../base/errors.ts";
import { formatText } from "../base/log.ts";
import type { SentRecord } from "../control/client.ts";
import { addInstanceOptions, findInstance, type InstanceFlags } from "./instance.ts";

interface Flags extends InstanceFlags {
  readonly follow?: boolean;
  readonly lines: string;
  readonly json?: boolean;
  readonly stdout?: boolean;
  readonly stderr?: boolean;
}

/** Bytes read for each line that is asked for of a program's output; and at most. */
const LINE = 256;
const MOST = 4 * 1024 * 1024;

export function logsCommand(): Command {
  const command = new Command("logs")
    .description("the last log records, of everything or of one app, program or process")
    .argument("[name]", "an app, a program, `main`, `edge 0` or a worker such as `shop/3`")
    .option("-f, --follow", "go on with each new one, until Ctrl-C")
    .option("-n, --lines <count>", "how many of the past", "100")
    .option("--stdout", "the output of a program as it was written, from its file where it has one")
    .option("--stderr", "its errors")
    .option("--json", "one JSON object a line")
    .action(show);
  return addInstanceOptions(command);
}

async function show(name: string | undefined, flags: Flags): Promise<void> {
  const lines = /^\d+$/.test(flags.lines) ? Number(flags.lines) : Number.NaN;
  if (!Number.isSafeInteger(lines)) throw new PropylonError("usage", `--lines takes a count, not "${flags.lines}"`);
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  if (flags.stdout || flags.stderr) return showOutput(name, lines, flags, stop.signal);
  const options = {
    lines,
    follow: flags.follow ?? false,
    signal: stop.signal,
    ...(name === undefined ? {} : { name }),
  };
  for await (const record of findInstance(flags).logs(options))
    process.stdout.write(`${flags.json ? JSON.stringify(record) : text(record)}\n`);
}

/** Bytes as they are: a program's colours and its tables are its own. */
async function showOutput(name: string | undefined, lines: number, flags: Flags, signal: AbortSignal): Promise<void> {
  if (name === undefined || (flags.stdout && flags.stderr))
    throw new PropylonError("usage", "--stdout and --stderr take one program, and only one of them");
  const follow = flags.follow ?? false;
  const bytes = Math.min(lines * LINE, MOST);
  const stream = flags.stderr ? "stderr" : "stdout";
  const pieces: Buffer[] = [];
  for await (const piece of findInstance(flags).output({ name, stream, bytes, follow, signal })) {
    if (follow) process.stdout.write(piece);
    else pieces.push(piece);
  }
  process.stdout.write(lastLines(Buffer.concat(pieces), lines));
}

function lastLines(output: Buffer, count: number): Buffer {
  if (count === 0) return Buffer.alloc(0);
  let start = output.at(-1) === NEWLINE ? output.length - 1 : output.length;
  for (let left = count; left > 0; left--) {
    const newline = start === 0 ? -1 : output.lastIndexOf(NEWLINE, start - 1);
    if (newline < 0) return output;
    start = newline;
  }
  return output.subarray(start + 1);
}

const NEWLINE = 0x0a;

function text({ time, level, source, message, ...fields }: SentRecord): string {
  return formatText({ time: new Date(time), level, source, message, fields });
}
