import fs from "node:fs";
import { hasCode, PropylonError } from "../base/errors.ts";
import { bytesForFile } from "./rotation.ts";

const NEWLINE = 0x0a;
/** Bytes that wait while the disk is busy before whoever writes has to wait too. */
const BUSY = 256 * 1024;
/** Bytes that wait while nothing can be written; what comes then is dropped by the line, and counted. */
const WAITING = 4 * 1024 * 1024;
/** ms before a pipe that is full is tried again. */
const PIPE_FULL = 50;
/** ms between tries while nothing can be written. */
const TRY_AGAIN = 1000;

export interface RotatingFileSpec {
  /** Absolute path; a device or a pipe is written to and never rotated. */
  readonly path: string;
  /** Bytes, 0: never. */
  readonly rotateSize: number;
  /** How many older files are kept, as `PATH.1` (the youngest) to `PATH.N`. */
  readonly rotateKeep: number;
  /** It can't be written (why, once), or it can again: how many lines were lost meanwhile. */
  readonly trouble: (told: { readonly error: string } | { readonly lost: number }) => void;
}

/**
 * A file that bytes are appended to as they come, begun anew between two lines when it is large. A full disk holds nobody up: what
 * comes then waits in memory and is written when there is room again.
 */
export class RotatingFile {
  readonly #spec: RotatingFileSpec;
  #fd: number | null = null;
  #regular = true;
  #size = 0;
  #atLineStart = true;
  #limit: number;
  #waiting: Buffer[] = [];
  #bytes = 0;
  #work: Promise<void> | null = null;
  /** To be done between two writes. */
  readonly #actions: (() => void)[] = [];
  #room: { readonly promise: Promise<void>; readonly give: () => void } | null = null;
  #failing = false;
  #lost = 0;
  #lostBefore = 0;
  /** A line was dropped whose end has not come yet. */
  #dropping = false;
  #retry: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(spec: RotatingFileSpec) {
    this.#spec = spec;
    this.#limit = spec.rotateSize;
  }

  get path(): string {
    return this.#spec.path;
  }

  /** Lines dropped since it was made. */
  get lost(): number {
    return this.#lostBefore + this.#lost;
  }

  /** Opens it, or throws a PropylonError. */
  open(): void {
    const { path } = this.#spec;
    try {
      this.#open();
    } catch (cause) {
      throw new PropylonError("user", `Cannot write ${path}: ${reasonOf(cause)}`, {
        cause,
        remedy: "make its folder, and give us access to it",
      });
    }
  }

  /** Null, or a promise that comes true when more may be written. The chunk is the file's from now on. */
  write(chunk: Buffer): Promise<void> | null {
    if (this.#failing && this.#bytes + chunk.length > WAITING) {
      this.#drop(chunk);
      return null;
    }
    const rest = this.#dropping ? this.#afterDropped(chunk) : chunk;
    if (rest.length > 0) this.#keep(rest);
    if (this.#failing || this.#bytes <= BUSY) return null;
    return this.#makeRoom();
  }

  /** Opens the path anew: somebody has renamed the file. */
  async reopen(): Promise<void> {
    await this.#between(() => this.#close());
    this.#start();
  }

  /** Empties it. */
  async clear(): Promise<void> {
    await this.#between(() => {
      if (this.#fd !== null && this.#regular) fs.ftruncateSync(this.#fd, 0);
      this.#size = 0;
      this.#atLineStart = true;
    });
  }

  /** Its last bytes, those of older files included. */
  async tail(count: number): Promise<Buffer> {
    if (!this.#failing) await this.#work;
    const { path, rotateKeep } = this.#spec;
    const pieces: Buffer[] = [];
    let missing = count;
    for (let number = 0; number <= rotateKeep && missing > 0; number++) {
      const piece = readTail(number === 0 ? path : `${path}.${number}`, missing);
      if (piece === null) break;
      pieces.unshift(piece);
      missing -= piece.length;
    }
    return Buffer.concat(pieces);
  }

  /** Writes what waits, if it can be written, and closes. */
  async close(): Promise<void> {
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
    while (this.#work !== null) await this.#work;
    if (this.#bytes > 0) await this.#pump();
    this.#closed = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    if (this.#bytes > 0) this.#spec.trouble({ error: `${this.#bytes} bytes are lost` });
    this.#close();
  }

  /** Does this when nothing is being written. */
  #between(action: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const run = (): void => {
        try {
          resolve(action());
        } catch (error) {
          reject(error);
        }
      };
      if (this.#work === null) run();
      else this.#actions.push(run);
    });
  }

  #act(): void {
    for (const action of this.#actions.splice(0)) action();
  }

  #keep(chunk: Buffer): void {
    this.#waiting.push(chunk);
    this.#bytes += chunk.length;
    if (!this.#failing) this.#start();
  }

  #drop(chunk: Buffer): void {
    // What waits may end within a line: its end is kept, so that no line is torn.
    const last = this.#waiting.at(-1);
    const end = last !== undefined && last.at(-1) !== NEWLINE && !this.#dropping ? chunk.indexOf(NEWLINE) + 1 : 0;
    if (end > 0) this.#keep(Buffer.from(chunk.subarray(0, end)));
    const rest = chunk.subarray(end);
    for (const byte of rest) if (byte === NEWLINE) this.#lost++;
    if (rest.length > 0) this.#dropping = rest.at(-1) !== NEWLINE;
  }

  #afterDropped(chunk: Buffer): Buffer {
    const end = chunk.indexOf(NEWLINE) + 1;
    if (end === 0) return chunk.subarray(0, 0);
    this.#lost++;
    this.#dropping = false;
    return chunk.subarray(end);
  }

  #makeRoom(): Promise<void> {
    if (this.#room === null) {
      let give!: () => void;
      const promise = new Promise<void>((resolve) => {
        give = resolve;
      });
      this.#room = { promise, give };
    }
    return this.#room.promise;
  }

  #giveRoom(): void {
    this.#room?.give();
    this.#room = null;
  }

  #start(): void {
    if (this.#closed) return;
    this.#work ??= this.#pump().finally(() => {
      this.#work = null;
      this.#act();
      this.#giveRoom();
      if (this.#bytes > 0 && !this.#failing) this.#start();
    });
  }

  async #pump(): Promise<void> {
    let rest: Buffer = Buffer.alloc(0);
    try {
      while (this.#waiting.length > 0 || rest.length > 0) {
        this.#act();
        if (this.#fd === null) this.#open();
        if (rest.length === 0) {
          rest = this.#waiting.length === 1 ? this.#waiting[0]! : Buffer.concat(this.#waiting);
          this.#waiting = [];
        }
        rest = rest.subarray(await this.#writeSome(rest));
        if (this.#failing) this.#recover();
      }
      this.#bytes = 0;
    } catch (error) {
      if (rest.length > 0) this.#waiting.unshift(rest);
      this.#fail(error);
    }
  }

  /** How many bytes went into the file; 0: a new one was begun. */
  async #writeSome(chunk: Buffer): Promise<number> {
    const state = { size: this.#size, atLineStart: this.#atLineStart, limit: this.#regular ? this.#limit : 0 };
    const fitting = bytesForFile(chunk, state);
    if (fitting === 0) {
      this.#rotate();
      return 0;
    }
    const written = await write(this.#fd!, chunk.subarray(0, fitting));
    if (written === 0) return 0;
    this.#size += written;
    this.#bytes -= written;
    this.#atLineStart = chunk[written - 1] === NEWLINE;
    if (this.#bytes <= BUSY / 2) this.#giveRoom();
    return written;
  }

  #rotate(): void {
    const { path, rotateSize, rotateKeep } = this.#spec;
    try {
      if (rotateKeep === 0) fs.ftruncateSync(this.#fd!, 0);
      else {
        for (let number = rotateKeep; number > 1; number--) move(`${path}.${number - 1}`, `${path}.${number}`);
        move(path, `${path}.1`);
        this.#close();
        this.#open();
      }
      this.#size = rotateKeep === 0 ? 0 : this.#size;
      this.#atLineStart = true;
      this.#limit = rotateSize;
    } catch (error) {
      if (this.#fd === null) throw error;
      // It can't be renamed: better a large file than none.
      this.#limit = this.#size + rotateSize;
      this.#spec.trouble({ error: `it can't be rotated: ${reasonOf(error)}` });
    }
  }

  #open(): void {
    const fd = openForAppend(this.#spec.path);
    const stat = fs.fstatSync(fd);
    this.#fd = fd;
    this.#regular = stat.isFile();
    this.#size = this.#regular ? stat.size : 0;
    this.#atLineStart = true;
    this.#limit = this.#spec.rotateSize;
  }

  #close(): void {
    if (this.#fd !== null) fs.closeSync(this.#fd);
    this.#fd = null;
  }

  #fail(error: unknown): void {
    if (!this.#failing) this.#spec.trouble({ error: reasonOf(error) });
    this.#failing = true;
    this.#giveRoom();
    if (this.#closed) return;
    this.#retry = setTimeout(() => {
      this.#retry = null;
      this.#start();
    }, TRY_AGAIN);
    this.#retry.unref();
  }

  #recover(): void {
    this.#failing = false;
    this.#spec.trouble({ lost: this.#lost });
    this.#lostBefore += this.#lost;
    this.#lost = 0;
  }
}

/** A folder that others write to could hold a link to any file: one of another user's is not followed (CWE-59). */
function openForAppend(path: string): number {
  const link = fs.lstatSync(path, { throwIfNoEntry: false });
  const ours = link?.isSymbolicLink() === true && (link.uid === process.getuid!() || link.uid === 0);
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
  // O_NONBLOCK: a pipe without a reader is an error (ENXIO) then, and not a main process that waits.
  return fs.openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | (ours ? 0 : O_NOFOLLOW), 0o644);
}

function write(fd: number, chunk: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.write(fd, chunk, (error, written) => {
      if (error === null) resolve(written);
      // A pipe that is read slowly.
      else if (error.code === "EAGAIN") setTimeout(resolve, PIPE_FULL, 0);
      else reject(error);
    });
  });
}

function move(from: string, to: string): void {
  try {
    fs.renameSync(from, to);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
}

function readTail(path: string, count: number): Buffer | null {
  let fd: number;
  try {
    fd = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  } catch {
    return null; // there are no more
  }
  try {
    const stat = fs.fstatSync(fd);
    if (!stat.isFile()) return null;
    const buffer = Buffer.alloc(Math.min(count, stat.size));
    const read = fs.readSync(fd, buffer, 0, buffer.length, Math.max(0, stat.size - count));
    return buffer.subarray(0, read);
  } finally {
    fs.closeSync(fd);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: "no space left on the disk",
  EDQUOT: "the disk quota is used up",
  EACCES: "we may not write there",
  EROFS: "the file system is read-only",
  ENOENT: "its folder does not exist",
  EIO: "the disk fails",
  ELOOP: "it is another user's link",
  ENXIO: "nobody reads the pipe",
};

function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return REASONS[code] ?? (error instanceof Error ? error.message : String(error));
}
