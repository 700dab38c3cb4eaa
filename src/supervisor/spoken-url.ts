import type { ListenerConfig } from "../config/model.ts";

/** The URL of a socket as people use it, with what is spoken there. */
export function spokenUrl(url: string, listener: ListenerConfig | undefined): string {
  if (listener?.protocol === "uwsgi") return url.replace(/^http:\/\/|^(?=unix:)/, "uwsgi://");
  return listener?.tls ? url.replace(/^http:/, "https:").replace(/:443$/, "") : url;
}
