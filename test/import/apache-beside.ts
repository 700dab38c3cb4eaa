import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import type { TestContext } from "node:test";
import { type Said, send } from "../front/client.ts";
import { startApache } from "../proxy/programs.ts";
import { folder, freePort, start } from "../support/instance.ts";

const MODULES =
  "access_compat actions auth_basic authn_core authn_file authz_groupfile authz_host authz_user autoindex cgid env expires lbmethod_byrequests macro mime negotiation proxy proxy_balancer proxy_http proxy_wstunnel remoteip rewrite setenvif slotmem_shm";

/** What is asked: a path for a GET, or more. */
export type Question =
  | string
  | {
      readonly to: string;
      readonly method?: string;
      readonly headers?: readonly string[];
      readonly body?: string;
      /** Another host than that of the case. */
      readonly host?: string;
    };

/** One virtual host with what is asked of it. `@ROOT@` is its folder, `@BACKEND@` the URL of a server that says what it got. */
export interface Case {
  /** Lines of the virtual host, without its names. */
  readonly conf: string;
  readonly asks: readonly Question[];
  /** Files of its folder. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Files that every case has in its folder. */
const FILES: Readonly<Record<string, string>> = {
  "index.html": "home",
  "a.html": "page a",
  "b.html": "page b",
  "a.txt": "text a",
  "sub/index.html": "sub home",
  "sub/x.txt": "sub x",
};

/** Fields of answers that are compared; the rest is each program's own. */
const FIELDS = [
  "location",
  "content-type",
  "content-encoding",
  "cache-control",
  "set-cookie",
  "www-authenticate",
  "link",
];

/** `CASE QUESTION: apache ... propylon ...` for each question that a real Apache and `propylon run` answer differently. */
export async function differences(
  t: TestContext,
  cases: Readonly<Record<string, Case>>,
  global: { readonly conf?: string; readonly apache?: string; readonly quiet?: boolean } = {},
): Promise<Readonly<Record<string, readonly string[]>>> {
  const root = folder(t);
  fs.chmodSync(root, 0o755);
  const backend = await startBackend(t);
  const names = Object.keys(cases);
  const hosts = names.map((name) => {
    const { conf, files = {} } = cases[name]!;
    for (const [file, text] of Object.entries({ ...FILES, ...files })) {
      fs.mkdirSync(path.dirname(path.join(root, name, file)), { recursive: true });
      fs.writeFileSync(path.join(root, name, file), text.replaceAll("@BACKEND@", backend));
    }
    const body = conf.replaceAll("@ROOT@", path.join(root, name)).replaceAll("@BACKEND@", backend);
    const documentRoot = /^\s*DocumentRoot/m.test(conf) ? "" : `DocumentRoot ${path.join(root, name)}\n`;
    return `<VirtualHost 127.0.0.1:@PORT@>\nServerName ${name}.test\n${documentRoot}${body}\n</VirtualHost>\n`;
  });
  const shared = (global.conf ?? "").replaceAll("@ROOT@", root).replaceAll("@BACKEND@", backend);
  const text = `${shared}\n${hosts.join("")}`;
  const loads = MODULES.split(" ").map((name) => load(name));
  const types = "AddType text/html .html\nAddType text/plain .txt\nAddType text/css .css\n";
  const apache = await startApache(`${loads.join("\n")}\n${types}${global.apache ?? ""}\n${text}`);
  t.after(() => apache[Symbol.asyncDispose]());
  const port = await freePort();
  const cwd = folder(t, { "site.conf": text.replaceAll("@PORT@", String(port)) });
  const instance = start(t, ["run", "site.conf"], { cwd });
  await instance.url;
  const found: Record<string, string[]> = {};
  for (const name of names) {
    found[name] = [];
    for (const question of cases[name]!.asks) {
      const bytes = request(question, `${name}.test`);
      const [theirs, ours] = await Promise.all([send(apache.port, bytes), send(port, bytes)]);
      const expected = essence(theirs, apache.port);
      const actual = essence(ours, port);
      if (expected !== actual)
        found[name].push(`${JSON.stringify(question)}\n  apache   ${expected}\n  propylon ${actual}`);
    }
  }
  return found;
}

/** Loads one of Apache's modules. */
export function load(name: string): string {
  return `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`;
}

// --- internal ---

function request(question: Question, host: string): string {
  const {
    to,
    method = "GET",
    headers = [],
    body = "",
    host: other = host,
  } = typeof question === "string" ? { to: question } : question;
  const length = body === "" ? [] : [`Content-Length: ${body.length}`];
  const lines = [`Host: ${other}`, ...headers, ...length, "Connection: close"];
  return `${method} ${to} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n${body}`;
}

/** What has to be the same. Pages of errors and redirects are each program's own, unless they come from the configuration. */
function essence(said: Said | null, port: number): string {
  if (said === null) return "closed";
  const own = /<title>|<!DOCTYPE|^(?:4|5)\d\d |"status":/i.test(said.body) || (said.status >= 300 && said.status < 400);
  const fields = said.headers
    .filter(([name]) => FIELDS.includes(name) || name.startsWith("x-"))
    .filter(([name]) => !(own && name === "content-type"))
    .map(
      ([name, value]) =>
        `${name}: ${value
          .replaceAll(`:${port}`, ":PORT")
          .replace(', charset="UTF-8"', "")
          .replace(/;charset/, "; charset")
          .replace(/^http:\/\/[a-z]+\.test(?::PORT)?(?=\/)/, "")}`,
    )
    .sort();
  return [said.status, ...fields, own ? "" : said.body.replaceAll(`:${port}`, ":PORT")].join(" | ");
}

/** A server that says what it was asked; `/status/404` answers so, `/move/x` redirects to its own `/x`. */
async function startBackend(t: TestContext): Promise<string> {
  const server = http.createServer((request, response) => {
    const status = Number(/^\/status\/(\d+)/.exec(request.url!)?.[1] ?? 200);
    const moved = /^\/move(\/.*)/.exec(request.url!)?.[1];
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      if (moved !== undefined) {
        response.writeHead(302, {
          Location: `http://${request.headers.host}${moved}`,
          "Set-Cookie": "s=1; Path=/move; Domain=inner.test",
        });
        response.end();
        return;
      }
      response.writeHead(status, { "Content-Type": "text/plain", "X-From": "backend" });
      const told = [
        "host",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-server",
        "x-forwarded-proto",
        "x-a",
        "x-b",
        "authorization",
      ]
        .flatMap((name) => (request.headers[name] === undefined ? [] : [`${name}=${String(request.headers[name])}`]))
        .join("\n");
      response.end(`${request.method} ${request.url}\n${told}\n${Buffer.concat(chunks).toString()}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}
