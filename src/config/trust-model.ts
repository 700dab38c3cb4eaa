/** Which proxies may say who the client is, by which fields, and what is done to such fields of everyone else. */
export interface TrustConfig {
  /** Networks, addresses and `unix:`; none: nobody is trusted. */
  readonly ranges: readonly string[];
  /** What is believed of a trusted proxy. */
  readonly take: readonly ("address" | "scheme" | "host" | "port")[];
  /** `auto`: X-Forwarded-*, and Forwarded where a request has none of them. */
  readonly fields: "auto" | "x-forwarded" | "forwarded";
  /** The field with the client's address in place of X-Forwarded-For, lower case (`x-real-ip`), or null. */
  readonly addressField: string | null;
  /** Field (lower case) and value that say that the client came by TLS; empty: X-Forwarded-Proto says the scheme. */
  readonly secureFields: readonly (readonly [string, string])[];
  /** Believe an address of the list as long as the one after it is trusted; else only the last. */
  readonly recursive: boolean;
  /** So many proxies, whatever their addresses; 0: as many as are trusted. */
  readonly hops: number;
  /** Remove such fields of clients that are not trusted. */
  readonly strip: boolean;
}

/** How a listener's connections begin with who the client is. */
export interface ProxyProtocolConfig {
  /** Who may say it; connections from elsewhere are closed. */
  readonly ranges: readonly string[];
  /** What is said becomes the client's address; else it is there for templates alone (`{proxy_protocol_addr}`). */
  readonly take: boolean;
}
