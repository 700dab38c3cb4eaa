/** Says everything of its environ that a proxy could have changed, as `KEY=value` lines. */
export const ECHO = `
KEYS = ("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "REMOTE_ADDR", "SERVER_NAME", "SERVER_PORT",
        "wsgi.url_scheme", "CONTENT_TYPE", "CONTENT_LENGTH")

def application(environ, start_response):
    shown = [key for key in environ if key in KEYS or key.startswith("HTTP_")]
    body = "".join("%s=%s\\n" % (key, environ[key]) for key in sorted(shown)).encode("latin-1")
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]

app = application
`;

/** The lines of ECHO's answer. */
export function environOf(body: string): Record<string, string> {
  return Object.fromEntries(
    body
      .trimEnd()
      .split("\n")
      .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
}
