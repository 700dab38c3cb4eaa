import type { Dirent, Stats } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import type { Exchange } from "../http/exchange.ts";
import { encodePath } from "../http/percent-encode.ts";
import { ResponseHead } from "../http/response-head.ts";

/** A line of a listing. */
interface Entry {
  /** latin-1, one character a byte. */
  readonly name: string;
  readonly directory: boolean;
  readonly size: number;
  readonly modified: Date;
}

/** More entries than this are not shown: a page of them would serve nobody, and cost much. */
const MOST = 10_000;

/** How a folder is listed. */
export interface ListingForm {
  /** `html` for people; for programs JSON (`jsonp`: as a script that calls what `?callback=` names) or XML. */
  readonly format: "html" | "json" | "jsonp" | "xml";
  /** For people: sizes in bytes, or rounded. */
  readonly exactSizes: boolean;
  /** For people: times of this machine, or UTC. */
  readonly localTimes: boolean;
}

/** Answers with what a folder holds, folders first, in NGINX's forms for programs. */
export async function answerListing(
  exchange: Exchange,
  folder: Buffer,
  form: ListingForm,
  dotfiles: boolean,
): Promise<void> {
  let entries: readonly Entry[];
  try {
    entries = await readEntries(folder, dotfiles);
  } catch {
    exchange.fail(403, "This folder may not be read");
    return;
  }
  const [type, body] = written(exchange, entries, form);
  exchange.respond(new ResponseHead(200, [["Content-Type", type]]), Buffer.from(body, "latin1"));
}

// --- internal ---

function written(
  exchange: Exchange,
  entries: readonly Entry[],
  form: ListingForm,
): readonly [type: string, body: string] {
  switch (form.format) {
    case "html":
      return ["text/html; charset=utf-8", listingPage(exchange.path, entries, form)];
    case "xml":
      return ["text/xml; charset=utf-8", listingXml(entries)];
    case "json":
      return ["application/json", listingJson(entries)];
    case "jsonp": {
      const callback = CALLBACK.exec(exchange.query)?.[1];
      const json = listingJson(entries);
      return callback === undefined
        ? ["application/json", json]
        : ["application/javascript", `/**/${callback}(${json.trimEnd()});\n`];
    }
  }
}

/** The name of a function, and nothing that could be a script of its own. */
const CALLBACK = /(?:^|&)callback=([A-Za-z_$][\w$.]{0,127})(?:&|$)/;

async function readEntries(folder: Buffer, dotfiles: boolean): Promise<readonly Entry[]> {
  const found = (await readdir(folder, { withFileTypes: true, encoding: "buffer" })) as unknown as Dirent<Buffer>[];
  const names = found.map(({ name }) => name.latin1Slice()).filter((name) => dotfiles || !name.startsWith("."));
  const entries = await Promise.all(names.slice(0, MOST).map((name) => readEntry(folder, name)));
  return entries
    .filter((entry) => entry !== null)
    .sort((a, b) => Number(b.directory) - Number(a.directory) || (a.name < b.name ? -1 : 1));
}

/** null: it is gone, or neither a file nor a folder that a request could reach. */
async function readEntry(folder: Buffer, name: string): Promise<Entry | null> {
  let found: Stats;
  try {
    found = await stat(Buffer.concat([folder, Buffer.from(name, "latin1")]));
  } catch {
    return null;
  }
  if (!found.isFile() && !found.isDirectory()) return null;
  return { name, directory: found.isDirectory(), size: found.size, modified: found.mtime };
}

function listingPage(path: string, entries: readonly Entry[], form: ListingForm): string {
  const title = `Index of ${escapeHtml(path)}`;
  const rows = entries.map(({ name, directory, size, modified }) => {
    const shown = directory ? `${name}/` : name;
    const reference = encodePath(`/${shown}`).slice(1);
    // What looks like a scheme would be one (RFC 3986 §4.2).
    const link = reference.includes(":") ? `./${reference}` : reference;
    const length = directory ? "-" : form.exactSizes ? size : rounded(size);
    return `<tr><td><a href="${link}">${escapeHtml(shown)}</a><td>${stamp(modified, form.localTimes)}<td>${length}\n`;
  });
  const up = path === "/" ? "" : '<tr><td><a href="../">../</a><td><td>\n';
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>body{font:1rem/1.5 system-ui,sans-serif;margin:2rem}td{padding:0 2rem 0 0}td:last-child{text-align:right}</style>
<h1>${title}</h1>
<table>
${up}${rows.join("")}</table>
</html>
`;
}

function listingJson(entries: readonly Entry[]): string {
  const items = entries.map(({ name, directory, size, modified }) =>
    JSON.stringify({
      name: Buffer.from(name, "latin1").toString("utf8"),
      type: directory ? "directory" : "file",
      mtime: modified.toUTCString(),
      ...(directory ? {} : { size }),
    }),
  );
  return Buffer.from(`[\n${items.join(",\n")}\n]\n`).latin1Slice();
}

function listingXml(entries: readonly Entry[]): string {
  const items = entries.map(({ name, directory, size, modified }) => {
    const time = `mtime="${modified.toISOString().slice(0, 19)}Z"`;
    // Controls have no place in XML 1.0, not even escaped (§2.2).
    const text = escapeHtml(name.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f]/g, "?"));
    return directory ? `<directory ${time}>${text}</directory>\n` : `<file ${time} size="${size}">${text}</file>\n`;
  });
  return `<?xml version="1.0"?>\n<list>\n${items.join("")}</list>\n`;
}

/** `2026-11-21 08:15`, UTC or as this machine's clock shows it. */
function stamp(time: Date, local: boolean): string {
  const shown = local ? new Date(time.getTime() - time.getTimezoneOffset() * 60_000) : time;
  return shown.toISOString().slice(0, 16).replace("T", " ");
}

/** `9999`, `10K`, `3M`, `2G`. */
function rounded(size: number): string {
  if (size < 10_000) return String(size);
  if (size < 1024 ** 2) return `${Math.round(size / 1024)}K`;
  return size < 1024 ** 3 ? `${Math.round(size / 1024 ** 2)}M` : `${Math.round(size / 1024 ** 3)}G`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
