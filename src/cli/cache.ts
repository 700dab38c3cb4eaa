import { Command } from "commander";
import { PropylonError } from "../base/errors.ts";
import { formatSize } from "../base/units.ts";
import type { CachedAnswer, CacheStoreStatus } from "../cache/orders.ts";
import { addInstanceOptions, findInstance, type InstanceFlags } from "./instance.ts";
import { printable } from "./printable.ts";

interface Flags extends InstanceFlags {
  readonly json?: boolean;
}

/** `propylon cache status | list | purge`. */
export function cacheCommand(): Command {
  return new Command("cache")
    .description("what the HTTP cache holds, and removing some of it")
    .addCommand(statusCommand())
    .addCommand(listCommand())
    .addCommand(purgeCommand());
}

// --- internal ---

function statusCommand(): Command {
  return verb("status", "the stores: how full they are").action(async (flags: Flags) => {
    const { stores } = await findInstance(flags).cache({ kind: "status" });
    tell(flags, stores, stores.map(storeLine));
  });
}

function listCommand(): Command {
  return verb("list", "the answers that are stored: age, seconds of freshness left, bytes, status, URL")
    .argument("[prefix]", "only URLs that begin so")
    .option("--limit <number>", "so many at most", "1000")
    .action(async (prefix: string | undefined, flags: Flags & { readonly limit: string }) => {
      if (!/^[1-9]\d{0,8}$/.test(flags.limit))
        throw new PropylonError("usage", `"${flags.limit}" is not a number of answers`, {
          remedy: "write --limit 100",
        });
      const order = { kind: "list", prefix: prefix ?? "", limit: Number(flags.limit) } as const;
      const { answers } = await findInstance(flags).cache(order);
      tell(flags, answers, answers.map(answerLine));
    });
}

function purgeCommand(): Command {
  return verb("purge", "remove a URL from the cache, in all its variants")
    .argument("[url]", "as clients ask for it, such as https://example.org/page")
    .option("--prefix", "all URLs that begin so")
    .option("--all", "everything")
    .option("--store <name>", "in this store only")
    .action(async (url: string | undefined, flags: PurgeFlags) => {
      const { removed } = await findInstance(flags).cache({ kind: "purge", ...wanted(url, flags) });
      tell(flags, { removed }, [`${removed} ${removed === 1 ? "answer" : "answers"} removed`]);
    });
}

interface PurgeFlags extends Flags {
  readonly prefix?: boolean;
  readonly all?: boolean;
  readonly store?: string;
}

function wanted(url: string | undefined, { prefix, all, store }: PurgeFlags) {
  if ((url === undefined) !== (all === true))
    throw new PropylonError("usage", url === undefined ? "What is to be removed?" : "--all leaves no URL to name", {
      remedy: "give a URL, or --all",
    });
  const where = store === undefined ? {} : { store };
  if (url === undefined) return { ...where, all: true };
  return prefix === true ? { ...where, prefix: url } : { ...where, url };
}

function verb(name: string, description: string): Command {
  return addInstanceOptions(new Command(name).description(description).option("--json", "the result, for machines"));
}

function storeLine({ store, entries, bytes, limit, evicted }: CacheStoreStatus): string {
  return `${store}: ${entries} ${entries === 1 ? "answer" : "answers"}, ${kilobytes(bytes)} of ${formatSize(limit)}, ${evicted} evicted`;
}

function answerLine({ url, status, bytes, age, left, vary }: CachedAnswer): string {
  const varies = vary.length === 0 ? "" : `  (varies by ${vary.join(", ")})`;
  return `${age}s  ${left}s  ${kilobytes(bytes)}  ${status}  ${url}${varies}`;
}

function kilobytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024)}KB`;
}

function tell(flags: Flags, result: unknown, lines: readonly string[]): void {
  const text = lines.length === 0 ? "nothing" : lines.join("\n");
  process.stdout.write(flags.json ? `${JSON.stringify(result, null, 2)}\n` : `${printable(text)}\n`);
}
