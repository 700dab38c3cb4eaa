import type { ResponseBody } from "../http/exchange.ts";

/** Lets go of a body that nobody is to get. */
export function release(body: ResponseBody): void {
  if (body === null || Buffer.isBuffer(body)) return;
  if (body.kind === "file") body.close();
  else body.cancel();
}
