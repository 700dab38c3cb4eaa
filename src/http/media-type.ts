import { mimes } from "mrmime";

/** For files whose extension says nothing (RFC 9110 §8.3 and RFC 2046 §4.5.1). */
export const UNKNOWN_TYPE = "application/octet-stream";

/**
 * Content-Type of a file by its name's extension, with `charset=utf-8` for text. JSON has no charset (RFC 8259 §11) and XML names
 * its own, which a charset here would overrule (RFC 7303 §3).
 */
export function mediaType(name: string): string {
  const base = name.slice(name.lastIndexOf("/") + 1);
  const dot = base.lastIndexOf(".");
  if (dot < 0) return UNKNOWN_TYPE;
  const extension = base.slice(dot + 1).toLowerCase();
  const type = OWN.get(extension) ?? KNOWN.get(extension) ?? UNKNOWN_TYPE;
  return type.startsWith("text/") && type !== "text/xml" ? `${type}; charset=utf-8` : type;
}

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
