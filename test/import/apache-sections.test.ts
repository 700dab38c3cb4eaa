import assert from "node:assert/strict";
import { test } from "node:test";
import { APACHE } from "../proxy/programs.ts";
import { type Case, differences } from "./apache-beside.ts";

const CASES: Readonly<Record<string, Case>> = {
  filesmatch: {
    conf: `<FilesMatch "\\.(html|css)$">
Header set X-K page
</FilesMatch>
<Files "a.txt">
Require all denied
</Files>
<Files ~ "^b\\.">
Header set X-B 1
</Files>`,
    asks: ["/a.html", "/b.html", "/a.txt", "/sub/x.txt", "/sub/"],
  },
  filesauth: {
    conf: `<Files "a.html">
AuthType Basic
AuthName M
AuthUserFile @ROOT@/users
Require valid-user
</Files>`,
    files: {
      users: `ann:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=
`,
    },
    asks: ["/a.html", { to: "/a.html", headers: ["Authorization: Basic YW5uOnNlY3JldA=="] }, "/b.html"],
  },
  locmatch: {
    conf: `<LocationMatch "^/(a|b)\\.">
Header set X-L 1
</LocationMatch>
<LocationMatch "txt$">
AuthType Basic
AuthName M
AuthUserFile @ROOT@/users
Require valid-user
</LocationMatch>`,
    files: {
      users: `ann:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=
`,
    },
    asks: [
      "/a.html",
      "/a.txt",
      { to: "/a.txt", headers: ["Authorization: Basic YW5uOnNlY3JldA=="] },
      "/sub/x.txt",
      "/index.html",
    ],
  },
  dirmatch: {
    conf: `<DirectoryMatch "/sub">
Header set X-D 1
</DirectoryMatch>
<DirectoryMatch "/\\.git">
Require all denied
</DirectoryMatch>`,
    files: { ".git/config": "g", ".gitx": "x" },
    asks: ["/sub/x.txt", "/a.html", "/.git/config"],
  },
  limitexcept: {
    conf: `<Location />
AuthType Basic
AuthName M
AuthUserFile @ROOT@/users
<LimitExcept GET>
Require valid-user
</LimitExcept>
</Location>`,
    files: {
      users: `ann:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=
`,
    },
    asks: [
      "/a.html",
      { to: "/a.html", method: "POST", body: "x" },
      { to: "/a.html", method: "HEAD" },
      { to: "/a.html", method: "PUT", body: "x" },
    ],
  },
  limit: {
    conf: `<Directory @ROOT@>
AuthType Basic
AuthName M
AuthUserFile @ROOT@/users
<Limit POST PUT DELETE>
Require valid-user
</Limit>
</Directory>`,
    files: {
      users: `ann:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=
`,
    },
    asks: ["/a.html", { to: "/a.html", method: "DELETE" }],
  },
  limitdeny: {
    conf: `<Directory @ROOT@>
<LimitExcept GET POST>
Require all denied
</LimitExcept>
</Directory>`,
    asks: ["/a.html", { to: "/a.html", method: "DELETE" }, { to: "/a.html", method: "OPTIONS" }],
  },
  limitold: {
    conf: `<Directory @ROOT@>
<Limit GET HEAD POST>
Order allow,deny
Allow from all
</Limit>
<LimitExcept GET HEAD POST>
Order deny,allow
Deny from all
</LimitExcept>
</Directory>`,
    asks: ["/a.html", { to: "/a.html", method: "DELETE" }],
  },
  limitboth: {
    conf: `<Directory @ROOT@>
AuthType Basic
AuthName M
AuthUserFile @ROOT@/users
Require all granted
<LimitExcept GET>
Require valid-user
</LimitExcept>
</Directory>`,
    files: {
      users: `ann:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=
`,
    },
    asks: ["/a.html", { to: "/a.html", method: "DELETE" }],
  },
  reqmethod: {
    conf: `<Location />
Require method GET OPTIONS
</Location>`,
    asks: ["/a.html", { to: "/a.html", method: "DELETE" }],
  },
  reqenv: {
    conf: `SetEnvIf X-Key ^s3cret$ ok
<Location />
Require env ok
</Location>`,
    asks: ["/a.html", { to: "/a.html", headers: ["X-Key: s3cret"] }],
  },
  allowenv: {
    conf: `SetEnvIf User-Agent ^bad bad
BrowserMatchNoCase ^worse bad
<Location />
Order allow,deny
Allow from all
Deny from env=bad
</Location>`,
    asks: [
      "/a.html",
      { to: "/a.html", headers: ["User-Agent: badbot"] },
      { to: "/a.html", headers: ["User-Agent: WORSE"] },
    ],
  },
  reqexpr: {
    conf: `<Location />
Require expr %{HTTP_USER_AGENT} != 'BadBot'
</Location>
<Location /sub>
Require expr "%{QUERY_STRING} =~ /t=(1|2)/ || %{REQUEST_METHOD} in {'HEAD'}"
</Location>`,
    asks: [
      "/a.html",
      { to: "/a.html", headers: ["User-Agent: BadBot"] },
      "/sub/x.txt",
      "/sub/x.txt?t=2",
      { to: "/sub/x.txt", method: "HEAD" },
    ],
  },
  reqall: {
    conf: `<Location />
AuthType Basic
AuthName M
AuthUserFile @ROOT@/users
<RequireAll>
Require valid-user
Require not env blocked
</RequireAll>
</Location>
SetEnvIf X-B 1 blocked`,
    files: {
      users: `ann:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=
`,
    },
    asks: [
      "/a.html",
      { to: "/a.html", headers: ["Authorization: Basic YW5uOnNlY3JldA=="] },
      { to: "/a.html", headers: ["Authorization: Basic YW5uOnNlY3JldA==", "X-B: 1"] },
    ],
  },
  iff: {
    conf: `<If "%{HTTP_HOST} == 'iff.test' && -n %{QUERY_STRING}">
Header set X-If yes
</If>
<ElseIf "%{REQUEST_URI} =~ m#^/sub#">
Header set X-If sub
</ElseIf>
<Else>
Header set X-If no
</Else>
<If "req('X-Bad') == '1'">
Require all denied
</If>`,
    asks: ["/a.html?x", "/a.html", "/sub/x.txt", { to: "/a.html", headers: ["X-Bad: 1"] }],
  },
  order: {
    conf: `<Location /sub>
Header set X-O location
</Location>
<Directory @ROOT@/sub>
Header set X-O dir
Header set X-P dir
</Directory>
<Directory @ROOT@>
Header set X-O root
Header set X-P root
</Directory>
<FilesMatch txt>
Header set X-P files
</FilesMatch>
<Location /sub/x.txt>
Require all denied
</Location>
<Directory @ROOT@/sub>
Require all granted
</Directory>`,
    asks: ["/a.html", "/sub/", "/sub/x.txt", "/a.txt"],
  },
  locorder: {
    conf: `<Location /sub>
Header set X-O a
</Location>
<Location /sub/x.txt>
Header set X-O b
</Location>
<Location />
Header set X-O c
</Location>
<Location ~ "\\.txt$">
Header set X-O d
</Location>`,
    asks: ["/a.html", "/sub/", "/sub/x.txt"],
  },
  wild: {
    conf: `<Directory "@ROOT@/s*">
Header set X-W 1
</Directory>
<Location "/*.html">
Header set X-V 1
</Location>`,
    asks: ["/sub/x.txt", "/a.html", "/a.txt", "/sub/"],
  },
  compat: {
    conf: `<Location /a.html>
Order allow,deny
Allow from all
Deny from all
</Location>
<Location /b.html>
Order deny,allow
Deny from all
Allow from all
</Location>
<Location /a.txt>
Order mutual-failure
Allow from 127.0.0.1
</Location>
<Location /sub>
Deny from 127.0.0.1
</Location>`,
    asks: ["/a.html", "/b.html", "/a.txt", "/sub/"],
  },
  proxysec: {
    conf: `ProxyPass /p @BACKEND@/x
<Proxy *>
Order deny,allow
Deny from all
</Proxy>
`,
    asks: ["/p/a", "/a.html"],
  },
  proxysec2: {
    conf: `ProxyPass /p @BACKEND@/x
<Proxy @BACKEND@/x>
Header set X-Px 1
RequestHeader set X-A b
</Proxy>
<Proxy http://other/>
Require all denied
</Proxy>
<Location /p/deny>
Require all denied
</Location>`,
    asks: ["/p/a", "/a.html", "/p/deny"],
  },
  cgi: {
    conf: `ScriptAlias /cgi/ @ROOT@/cgi/
<Directory @ROOT@/cgi>
Require all granted
</Directory>
<Files secret.sh>
Require all denied
</Files>`,
    files: {
      "cgi/secret.sh": `#!/bin/sh
echo
`,
    },
    asks: ["/cgi/secret.sh"],
  },
};

test("sections say of each request what Apache's say", {
  skip: APACHE === undefined && "apache2 is not installed",
}, async (t) => {
  const found = await differences(t, CASES);
  for (const [name, list] of Object.entries(found))
    await t.test(name, () => assert.deepEqual(list, [], `${CASES[name]!.conf}\n${list.join("\n")}`));
});
