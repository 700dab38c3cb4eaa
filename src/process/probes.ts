import https from "node:https";
import net from "node:net";
import { http } from "../base/node-http.ts";
import type { Probe } from "./health.ts";

/** 2xx and 3xx are well. */
export function httpProbe(url: string): Probe {
  return (signal) =>
    new Promise((resolve) => {
      const { get } = url.startsWith("https:") ? https : http;
      const request = get(url, { agent: false, signal, headers: { Connection: "close" } }, (response) => {
        response.resume();
        const status = response.statusCode ?? 0;
        resolve(status >= 200 && status < 400 ? null : `${url} answered ${status}`);
      });
      request.once("error", (error) => resolve(`${url}: ${error.message}`));
    });
}

/** A connection is enough. */
export function connectProbe(
  where: { readonly host: string; readonly port: number } | { readonly path: string },
): Probe {
  return (signal) =>
    new Promise((resolve) => {
      const socket = net.connect({ ...where, signal });
      socket.once("connect", () => {
        socket.destroy();
        resolve(null);
      });
      socket.once("error", (error) => resolve(`cannot connect: ${error.message}`));
    });
}
