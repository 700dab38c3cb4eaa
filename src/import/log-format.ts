/** The format of a line as a template of ours, and what in it has no counterpart (a dash stands there). */
export interface ConvertedFormat {
  readonly text: string;
  readonly unknown: readonly string[];
}

/** What is always there by the name `combined`. */
export const COMBINED =
  '{remote_addr} - {remote_user} [{time_local}] "{request}" {status} {body_bytes_sent} "{http_referer}" "{http_user_agent}"';

/** Apache's LogFormat (mod_log_config). */
export function fromApache(format: string): ConvertedFormat {
  return convert(format, /%(?:!?\d{3}(?:,\d{3})*)?[<>]?(?:\{([^}]*)\})?(\^?[A-Za-z%]{1,2}?)/g, ([, inner, letter]) =>
    inner === undefined ? (APACHE[letter!] ?? null) : apacheNamed(inner, letter!),
  );
}

/** Gunicorn's access_log_format. */
export function fromGunicorn(format: string): ConvertedFormat {
  return convert(format, /%\((\{[^}]*\}[ioe]|\w)\)s|%%/g, ([whole, atom]) => {
    if (whole === "%%") return "%";
    const named = /^\{([^}]*)\}([ioe])$/.exec(atom!);
    if (named === null) return GUNICORN[atom!] ?? null;
    return apacheNamed(named[1]!, named[2]!);
  });
}

/** uWSGI's log-format. */
export function fromUwsgi(format: string): ConvertedFormat {
  return convert(format, /%\(([\w.-]+)\)/g, ([, name]) => {
    if (name!.startsWith("var.")) return environVariable(name!.slice("var.".length));
    return UWSGI[name!] ?? null;
  });
}

// --- internal ---

function convert(
  format: string,
  directives: RegExp,
  replace: (match: RegExpMatchArray) => string | null,
): ConvertedFormat {
  const unknown: string[] = [];
  let text = "";
  let end = 0;
  for (const match of format.matchAll(directives)) {
    text += plain(format.slice(end, match.index));
    end = match.index + match[0].length;
    const own = replace(match);
    if (own === null) unknown.push(match[0]);
    text += own ?? "-";
  }
  text += plain(format.slice(end));
  return {
    text: text
      .replaceAll("\\t", "\t")
      .replace(/(?:\\[nr]|[\r\n])+$/, "")
      .replace(/\\[nr]|[\r\n]+/g, " "),
    unknown,
  };
}

/** Braces around a word would be a variable. */
function plain(text: string): string {
  return text.replace(/\{\w+\}/g, "{$&}");
}

function field(prefix: string, name: string): string {
  return `{${prefix}${name.toLowerCase().replaceAll("-", "_")}}`;
}

function apacheNamed(inner: string, letter: string): string | null {
  switch (letter) {
    case "i":
      return field("http_", inner);
    case "o":
      return field("sent_http_", inner);
    case "C":
      return `{cookie_${inner}}`;
    case "e":
      return environVariable(inner);
    case "a":
    case "h":
      return "{remote_addr}";
    case "p":
      return inner === "remote" ? "{remote_port}" : "{server_port}";
    case "P":
      return "{pid}";
    case "T":
      return { ms: "{request_milliseconds}", us: "{request_microseconds}", s: "{request_seconds}" }[inner] ?? null;
    case "t":
      return /^(?:begin:|end:)?(?:sec|msec)$/.test(inner) ? "{msec}" : null;
    default:
      return null;
  }
}

/** A variable of CGI (RFC 3875). */
function environVariable(name: string): string | null {
  if (name.startsWith("HTTP_")) return field("http_", name.slice("HTTP_".length));
  return ENVIRON[name] ?? null;
}

const ENVIRON: Readonly<Record<string, string>> = {
  CONTENT_LENGTH: "{content_length}",
  CONTENT_TYPE: "{content_type}",
  HTTPS: "{https}",
  PATH_INFO: "{uri}",
  QUERY_STRING: "{query_string}",
  REMOTE_ADDR: "{remote_addr}",
  REMOTE_PORT: "{remote_port}",
  REMOTE_USER: "{remote_user}",
  REQUEST_METHOD: "{request_method}",
  REQUEST_SCHEME: "{scheme}",
  REQUEST_URI: "{request_uri}",
  SERVER_ADDR: "{server_addr}",
  SERVER_NAME: "{server_name}",
  SERVER_PORT: "{server_port}",
  SERVER_PROTOCOL: "{server_protocol}",
  UNIQUE_ID: "{request_id}",
};

const APACHE: Readonly<Record<string, string>> = {
  "%": "%",
  a: "{remote_addr}",
  A: "{server_addr}",
  b: "{body_bytes_sent}",
  B: "{body_bytes_sent}",
  D: "{request_microseconds}",
  f: "{request_filename}",
  h: "{remote_addr}",
  H: "{server_protocol}",
  I: "{request_length}",
  k: "{connection_requests}",
  l: "-",
  L: "{request_id}",
  m: "{request_method}",
  O: "{bytes_sent}",
  p: "{server_port}",
  P: "{pid}",
  q: "{query}",
  r: "{request}",
  s: "{status}",
  t: "[{time_local}]",
  T: "{request_seconds}",
  u: "{remote_user}",
  U: "{uri}",
  v: "{server_name}",
  V: "{host}",
};

const GUNICORN: Readonly<Record<string, string>> = {
  a: "{http_user_agent}",
  b: "{body_bytes_sent}",
  B: "{body_bytes_sent}",
  D: "{request_microseconds}",
  f: "{http_referer}",
  h: "{remote_addr}",
  H: "{server_protocol}",
  l: "-",
  L: "{request_time}",
  m: "{request_method}",
  M: "{request_milliseconds}",
  p: "<{pid}>",
  q: "{query_string}",
  r: "{request}",
  s: "{status}",
  t: "[{time_local}]",
  T: "{request_seconds}",
  u: "{remote_user}",
  U: "{uri}",
};

const UWSGI: Readonly<Record<string, string>> = {
  addr: "{remote_addr}",
  cl: "{content_length}",
  ctime: "{time_iso8601}",
  epoch: "{msec}",
  ftime: "{time_local}",
  host: "{http_host}",
  ltime: "{time_local}",
  method: "{request_method}",
  micros: "{request_microseconds}",
  msecs: "{request_milliseconds}",
  pid: "{pid}",
  proto: "{server_protocol}",
  referer: "{http_referer}",
  rsize: "{body_bytes_sent}",
  secs: "{request_seconds}",
  size: "{bytes_sent}",
  status: "{status}",
  time: "{msec}",
  tmsecs: "{msec}",
  uagent: "{http_user_agent}",
  uri: "{request_uri}",
  user: "{remote_user}",
};
