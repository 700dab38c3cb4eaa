import type { ProxyProtocol } from "../config/proxy-model.ts";
import { fastcgiProtocol } from "./gateway/fastcgi.ts";
import { scgiProtocol } from "./gateway/scgi.ts";
import { puwsgiProtocol, uwsgiProtocol } from "./gateway/uwsgi.ts";
import { httpProtocol } from "./http-protocol.ts";
import type { Protocol } from "./protocol.ts";

/** How a proxy's targets are spoken to. */
export const PROTOCOLS: Readonly<Record<ProxyProtocol, Protocol>> = {
  http: httpProtocol,
  https: httpProtocol,
  uwsgi: uwsgiProtocol,
  puwsgi: puwsgiProtocol,
  fastcgi: fastcgiProtocol,
  scgi: scgiProtocol,
};
