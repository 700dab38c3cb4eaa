import type { StaticConfig } from "../../src/config/route-model.ts";

/** The defaults of a static route. */
export const BASE: Omit<StaticConfig, "root"> = {
  kind: "static",
  strip: "",
  index: ["index.html"],
  file: null,
  indexGoto: false,
  autoindex: "off",
  exactSizes: true,
  localTimes: false,
  fallback: null,
  expires: null,
  types: {},
  defaultType: null,
  charset: null,
  etag: true,
  dotfiles: false,
  symlinks: false,
  precompressed: true,
};
