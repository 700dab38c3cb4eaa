/** Text as a template that says just that: `{word}` in it stands for itself. */
export function plainTemplate(text: string): string {
  return text.replace(/\{(\w+)\}/g, "{{$1}}");
}

/** Variables of mod_rewrite and expressions as templates. */
export const VARIABLES: Readonly<Record<string, string>> = {
  HTTP_HOST: "{http_host}",
  HTTP_USER_AGENT: "{http_user_agent}",
  HTTP_REFERER: "{http_referer}",
  HTTP_COOKIE: "{http_cookie}",
  HTTP_ACCEPT: "{http_accept}",
  HTTP_FORWARDED: "{http_forwarded}",
  REQUEST_URI: "{uri}",
  REQUEST_METHOD: "{request_method}",
  REQUEST_SCHEME: "{scheme}",
  QUERY_STRING: "{args}",
  REMOTE_ADDR: "{remote_addr}",
  REMOTE_PORT: "{remote_port}",
  SERVER_NAME: "{host}",
  SERVER_PORT: "{server_port}",
  SERVER_PROTOCOL: "{server_protocol}",
  SERVER_ADDR: "{server_addr}",
  CONN_REMOTE_ADDR: "{realip_remote_addr}",
  REMOTE_HOST: "{remote_addr}",
  CONTENT_TYPE: "{content_type}",
  HTTP_ACCEPT_LANGUAGE: "{http_accept_language}",
  HTTP_PROXY_CONNECTION: "{http_proxy_connection}",
  HTTPS: "{https}",
  UNIQUE_ID: "{request_id}",
  THE_REQUEST: "{request}",
};
