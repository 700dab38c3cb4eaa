import { approximated, mapped, type Outcome, undecided } from "../ledger.ts";
import type { Plain } from "../tree.ts";
import type { ApacheNode } from "./parse.ts";

/** What is compressed on the way (mod_deflate, mod_brotli). */
export interface CompressionDraft {
  readonly codings: Set<"gzip" | "br">;
  /** Media types, `*` for all. */
  readonly types: Set<string>;
  level: number | null;
}

export function newCompression(): CompressionDraft {
  return { codings: new Set(), types: new Set(), level: null };
}

const BY_ENDING: Readonly<Record<string, string>> = {
  html: "text/html",
  htm: "text/html",
  css: "text/css",
  js: "text/javascript",
  json: "application/json",
  xml: "application/xml",
  svg: "image/svg+xml",
  txt: "text/plain",
};

/** Takes in a directive that compresses; null: it is none. */
export function readCompression({ key, args }: ApacheNode, draft: CompressionDraft): Outcome | null {
  const [filters = "", ...rest] = args;
  switch (key) {
    case "addoutputfilterbytype":
    case "setoutputfilter":
    case "addoutputfilter": {
      if (/^none$/i.test(filters)) return mapped();
      const names = filters.split(";").map((name) => name.toUpperCase());
      if (!names.every((name) => name === "DEFLATE" || name === "BROTLI_COMPRESS"))
        return undecided("of output filters DEFLATE and BROTLI_COMPRESS alone have a counterpart");
      for (const name of names) draft.codings.add(name === "DEFLATE" ? "gzip" : "br");
      if (key === "setoutputfilter") draft.types.add("*");
      for (const word of rest) {
        const type = key === "addoutputfilter" ? BY_ENDING[word.replace(/^\./, "").toLowerCase()] : word.toLowerCase();
        if (type !== undefined && /^[\w.+-]+\/[\w.+*-]+$/.test(type)) draft.types.add(type);
      }
      return key === "addoutputfilter" ? approximated("by the media types of these endings") : mapped();
    }
    case "deflatecompressionlevel":
    case "brotlicompressionquality": {
      const level = Number(filters);
      if (!(level >= 1)) return undecided(`"${filters}" is no level`);
      draft.level = Math.min(9, level);
      return mapped();
    }
    default:
      return null;
  }
}

/** `compress` by these levels; null: nothing is compressed. */
export function compressOf(drafts: readonly CompressionDraft[]): Plain | null {
  const codings = new Set(drafts.flatMap((draft) => [...draft.codings]));
  const types = new Set(drafts.flatMap((draft) => [...draft.types]));
  const level = drafts.map((draft) => draft.level).findLast((one) => one !== null) ?? null;
  if (codings.size === 0 || types.size === 0) return null;
  return {
    codings: [...codings].sort(),
    types: types.has("*") ? ["*"] : [...types],
    minimum: 1,
    ...(level === null ? {} : { level }),
  };
}
