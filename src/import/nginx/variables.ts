import { isRequestVariable } from "../../config/request-variables.ts";
import type { Directive } from "./tree.ts";

/** Names that templates have for something of their own. */
const TAKEN: ReadonlySet<string> = new Set(["path", "query"]);

/** What others come to here. */
const REPLACED: Readonly<Record<string, string>> = {
  binary_remote_addr: "{remote_addr}",
  gzip_ratio: "",
  http3: "",
  is_request_port: "",
  limit_conn_status: "",
  limit_rate: "",
  limit_req_status: "",
  pipe: ".",
  request_port: "",
  server_name_in_redirect: "",
  upstream_queue_time: "",
};
const EMPTY_FAMILY = /^(?:ssl_early_data$|proxy_protocol_tlv_|tcpinfo_|sent_trailer_|quic$)/;
/** Known to NGINX and its modules, without a counterpart. */
const WITHOUT =
  /^(?:ssl_|request_body_file|geoip2?_|invalid_referer|ancient_browser|modern_browser|msie|secure_link|slice_range|uid_|memcached_|connection_time|upstream_|date_|perl_|js_|jwt_|mirror_|session_|otel_|brotli_|proxy_internal_|host_)/;

/** What one variable of NGINX is here. */
export type Meaning =
  | { readonly kind: "template"; readonly text: string }
  | { readonly kind: "without"; readonly note: string }
  /** Not NGINX's and set nowhere. */
  | { readonly kind: "unknown" };

/** What a variable that a configuration sets is called here: `$path` and `$query` are other things in templates. */
export function ownName(name: string): string {
  return TAKEN.has(name) ? `${name}_` : name;
}

/** The variables that a configuration sets itself. */
export class Variables {
  readonly #defined = new Set<string>();
  /** Set by directives that have no counterpart, and so empty. */
  readonly #empty = new Set<string>();
  #hasTls = false;
  /** Constants that `set` gives to a name, for `proxy_pass $name`. */
  readonly #constants = new Map<string, Set<string>>();

  constructor(directives: readonly Directive[]) {
    this.#collect(directives);
  }

  meaning(name: string): Meaning {
    if (/^\d+$/.test(name)) return { kind: "template", text: `{${name}}` };
    if (this.#empty.has(name)) return { kind: "template", text: "" };
    if (this.#defined.has(name)) return { kind: "template", text: `{${ownName(name)}}` };
    if (!this.#hasTls && /^(?:https$|ssl_)/.test(name)) return { kind: "template", text: "" };
    const replaced = REPLACED[name];
    if (replaced !== undefined) return { kind: "template", text: replaced };
    if (isRequestVariable(name) && !TAKEN.has(name)) return { kind: "template", text: `{${name}}` };
    if (EMPTY_FAMILY.test(name)) return { kind: "template", text: "" };
    if (WITHOUT.test(name)) return { kind: "without", note: `$${name} has no counterpart and is left empty` };
    return { kind: "unknown" };
  }

  /** The configuration gives it a value somewhere. */
  isDefined(name: string): boolean {
    return this.#defined.has(name);
  }

  /** The one text that `set` gives to a variable, when there is just one. */
  constant(name: string): string | null {
    const values = this.#constants.get(name);
    return values?.size === 1 ? [...values][0]! : null;
  }

  #collect(directives: readonly Directive[]): void {
    for (const directive of directives) {
      const { name, args } = directive;
      const variable = (at: number): string => /^\$\{?(\w+)\}?$/.exec(args.at(at)?.text ?? "")?.[1] ?? "";
      if ((name === "listen" && args.some((word) => word.text === "ssl")) || (name === "ssl" && args[0]?.text === "on"))
        this.#hasTls = true;
      if (name === "set") {
        this.#defined.add(variable(0));
        const values = this.#constants.get(variable(0)) ?? new Set<string>();
        this.#constants.set(variable(0), values.add(args[1]?.text ?? ""));
      } else if (name === "map" || name === "geo" || name === "split_clients") this.#defined.add(variable(-1));
      else if (name === "auth_request_set") this.#defined.add(variable(0));
      else if (/^(?:perl_set|js_set|js_var|set_by_lua\w*)$/.test(name)) this.#empty.add(variable(0));
      const patterns =
        name === "map" ? (directive.block ?? []).map((entry) => entry.name) : args.map((word) => word.text);
      for (const text of patterns)
        for (const match of text.matchAll(/\(\?P?[<'](\w+)[>']/g)) this.#defined.add(match[1]!);
      if (directive.block !== null) this.#collect(directive.block);
    }
  }
}
