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

/** Answers with what a folder holds, folders first: a page for people, or `[{name, type, mtime, size}]` as NGINX gives it. */
export async function answerListing(
  exchange: Exchange,
  folder: Buffer,
  format: "html" | "json",
  dotfiles: boolean,
): Promise<void> {
  let entries: readonly Entry[];
  try {
    entries = await readEntries(folder, dotfiles);
  } catch {
    exchange.fail(403, "This folder may not be read");
    return;
  }
  const [type, body] =
    format === "html" ? [HTML, listingPage(exchange.path, entries)] : [JSON_TYPE, listingJson(entries)];
  exchange.respond(new ResponseHead(200, [["Content-Type", type]]), Buffer.from(body, "latin1"));
}

const HTML = "text/html; charset=utf-8";
const JSON_TYPE = "application/json";

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

function listingPage(path: string, entries: readonly Entry[]): string {
  const title = `Index of ${escapeHtml(path)}`;
  const rows = entries.map(({ name, directory, size, modified }) => {
    const shown = directory ? `${name}/` : name;
    return `<tr><td><a href=".${encodePath(`/${shown}`)}">${escapeHtml(shown)}</a><td>${stamp(modified)}<td>${directory ? "-" : size}\n`;
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
  const items = entries.map(({ name, directory, size, modified }) => ({
    name: Buffer.from(name, "latin1").toString("utf8"),
    type: directory ? "directory" : "file",
    mtime: modified.toUTCString(),
    ...(directory ? {} : { size }),
  }));
  return Buffer.from(`${JSON.stringify(items, null, 1)}\n`).latin1Slice();
}

/** `2026-11-21 08:15`, UTC. */
function stamp(time: Date): string {
  return time.toISOString().slice(0, 16).replace("T", " ");
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
