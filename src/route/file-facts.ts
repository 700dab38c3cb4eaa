import fs from "node:fs";

/** A look at the file system is trusted this long, ms. */
const TRUSTED = 1000;
const MOST = 4096;

export interface FileFacts {
  readonly kind: "none" | "file" | "directory" | "other";
  readonly executable: boolean;
}

/** What there is at paths, asked of the file system once a second at most for each. The oldest answers are forgotten first. */
export class FileLooker {
  readonly #known = new Map<string, { readonly facts: FileFacts; readonly looked: number }>();

  /**
   * `path`: latin-1, one character a byte. A path with a NUL or a `..` segment names nothing: what clients send may fill in
   * names, not lead elsewhere.
   */
  look(path: string): FileFacts {
    if (path.includes("\0") || /(?:^|\/)\.\.(?:\/|$)/.test(path)) return NONE;
    const known = this.#known.get(path);
    const now = performance.now();
    if (known !== undefined && now - known.looked < TRUSTED) return known.facts;
    const facts = ask(Buffer.from(path, "latin1"));
    if (known !== undefined) this.#known.delete(path);
    else if (this.#known.size >= MOST) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(path, { facts, looked: now });
    return facts;
  }
}

// --- internal ---

const NONE: FileFacts = { kind: "none", executable: false };

// Synchronous, as rules decide in the midst of routing; an entry of a local file system's cache costs a few microseconds.
function ask(path: Buffer): FileFacts {
  try {
    const stat = fs.statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return NONE;
    const kind = stat.isFile() ? "file" : stat.isDirectory() ? "directory" : "other";
    return { kind, executable: (stat.mode & 0o111) !== 0 };
  } catch {
    // Not a directory on the way, no permission, too long: it can't be served, whatever it is.
    return NONE;
  }
}
