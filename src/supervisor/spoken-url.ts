import type { Config, ListenerConfig } from "../config/model.ts";

/** The URL of a socket as people use it, with what is spoken there. */
export function spokenUrl(url: string, listener: ListenerConfig | undefined): string {
  if (listener?.protocol === "uwsgi") return url.replace(/^http:\/\/|^(?=unix:)/, "uwsgi://");
  return listener?.tls ? url.replace(/^http:/, "https:").replace(/:443$/, "") : url;
}

/** All listeners by their addresses, with their URLs. */
export function spokenListeners(
  sockets: ReadonlyMap<string, { readonly url: string }>,
  config: Config,
): readonly { readonly address: string; readonly url: string }[] {
  const { listeners } = config;
  return [...sockets].map(([address, { url }]) => ({
    address,
    url: spokenUrl(
      url,
      listeners.find((listener) => listener.address === address),
    ),
  }));
}
