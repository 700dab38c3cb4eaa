/** Text as a template that says just that: `{word}` in it stands for itself. */
export function plainTemplate(text: string): string {
  return text.replace(/\{(\w+)\}/g, "{{$1}}");
}

const VARIABLES: Readonly<Record<string, string>> = {
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
  REMOTE_USER: "{remote_user}",
  SERVER_NAME: "{host}",
  SERVER_PORT: "{server_port}",
  SERVER_PROTOCOL: "{server_protocol}",
  SERVER_ADDR: "{server_addr}",
  THE_REQUEST: "{request}",
};

/**
 * A substitution or test string of mod_rewrite as a template: `$1` and `%{NAME}`. null: it names something that a template
 * can't, such as `%1` of a condition, `%{ENV:x}` or a RewriteMap.
 */
export function rewriteTemplate(text: string, documentRoot: string): string | null {
  let known = true;
  const result = plainTemplate(text).replace(
    /\\(.)|\$(\d)|\$\{[^}]*\}|%(\d)|%\{\{?([^{}]*)\}?\}/g,
    (written, escaped?: string, group?: string, condition?: string, name?: string) => {
      if (escaped !== undefined) return escaped;
      if (group !== undefined) return group === "0" ? "{uri}" : `{${group}}`;
      const value = name === undefined || condition !== undefined ? undefined : variable(name, documentRoot);
      if (value === undefined) known = false;
      return value ?? written;
    },
  );
  return known ? result : null;
}

// --- internal ---

function variable(name: string, documentRoot: string): string | undefined {
  if (name === "DOCUMENT_ROOT") return documentRoot;
  if (name === "REQUEST_FILENAME" || name === "SCRIPT_FILENAME") return `${documentRoot}{uri}`;
  const header = /^HTTP:([\w-]+)$/.exec(name);
  if (header !== null) return `{http_${header[1]!.toLowerCase().replaceAll("-", "_")}}`;
  return VARIABLES[name];
}
