import type { StaticConfig } from "../../src/config/model.ts";

/** The defaults of a static route. */
export const BASE: Omit<StaticConfig, "root"> = {
  kind: "static",
  strip: "",
  index: ["index.html"],
  expires: null,
  dotfiles: false,
  symlinks: false,
  precompressed: true,
};
