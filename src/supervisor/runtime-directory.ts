import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hasCode, PropylonError } from "../base/errors.ts";

/** The kernel's bound on a Unix socket's path (`sun_path`), the final NUL aside. */
const LONGEST_SOCKET_PATH = 107;
/** The longest name in a runtime directory, with its slash: `/app-`, 24 characters of an app's name, `.sock`. */
const LONGEST_NAME = 34;
const RECORD = "instance.json";

/** A running instance, as the command line finds it. */
export interface Instance {
  readonly pid: number;
  /** Absolute path of its control socket. */
  readonly control: string;
  /** The folder of its configuration. */
  readonly directory: string;
}

/** Where an instance keeps its sockets and pages: `BASE/<hash of its folder>-<pid>`, removed when it ends. */
export class RuntimeDirectory {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Makes the directory of this process for an instance in `directory` (absolute), and removes those of dead instances.
   *
   * @param bases where to try, best first
   */
  static create(directory: string, bases: readonly string[] = basesOf(process.env)): RuntimeDirectory {
    const base = firstUsable(bases);
    for (const { path } of records(base).filter((record) => !isAlive(record)))
      rmSync(path, { recursive: true, force: true });
    const path = join(base, `${hashOf(directory)}-${process.pid}`);
    rmSync(path, { recursive: true, force: true }); // of an earlier process with our pid
    mkdirSync(path, { mode: 0o711 });
    const record = { pid: process.pid, started: startOf(process.pid), directory };
    writeFileSync(join(path, RECORD), `${JSON.stringify(record)}\n`, { mode: 0o600, flag: "wx" });
    return new RuntimeDirectory(path);
  }

  get control(): string {
    return join(this.path, "control.sock");
  }

  /** The Unix socket of an app. */
  appSocket(app: string): string {
    const short = /^[\w.-]{1,24}$/.test(app) ? app : hashOf(app);
    return join(this.path, `app-${short}.sock`);
  }

  /** The Unix socket to which an app's forked workers come. */
  doorSocket(app: string): string {
    const short = /^[\w.-]{1,23}$/.test(app) ? app : hashOf(app);
    return join(this.path, `door-${short}.sock`);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Instances of this user that run from this folder; all of them when it is null. */
export function instances(directory: string | null, bases: readonly string[] = basesOf(process.env)): Instance[] {
  return bases
    .flatMap((base) => (problemOf(base) === null ? records(base) : []))
    .filter((record) => isAlive(record) && (directory === null || record.directory === directory))
    .map((record) => ({
      pid: record.pid,
      control: join(record.path, "control.sock"),
      directory: record.directory,
    }));
}

/** /run/propylon for root, $XDG_RUNTIME_DIR/propylon for others, /tmp/propylon-<uid> where those can't be had. */
export function basesOf(environment: Readonly<Record<string, string | undefined>>): readonly string[] {
  const uid = process.getuid!();
  const xdg = environment["XDG_RUNTIME_DIR"];
  const personal = xdg === undefined || !xdg.startsWith("/") ? [] : [join(xdg, "propylon")];
  return [...(uid === 0 ? ["/run/propylon"] : personal), `/tmp/propylon-${uid}`];
}

interface InstanceRecord {
  readonly path: string;
  readonly pid: number;
  readonly started: string | null;
  readonly directory: string;
}

function firstUsable(bases: readonly string[]): string {
  const problems: string[] = [];
  for (const base of bases) {
    const problem = makeBase(base) ?? problemOf(base);
    if (problem === null) return base;
    problems.push(problem);
  }
  throw new PropylonError("user", `Cannot make a runtime directory: ${problems.join("; ")}`, {
    remedy: "make one of these folders ours, writable for us alone, or set XDG_RUNTIME_DIR to one that is",
  });
}

function makeBase(base: string): string | null {
  const longest = base.length + 1 + 12 + 1 + 7 + LONGEST_NAME;
  if (longest > LONGEST_SOCKET_PATH) return `${base} is too long for the path of a Unix socket`;
  try {
    mkdirSync(base, { mode: 0o711 });
  } catch (error) {
    if (!hasCode(error, "EEXIST")) return error instanceof Error ? error.message : String(error);
  }
  return null;
}

/**
 * /tmp is writable for all: a base that another user has made, or a link, could lead our sockets anywhere (CWE-377). Since /tmp
 * is sticky, what is ours once stays ours.
 */
function problemOf(base: string): string | null {
  try {
    const stat = lstatSync(base);
    if (!stat.isDirectory()) return `${base} is not a folder`;
    if (stat.uid !== process.getuid!()) return `${base} belongs to another user (${stat.uid})`;
    return (stat.mode & 0o022) === 0 ? null : `${base} is writable for others`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function records(base: string): InstanceRecord[] {
  return readdirSync(base).flatMap((name) => {
    const match = /^[0-9a-f]{12}-(\d+)$/.exec(name);
    return match === null ? [] : [readRecord(join(base, name), Number(match[1]))];
  });
}

// A directory whose record can't be read is of a process that is being born (or died then): its pid decides.
function readRecord(path: string, pid: number): InstanceRecord {
  try {
    const value: unknown = JSON.parse(readFileSync(join(path, RECORD), "utf8"));
    const { started, directory } = value as Partial<InstanceRecord>;
    return { path, pid, started: started ?? null, directory: directory ?? "" };
  } catch {
    return { path, pid, started: null, directory: "" };
  }
}

// The start time tells a process from a later one with the same pid; in a container main has the same pid each time.
function isAlive({ pid, started }: InstanceRecord): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (!hasCode(error, "EPERM")) return false;
  }
  const now = startOf(pid);
  return started === null || now === null || started === now;
}

/** When a process started, in clock ticks since boot (proc(5), field 22); null where there is no /proc. */
function startOf(pid: number): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name of the command, in brackets, may hold spaces and brackets.
    return text.slice(text.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  } catch {
    return null;
  }
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}
