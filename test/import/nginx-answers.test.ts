import { test } from "node:test";
import { besideNginx, withoutNginx } from "./beside-nginx.ts";
import { fastcgiEcho } from "./fastcgi-echo.ts";

const skip = withoutNginx;

test("redirects to paths of the site name the host and the port that the configuration says, or none", {
  skip,
}, async (t) => {
  const block = `server {
    listen 127.0.0.1:PORT; server_name main.example other.example; root html;
    location /r { return 301 /x?y; }
    location /noport/ { port_in_redirect off; root html; location /noport/r { return 302 /x; } }
    location /named/ { server_name_in_redirect on; root html; location /named/r { rewrite ^ /x permanent; } }
    location /bare { server_name_in_redirect on; port_in_redirect off; return 301 /x; }
    location /path/ { absolute_redirect off; root html; location /path/r { return 301 /x; }
      location /path/again/ { absolute_redirect on; root html; location /path/again/r { return 301 /x; } } }
    location /lost { absolute_redirect off; error_page 404 =302 http://away.example/; return 404; }
    location /slash/ { absolute_redirect off; proxy_pass http://127.0.0.1:BACKEND; }
    location /proxied/ { proxy_pass http://127.0.0.1:BACKEND/; }
    location /proxied/off/ { absolute_redirect off; proxy_pass http://127.0.0.1:BACKEND/; }
  }`;
  const targets =
    "/r /noport/r /named/r /bare /path/r /path/again/r /lost /slash /dir /noport/dir /named/dir /path/dir /proxied/own /proxied/path /proxied/off/own";
  await besideNginx(
    t,
    block,
    (request, _body, response) => {
      const own = `http://${request.headers.host}/there`;
      response.writeHead(302, { Location: request.url === "/path" ? "/there" : own }).end();
    },
    {
      requests: targets.split(" ").map((target) => ({ target, headers: { Host: "asked.example" } })),
      fields: ["location"],
      files: {
        "html/dir/a.txt": "a",
        "html/noport/dir/a.txt": "a",
        "html/named/dir/a.txt": "a",
        "html/path/dir/a.txt": "a",
      },
    },
  );
});

test("redirects and cookies of an upstream are rewritten by text with variables, by patterns and by name", {
  skip,
}, async (t) => {
  const block = `server {
    listen 127.0.0.1:PORT; server_name main.example;
    location / {
      proxy_pass http://127.0.0.1:BACKEND;
      proxy_redirect http://127.0.0.1:BACKEND/$arg_where/ /found/;
      proxy_redirect ~*^http://[^/]+/LOUD(.*)$ /quiet$1;
      proxy_redirect default;
      proxy_cookie_domain .$arg_where.example en.$arg_where.test;
      proxy_cookie_domain ~^(.+)\\.COM$ $1.org;
      proxy_cookie_path /$arg_where/ /new/$arg_where/;
      proxy_cookie_path ~*^/anyCASE/(.+)$ /$1;
      proxy_cookie_path ~^/case/(.+)$ /$1;
      proxy_cookie_flags plain secure httponly samesite=strict;
      proxy_cookie_flags loose nosecure nohttponly nosamesite;
      proxy_cookie_flags $arg_where samesite=lax;
      proxy_cookie_flags ~^SESS httponly;
    }
    location /as-is/ { proxy_pass http://127.0.0.1:BACKEND; proxy_cookie_flags off; proxy_redirect off; }
  }`;
  const cookies = [
    "plain=1",
    "PLAIN=1; Path=/; secure",
    "loose=1; Secure; Path=/x; HttpOnly; SameSite=None",
    "here=1; SameSite=None",
    "session=a=b; Domain=www.Shop.com; Path=/ANYcase/x",
    "other=1; Domain=.here.example; Path=/here/x",
    "other=1; Domain=here.example; Path=/CASE/x",
    "other=1; Path=/case/x",
  ];
  const locations = ["/here/x", "/loud/x", "/Loud", "/else", "/found/x"];
  const requests = [
    ...cookies.map((cookie) => ({ target: "/?where=here", headers: { "X-Cookie": cookie } })),
    { target: "/as-is/?where=here", headers: { "X-Cookie": "plain=1; Path=/here/x" } },
    ...locations.map((path) => ({ target: "/?where=here", headers: { "X-Path": path } })),
    { target: "/as-is/", headers: { "X-Path": "/here/x" } },
  ];
  await besideNginx(
    t,
    block,
    (request, _body, response) => {
      const { "x-cookie": cookie, "x-path": path, host } = request.headers;
      if (cookie !== undefined) response.setHeader("Set-Cookie", cookie);
      if (path === undefined) response.end("ok");
      else
        response.writeHead(302, { Location: `http://${host}${path}`, Refresh: `1; url=http://${host}${path}` }).end();
    },
    { requests, fields: ["set-cookie", "location", "refresh"] },
  );
});

test("what an upstream is asked has the method, body and fields that the configuration gives it", {
  skip,
}, async (t) => {
  const block = `server {
    listen 127.0.0.1:PORT; server_name main.example; proxy_http_version 1.1;
    location /method { proxy_method $arg_m; proxy_pass http://127.0.0.1:BACKEND; }
    location /body { proxy_set_body "made for $arg_m"; proxy_pass http://127.0.0.1:BACKEND; }
    location /both { proxy_method POST; proxy_set_body $arg_m; proxy_pass http://127.0.0.1:BACKEND; }
    location /nobody { proxy_pass_request_body off; proxy_set_header Content-Length ""; proxy_pass http://127.0.0.1:BACKEND; }
    location /nofields { proxy_pass_request_headers off; proxy_pass http://127.0.0.1:BACKEND; }
    location /somefields { proxy_pass_request_headers off; proxy_set_header X-Mine $http_x_theirs; proxy_set_header X-Theirs $host;
      proxy_pass http://127.0.0.1:BACKEND; }
  }`;
  const headers = { Host: "main.example", "X-Theirs": "theirs", "X-More": "more" };
  const requests = [
    { target: "/method?m=PURGE", headers },
    { target: "/method?m=POST", method: "PUT", body: "sent", headers },
    { target: "/method?m=GET", method: "HEAD", headers },
    { target: "/body?m=all", method: "POST", body: "sent", headers },
    { target: "/body?m=all", headers },
    { target: "/both?m=x", headers },
    { target: "/nobody", method: "POST", body: "sent", headers },
    { target: "/nofields", method: "POST", body: "sent", headers },
    { target: "/somefields", headers },
  ];
  await besideNginx(
    t,
    block,
    (request, body, response) => {
      const { "x-theirs": theirs, "x-more": more, "x-mine": mine } = request.headers;
      response.end(JSON.stringify({ method: request.method, body, theirs, more, mine }));
    },
    { requests, fields: [] },
  );
});

test("a variable may hold a whole address: protocol, server or upstream, and path", { skip }, async (t) => {
  const block = `
  upstream blue { server 127.0.0.1:BACKEND; }
  map $arg_c $pool { default blue; whole http://blue; pathed http://127.0.0.1:BACKEND/from/map?q; plain 127.0.0.1:BACKEND; }
  server {
    listen 127.0.0.1:PORT; server_name main.example; proxy_http_version 1.1;
    add_header X-Proxy "$proxy_host $proxy_port";
    location /name { proxy_pass http://$pool; }
    location /whole { proxy_pass $pool; }
    location /scheme { proxy_pass $scheme://127.0.0.1:BACKEND; }
    location /uri { proxy_pass $scheme://$pool$request_uri; }
    location /fixed { proxy_set_header X-Told "$proxy_host|$proxy_port"; proxy_pass http://127.0.0.1:BACKEND/f; }
    location /up { proxy_set_header X-Told "$proxy_host|$proxy_port"; proxy_pass http://blue; }
  }`;
  const targets =
    "/name/x?y /name?c=plain /whole?c=whole /whole/%20?c=pathed /scheme/a?b /uri/a?c=plain /fixed/a /up/a";
  await besideNginx(
    t,
    block,
    (request, _body, response) => {
      response.end(`${request.url} ${request.headers.host} ${request.headers["x-told"]}`);
    },
    { requests: targets.split(" ").map((target) => ({ target })), fields: ["x-proxy"] },
  );
});

test("variables tell what came of each try of an upstream", { skip }, async (t) => {
  const block = `
  upstream two { server 127.0.0.1:1; server 127.0.0.1:BACKEND backup; }
  server {
    listen 127.0.0.1:PORT;
    add_header X-Tries "$upstream_addr|$upstream_status" always;
    add_header X-Seen "$upstream_http_x_list|$upstream_cookie_a|$upstream_cookie_B|$upstream_cookie_none" always;
    location /one { proxy_pass http://127.0.0.1:BACKEND; }
    location /two { proxy_pass http://two; }
    location /none { proxy_pass http://127.0.0.1:1; }
  }`;
  await besideNginx(
    t,
    block,
    (_request, _body, response) => {
      response.setHeader("X-List", "one");
      response.setHeader("Set-Cookie", ["a=1; Path=/", "b = 2;Secure", "a=3"]);
      response.end("ok");
    },
    {
      requests: ["/one", "/two", "/none"].map((target) => ({ target })),
      fields: ["x-tries", "x-seen"],
    },
  );
});

test("a FastCGI program gets the script's name and what follows it, as a PHP configuration cuts the path", {
  skip,
}, async (t) => {
  const program = await fastcgiEcho(t, [
    "SCRIPT_FILENAME",
    "SCRIPT_NAME",
    "PATH_INFO",
    "CONTENT_LENGTH",
    "REQUEST_METHOD",
  ]);
  const parameters = `fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name; fastcgi_param SCRIPT_NAME $fastcgi_script_name;
    fastcgi_param PATH_INFO $fastcgi_path_info; fastcgi_param CONTENT_LENGTH $content_length; fastcgi_param REQUEST_METHOD $request_method;`;
  const block = `server {
    listen 127.0.0.1:PORT; root html; index index.php; ${parameters}
    add_header X-Script "$fastcgi_script_name $fastcgi_path_info";
    location / { try_files $uri $uri/ /index.php?$query_string; }
    location ~ [^/]\\.php(/|$) {
      fastcgi_split_path_info ^(.+?\\.php)(/.*)$;
      try_files $fastcgi_script_name =404;
      fastcgi_pass 127.0.0.1:${program}; fastcgi_index index.php;
    }
    location /plain/ { fastcgi_pass 127.0.0.1:${program}; fastcgi_index start.php; }
    location /noindex/ { fastcgi_pass 127.0.0.1:${program}; }
    location /nobody/ { fastcgi_pass_request_body off; fastcgi_param CONTENT_LENGTH ""; fastcgi_param SCRIPT_NAME $uri; fastcgi_pass 127.0.0.1:${program}; }
  }`;
  const targets =
    "/ /index.php /blog/post?p=1 /a/b.php /a/b.php/info/x%20y?q /none.php/x /plain/ /plain/x%2Fy//z /noindex/ /noindex/a.php/b";
  const requests = [
    ...targets.split(" ").map((target) => ({ target })),
    { target: "/a/b.php/x", method: "POST", body: "sent" },
    { target: "/nobody/", method: "POST", body: "sent" },
  ];
  const files = { "html/index.php": "", "html/a/b.php": "" };
  await besideNginx(t, block, (_request, _body, response) => response.end(), { requests, fields: ["x-script"], files });
});

test("the body that was passed on is a variable", { skip }, async (t) => {
  const block = `server {
    listen 127.0.0.1:PORT;
    add_header X-Body "[$request_body]";
    location / { proxy_pass http://127.0.0.1:BACKEND; }
    location /own { return 200 "not read"; }
  }`;
  const requests = [
    { target: "/", method: "POST", body: "small" },
    { target: "/", method: "PUT", body: "x".repeat(2000) },
    { target: "/" },
    { target: "/own", method: "POST", body: "small" },
  ];
  await besideNginx(t, block, (_request, body, response) => response.end(body), { requests, fields: ["x-body"] });
});
