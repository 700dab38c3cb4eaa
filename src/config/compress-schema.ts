import { z } from "zod";
import { choice, count, flag, pattern, size } from "./kinds.ts";
import type { CompressConfig } from "./route-model.ts";
import { oneOrMore, section, withDefault } from "./sections.ts";

/** Text for the most part; what is compressed already, such as pictures, only gets larger. */
const TYPES =
  "text/html text/css text/plain text/javascript application/javascript application/json application/xml text/xml image/svg+xml application/wasm font/ttf application/manifest+json".split(
    " ",
  );

const mediaType = pattern("media type", "text/html, text/* or *", /^(?:\*|[\w!#$&^.+-]+\/(?:\*|[\w!#$&^.+-]+))$/);

const compressKeys = section({
  codings: withDefault(
    oneOrMore(choice("br", "zstd", "gzip")),
    ["zstd", "br", "gzip"],
    "Which codings, the preferred first among those that the client likes equally.",
  ),
  types: withDefault(
    oneOrMore(mediaType),
    TYPES,
    "Media types that are compressed: `text/html`, `text/*` for a family, `*` for all.",
  ),
  minimum: withDefault(size, "1KB", "Answers that are known to be smaller stay as they are."),
  level: withDefault(count(1, 9), 5, "From 1 (fast) to 9 (small)."),
}).meta({ id: "compress" });

/** `true`, `false`, or a section. */
export const compressSchema = z.union([flag, compressKeys]);

/** What is compressed, and how; null: nothing. */
export function resolveCompress(settings: z.output<typeof compressSchema>): CompressConfig | null {
  if (settings === false) return null;
  const { types, ...rest } = settings === true ? compressKeys.parse({}) : settings;
  return { types: types.map((type) => type.toLowerCase()), ...rest };
}
