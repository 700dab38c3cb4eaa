import assert from "node:assert/strict";
import { test } from "node:test";
import { APACHE } from "../proxy/programs.ts";
import { type Case, differences } from "./apache-beside.ts";

const CASES: Readonly<Record<string, Case>> = {
  set: {
    conf: `ProxyPass /p @BACKEND@
Header set X-A "one two"
Header always set X-B always
Header add X-C 1
Header add X-C 2
Header unset X-From
Header setifempty X-D d
Header append X-E e1
Header append X-E e2
Header merge X-E e2
Redirect /old /new
Header set X-Pct "100%%"`,
    asks: ["/a.html", "/none", "/p/x", "/p/status/404", "/p/status/500", "/old", "/sub"],
  },
  edit: {
    conf: `ProxyPass /p @BACKEND@
Header edit Set-Cookie ^(.*)$ "$1; HttpOnly; Secure"
Header edit Location ^http: https:
Header edit* X-From k K
RequestHeader edit X-A ^a(.)$ b$1
ProxyPassReverse /p @BACKEND@`,
    asks: ["/p/x", { to: "/p/x", headers: ["X-A: ac"] }, { to: "/p/x", headers: ["X-A: q"] }],
  },
  cond: {
    conf: `ProxyPass /p @BACKEND@
SetEnvIf X-F 1 flag
Header set X-C yes env=flag
Header set X-N no env=!flag
Header set X-E e "expr=%{REQUEST_URI} =~ /html$/"
RequestHeader set X-A fl env=flag
RequestHeader set X-B "%{flag}e"
SetEnv CONST v1
Header set X-K %{CONST}e`,
    asks: ["/a.html", { to: "/a.html", headers: ["X-F: 1"] }, { to: "/p/x", headers: ["X-F: 1"] }],
  },
  request: {
    conf: `ProxyPass /p @BACKEND@
RequestHeader set X-A one
RequestHeader append X-B more
RequestHeader unset X-Forwarded-Host early
RequestHeader unset Authorization
RequestHeader setifempty X-Forwarded-Proto http`,
    asks: ["/p/x", { to: "/p/x", headers: ["X-B: first", "X-A: q", "Authorization: z"] }],
  },
  sections: {
    conf: `Header set X-A server
<Location /sub>
Header unset X-A
Header set X-S s
</Location>
<Directory @ROOT@/sub>
Header append X-S d
</Directory>`,
    asks: ["/a.html", "/sub/x.txt"],
  },
  errordoc: {
    conf: `ProxyPass /p @BACKEND@
ErrorDocument 404 "not <b>here</b>"
ErrorDocument 403 /a.html
ErrorDocument 410 http://x.org/gone
Redirect gone /gone
<Location /b.html>
Require all denied
</Location>
ErrorDocument 500 default`,
    asks: ["/none", "/b.html", "/gone", "/p/status/404"],
  },
  override: {
    conf: `ProxyPass /p @BACKEND@
ProxyErrorOverride On
ErrorDocument 404 "over"
ErrorDocument 502 /a.html
ErrorDocument 503 /a.txt`,
    asks: ["/p/status/404", "/p/status/503", "/p/x", "/p/status/302"],
  },
  errloc: {
    conf: `ProxyPass /p @BACKEND@
<Location /p/err>
ErrorDocument 404 "inner"
</Location>
ErrorDocument 404 "outer"
ProxyErrorOverride On`,
    asks: ["/p/status/404", "/nonex"],
  },
  expires: {
    conf: `ProxyPass /p @BACKEND@
ExpiresActive On
ExpiresDefault "access plus 1 day"
<Location /sub>
ExpiresByType text/plain A60
</Location>`,
    asks: ["/a.html", "/sub/x.txt", "/sub/", "/p/x", "/none"],
  },
  bytype: {
    conf: `ExpiresActive On
ExpiresByType text/html "access plus 1 hour"
ExpiresByType text/css "access plus 1 month"`,
    files: { "s.css": "x{}" },
    asks: ["/a.html", "/s.css", "/a.txt"],
  },
  expoff: { conf: 'ExpiresByType text/html "access plus 1 hour"', asks: ["/a.html"] },
  deflate: {
    conf: `ProxyPass /p @BACKEND@
AddOutputFilterByType DEFLATE text/html text/css`,
    asks: ["/a.html", { to: "/none", headers: ["Accept-Encoding: gzip"] }],
  },
  redirect: {
    conf: `Redirect /r1 /new
Redirect permanent /r2 http://x.org/n
Redirect 303 /r3 /new
Redirect gone /r4
RedirectMatch ^/r5/(.*)\\.gif$ http://x.org/$1.jpg
RedirectMatch 301 ^/r6(.*) /new$1?a=1
RedirectPermanent /r7 http://x.org
RedirectTemp /r8/ /n/
Redirect 404 /r9
Redirect 308 /ra http://x.org/
Redirect "/r b" /sp
RedirectMatch 410 secret$
Redirect seeother /rc /see#x
Redirect temp / http://root.org/`,
    asks: [
      "/r1",
      "/r1/a?b=c",
      "/r1a",
      "/r2/x%20y?z",
      "/r3",
      "/r4/x",
      "/r5/a/b.gif?x=1",
      "/r6/z",
      "/r6/z?q",
      "/r7/p",
      "/r8",
      "/r8/p",
      "/r9",
      "/ra/x",
      "/r%20b",
      "/x.secret",
      "/rc",
      "/",
    ],
  },
  alias: {
    conf: `Alias /al @ROOT@/sub
Alias /one @ROOT@/a.txt
AliasMatch ^/am/(.*)\\.x$ @ROOT@/$1.txt
Alias /tr/ @ROOT@/sub/
Alias /al/deep @ROOT@/
Alias /sp "@ROOT@/sub"
<Location /al/x.txt>
Header set X-L 1
</Location>`,
    asks: [
      "/al/x.txt",
      "/al",
      "/al/",
      "/alx",
      "/one",
      "/one/more",
      "/am/a.x",
      "/tr/x.txt",
      "/tr",
      "/al/deep/a.html",
      "/sp/x.txt",
      "/al/../a.html",
    ],
  },
  dirindex: {
    conf: `DirectoryIndex a.txt index.html
<Directory @ROOT@/sub>
DirectoryIndex none.html x.txt
</Directory>
<Directory @ROOT@/list>
DirectoryIndex disabled
</Directory>
<Directory @ROOT@/open>
Options +Indexes
</Directory>`,
    files: { "list/index.html": "l", "open/z.txt": "z" },
    asks: ["/", "/sub/", "/list/", "/sub", "/list/index.html"],
  },
  fallback: {
    conf: `FallbackResource /index.html
<Directory @ROOT@/sub>
FallbackResource disabled
</Directory>`,
    asks: ["/none", "/none/x?q", "/a.html", "/sub/none", "/sub/x.txt"],
  },
  files: {
    conf: `AddType text/x-own .own
ForceType text/plain
AddDefaultCharset utf-8
<Location /sub>
ForceType none
</Location>`,
    files: { "a.own": "o" },
    asks: ["/sub/x.txt"],
  },
  handlers: {
    conf: `<Location /st>
SetHandler server-status
</Location>
LimitRequestBody 5
`,
    asks: [{ to: "/a.html", method: "POST", body: "123456" }],
  },
};

test("answers have the fields, pages and places that Apache gives them", {
  skip: APACHE === undefined && "apache2 is not installed",
}, async (t) => {
  const found = await differences(t, CASES);
  for (const [name, list] of Object.entries(found))
    await t.test(name, () => assert.deepEqual(list, [], `${CASES[name]!.conf}\n${list.join("\n")}`));
});
