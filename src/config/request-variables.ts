/**
 * What templates may name of a request: NGINX's variables, by its names (nginx.org, "Alphabetical index of variables"),
 * and `path` (as `uri`) and `query` (the query with its `?`, empty without one) of our own.
 */
export const REQUEST_VARIABLES: ReadonlySet<string> = new Set(
  `args body_bytes_sent bytes_sent cache_status connection connection_requests connection_time connections_accepted connections_active
  connections_handled connections_reading connections_waiting connections_writing content_length content_type document_root
  document_uri fastcgi_path_info fastcgi_script_name host hostname http2 https is_args msec nginx_version path pid
  proxy_add_x_forwarded_for proxy_host proxy_port
  proxy_protocol_addr proxy_protocol_port proxy_protocol_server_addr proxy_protocol_server_port query query_string realip_remote_addr realip_remote_port realpath_root
  remote_addr remote_network remote_port remote_user request request_body request_completion request_filename request_id request_length request_method
  request_time request_uri requests_total scheme server_addr server_name server_port server_protocol
  ssl_alpn_protocol ssl_cipher ssl_client_cert ssl_client_escaped_cert ssl_client_fingerprint ssl_client_i_dn ssl_client_i_dn_legacy
  ssl_client_s_dn ssl_client_s_dn_legacy ssl_client_serial ssl_client_v_end ssl_client_v_remain ssl_client_v_start ssl_client_verify
  ssl_protocol ssl_server_name ssl_session_reused status time_iso8601 time_local
  uid_got uid_reset uid_set upstream_addr upstream_bytes_received upstream_bytes_sent upstream_cache_status
  upstream_connect_time upstream_header_time upstream_response_length upstream_response_time upstream_status uri`.split(
    /\s+/,
  ),
);

/** `{http_user_agent}`, `{arg_page}`: the rest of the name says which header, argument or cookie. */
const PREFIXES = [
  "http_",
  "arg_",
  "cookie_",
  "sent_http_",
  "upstream_http_",
  "upstream_cookie_",
  "upstream_trailer_",
] as const;

/** Those that a rule may set: NGINX's `set $args`. */
export const CHANGEABLE_VARIABLES: ReadonlySet<string> = new Set(["args"]);

/** Whether a name is one of a request's own variables. */
export function isRequestVariable(name: string): boolean {
  // NGINX takes `$arg_` alone, which is always empty.
  return (
    REQUEST_VARIABLES.has(name) ||
    PREFIXES.some((prefix) => name.startsWith(prefix) && (name !== prefix || prefix === "arg_"))
  );
}
