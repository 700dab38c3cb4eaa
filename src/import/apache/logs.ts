import { approximated, mapped, type Outcome, undecided } from "../ledger.ts";
import { COMBINED, fromApache } from "../log-format.ts";
import type { Plain } from "../tree.ts";

const COMMON = '{remote_addr} - {remote_user} [{time_local}] "{request}" {status} {body_bytes_sent}';
/** Formats that Debian's apache2.conf has, for files that are read without it. */
const USUAL: Readonly<Record<string, string>> = {
  common: COMMON,
  combined: COMBINED,
  vhost_combined:
    '{server_name}:{server_port} {remote_addr} - {remote_user} [{time_local}] "{request}" {status} {bytes_sent} "{http_referer}" "{http_user_agent}"',
  referer: "{http_referer} -> {uri}",
  agent: "{http_user_agent}",
};

/** Formats by the names that Apache's configuration gives them, and the logs of one server that use them. */
export class ApacheLogs {
  readonly #formats = new Map<string, string>(Object.entries(USUAL));
  readonly #used: Plain = {};
  /** What `TransferLog` uses: the last `LogFormat` without a name. */
  #unnamed = COMMON;

  /** Those that some log uses, as `log_formats`. */
  get used(): Plain {
    return this.#used;
  }

  /** `LogFormat FORMAT [NAME]`. */
  define([format = "", name]: readonly string[]): Outcome {
    const { text, unknown } = fromApache(this.#formats.get(format) === undefined ? format : "");
    const known = this.#formats.get(format) ?? text;
    if (name === undefined) this.#unnamed = known;
    else this.#formats.set(name, known);
    return told(unknown);
  }

  /** `CustomLog` and `TransferLog`: adds a log to those of a server. */
  add(key: string, args: readonly string[], logs: unknown[]): Outcome {
    const [where = "", ...rest] = args;
    if (where === "") return undecided("it names no file");
    const condition = rest.find((word) => /^(?:env|expr)=/.test(word));
    const named = key === "transferlog" ? undefined : rest.find((word) => word !== condition);
    const notes = condition === undefined ? [] : ["every request is logged: the condition is left out"];
    const place = placeOf(where, notes);
    let text = this.#unnamed;
    let name = named ?? "transfer";
    if (named !== undefined) {
      const known = this.#formats.get(named);
      const converted = known === undefined ? fromApache(named) : { text: known, unknown: [] };
      if (known === undefined && !/%/.test(named))
        notes.push(`there is no format ${named}: lines are in the common one`);
      if (known === undefined) name = "custom";
      text = known === undefined && !/%/.test(named) ? COMMON : converted.text;
      if (converted.unknown.length > 0) notes.push(unknownNote(converted.unknown));
    }
    const format = this.#nameOf(name, text);
    logs.push(format === "combined" && Object.keys(place).length === 1 ? place : { ...place, format });
    return notes.length === 0 ? mapped() : approximated(notes.join("; "));
  }

  #nameOf(wanted: string, text: string): string {
    if (text === COMBINED) return "combined";
    if (text === COMMON) return "common";
    const base = wanted.replace(/[^\w-]/g, "_").replace(/^(?=[^A-Za-z_])/, "_");
    const plain = /^(?:combined|common|json)$/.test(base) ? `${base}_apache` : base;
    for (let number = 1; ; number++) {
      const name = number === 1 ? plain : `${plain}_${number}`;
      this.#used[name] ??= text;
      if (this.#used[name] === text) return name;
    }
  }
}

/** `ErrorLog`: one log for all; the first that is named. */
export function readErrorLog([where = ""]: readonly string[], top: Plain): Outcome {
  const notes: string[] = [];
  if (where === "") return undecided("it names no file");
  const syslog = /^syslog(?::([a-z]+\d?))?(?::([\w-]+))?$/.exec(where);
  const place =
    syslog === null
      ? placeOf(where, notes)
      : {
          syslog: {
            to: "unix:/dev/log",
            ...(syslog[1] === undefined ? {} : { facility: syslog[1] }),
            tag: syslog[2] ?? "httpd",
          },
        };
  const log = (top["log"] as Plain | undefined) ?? {};
  const before = { ...log };
  delete before["level"];
  if (Object.keys(before).length > 0)
    return JSON.stringify(before) === JSON.stringify(place)
      ? mapped()
      : approximated("there is one log for all, which was named before");
  if (notes.length > 0) return approximated("it goes to stderr, not to another program");
  top["log"] = { ...log, ...place };
  return mapped();
}

// --- internal ---

function placeOf(where: string, notes: string[]): Plain {
  if (!where.startsWith("|")) return { path: where };
  const words = where.replace(/^\|\$?\s*/, "").split(/\s+/);
  const rotated = /(?:^|\/)rotatelogs$/.test(words[0] ?? "") ? rotation(words.slice(1), notes) : null;
  if (rotated !== null) return rotated;
  notes.push("lines go to stdout, not to another program");
  return { path: "-" };
}

/** `rotatelogs [OPTIONS] FILE SECONDS|SIZE`. */
function rotation(words: readonly string[], notes: string[]): Plain | null {
  const plain: string[] = [];
  for (let index = 0; index < words.length; index++) {
    if (!words[index]!.startsWith("-")) plain.push(words[index]!);
    else if (/^-[Lpnm]$/.test(words[index]!)) index++;
  }
  const [path, every = ""] = plain;
  const size = /^(\d+)([BKMG])$/.exec(every);
  if (path === undefined || (size === null && !/^\d+$/.test(every))) return null;
  const file = path.replace(/[.-]?%[\w%-]*/g, "");
  notes.push(`older files are ${file}.1 and so on, and ten are kept`);
  return {
    path: file,
    ...(size === null
      ? { rotate_age: `${every}s` }
      : { rotate_size: `${size[1]}${size[2] === "B" ? "B" : `${size[2]}B`}` }),
  };
}

function told(unknown: readonly string[]): Outcome {
  return unknown.length === 0 ? mapped() : approximated(unknownNote(unknown));
}

function unknownNote(unknown: readonly string[]): string {
  return `a dash stands for ${[...new Set(unknown)].join(", ")}`;
}
