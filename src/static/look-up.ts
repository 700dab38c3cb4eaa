import { type BigIntStats, read } from "node:fs";
import type { StaticConfig } from "../config/route-model.ts";
import type { Coding } from "../http/accept-encoding.ts";
import { mediaType } from "../http/media-type.ts";
import type { Found } from "./cache.ts";
import { type Failure, NOT_FOUND } from "./failure.ts";
import {
  closeFile,
  identityOf,
  isUnchanged,
  type OpenFile,
  openFile,
  type Root,
  reopenFile,
  statFile,
} from "./open-file.ts";
import { createRepresentation, type Representation, type Traits } from "./representation.ts";

/** What a request asks for: a path of relative-path.ts under a folder. */
export interface Wanted {
  readonly root: string;
  /** latin-1, one character a byte. */
  readonly relative: string;
  /** Files that answer for a folder, in order. With `indexGoto` one that begins with a slash is a path to go to, unseen. */
  readonly index: readonly string[];
}

/**
 * file: to be served. slash: a directory asked for without its slash. index: an index file that is to be gone to by its own
 * path. directory: there is no index file; it may be listed.
 */
export type LookUp =
  | { readonly kind: "file"; readonly found: Found }
  | { readonly kind: "slash" }
  | { readonly kind: "index"; readonly name: string }
  | { readonly kind: "directory"; readonly path: Buffer }
  | Failure;

/** Whether the content of a file of this many bytes is to be kept in memory. */
export type Admits = (size: number) => boolean;

/** Finds the file, or a directory's index, with its precompressed forms. */
export async function lookUp(
  config: StaticConfig,
  { root: folder, relative, index }: Wanted,
  admits: Admits,
): Promise<LookUp> {
  const checked = performance.now();
  const root: Root = { path: Buffer.from(folder), follow: config.symlinks };
  const wanted = Buffer.concat([root.path, Buffer.from(relative, "latin1")]);
  const names = relative.endsWith("/") ? index.map((name) => Buffer.concat([wanted, Buffer.from(name)])) : [wanted];
  const absent: Buffer[] = [];
  for (const [position, path] of names.entries()) {
    if (config.indexGoto && relative.endsWith("/") && index[position]!.startsWith("/"))
      return { kind: "index", name: index[position]! };
    const file = await openFile(root, path);
    if (file.kind === "file" && config.indexGoto && relative.endsWith("/")) {
      closeFile(file.fd);
      return { kind: "index", name: index[position]! };
    }
    if (file.kind === "file")
      return { kind: "file", found: await gather(config, root, path, file, absent, checked, admits) };
    if (file.kind === "directory" && !relative.endsWith("/")) return { kind: "slash" };
    if (file.kind === "failure" && file.status !== 404) return file;
    absent.push(path);
  }
  if (!relative.endsWith("/")) return NOT_FOUND;
  const directory = await openFile(root, wanted);
  return directory.kind === "directory" ? { kind: "directory", path: wanted } : NOT_FOUND;
}

/**
 * Whether what was found still is what a look-up would find, by one stat a file. Absent precompressed forms are looked for
 * every ten seconds only, since going without them is merely slower. The caller sets `checked` and `searched`.
 */
export async function isCurrent(found: Found, now: number): Promise<boolean> {
  if (found.racy) return false;
  const forms = [found.plain, ...found.variants];
  const search = now - found.searched >= SEARCH_INTERVAL;
  const gone = search ? [...found.absent, ...found.missing] : found.absent;
  const [stats, unexpected] = await Promise.all([
    Promise.all(forms.map((form) => statFile(form.path))),
    Promise.all(gone.map(statFile)),
  ]);
  if (unexpected.some((stat) => stat?.isFile() === true)) return false;
  if (search) found.searched = now;
  return forms.every((form, i) => stats[i] !== null && identityOf(stats[i]!) === form.identity);
}

/**
 * Opens a form that is streamed. When the file has changed since it was looked up, it is checked anew, and the representation
 * returned is of what was opened, so that head and content belong together.
 */
export async function openForm(
  config: StaticConfig,
  root: string,
  form: Representation,
  varies: boolean,
): Promise<{ readonly kind: "open"; readonly fd: number; readonly form: Representation } | Failure> {
  const file = await reopenFile(form.path);
  if (file.kind === "failure") return file;
  if (identityOf(file.stat) === form.identity) return { kind: "open", fd: file.fd, form };
  closeFile(file.fd);
  const again = await openFile({ path: Buffer.from(root), follow: config.symlinks }, form.path);
  if (again.kind !== "file") return again.kind === "failure" ? again : NOT_FOUND;
  const traits = { type: form.type, expires: config.expires, etag: config.etag, varies };
  return { kind: "open", fd: again.fd, form: createRepresentation(form.path, again.stat, form.coding, traits, null) };
}

const SEARCH_INTERVAL = 10_000;
// Two changes within one tick of the file system's clock leave equal times. The coarsest clock in use (FAT's) has 2 s.
const RACY_WINDOW = 2_000n * 1_000_000n;

const EXTENSIONS: readonly (readonly [coding: Coding, extension: string])[] = [
  ["br", ".br"],
  ["zstd", ".zst"],
  ["gzip", ".gz"],
];

/** Reads the forms of an open file into memory, where they are small enough, and closes them. */
async function gather(
  config: StaticConfig,
  root: Root,
  path: Buffer,
  file: OpenFile,
  absent: readonly Buffer[],
  checked: number,
  admits: Admits,
): Promise<Found> {
  const readAt = BigInt(Date.now()) * 1_000_000n;
  const siblings = config.precompressed && !isCompressed(path) ? await openSiblings(root, path, file.stat) : [];
  const present = siblings.filter((sibling) => sibling.file !== null) as {
    coding: Coding;
    path: Buffer;
    file: OpenFile;
  }[];
  const traits: Traits = {
    type: mediaType(path.latin1Slice(), config),
    expires: config.expires,
    etag: config.etag,
    varies: present.length > 0,
  };
  const [plain, ...variants] = await Promise.all(
    [{ coding: null, path, file }, ...present].map(async (form) => {
      const body = await readSmall(form.file, admits);
      closeFile(form.file.fd);
      return createRepresentation(form.path, form.file.stat, form.coding, traits, body);
    }),
  );
  const smallestFirst = variants.sort((a, b) => a.size - b.size);
  return {
    plain: plain!,
    variants: smallestFirst,
    codings: smallestFirst.map((variant) => variant.coding!),
    absent,
    missing: siblings.filter((sibling) => sibling.file === null).map((sibling) => sibling.path),
    // The change time, as the modification time can be set to anything.
    racy: [file, ...present.map((sibling) => sibling.file)].some(({ stat }) => readAt - stat.ctimeNs < RACY_WINDOW),
    checked,
    searched: checked,
  };
}

/** A sibling older than its original (by the second: archives keep no more) was made from another content and is left out. */
async function openSiblings(
  root: Root,
  path: Buffer,
  original: BigIntStats,
): Promise<readonly { coding: Coding; path: Buffer; file: OpenFile | null }[]> {
  return Promise.all(
    EXTENSIONS.map(async ([coding, extension]) => {
      const sibling = Buffer.concat([path, Buffer.from(extension)]);
      const file = await openFile(root, sibling);
      if (file.kind !== "file") return { coding, path: sibling, file: null };
      if (file.stat.mtimeNs / 1_000_000_000n >= original.mtimeNs / 1_000_000_000n)
        return { coding, path: sibling, file };
      closeFile(file.fd);
      return { coding, path: sibling, file: null };
    }),
  );
}

/** The whole content, or null when it is too large, can't be read, or changed meanwhile: then it is streamed, and fails there if it must. */
async function readSmall(file: OpenFile, admits: Admits): Promise<Buffer | null> {
  const size = Number(file.stat.size);
  if (!admits(size)) return null;
  // Not from the shared pool: a small slice kept for long would keep all of it.
  const body = Buffer.allocUnsafeSlow(size);
  let filled = 0;
  while (filled < size) {
    const count = await readInto(file.fd, body, filled);
    if (count <= 0) return null;
    filled += count;
  }
  return (await isUnchanged(file)) ? body : null;
}

/** Bytes read, 0 at the end, -1 on an error. */
function readInto(fd: number, body: Buffer, filled: number): Promise<number> {
  return new Promise((done) => {
    read(fd, body, filled, body.length - filled, filled, (error, count) => done(error === null ? count : -1));
  });
}

function isCompressed(path: Buffer): boolean {
  return /\.(?:br|zst|gz)$/.test(path.latin1Slice());
}
