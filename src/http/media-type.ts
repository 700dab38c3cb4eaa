import { mimes } from "mrmime";

/** For files whose extension says nothing (RFC 9110 §8.3 and RFC 2046 §4.5.1). */
export const UNKNOWN_TYPE = "application/octet-stream";

/** What a site says of types: more or other ones by extension, that of unknown files, the charset of text (empty: none). */
export interface TypeChoice {
  readonly types: Readonly<Record<string, string>>;
  readonly defaultType: string | null;
  readonly charset: string | null;
}

/**
 * Content-Type of a file by its name's extension, with `charset=utf-8` for text, unless `choice` says otherwise. JSON has no charset (RFC 8259 §11) and XML names
 * its own, which a charset here would overrule (RFC 7303 §3).
 */
export function mediaType(name: string, choice: TypeChoice = OURS): string {
  const base = name.slice(name.lastIndexOf("/") + 1);
  const dot = base.lastIndexOf(".");
  const extension = dot < 0 ? "" : base.slice(dot + 1).toLowerCase();
  const given = Object.hasOwn(choice.types, extension) ? choice.types[extension] : undefined;
  const type = given ?? OWN.get(extension) ?? KNOWN.get(extension) ?? choice.defaultType ?? UNKNOWN_TYPE;
  if (choice.charset === "" || !type.startsWith("text/") || type === "text/xml" || type.includes(";")) return type;
  return `${type}; charset=${choice.charset ?? "utf-8"}`;
}

const OURS: TypeChoice = { types: {}, defaultType: null, charset: null };

// A map, as the table is a plain object: a file called `a.constructor` must not find what objects inherit.
const KNOWN = new Map(Object.entries(mimes));

// Missing in the table of mrmime, or not what browsers want. Source code is left unknown: it is not meant to be shown.
const OWN = new Map<string, string>([
  ["7z", "application/x-7z-compressed"],
  ["bz2", "application/x-bzip2"],
  ["br", "application/octet-stream"],
  ["cjs", "text/javascript"],
  ["crt", "application/x-x509-ca-cert"],
  ["docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"],
  ["eot", "application/vnd.ms-fontobject"],
  ["flac", "audio/flac"],
  ["gpx", "application/gpx+xml"],
  ["ico", "image/x-icon"],
  ["kml", "application/vnd.google-earth.kml+xml"],
  ["kmz", "application/vnd.google-earth.kmz"],
  ["m3u8", "application/vnd.apple.mpegurl"],
  ["nc", "application/x-netcdf"],
  ["pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"],
  ["rar", "application/vnd.rar"],
  ["rpm", "application/x-rpm"],
  ["tar", "application/x-tar"],
  ["tgz", "application/gzip"],
  ["xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"],
  ["xz", "application/x-xz"],
  ["zst", "application/zstd"],
]);
