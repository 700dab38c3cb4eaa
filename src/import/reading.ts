import type { Place } from "../base/errors.ts";
import type { WrittenSettings } from "../config/schema.ts";
import type { Plain } from "./tree.ts";

/** The kinds of foreign configuration, as `--as` and the report name them. */
export const FOREIGN_KINDS = [
  "nginx",
  "uwsgi",
  "gunicorn",
  "waitress",
  "supervisor",
  "apache",
  "procfile",
  "systemd",
  "unit",
] as const;
export type ForeignKind = (typeof FOREIGN_KINDS)[number];

/** A foreign configuration as it was given: a file's text, or the words of a command line. */
export type ForeignSource =
  | {
      readonly kind: ForeignKind;
      readonly form: "file";
      /** Absolute path. */
      readonly path: string;
      readonly text: string;
    }
  | {
      readonly kind: ForeignKind;
      readonly form: "command";
      /** The words after the program's name. */
      readonly words: readonly string[];
      /** How places name it: `--with 'gunicorn app:app'`, `Procfile:1`, `supervisord.conf:12`. */
      readonly place: Place;
    };

/** What a reader may ask of the machine, so that it can be tested without one and never runs what it reads. */
export interface ReadContext {
  /** Where relative paths of a command line start, absolute. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** A file's text, or null when it can't be read; for includes, `ini=` chains, `-c gunicorn.conf.py`. */
  readFile(path: string): string | null;
  /** Absolute paths that match a shell pattern, sorted; for `include sites-enabled/*`. */
  glob(pattern: string): readonly string[];
  isDirectory(path: string): boolean;
  isFile(path: string): boolean;
  /** CPUs that we may use, for `multiprocessing.cpu_count()`, `%k` and `auto`. */
  readonly cpus: number;
}

/**
 * - `mapped`: the feature exists here and behaves so, by test.
 * - `approximated`: it differs; the note says how.
 * - `ignored`: it has no effect here; the note says why.
 * - `needs-a-decision`: a person has to choose; the note says between what.
 */
export type Verdict = "mapped" | "approximated" | "ignored" | "needs-a-decision";

/** One line of the report: what became of one directive, option or setting. */
export interface DirectiveReport {
  readonly place: Place;
  /** As the original program calls it: `proxy_pass`, `--workers`, `chmod-socket`. */
  readonly name: string;
  readonly verdict: Verdict;
  /** To follow the name and a colon; empty for what is plainly mapped. */
  readonly note: string;
}

/** An address at which a program of this reading accepts requests for one of its apps: what fusion links to a proxy. */
export interface Door {
  /** Key in `settings.apps`. */
  readonly app: string;
  /** `host:port` (`*:5000`, `127.0.0.1:8081`) or `unix:/absolute/path`. */
  readonly address: string;
  readonly protocol: "http" | "uwsgi" | "fastcgi" | "scgi";
  /** Permission bits of a Unix socket, or null for the default. */
  readonly mode: number | null;
  readonly owner: string | null;
  readonly group: string | null;
  /** Whether the original removes the Unix socket at exit (uWSGI: only with `vacuum`). */
  readonly unlink: boolean;
  readonly place: Place;
  /** What it believes of proxies, as `trusted_proxies` has it; absent: nothing is said of it. */
  readonly trust?: Readonly<Record<string, unknown>>;
  /** What is answered there, in order, the last one everything that is left; absent: the app answers everything. */
  readonly routes?: readonly Plain[];
  /** It speaks TLS, with this as `tls` of its listener. */
  readonly tls?: Plain;
  /** Its connections begin with a PROXY protocol header; absent: they don't. */
  readonly proxyProtocol?: Readonly<Record<string, unknown>>;
}

/** What a reader made of one source. */
export interface Reading {
  readonly kind: ForeignKind;
  /**
   * In the spelling of propylon.yaml, every path absolute, text as it is meant (a literal `${` is escaped later, for all
   * readers but NGINX's, whose templates hold real ones; a literal `{name}` where requests' variables stand is the reader's to escape). Doors are not in `settings.listeners`: a door that no proxy of
   * another reading leads to becomes a listener with a site of its own.
   */
  readonly settings: WrittenSettings;
  readonly doors: readonly Door[];
  /** In the order of the text, one for each directive that stands there. */
  readonly directives: readonly DirectiveReport[];
  /** Files that were read, for `reload` and the watch mode. */
  readonly files: readonly string[];
  /** What a person should know that belongs to no directive, a sentence each. */
  readonly notes?: readonly string[];
  /** Where the original program writes its process id, absolute. */
  readonly pidFile?: string;
}

/** Reads one source. Throws a ProblemList only for what the original program would not start with either: broken syntax, at its place. */
export type Reader = (source: ForeignSource, context: ReadContext) => Reading;
