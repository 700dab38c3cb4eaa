import { foldPrograms } from "./fold.ts";
import { fuse } from "./fuse.ts";
import { mergeReadings, type ServerDoor } from "./merge.ts";
import type { DirectiveReport, ForeignKind, ForeignSource, ReadContext, Reader, Reading } from "./reading.ts";
import { fillPlaceholders } from "./template-placeholders.ts";
import { changeTexts, type Plain } from "./tree.ts";

/** Foreign configuration turned into ours. */
export interface Imported {
  /** As one would write it into propylon.yaml. */
  readonly settings: Plain;
  readonly directives: readonly DirectiveReport[];
  /** What was linked, renamed or left out on the way, a sentence each. */
  readonly notes: readonly string[];
  /** Every file that was read. */
  readonly files: readonly string[];
  /** Where the original programs wrote their process id: the first that was said, absolute, or null. */
  readonly pidFile: string | null;
}

/**
 * Reads all sources, puts servers (unless `keepPrograms`) that stand as programs in place of the programs, and links what belongs together. Throws a
 * ProblemList for what the original programs would refuse too.
 */
export function importSources(
  sources: readonly ForeignSource[],
  readers: Readonly<Record<ForeignKind, Reader>>,
  context: ReadContext,
  keepPrograms = false,
): Imported {
  const given = new Set(sources.map(({ kind }) => kind));
  const notes: string[] = [];
  const paths = sources.flatMap((source) => (source.form === "file" ? [source.path] : []));
  const groups: (readonly Reading[])[] = [];
  for (const source of sources) {
    const reading = escaped(readers[source.kind](fillPlaceholders(source, context.environment), context));
    const folded = keepPrograms
      ? { readings: [reading], notes: [] }
      : foldPrograms(reading, given, readers, context, paths);
    groups.push(folded.readings);
    notes.push(...folded.notes);
  }
  const readings = groups.flatMap((group, index) => {
    const source = sources[index]!;
    const run = source.form === "file" && isRun(source, groups.filter((other) => other !== group).flat());
    if (run) notes.push(`${source.path} is what a given program runs: it is read once`);
    return run ? [] : group;
  });
  const merged = mergeReadings(readings);
  const fused = fuse({ ...merged, settings: withForwarding(merged.settings) });
  if (["apps", "sites", "programs"].every((key) => fused.settings[key] === undefined))
    notes.push(
      "there is nothing to serve in this alone: no app, no site, no program; give the files that name them too",
    );
  return {
    settings: fused.settings,
    directives: merged.directives.map((line) => settled(line, fused.closed)),
    notes: [...readings.flatMap((reading) => reading.notes ?? []), ...notes, ...merged.notes, ...fused.notes],
    files: [...new Set(readings.flatMap(({ files }) => files))],
    pidFile: readings.find(({ pidFile }) => pidFile !== undefined)?.pidFile ?? null,
  };
}

// --- internal ---

/** Whether a server's own file was read for a command line that names it. */
function isRun(source: ForeignSource & { readonly form: "file" }, others: readonly Reading[]): boolean {
  const { kind, path } = source;
  return (
    (kind === "uwsgi" || kind === "gunicorn") &&
    others.some((reading) => reading.kind === kind && reading.files.includes(path))
  );
}

/** A socket on a public address is nothing to decide about where it is not opened. */
function settled(line: DirectiveReport, closed: readonly ServerDoor[]): DirectiveReport {
  const { file, line: number, column } = line.place;
  const isClosed = closed.some(({ place }) => place.file === file && place.line === number && place.column === column);
  return isClosed && line.verdict === "needs-a-decision"
    ? {
        ...line,
        verdict: "approximated",
        note: "the proxy that was given leads to the app itself; the socket is not opened",
      }
    : line;
}

/** The programs that were here before pass on what clients say of themselves; which their apps may count on. */
function withForwarding(settings: Plain): Plain {
  const serves = settings["apps"] !== undefined || settings["sites"] !== undefined;
  return serves && settings["trusted_proxies"] === undefined
    ? { ...settings, trusted_proxies: { strip: false } }
    : settings;
}

/** A `${` that is meant as it stands. NGINX's reader writes those itself, since templates of nginx.conf have real ones. */
function escaped(reading: Reading): Reading {
  if (reading.kind === "nginx") return reading;
  const settings = changeTexts(reading.settings, (text) => text.replaceAll("${", () => "$${"));
  return { ...reading, settings: settings as Reading["settings"] };
}
