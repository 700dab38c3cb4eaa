import type { ProxyConfig } from "../config/proxy-model.ts";
import type { ScriptSplit } from "../template/template.ts";

/** NGINX's `fastcgi_split_path_info` and `fastcgi_index`: the groups of the pattern where it fits, and an index file after a slash. */
export function scriptSplit({ index, split }: ProxyConfig["script"]): ScriptSplit {
  const pattern = split === null ? null : new RegExp(split);
  return (path) => {
    const match = pattern?.exec(path) ?? null;
    const name = match === null ? path : (match[1] ?? "");
    return { name: name.endsWith("/") ? name + index : name, info: match?.[2] ?? "" };
  };
}
