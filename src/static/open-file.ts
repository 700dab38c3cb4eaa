import { type BigIntStats, close, constants, fstat, open, readlink, realpath, stat } from "node:fs";
import { promisify } from "node:util";
import { type Failure, failureOf, NOT_FOUND } from "./failure.ts";

/** A regular file, open for reading. Whoever gets it closes it. */
export interface OpenFile {
  readonly kind: "file";
  readonly fd: number;
  readonly stat: BigIntStats;
}

/** Opens files of one root, and nothing that isn't under it. */
export interface Root {
  /** Absolute path, as bytes; may be a symbolic link, and may come to point elsewhere (`current -> releases/7`). */
  readonly path: Buffer;
  /** Follow symbolic links that leave it. */
  readonly follow: boolean;
}

/**
 * Opens `path` when it is a regular file under the root. Looks before it opens, because opening a device or a FIFO has effects,
 * and judges what was opened, not what was looked at: a symbolic link swapped in between does not lead out.
 */
export async function openFile(root: Root, path: Buffer): Promise<OpenFile | { readonly kind: "directory" } | Failure> {
  let fd = -1;
  try {
    const seen = await statAsync(path, BIGINT);
    if (seen.isDirectory()) return (await contains(root, () => realpathAsync(path))) ? DIRECTORY : NOT_FOUND;
    if (!seen.isFile()) return NOT_FOUND;
    fd = await openAsync(path, FLAGS);
    const got = await fstatAsync(fd, BIGINT);
    if (got.isFile() && (await contains(root, () => pathOf(fd, path, got)))) {
      const file = { kind: "file", fd, stat: got } as const;
      fd = -1;
      return file;
    }
    return NOT_FOUND;
  } catch (error) {
    return failureOf(error);
  } finally {
    if (fd >= 0) closeFile(fd);
  }
}

/** Opens a file that was found under its root a moment ago. The caller compares identities before it trusts it. */
export async function reopenFile(path: Buffer): Promise<OpenFile | Failure> {
  let fd = -1;
  try {
    fd = await openAsync(path, FLAGS);
    const got = await fstatAsync(fd, BIGINT);
    if (!got.isFile()) return NOT_FOUND;
    const file = { kind: "file", fd, stat: got } as const;
    fd = -1;
    return file;
  } catch (error) {
    return failureOf(error);
  } finally {
    if (fd >= 0) closeFile(fd);
  }
}

/** Stats a path, links followed; null when nothing is there or it can't be reached. */
export async function statFile(path: Buffer): Promise<BigIntStats | null> {
  try {
    return await statAsync(path, BIGINT);
  } catch {
    // Whatever the reason, the full look-up that follows reports it.
    return null;
  }
}

/** Whether an open file still is as it was when it was opened. */
export async function isUnchanged(file: OpenFile): Promise<boolean> {
  return identityOf(await fstatAsync(file.fd, BIGINT)) === identityOf(file.stat);
}

export function closeFile(fd: number): void {
  // Closing a file that was only read has no failure that matters to anyone.
  close(fd, () => undefined);
}

/** Equal for the same file with the same content and permissions, as far as the file system tells. */
export function identityOf(file: BigIntStats): string {
  return `${file.dev}:${file.ino}:${file.size}:${file.mtimeNs}:${file.ctimeNs}`;
}

const statAsync = promisify(stat);
const fstatAsync = promisify(fstat);
const openAsync = promisify(open);
// The types of promisify follow the last overload, which knows no buffers.
const readlinkAsync = promisify((path: string, done: (error: Error | null, target: Buffer) => void) =>
  readlink(path, BYTES, done),
);
const realpathAsync = promisify((path: Buffer, done: (error: Error | null, real: Buffer) => void) =>
  realpath.native(path, BYTES, done),
);
const BIGINT = { bigint: true } as const;
const BYTES = { encoding: "buffer" } as const;
const DIRECTORY = { kind: "directory" } as const;
// O_NONBLOCK: never wait for the writer of a FIFO. O_NOCTTY: never get a terminal.
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/** Whether the real path is the root's real path or below it. Resolved at every look-up, as deployments move the root's link. */
async function contains(root: Root, real: () => Promise<Buffer>): Promise<boolean> {
  if (root.follow) return true;
  const [base, path] = await Promise.all([realpathAsync(root.path), real()]);
  if (path.equals(base)) return true;
  const below = base.length === 1 ? base : Buffer.concat([base, Buffer.from("/")]);
  return path.subarray(0, below.length).equals(below);
}

/** The real path of an open file, as the kernel knows it. */
async function pathOf(fd: number, path: Buffer, opened: BigIntStats): Promise<Buffer> {
  try {
    return await readlinkAsync(`/proc/self/fd/${fd}`);
  } catch {
    // Where there is no /proc the path is resolved again, and must still lead to the file that is open.
    const real = await realpathAsync(path);
    const there = await statAsync(real, BIGINT);
    if (there.ino === opened.ino && there.dev === opened.dev) return real;
    throw Object.assign(new Error(`"${path}" was replaced while it was opened`), { code: "ENOENT" });
  }
}
