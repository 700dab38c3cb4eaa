import { resolve } from "node:path";
import { parseAddress } from "../../config/address.ts";

/** Where a socket is bound, in our spelling, or why that is not possible. */
export type SocketAddress = { readonly address: string } | { readonly reason: string };

/** `127.0.0.1:3031`, `:3031` (every network), or the path of a Unix socket, which starts at the instance's folder. */
export function socketAddress(written: string, directory: string): SocketAddress {
  if (written === "") return { reason: "it names no address" };
  if (written.startsWith("=") || written.startsWith("fd://"))
    return { reason: "sockets are not handed over by number" };
  if (written.startsWith("@") || written.startsWith("\\0")) return { reason: "abstract sockets do not exist here" };
  const tcp = /^(\[[^\]]+\]|[^:[\]/]*):(\d{1,5})$/.exec(written);
  if (tcp !== null) {
    const address = `${tcp[1] === "" || tcp[1] === "*" ? "0.0.0.0" : tcp[1]}:${tcp[2]}`;
    const parsed = parseAddress(address);
    return parsed.kind === "bad" ? { reason: parsed.reason } : { address };
  }
  const path = written.replace(/^unix:(?:\/\/)?/, "");
  if (path.includes(":") && !path.includes("/")) return { reason: `"${written}" is no address` };
  return { address: `unix:${resolve(directory, path)}` };
}
