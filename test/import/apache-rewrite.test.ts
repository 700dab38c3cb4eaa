import assert from "node:assert/strict";
import { test } from "node:test";
import { APACHE } from "../proxy/programs.ts";
import { type Case, differences } from "./apache-beside.ts";

const on = "RewriteEngine On\n";

const CASES: Readonly<Record<string, Case>> = {
  plain: {
    conf: `${on}RewriteRule ^/old$ /a.html [L]\nRewriteRule ^/q/(\\d+)$ /a.html?id=$1`,
    asks: ["/old", "/old?x=1", "/q/7", "/q/7?z=1", "/a.html"],
  },
  redirect: {
    conf: `${on}RewriteRule ^/r1$ /a.html [R]
RewriteRule ^/r2$ /a.html [R=301,L]
RewriteRule ^/r3/(.*)$ http://x.org/$1 [R=302,L]
RewriteRule ^/r4$ http://x.org/?a=1 [R,L]
RewriteRule ^/r5$ http://x.org/?a=1 [R,L,QSA]
RewriteRule ^/r6$ http://x.org/n [R,L,QSD]
RewriteRule ^/r7$ http://x.org/n? [R,L]
RewriteRule ^/r8$ /x#frag [R,L]
RewriteRule ^/r9$ /x#frag [R,L,NE]
RewriteRule ^/s/(.*)$ /t/$1 [R=307,L]
RewriteRule ^/w$ /v [R=permanent,L]
RewriteRule ^/y$ https://%{HTTP_HOST}%{REQUEST_URI} [R=301,L]`,
    asks: "/r1 /r1?a=b /r2 /r3/a/b?c=d /r3/a%20b /r4?z=2 /r5?z=2 /r5 /r6?z=2 /r7?z=2 /r8 /r9 /s/a?b=%20c /w /y?q=1".split(
      " ",
    ),
  },
  status: {
    conf: `${on}RewriteRule ^/f - [F]\nRewriteRule ^/g - [G,L]\nRewriteRule ^/n - [R=404,L]\nRewriteRule ^/t - [R=503]\nRewriteRule \\.bak$ - [F,NC]`,
    asks: ["/f", "/g?x", "/n", "/t", "/a.BAK", "/a.html"],
  },
  order: {
    conf: `${on}RewriteRule ^/one/(.*)$ /two/$1\nRewriteRule ^/two/(.*)$ /final/$1 [R=301,L]\nRewriteRule ^/final/(.*) /a.html [L]\nRewriteRule ^/a.html$ /b.html`,
    asks: ["/one/x?y=1", "/two/x", "/final/x", "/a.html"],
  },
  conditions: {
    conf: `${on}RewriteCond %{QUERY_STRING} ^id=(\\d+)$
RewriteRule ^/item$ /items/%1? [R,L]
RewriteCond %{HTTP_HOST} ^(www\\.)?conditions\\.test$ [NC]
RewriteCond %{REQUEST_METHOD} !^(GET|HEAD)$
RewriteRule ^ /nope [R=303,L]
RewriteCond %{HTTP_USER_AGENT} curl [NC,OR]
RewriteCond %{HTTP:X-Api} ^1$
RewriteRule ^/api$ /a.txt [L]
RewriteCond %{REQUEST_FILENAME} !-f
RewriteCond %{DOCUMENT_ROOT}%{REQUEST_URI} !-d
RewriteRule ^/(nofile.*)$ /b.html [L]
RewriteCond %{HTTPS} !=on
RewriteCond %{SERVER_PORT} !^443$
RewriteRule ^/sec(.*) https://%{SERVER_NAME}/sec$1 [R=301,L]
RewriteCond %{REQUEST_URI} ^/(cat|dog)/(\\w+)$
RewriteRule ^ /pets?kind=%1&name=%2 [R,L]
RewriteCond %{HTTP_COOKIE} (^|;\\s*)lang=(de|fr)
RewriteRule ^/lang$ /l/%2 [R,L]
RewriteCond %{THE_REQUEST} \\s/raw\\?x
RewriteRule ^/raw$ /rawx? [R,L]
RewriteCond %{DOCUMENT_ROOT}/$1.html -f
RewriteRule ^/page/(.*)$ /$1.html [L]
RewriteCond %{REMOTE_ADDR} ^127\\.
RewriteRule ^/me$ /local [R,L]
RewriteCond expr "%{REQUEST_METHOD} == 'GET' && %{HTTP:X-E} == '1'"
RewriteRule ^/e$ /expr [R,L]
RewriteCond %{REQUEST_URI} =/eq
RewriteRule . /equal [R,L]`,
    asks: [
      "/item?id=5",
      "/item?id=x",
      { to: "/z", method: "POST", body: "a" },
      { to: "/api", headers: ["User-Agent: CURL/7"] },
      { to: "/api", headers: ["X-Api: 1"] },
      "/api",
      "/nofile1",
      "/a.html",
      "/sec/x?y",
      "/cat/tom",
      "/bird/tom",
      { to: "/lang", headers: ["Cookie: a=1; lang=fr"] },
      "/lang",
      "/raw?x",
      "/raw",
      "/page/b",
      "/page/none",
      "/me",
      { to: "/e", headers: ["X-E: 1"] },
      "/e",
      "/eq",
    ],
  },
  chain: {
    conf: `${on}RewriteRule ^/c1/(.*)$ /c2/$1 [C]\nRewriteRule ^/c2/x(.*)$ /a.html [C]\nRewriteRule ^/a.html$ /b.html\nRewriteRule ^/skip1$ - [S=1]\nRewriteRule ^/skip1$ /a.html [L]\nRewriteRule ^/skip1$ /b.html [L]`,
    asks: ["/c1/x", "/c1/y", "/c2/x", "/a.html", "/skip1"],
  },
  environment: {
    conf: `${on}RewriteRule ^/e1 - [E=mode:fast]\nRewriteCond %{ENV:mode} =fast\nRewriteRule ^/e1 /a.html [L]\nHeader set X-Mode %{mode}e env=mode\nSetEnvIf X-Flag yes flag=1\nRewriteCond %{ENV:flag} 1\nRewriteRule ^/fl$ /flagged [R,L]`,
    asks: ["/e1", "/a.html", { to: "/fl", headers: ["X-Flag: yes"] }, "/fl"],
  },
  proxy: {
    conf: `${on}RewriteRule ^/p1/(.*)$ @BACKEND@/x/$1 [P]\nRewriteRule ^/p2/(.*)$ @BACKEND@/y?q=$1 [P,L,QSA]\nProxyPassReverse /p1/ @BACKEND@/\nRewriteCond %{REQUEST_URI} ^/p4\nRewriteRule ^/p4(.*)$ @BACKEND@$1 [P,L]\nRewriteCond %{REQUEST_URI} !^/(static|a\\.html)\nRewriteCond %{REQUEST_FILENAME} !-f\nRewriteRule ^/(rest.*)$ @BACKEND@/$1 [P,L]`,
    asks: ["/p1/a?b=1", "/p1/a%20b", "/p2/k?b=1", "/p4/a/b", "/p4", "/rest/1?q=%20", "/a.html"],
  },
  patterns: {
    conf: `${on}RewriteRule ^/case$ /a.html [NC,L]\nRewriteRule (?i)^/inline$ /b.html [L]\nRewriteRule ^/[[:alpha:]]+9$ /a.txt [L]\nRewriteRule !^/(a|b)\\. /b.html [L]`,
    asks: ["/CASE", "/INLINE", "/abc9", "/x", "/a.html"],
  },
  folder: {
    conf: `${on}<Directory @ROOT@>\nRewriteEngine On\nRewriteRule ^old$ a.html [L]\nRewriteRule ^oldr$ /b.html [R,L]\nRewriteCond %{REQUEST_FILENAME} !-f\nRewriteCond %{REQUEST_FILENAME} !-d\nRewriteRule ^(.*)$ a.txt?path=$1 [QSA,L]\n</Directory>`,
    asks: ["/old", "/oldr?x=1", "/none", "/sub/none?x", "/sub/", "/sub", "/b.html"],
  },
  base: {
    conf: "Alias /al @ROOT@/sub\n<Directory @ROOT@/sub>\nRewriteEngine On\nRewriteBase /al/\nRewriteRule ^go$ x.txt [L]\nRewriteRule ^out$ x.txt [R,L]\n</Directory>",
    asks: ["/al/go", "/al/out", "/sub/go", "/al/x.txt", "/sub/out"],
  },
  htaccess: {
    conf: '<Directory @ROOT@>\nAllowOverride All\n</Directory>\n<Files ".ht*">\nRequire all denied\n</Files>',
    files: {
      ".htaccess":
        "RewriteEngine On\nRewriteRule ^old$ /a.html [R=301,L]\nRewriteCond %{REQUEST_FILENAME} !-f\nRewriteRule ^app/(.*)$ /b.html [L]\nErrorDocument 404 /a.txt\nHeader set X-H 1\n",
      "sub/.htaccess": "Require all denied\n",
    },
    asks: ["/old", "/app/x", "/none", "/sub/x.txt", "/a.html", "/.htaccess"],
  },
  closed: {
    conf: "<Directory @ROOT@>\nAllowOverride None\n</Directory>",
    files: { "sub/.htaccess": "Require all denied\n" },
    asks: ["/sub/x.txt"],
  },
  system: {
    conf: `${on}RewriteRule ^/media/(.*)$ @ROOT@/sub/$1 [L]\nRewriteRule ^/stop/ - [L]\nRewriteRule ^/stop/(.*) /a.html [L]\nRewriteRule ^/(.*)/$ /$1 [R=301,L]`,
    asks: ["/media/x.txt", "/media/none", "/stop/x", "/foo/?a=1", "/"],
  },
  elsewhere: {
    conf: `${on}Alias /al @ROOT@/sub\nProxyPass /pp @BACKEND@/x\nRewriteRule ^/one$ /al/x.txt [L]\nRewriteRule ^/two$ /al/x.txt [PT]\nRewriteRule ^/three$ /pp/y [PT]\nRewriteRule ^/four$ /a.html [L]`,
    asks: ["/one", "/two", "/three", "/four", "/al/x.txt", "/pp/z"],
  },
  map: {
    conf: `${on}RewriteMap names txt:@ROOT@/names.txt\nRewriteMap lc int:tolower\nRewriteRule ^/m/(.*)$ \${names:$1|/unknown} [R,L]\nRewriteCond \${names:$1|NOT} !=NOT\nRewriteRule ^/k/(.*)$ \${names:$1} [R,L]\nRewriteRule ^/host$ /\${lc:%{HTTP_HOST}} [R,L]`,
    files: { "names.txt": "# x\none /first\ntwo   http://x.org/second\n" },
    asks: ["/m/one", "/m/two", "/m/three", "/k/one", "/k/zz", { to: "/host", host: "MAP.test" }],
  },
};

test("rewrite rules lead where Apache's lead", {
  skip: APACHE === undefined && "apache2 is not installed",
}, async (t) => {
  const found = await differences(t, CASES);
  for (const [name, list] of Object.entries(found))
    await t.test(name, () => assert.deepEqual(list, [], `${CASES[name]!.conf}\n${list.join("\n")}`));
});
