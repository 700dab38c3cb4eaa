import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readApache } from "../../src/import/apache/read.ts";
import { account, corpusFolder, problemsOf, unaccounted } from "./account.ts";
import { machine } from "./machine.ts";

const FILE = "/etc/apache2/sites-enabled/site.conf";

interface Written {
  readonly listeners?: readonly string[];
  readonly apps?: Record<string, Record<string, unknown>>;
  readonly upstreams?: Record<string, unknown>;
  readonly access_log?: unknown;
  readonly sites?: readonly (Record<string, unknown> & { readonly routes: readonly Record<string, unknown>[] })[];
}

function read(text: string, others: Record<string, string> = {}) {
  const reading = readApache({ kind: "apache", form: "file", path: FILE, text }, machine({ ...others, [FILE]: text }));
  assert.deepEqual(problemsOf(reading), []);
  const settings = reading.settings as unknown as Written;
  const told = (name: string) => reading.directives.find((each) => each.name === name);
  return { reading, settings, told, routes: settings.sites?.[0]?.routes ?? [] };
}

/** Without the rule that keeps Apache's own files to itself. */
function plain(routes: readonly Record<string, unknown>[]) {
  return routes.filter((route) => route["fail"] !== 403);
}

it("request-timeout of a daemon process is a hard deadline", () => {
  const { settings } = read(
    "WSGIDaemonProcess shop request-timeout=60\nWSGIScriptAlias / /srv/shop.wsgi process-group=shop\n",
  );
  assert.deepEqual(settings.apps?.["shop"]?.["deadline"], { hard: "60s" });
});

describe("a fragment with mod_wsgi and no virtual host", () => {
  const { settings, reading } =
    read(`WSGIDaemonProcess pywps home=/home/user/pywps-flask user=www-data group=www-data processes=2 threads=5
WSGIScriptAlias /wps /home/user/pywps-flask/wsgi/pywps.wsgi process-group=pywps

<Directory /home/user/pywps-flask/>
    WSGIScriptReloading On
    WSGIProcessGroup pywps
    WSGIApplicationGroup %{GLOBAL}
    Require all granted
</Directory>
`);
  it("is an app with the settings of its daemon process", () => {
    assert.deepEqual(settings.apps?.["pywps"], {
      script: "/home/user/pywps-flask/wsgi/pywps.wsgi",
      directory: "/home/user/pywps-flask",
      workers: 2,
      threads: 5,
      user: "www-data",
      group: "www-data",
      reload: true,
    });
  });
  it("mounts it, keeps Authorization from it as mod_wsgi does, and leaves where to listen open", () => {
    assert.deepEqual(settings.sites, [
      { routes: [{ path: "/wps", app: "pywps", mount: "/wps", request_headers: { remove: ["Authorization"] } }] },
    ]);
    assert.equal(settings.listeners, undefined);
    assert.equal(reading.directives.length, 7);
    assert.ok(reading.directives.every(({ verdict }) => verdict !== "needs-a-decision"));
  });
});

describe("a daemon process that is to be replaced now and then", () => {
  it("is recycled by requests and age", () => {
    const { settings } = read(
      "WSGIDaemonProcess a maximum-requests=1000 restart-interval=600\nWSGIScriptAlias / /srv/a.wsgi process-group=a\n",
    );
    assert.deepEqual(settings.apps?.["a"]?.["recycle"], { requests: 1000, age: "600s" });
  });
});

describe("a virtual host", () => {
  it("answers for its names on its address; the first of an address for all others", () => {
    const { settings } = read(
      "<VirtualHost *:8080>\nServerName http://A.org:80\nServerAlias *.a.org a?.net\nDocumentRoot /srv/a/\n</VirtualHost>\n<VirtualHost *:8080>\nServerName b.org\nDocumentRoot /srv/b\n</VirtualHost>\n",
    );
    assert.deepEqual(settings.listeners, ["*:8080"]);
    assert.deepEqual(settings.sites?.[0]?.["hosts"], ["a.org", "*.a.org", "~^a.\\.net$"]);
    assert.deepEqual(
      settings.sites?.map((site) => site["default"]),
      [true, undefined],
    );
  });

  it("serves aliases before scripts, and files without those of Apache", () => {
    const { routes } = read(
      "<VirtualHost *:80>\nWSGIPassAuthorization On\nWSGIScriptAlias / /srv/app.wsgi\nAlias /static/ /srv/static/\nAlias /robots.txt /srv/robots.txt\n</VirtualHost>\n",
    );
    assert.deepEqual(
      routes.map((route) => route["regex"] ?? route["path"] ?? route["exact"] ?? route["app"]),
      ["/\\.ht[^/]*$", "/static/", "/robots.txt", "app"],
    );
    assert.equal(routes.at(-1)?.["request_headers"], undefined);
    assert.equal((routes[1]?.["static"] as { root: string } | undefined)?.root, "/srv/static");
  });

  it("holds what a <Directory> or <Location> covers to what it says, and a part of it alone", () => {
    const { routes } = read(
      '<VirtualHost *:80>\nAlias /files /srv/files\n<Directory /srv/files>\nRequire all granted\nOptions Indexes\n</Directory>\n<Directory /srv/files/private>\nRequire ip 10.1 192.0.2.0/255.255.255.0\n</Directory>\n<Location /files/new>\nHeader always set X-New "yes {x}"\n</Location>\n</VirtualHost>\n',
    );
    const [part, other, all] = plain(routes).toSorted((a, b) => String(b["path"]).length - String(a["path"]).length);
    assert.equal(part?.["path"], "/files/private");
    assert.deepEqual(part?.["access"], [{ allow: ["10.1.0.0/16", "192.0.2.0/24"] }, { deny: "all" }]);
    assert.equal((part?.["static"] as { root: string } | undefined)?.root, "/srv/files/private");
    assert.deepEqual(other?.["response_headers"], { set: { "X-New": "yes {{x}}" } });
    assert.equal(all?.["access"], undefined);
    assert.equal((all?.["static"] as { autoindex: boolean } | undefined)?.autoindex, true);
  });

  it("lets nobody in where it can't check who may", () => {
    const { routes, told } = read(
      "<VirtualHost *:80>\nDocumentRoot /srv\n<Location /admin>\nAuthType Basic\nRequire valid-user\n</Location>\n</VirtualHost>\n",
    );
    assert.deepEqual(plain(routes)[0]?.["access"], [{ deny: "all" }]);
    assert.equal(told("Require")?.verdict, "needs-a-decision");
  });

  it("holds what names and patterns tell to what is said of them, before the rest", () => {
    const { routes, told } = read(
      '<VirtualHost *:80>\nDocumentRoot /srv\n<Files login.php>\nRequire ip 10.1\n</Files>\n<LocationMatch "(?i)^/(a|b)/">\nHeader set X-A 1\n</LocationMatch>\n<DirectoryMatch "/\\.git">\nRequire all denied\n</DirectoryMatch>\n</VirtualHost>\n',
    );
    const alone = routes.filter(({ when }) => Array.isArray(when) && when.length === 1);
    assert.deepEqual(
      alone.map(({ when, access, response_headers }) => [
        (when as { matches: string }[])[0]!.matches,
        access,
        response_headers,
      ]),
      [
        ["^/(?:a|b)/", undefined, { set: { "X-A": { value: "1", always: "answers" } } }],
        ["/login\\.php$", [{ allow: ["10.1.0.0/16"] }, { deny: "all" }], undefined],
        ["(?:/\\.git)(?=[^]*/)", [{ deny: "all" }], undefined],
      ],
    );
    assert.equal(told("Require")?.verdict, "mapped");
    assert.equal(routes.at(-1)?.["when"], undefined);
  });

  it("holds programs of CGI to who may come in", () => {
    const { routes } = read(
      "<VirtualHost *:80>\nScriptAlias /cgi-bin/ /usr/lib/cgi/\n<Directory /usr/lib/cgi>\nAuthType Basic\nAuthUserFile /etc/users\nRequire user ann\n</Directory>\n</VirtualHost>\n",
    );
    assert.deepEqual(routes[0]?.["auth"], { basic: { file: "/etc/users", realm: "", only: ["ann"] } });
  });

  it("believes the proxies of mod_remoteip, and nobody where none is named", () => {
    const { settings } = read(
      "RemoteIPHeader X-Client-IP\n<VirtualHost *:80>\nRemoteIPInternalProxy 10.0.0.0/8\nDocumentRoot /srv\n</VirtualHost>\n<VirtualHost *:80>\nDocumentRoot /srv\n</VirtualHost>\n",
    );
    const trusted = {
      from: ["10.0.0.0/8"],
      take: ["address"],
      fields: "x-forwarded",
      address_field: "X-Client-IP",
      recursive: true,
      strip: false,
    };
    assert.deepEqual(
      settings.sites?.map((site) => site["trusted_proxies"]),
      [trusted, undefined],
    );
  });

  it("reads Order, Allow and Deny", () => {
    const access = (lines: string) =>
      plain(
        read(`<VirtualHost *:80>\nDocumentRoot /srv\n<Directory /srv>\n${lines}\n</Directory>\n</VirtualHost>\n`)
          .routes,
      )[0]?.["access"];
    assert.equal(access("Order deny,allow\nAllow from all"), undefined);
    assert.deepEqual(access("Order deny,allow\nDeny from all\nAllow from 10.0.0.1"), [
      { allow: ["10.0.0.1"] },
      { deny: "all" },
    ]);
    assert.deepEqual(access("Order allow,deny\nAllow from all\nDeny from 10"), [{ deny: ["10.0.0.0/8"] }]);
  });

  it("proxies before it serves files, except for what is excluded before", () => {
    const { routes } = read(
      "<VirtualHost *:80>\nProxyPreserveHost On\nAlias /data/ /srv/data/\nProxyPass /data/ !\nProxyPass / http://127.0.0.1:8000/ timeout=5\nProxyPassReverse / http://127.0.0.1:8000/\n</VirtualHost>\n",
    );
    const [data, proxy] = plain(routes);
    assert.equal(data?.["path"], "/data/");
    assert.deepEqual(proxy?.["proxy"], {
      to: "http://127.0.0.1:8000",
      path: "/",
      strip: "/",
      forwarded: false,
      read_timeout: "5s",
      send_timeout: "5s",
      host: "{http_host}",
      redirects: "default",
    });
  });

  it("proxies to sockets, other protocols and balancers", () => {
    const { routes, settings } = read(
      "<Proxy balancer://pool>\nBalancerMember http://10.0.0.1:80\nBalancerMember http://10.0.0.2:80\n</Proxy>\n<VirtualHost *:80>\nProxyPass /a unix:/run/a.sock|uwsgi://a/\nProxyPass /b balancer://pool\nProxyPass /c fcgi://127.0.0.1:9000/srv/\n</VirtualHost>\n",
    );
    assert.deepEqual(
      routes.map((route) => (route["proxy"] as { to: string } | undefined)?.to),
      ["uwsgi://unix:/run/a.sock", "pool", "fastcgi://127.0.0.1:9000"],
    );
    assert.deepEqual(settings.upstreams, { pool: { targets: ["http://10.0.0.1:80", "http://10.0.0.2:80"] } });
  });

  it("redirects a path and all under it, and by pattern", () => {
    const { routes } = read(
      "<VirtualHost *:80>\nRedirect permanent /old https://x.org/new\nRedirectMatch ^/p/(\\d+)$ /q?id=$1\nRedirect gone /gone\n</VirtualHost>\n",
    );
    assert.deepEqual(routes, [
      { regex: "^/old((?:/.*)?)$", redirect: { to: "https://x.org/new{1}{is_args}{args}", status: 301 } },
      { regex: "^/p/(\\d+)$", redirect: { to: "/q?id={1}", status: 302 } },
      { regex: "^/gone((?:/.*)?)$", fail: 410 },
    ]);
  });

  it("rewrites as its conditions say, and only with RewriteEngine On", () => {
    const rules =
      "RewriteCond %{HTTPS} off\nRewriteCond %{HTTP_HOST} !=x.org\nRewriteRule ^/(.*)$ https://%{HTTP_HOST}/$1 [R=301,L]\nRewriteRule \\.bak$ - [F]\n";
    const { settings } = read(`<VirtualHost *:80>\nRewriteEngine On\n${rules}</VirtualHost>\n`);
    const rule = {
      when: { value: "{uri}", matches: "^/(.*)$" },
      rules: [{ return: 301, to: "https://{http_host}/{1}{query}" }],
    };
    assert.deepEqual(settings.sites?.[0]?.["rules"], [
      {
        when: { value: "{scheme}", equals: "http" },
        rules: [{ when: { value: "{http_host}", equals: "x.org", not: true }, rules: [rule] }],
      },
      { when: { value: "{uri}", matches: "\\.bak$" }, rules: [{ return: 403 }] },
    ]);
    const off = read(`<VirtualHost *:80>\n${rules}</VirtualHost>\n`);
    assert.deepEqual(off.routes, [{ fail: 404 }]);
    assert.equal(off.told("RewriteRule")?.verdict, "ignored");
  });

  it("knows Define, environment variables, IfVersion, joined lines and includes", () => {
    const { routes, settings, told } = read(
      `Define root "/srv/my site"\n<VirtualHost *:80>\nAlias /a \\\n  \${root}/a\n<IfVersion < 2.4>\nAlias /b /old\n</IfVersion>\nInclude /etc/apache2/more.conf\nInclude /etc/apache2/none.conf\n</VirtualHost>\n`,
      { "/etc/apache2/more.conf": `CustomLog \${APACHE_LOG_DIR}/x.log combined\n` },
    );
    assert.equal((plain(routes)[0]?.["static"] as { root: string } | undefined)?.root, "/srv/my site/a");
    assert.equal(plain(routes).length, 1);
    assert.deepEqual(settings.access_log, { path: "/var/log/apache2/x.log" });
    assert.equal(told("<IfVersion>")?.verdict, "ignored");
  });

  it("gives an address the certificates of its hosts, and what they say of clients and versions", () => {
    const { settings, told } = read(`
SSLProtocol TLSv1.3
<VirtualHost *:443>
  ServerName a.example
  DocumentRoot /srv/a
  SSLEngine on
  SSLCertificateFile /etc/ssl/a.pem
  SSLCertificateKeyFile /etc/ssl/a.key
  SSLVerifyClient optional
  SSLCACertificateFile /etc/ssl/ca.pem
</VirtualHost>
<VirtualHost *:443>
  ServerName b.example
  DocumentRoot /srv/b
  SSLEngine on
  SSLCertificateFile /etc/ssl/b.pem
</VirtualHost>
<VirtualHost *:80>
  DocumentRoot /srv/b
</VirtualHost>
`);
    assert.deepEqual(settings.listeners, [
      {
        address: "*:443",
        tls: {
          certificates: [
            { certificate: "/etc/ssl/a.pem", key: "/etc/ssl/a.key" },
            { certificate: "/etc/ssl/b.pem", key: "/etc/ssl/b.pem" },
          ],
          client_ca: "/etc/ssl/ca.pem",
          client: "optional",
          minimum: "1.3",
        },
      },
      "*:80",
    ]);
    assert.equal(told("SSLEngine")?.verdict, "mapped");
  });

  it("holds methods to what is said of them, and asks for a decision where what keeps people out can't be said", () => {
    const { told, routes } = read(`
<VirtualHost *:80>
  DocumentRoot /srv
  <LocationMatch "^/(?1)secret">
    Require all denied
  </LocationMatch>
  <Directory /srv>
    <LimitExcept GET>
      Require all denied
    </LimitExcept>
  </Directory>
</VirtualHost>
`);
    assert.equal(told("<LocationMatch>")?.verdict, "needs-a-decision");
    assert.equal(told("<LimitExcept>")?.verdict, "mapped");
    assert.deepEqual(
      plain(routes).map(({ methods, access }) => [methods, access]),
      [
        [["GET"], undefined],
        [undefined, [{ deny: "all" }]],
      ],
    );
  });

  it("asks for a decision about TLS without a certificate and about what it does not know", () => {
    const { told } = read("<VirtualHost *:443>\nSSLEngine on\nNoSuchThing x\nDocumentRoot /srv\n</VirtualHost>\n");
    assert.equal(told("SSLEngine")?.verdict, "needs-a-decision");
    assert.equal(told("NoSuchThing")?.verdict, "needs-a-decision");
  });
});

describe("public Apache configurations", { skip: corpusFolder() === null && "PROPYLON_CORPORA is not there" }, () => {
  it("are accounted for line by line, and hardly ask for decisions", () => {
    const measured = account("apache", "apache", readApache);
    assert.ok(measured.files.length > 15);
    const joined = new Set(measured.files.flatMap(({ name, text }) => continued(name, text)));
    const left = unaccounted(measured, (line) => /^\s*(?:<?[A-Z]\w+\b|\{%)/.test(line));
    assert.deepEqual(
      left.filter((line) => !joined.has(line.replace(/^(.*?:\d+):.*$/s, "$1"))),
      [],
    );
    assert.ok(measured.settled >= 0.95, `settled ${measured.settled}`);
    assert.ok(measured.used >= 0.85, `used ${measured.used}`);
    assert.deepEqual(measured.invalid, []);
  });
});

/** `FILE:LINE` of lines that go on with the one before. */
function continued(name: string, text: string): readonly string[] {
  const lines = text.split("\n");
  return lines.flatMap((_, index) =>
    index > 0 && lines[index - 1]!.trimEnd().endsWith("\\") ? [`${name}:${index + 1}`] : [],
  );
}

describe("mod_cache", () => {
  const { routes, told } = read(`<VirtualHost *:80>
ProxyPass /api/ http://127.0.0.1:81/
ProxyPass / http://127.0.0.1:82/
CacheRoot /var/cache/apache2
CacheEnable disk /
CacheLock on
CacheIgnoreCacheControl On
CacheMaxFileSize 2097152
CacheStaleOnError On
<Location /api/>
CacheDisable on
</Location>
</VirtualHost>
`);

  it("keeps the answers of proxied servers, but for places where it is disabled", () => {
    const cached = plain(routes).map((route) => [route["path"] ?? route["prefix"] ?? "/", route["cache"]]);
    const cache = {
      heuristics: true,
      wait: "5s",
      request_directives: false,
      max_entry: "2MB",
      stale_if_error: "52w",
    };
    assert.deepEqual(cached, [
      ["/api/", undefined],
      ["/", cache],
    ]);
  });

  it("says what is not the same", () => {
    assert.equal(told("CacheEnable")?.verdict, "approximated");
    assert.equal(told("CacheRoot")?.verdict, "ignored");
    assert.equal(told("CacheLock")?.verdict, "mapped");
  });
});
