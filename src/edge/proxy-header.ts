import type { Socket } from "node:net";
import { type ProxyHeader, parseProxyHeader } from "../http/proxy-protocol.ts";

type Header = Exclude<ProxyHeader, string>;

/**
 * Reads the PROXY protocol header that a connection begins with, within `timeout` ms. `done` is called once: with what it says, the
 * bytes after it put back and the socket paused; or with why there is none, the socket still open.
 */
export function readProxyHeader(socket: Socket, timeout: number, done: (header: Header | string) => void): void {
  let come: Buffer | null = null;
  const timer = setTimeout(() => finish("the PROXY protocol header took too long"), timeout);
  const finish = (header: Header | string): void => {
    clearTimeout(timer);
    socket.off("data", received).off("end", ended).off("close", ended);
    socket.pause();
    if (typeof header !== "string" && come!.length > header.length) socket.unshift(come!.subarray(header.length));
    done(header);
  };
  const received = (chunk: Buffer): void => {
    come = come === null ? chunk : Buffer.concat([come, chunk]);
    const header = parseProxyHeader(come);
    if (header === "malformed") finish("the connection does not begin with a PROXY protocol header");
    else if (header !== "incomplete") finish(header);
  };
  const ended = (): void => finish("the connection ended within its PROXY protocol header");
  socket.on("data", received).on("end", ended).on("close", ended);
}
