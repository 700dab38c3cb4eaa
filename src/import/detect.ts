import { basename } from "node:path";
import type { ForeignKind } from "./reading.ts";

/**
 * What kind of file this is, from its content and, where that says nothing, its name; `propylon` for our own; null: it can't
 * be told, and `--as` has to say it.
 */
export function detectKind(path: string, text: string): ForeignKind | "propylon" | null {
  // A script is known by its first line, whatever it is called.
  const name = /^#!.*\b(?:ba|da|k|z)?sh\b/.test(text) ? "script.sh" : basename(path).toLowerCase();
  const sample = withoutComments(text);
  for (const [kind, holds] of SIGNS) if (holds(sample, name)) return kind;
  return null;
}

// --- internal ---

type Sign = readonly [kind: ForeignKind | "propylon", holds: (text: string, name: string) => boolean];

/** In order: the first that holds. Signs that nothing else can have come first. */
const SIGNS: readonly Sign[] = [
  ["propylon", (text, name) => isYaml(name) && !/^uwsgi\s*:/m.test(text)],
  ["gunicorn", (text, name) => name.endsWith(".py") && !/^\s*(?:def\s+(?:app|application)\b|@app\.)/m.test(text)],
  ["uwsgi", (text, name) => isYaml(name) || /<uwsgi[\s>]/i.test(text) || /^\s*\{\s*"uwsgi"\s*:/.test(text)],
  ["unit", (text) => /^\s*\{/.test(text) && /"(?:listeners|applications)"\s*:/.test(text)],
  ["supervisor", (text) => SUPERVISOR_SECTION.test(text)],
  [
    "systemd",
    (text, name) => /^\s*\[(?:Unit|Service|Socket|Install)\]/m.test(text) || /\.(?:service|socket)$/.test(name),
  ],
  ["uwsgi", (text) => /^\s*\[uwsgi\]/m.test(text)],
  [
    "gunicorn",
    (text, name) => (/gunicorn[\w.-]*\.conf$/.test(name) && !NGINX_BLOCK.test(text)) || isGunicornFile(text),
  ],
  [
    "apache",
    (text) =>
      /^\s*<(?:VirtualHost|Directory|Location|IfModule|Proxy|Macro)\b/im.test(text) || /^\s*WSGI[A-Z]\w+\s/m.test(text),
  ],
  ["nginx", (text, name) => NGINX_BLOCK.test(text) && !isScript(name)],
  // A script or a Dockerfile that starts it, or prepares for it.
  ["gunicorn", (text, name) => isScript(name) || (/\bgunicorn\b/.test(text) && SCRIPT.test(text))],
  ["procfile", (text, name) => /^procfile(?:\..+)?$/.test(name) && /^[\w-]+:\s*\S/m.test(text)],
  ["uwsgi", (text, name) => /\.ini$/.test(name) || UWSGI_OPTION.test(text)],
  [
    "nginx",
    (text) => /^\s*(?:proxy_|uwsgi_|fastcgi_|ssl_|gzip|add_header|try_files|root|listen)\w*\s[^=]*;\s*$/m.test(text),
  ],
  ["apache", (text) => /^\s*(?:ServerName|DocumentRoot|ProxyPass|LoadModule)\s+\S/m.test(text)],
  [
    "procfile",
    (text) =>
      text.trim() !== "" &&
      text
        .trim()
        .split("\n")
        .every((line) => /^[\w-]+:\s*\S/.test(line) || line.trim() === ""),
  ],
];

const SUPERVISOR_SECTION =
  /^\s*\[(?:supervisord|supervisorctl|unix_http_server|inet_http_server|include|(?:program|group|fcgi-program|eventlistener|rpcinterface):[^\]]+)\]/m;
/** A shell script or a Dockerfile; its first line is a comment that was taken out, so its words have to tell. */
const SCRIPT = /^\s*(?:FROM|CMD|ENTRYPOINT|exec|set|export|cd|if|echo|python3?|gunicorn)\s/m;
const NGINX_BLOCK =
  /(?:^|[;{}\s])(?:server|http|events|upstream\s+[^\s{;]+|location\s+(?:(?:=|~\*?|\^~)\s*)?[^\s{;]+|map\s+[^\s{;]+\s+\$\w+|geo\s[^{;]*\$\w+)\s*\{/;
/** Of a file without a section: uWSGI takes that for its own. */
const UWSGI_OPTION =
  /^\s*(?:socket|http-socket|http|chdir|wsgi-file|module|master|processes|workers|threads|virtualenv|home)\s*=/m;

/** Python without `.py` in its name: several lines give values to what only Gunicorn calls so. */
function isGunicornFile(text: string): boolean {
  const settings = text.match(
    /^(?:bind|worker_class|worker_connections|errorlog|accesslog|loglevel|preload_app|max_requests|graceful_timeout|proc_name|raw_env|wsgi_app|timeout|workers)\s*=\s*\S/gm,
  );
  const own = settings?.filter((line) => !/^(?:timeout|workers)/.test(line)) ?? [];
  return (settings?.length ?? 0) > 1 && own.length > 0 && !/^\s*\[|;\s*$/m.test(text);
}

function isScript(name: string): boolean {
  return /\.sh$|dockerfile(?:\.[\w-]+)?$/.test(name);
}

function isYaml(name: string): boolean {
  return /\.ya?ml$/.test(name);
}

/** Lines that begin with `#` or `;` say nothing about the kind. */
function withoutComments(text: string): string {
  return text.replace(/^\s*[#;].*$/gm, "");
}
