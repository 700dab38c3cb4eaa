import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { ProblemList } from "../../src/base/errors.ts";
import { readNginxWith } from "../../src/import/nginx/read.ts";
import { folderWith } from "../config/files.ts";
import { machine } from "./nginx-machine.ts";

const NGINX = "/usr/sbin/nginx";
const http = (inside: string): string => `events {}\nhttp {\naccess_log off;\n${inside}\n}\n`;
const server = (inside: string): string => http(`server {\nlisten 127.0.0.1:8081;\n${inside}\n}`);

/** Each is given to the real nginx too, which has to say the same about it. */
const CASES: Readonly<Record<string, string>> = {
  "no events": "http { }\n",
  "nothing at all": "",
  "an empty server": server(""),
  "a missing semicolon": server("root html\nindex a.html;"),
  "a missing semicolon before a brace": server("root html }"),
  "an unclosed block": "events {}\nhttp { server { listen 127.0.0.1:8081;",
  "a brace too many": `${server("")}}`,
  "a brace out of nowhere": "events {}\n{ }\n",
  "a semicolon out of nowhere": "events {}\n;\n",
  "an unknown directive": server("roooot html;"),
  "a directive in the wrong block": server("worker_processes 1;"),
  "a location in http": http("location / { }"),
  "too many arguments": server("root a b;"),
  "too few arguments": server("proxy_set_header Host;"),
  "a flag that is neither on nor off": server("autoindex maybe;"),
  "a block without a brace": http("server;"),
  "a brace after a plain directive": server("root html { }"),
  "a directive twice": server("root a; root b;"),
  "a second autoindex": server("autoindex on; autoindex off;"),
  "a second proxy_set_header": server("proxy_set_header A b; proxy_set_header A c;"),
  "quotes with a semicolon in them": server(`add_header X "a; b { c }";`),
  "a quoted word that goes on": server(`add_header X "a"b;`),
  "a quote that never ends": server(`add_header X "a;`),
  escapes: server(`add_header X "a\\"b\\\\c";`),
  "single quotes around double ones": server(`add_header X 'a "b" c';`),
  "braces after a dollar": server(`set $a b; return 200 $\{a}c;`),
  "a comment with braces": server("# } { ;\nroot html; # ; }"),
  "a hash inside of a word": server("return 301 http://example.org/#top;"),
  "an unknown variable": server("return 200 $nothing_of_the_kind;"),
  "an unknown variable in a header": server("add_header X $nothing_of_the_kind;"),
  "a variable that a map makes": http("map $uri $kind { default a; ~^/x b; }\nserver { return 200 $kind; }"),
  "a variable that a regex makes": server("location ~ ^/(?<name>.+)$ { return 200 $name; }"),
  "a duplicate location": server("location /a { } location /a { }"),
  "a duplicate location with another modifier": server("location /a { } location ^~ /a { }"),
  "the same path as prefix, exact and regex": server(
    "location /a { } location = /a { } location ~ /a { } location ~ /a { }",
  ),
  "a location outside of its own": server("location /a/ { location /b { } }"),
  "a named location in a location": server("location /a { location @b { } }"),
  "an unknown modifier": server("location ~~ /a { }"),
  "a modifier without a space": server("location =/a { } location ~^/b { } location ^~/c { }"),
  "a URI in a regex location": server("location ~ ^/a { proxy_pass http://127.0.0.1:1/b; }"),
  "a URI with variables in a regex location": server("location ~ ^/a(.*) { proxy_pass http://127.0.0.1:1/b$1; }"),
  "a proxy_pass without a protocol": server("location / { proxy_pass 127.0.0.1:1; }"),
  "a proxy_pass with an odd protocol": server("location / { proxy_pass ftp://127.0.0.1:1; }"),
  "an upstream without servers": http("upstream a { }"),
  "an upstream's odd parameter": http("upstream a { server 127.0.0.1:1 heavy=2; }"),
  "an upstream with parameters": http(
    "upstream a { least_conn; server 127.0.0.1:1 weight=2 max_fails=0 fail_timeout=5s; server unix:/tmp/x backup; keepalive 4; }",
  ),
  "a listen parameter that is none": http("server { listen 127.0.0.1:8081 fast; }"),
  "a listen port that is none": http("server { listen 127.0.0.1:99999; }"),
  "a server_name with a star inside": server("server_name a.*.b;"),
  "a server_name of each kind": server("server_name a.org *.a.org .b.org mail.* ~^(?<who>.+)\\.c\\.org$ _;"),
  "an if of each kind": server(
    `if ($host = a) { return 404; } if ($host != "a b") { set $x 1; } if ($uri ~* "^/(a|b)") { break; } if (!-f $request_filename) { return 410; } if ( $x ) { return 204; }`,
  ),
  "an if without a parenthesis": server("if $host = a { return 404; }"),
  "an if that compares with nothing": server("if ($host ~) { return 404; }"),
  "a set of no variable": server("set a b;"),
  "a rewrite with an odd flag": server("rewrite ^/a /b sometimes;"),
  "a rewrite with a broken regex": server("rewrite ^/(a /b;"),
  "a return with an odd code": server("return oops;"),
  "a return of a path": server("return /x;"),
  "an error_page with an odd status": server("error_page 200 /x;"),
  "error pages": server("error_page 404 =200 /x; error_page 500 502 @y; location @y { return 200; }"),
  "a missing include": server("include missing.conf;"),
  "an include of nothing": server("include missing/*.conf;"),
  "an include of another file": server("include beside.conf;"),
  "a mistake in an included file": server("include broken.conf;"),
  "types, geo and split_clients": http(
    `types { text/html html htm; }\ngeo $place { default out; 10.0.0.0/8 in; }\nsplit_clients $remote_addr $half { 50% a; * b; }`,
  ),
  "allow and deny": server("location / { satisfy any; allow 10.0.0.0/8; deny all; limit_except GET { deny all; } }"),
  "timeouts and sizes": server("keepalive_timeout 1m 30s; client_max_body_size 10m; proxy_read_timeout 1h30m;"),
  "uwsgi, fastcgi and scgi": server(
    "location /a { uwsgi_pass unix:/tmp/a.sock; uwsgi_param A b if_not_empty; } location /b { fastcgi_pass 127.0.0.1:1; } location /c { scgi_pass 127.0.0.1:1; }",
  ),
};

test("what nginx -t accepts is accepted, and what it refuses is refused in its words", {
  skip: nginxMissing(),
}, (t) => {
  const folder = folderWith(t, { "beside.conf": "index a.html;", "broken.conf": "root;", "logs/": "" });
  for (const [name, text] of Object.entries(CASES)) {
    const file = path.join(folder, "nginx.conf");
    fs.writeFileSync(file, text);
    assert.equal(ours(file, text, folder), theirs(file, folder), name);
  }
});

const BAD_REGEX = /^pcre2?_compile\(\) failed: .*/;

/** The first complaint, or `accepted`. */
function ours(file: string, text: string, folder: string): string {
  const files = { "beside.conf": "index a.html;", "broken.conf": "root;" };
  const absolute = Object.fromEntries(
    Object.entries(files).map(([name, content]) => [path.join(folder, name), content]),
  );
  try {
    readNginxWith({ kind: "nginx", form: "file", path: file, text }, machine(absolute), {
      prefix: folder,
      strict: true,
      extra: "",
    });
    return "accepted";
  } catch (error) {
    if (!(error instanceof ProblemList)) throw error;
    const [first] = error.problems;
    return first!.message.replace(BAD_REGEX, "a bad regex");
  }
}

function theirs(file: string, folder: string): string {
  const words = ["-t", "-p", folder, "-c", file, "-e", "stderr", "-g", `pid ${folder}/nginx.pid;`];
  const run = spawnSync(NGINX, words, { encoding: "utf8" });
  if (run.status === 0) return "accepted";
  const message = /\[emerg\] (?:\d+#\d+: )?(.*)/.exec(run.stderr)?.[1] ?? run.stderr;
  return message.replace(/ in \S*:\d+$/, "").replace(BAD_REGEX, "a bad regex");
}

function nginxMissing(): string | false {
  return fs.existsSync(NGINX) ? false : `no ${NGINX}`;
}
