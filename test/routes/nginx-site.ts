import type { HandlerConfig, RouteConfig, RuleConfig, StaticConfig } from "../../src/config/route-model.ts";
import {
  exact,
  fail,
  files,
  final,
  give,
  goto,
  is,
  like,
  NONE,
  nothing,
  prefix,
  proxyTo,
  put,
  regex,
  rewrite,
  route,
  truth,
  tryFiles,
  when,
} from "./builders.ts";

/** The server block that both answer, as NGINX reads it. What follows below says the same in our words. */
export const locations = (behind: number): string => String.raw`
    rewrite ^/old/(.*)$ /prefix/$1;
    if ($uri ~ ^/gone/) { return 410; }
    rewrite ^/moved$ https://example.net/new permanent;

    location / { }
    location = /exact { return 200 "exact"; }
    location /prefix { return 200 "prefix $uri $args"; }
    location /prefix/longer/ { return 200 "longer"; }
    location ^~ /final/ { return 200 "final"; }
    location ~ ^/re/(\d+)/(?<name>\w+)$ { return 200 "re $1 $name"; }
    location ~ \.txt$ { return 200 "txt"; }
    location ~* \.PNG$ { return 200 "png"; }
    location /nest/ {
      return 200 "nest";
      location /nest/in/ { return 200 "in"; }
      location = /nest/exact { return 200 "nested exact"; }
      location ^~ /nest/final/ { return 200 "nested final"; }
      location ~ \.css$ { return 200 "nested css"; }
      location /nest/deep/ { return 200 "deep"; location /nest/deep/er/ { return 200 "deeper"; } }
    }
    location /group/ { location /group/one/ { return 200 "one"; } }
    location ~ ^/Re-outer/ { return 200 "outer"; location ~ /inner/(.) { return 200 "inner $1"; } }

    location /rw/last/ { rewrite ^/rw/last/(.*)$ /prefix/$1 last; return 200 "not here"; }
    location /rw/break/ { rewrite ^/rw/break/(.*)$ /rw/b/$1 break; }
    location /rw/redirect/ { rewrite ^/rw/redirect/(.*)$ /to/$1 redirect; }
    location /rw/permanent/ { rewrite ^/rw/permanent/(.*)$ /to/$1 permanent; }
    location /rw/plain/ { rewrite ^/rw/plain/(.*)$ /prefix/$1; }
    location /rw/then/ { rewrite ^/rw/then/(.*)$ /prefix/$1; return 200 "then $uri"; }
    location /rw/twice/ { rewrite ^/rw/twice/(.*)$ /rw/mid/$1; rewrite ^/rw/mid/(.*)$ /prefix/mid/$1; }
    location /rw/loop/ { rewrite ^/rw/loop/(.*)$ /rw/loop/$1; }
    location /rw/args/ { rewrite ^/rw/args/(.*)$ /prefix?a=$1; }
    location /rw/drop/ { rewrite ^/rw/drop/(.*)$ /prefix?a=$1?; }
    location /rw/none/ { rewrite ^/rw/none/(.*)$ /prefix/$1?; }
    location /rw/abs/ { rewrite ^/rw/abs/(.*)$ http://example.net/$1; }
    location /rw/enc/ { rewrite ^/rw/enc/(.*)$ /prefix?a=$1 last; }
    location /rw/encq/ { rewrite ^/rw/encq/(.*)$ /prefix/$1 last; }
    location /rw/encr/ { rewrite ^/rw/encr/(.*)$ /to/$1 redirect; }
    location /rw/chain/ { rewrite ^/rw/chain/(.*)$ /rw/last/$1 last; }
    location /rw/stop/ { rewrite ^/rw/stop/(.*)$ /prefix/$1; break; return 200 "not here"; }
    location /rw/case/ { rewrite "(?i)^/rw/case/abc$" /prefix/case last; return 200 "case"; }
    location = /rw/empty { set $nothing ""; rewrite ^ $nothing last; }

    location = /ret/200 { return 200 "two hundred"; }
    location = /ret/204 { return 204; }
    location = /ret/301 { return 301 https://example.net/x; }
    location = /ret/302 { return 302 https://example.net/x?y=z; }
    location = /ret/303 { return 303 https://example.net/x; }
    location = /ret/307 { return 307 https://example.net/x; }
    location = /ret/308 { return 308 https://example.net/x; }
    location = /ret/rel { return 301 /exact; }
    location = /ret/404 { return 404; }
    location = /ret/410 { return 410; }
    location = /ret/503 { return 503; }
    location = /ret/text { return 404 "no such thing"; }
    location = /ret/vars { return 200 "$request_method $scheme $host $uri $args $arg_y $is_args $request_uri"; }
    location /ret/uri/ { return 301 $scheme://$host/x$request_uri; }
    location = /ret/set { set $a one; set $b "$a two"; return 200 $b; }
    location = /ret/setargs { set $args "z=9"; return 200 "$args $arg_z"; }
    location = /ret/host { return 302 https://$host$request_uri; }
    location = /ret/empty { return 200; }
    location = /ret/deny { deny all; }
    location = /ret/a.html { return 200 "typed"; }

    location = /if/a { if ($arg_x) { return 200 "yes"; } return 200 "no"; }
    location = /if/m { if ($arg_u ~ ^(\w+)-(\d)$) { return 200 "$2 $1"; } return 200 "no"; }
    location = /if/neg { if ($arg_x !~ 1) { return 200 "not"; } return 200 "one"; }
    location = /if/loc { if ($arg_x) { proxy_pass http://127.0.0.1:${behind}; } rewrite ^ /a.html break; }
    location = /if/two { set $n ""; if ($arg_x) { set $n "x"; } if ($arg_y = 1) { set $n "$n-y"; } return 200 $n; }
    location /if/file/ { if (-f $request_filename) { return 200 "file"; } return 200 "no file"; }
    location /if/dir/ { if (!-d $request_filename) { return 200 "no folder"; } return 200 "folder"; }
    location = /if/break { if ($arg_x) { break; } return 200 "went on"; }
    location = /if/rw { if ($arg_x) { rewrite ^ /prefix/if last; } return 200 "plain"; }

    location /try/ { try_files $uri $uri/ /prefix/fallback?from=$uri; }
    location /named/ { try_files $uri $uri/ @proxy; }
    location @proxy { return 200 "named $uri"; }
    location = /tried/code { try_files /none =410; }
    location = /tried/query { try_files /none /prefix/q?$args; }
    location /internal/ { internal; }
    location = /to/internal { rewrite ^ /internal/a.html last; }
    location = /goto { try_files /none /internal/a.html; }
    location = /goto/cycle { try_files /none /goto/cycle; }
    location = /named2 { try_files /none @second; }
    location @second { rewrite ^ /exact last; }

    location = /err/named { error_page 404 @proxy; return 404; }
    location = /err/path { error_page 404 /pages/404.html; return 404; }
    location = /err/path200 { error_page 404 =200 /pages/ok.html; return 404; }
    location = /err/answer { error_page 404 = /exact; return 404; }
    location = /err/to200 { error_page 404 /exact; return 404; }
    location = /err/redirect { error_page 404 https://example.net/lost; return 404; }
    location = /err/redirect301 { error_page 404 =301 /exact; return 404; }
    location = /err/missing { error_page 404 /pages/none.html; return 404; }
    location = /err/twice { error_page 404 = /err/inner; return 404; }
    location = /err/inner { error_page 410 /pages/ok.html; return 410; }
    location = /err/args { error_page 404 = /prefix/e?was=$arg_x; return 404; }
    location = /err/403 { error_page 403 /pages/404.html; deny all; }
    location = /err/301 { error_page 301 302 /pages/404.html; return 301 /exact; }
    location = /err/302 { error_page 302 =200 /pages/ok.html; return 302 https://example.net/x; }
    location = /err/308 { error_page 308 @proxy; return 308 /exact; }
    location = /err/303 { error_page 303 = /exact; return 303 /prefix; }
    location = /err/307 { error_page 307 https://example.net/other; return 307 /prefix; }
    location = /err/moved { error_page 301 =302 @proxy; rewrite ^ /prefix permanent; }
    location /err/folder/ { error_page 301 =410 /pages/404.html; }
    location = /err/there { proxy_intercept_errors on; error_page 302 = @followed; proxy_pass http://127.0.0.1:${behind}/redirects; }
    location @followed { return 200 "led to $upstream_http_location"; }
    location = /err/passed { error_page 302 = @followed; proxy_pass http://127.0.0.1:${behind}/redirects; proxy_redirect off; }
    location = /err/ret { error_page 404 = /ret/301; return 404; }
    location /err/file/ { error_page 404 = /pages/ok.html; }
    location /pages/ { }

    location /app/ { proxy_pass http://127.0.0.1:${behind}; }
`;

/** The server's own rules. */
export const RULES: readonly RuleConfig[] = [
  rewrite("^/old/(.*)$", "/prefix/{1}"),
  when(like("{uri}", "^/gone/"), [give(410)]),
  rewrite("^/moved$", "https://example.net/new", "permanent"),
];

const ret = (path: string, status: number, text: string | null = null): RouteConfig =>
  route(exact(path), nothing, { rules: [give(status, text)] });
const rw = (path: string, to: string, flag: Extract<RuleConfig, { kind: "rewrite" }>["flag"] = "continue") =>
  route(prefix(path), nothing, { rules: [rewrite(`^${path}(.*)$`, to, flag)] });
const text = (match: RouteConfig["match"], body: string, routes: readonly RouteConfig[] = []): RouteConfig =>
  route(match, nothing, { rules: [give(200, body)], routes });

export function ROUTES(root: string): readonly RouteConfig[] {
  const disk: StaticConfig = files(root, { indexGoto: true, precompressed: false });
  const failing = (path: string, to: string, status: number | "answer" | null, code = 404): RouteConfig =>
    route(exact(path), nothing, {
      rules: [give(code)],
      errors: [{ statuses: [code], answer: { kind: "path", to }, status }],
    });
  const tries = (match: RouteConfig["match"], paths: readonly string[], otherwise: HandlerConfig): RouteConfig =>
    route(match, tryFiles(root, paths, otherwise));
  const folder = (path: string, rules: readonly RuleConfig[]): RouteConfig => route(prefix(path), disk, { rules });
  return [
    route(prefix("/"), disk),
    text(exact("/exact"), "exact"),
    text(prefix("/prefix"), "prefix {uri} {args}"),
    text(prefix("/prefix/longer/"), "longer"),
    text(final("/final/"), "final"),
    text(regex("^/re/(\\d+)/(?<name>\\w+)$"), "re {1} {name}"),
    text(regex("\\.txt$"), "txt"),
    text(regex("\\.PNG$", true), "png"),
    text(prefix("/nest/"), "nest", [
      text(prefix("/nest/in/"), "in"),
      text(exact("/nest/exact"), "nested exact"),
      text(final("/nest/final/"), "nested final"),
      text(regex("\\.css$"), "nested css"),
      text(prefix("/nest/deep/"), "deep", [text(prefix("/nest/deep/er/"), "deeper")]),
    ]),
    route(prefix("/group/"), disk, { routes: [text(prefix("/group/one/"), "one")] }),
    text(regex("^/Re-outer/"), "outer", [text(regex("/inner/(.)"), "inner {1}")]),

    route(prefix("/rw/last/"), nothing, {
      rules: [rewrite("^/rw/last/(.*)$", "/prefix/{1}", "last"), give(200, "not here")],
    }),
    folder("/rw/break/", [rewrite("^/rw/break/(.*)$", "/rw/b/{1}", "break")]),
    rw("/rw/redirect/", "/to/{1}", "redirect"),
    rw("/rw/permanent/", "/to/{1}", "permanent"),
    rw("/rw/plain/", "/prefix/{1}"),
    route(prefix("/rw/then/"), nothing, {
      rules: [rewrite("^/rw/then/(.*)$", "/prefix/{1}"), give(200, "then {uri}")],
    }),
    route(prefix("/rw/twice/"), nothing, {
      rules: [rewrite("^/rw/twice/(.*)$", "/rw/mid/{1}"), rewrite("^/rw/mid/(.*)$", "/prefix/mid/{1}")],
    }),
    rw("/rw/loop/", "/rw/loop/{1}"),
    rw("/rw/args/", "/prefix?a={1}"),
    rw("/rw/drop/", "/prefix?a={1}?"),
    rw("/rw/none/", "/prefix/{1}?"),
    rw("/rw/abs/", "http://example.net/{1}"),
    rw("/rw/enc/", "/prefix?a={1}", "last"),
    rw("/rw/encq/", "/prefix/{1}", "last"),
    rw("/rw/encr/", "/to/{1}", "redirect"),
    rw("/rw/chain/", "/rw/last/{1}", "last"),
    folder("/rw/stop/", [rewrite("^/rw/stop/(.*)$", "/prefix/{1}"), { kind: "break" }, give(200, "not here")]),
    route(prefix("/rw/case/"), nothing, {
      rules: [
        { kind: "rewrite", pattern: "^/rw/case/abc$", ignoreCase: true, to: "/prefix/case", flag: "last" },
        give(200, "case"),
      ],
    }),
    route(exact("/rw/empty"), nothing, { rules: [put("nothing", ""), rewrite("^", "{nothing}", "last")] }),

    ret("/ret/200", 200, "two hundred"),
    ret("/ret/204", 204),
    ret("/ret/301", 301, "https://example.net/x"),
    ret("/ret/302", 302, "https://example.net/x?y=z"),
    ret("/ret/303", 303, "https://example.net/x"),
    ret("/ret/307", 307, "https://example.net/x"),
    ret("/ret/308", 308, "https://example.net/x"),
    ret("/ret/rel", 301, "/exact"),
    ret("/ret/404", 404),
    ret("/ret/410", 410),
    ret("/ret/503", 503),
    ret("/ret/text", 404, "no such thing"),
    ret("/ret/vars", 200, "{request_method} {scheme} {host} {uri} {args} {arg_y} {is_args} {request_uri}"),
    route(prefix("/ret/uri/"), nothing, { rules: [give(301, "{scheme}://{host}/x{request_uri}")] }),
    route(exact("/ret/set"), nothing, { rules: [put("a", "one"), put("b", "{a} two"), give(200, "{b}")] }),
    route(exact("/ret/setargs"), nothing, { rules: [put("args", "z=9"), give(200, "{args} {arg_z}")] }),
    ret("/ret/host", 302, "https://{host}{request_uri}"),
    ret("/ret/empty", 200),
    route(exact("/ret/deny"), disk, { access: [{ allow: false, range: "all" }] }),
    ret("/ret/a.html", 200, "typed"),

    route(exact("/if/a"), nothing, { rules: [when(truth("{arg_x}"), [give(200, "yes")]), give(200, "no")] }),
    route(exact("/if/m"), nothing, {
      rules: [when(like("{arg_u}", "^(\\w+)-(\\d)$"), [give(200, "{2} {1}")]), give(200, "no")],
    }),
    route(exact("/if/neg"), nothing, {
      rules: [when({ ...like("{arg_x}", "1"), not: true }, [give(200, "not")]), give(200, "one")],
    }),
    route(exact("/if/loc"), disk, {
      rules: [when(truth("{arg_x}"), [], route(NONE, proxyTo("behind"))), rewrite("^", "/a.html", "break")],
    }),
    route(exact("/if/two"), nothing, {
      rules: [
        put("n", ""),
        when(truth("{arg_x}"), [put("n", "x")]),
        when(is("{arg_y}", "1"), [put("n", "{n}-y")]),
        give(200, "{n}"),
      ],
    }),
    folder("/if/file/", [
      when({ kind: "file", path: "{request_filename}", not: false }, [give(200, "file")]),
      give(200, "no file"),
    ]),
    folder("/if/dir/", [
      when({ kind: "directory", path: "{request_filename}", not: true }, [give(200, "no folder")]),
      give(200, "folder"),
    ]),
    route(exact("/if/break"), disk, { rules: [when(truth("{arg_x}"), [{ kind: "break" }]), give(200, "went on")] }),
    route(exact("/if/rw"), nothing, {
      rules: [when(truth("{arg_x}"), [rewrite("^", "/prefix/if", "last")]), give(200, "plain")],
    }),

    tries(prefix("/try/"), ["{uri}", "{uri}/"], goto("/prefix/fallback?from={uri}")),
    tries(prefix("/named/"), ["{uri}", "{uri}/"], goto("@proxy")),
    route(NONE, nothing, { name: "proxy", rules: [give(200, "named {uri}")] }),
    tries(exact("/tried/code"), ["/none"], fail(410)),
    tries(exact("/tried/query"), ["/none"], goto("/prefix/q?{args}")),
    route(prefix("/internal/"), disk, { internal: true }),
    route(exact("/to/internal"), nothing, { rules: [rewrite("^", "/internal/a.html", "last")] }),
    tries(exact("/goto"), ["/none"], goto("/internal/a.html")),
    tries(exact("/goto/cycle"), ["/none"], goto("/goto/cycle")),
    tries(exact("/named2"), ["/none"], goto("@second")),
    route(NONE, nothing, { name: "second", rules: [rewrite("^", "/exact", "last")] }),

    route(exact("/err/named"), nothing, {
      rules: [give(404)],
      errors: [{ statuses: [404], answer: { kind: "route", name: "proxy" }, status: null }],
    }),
    failing("/err/path", "/pages/404.html", null),
    failing("/err/path200", "/pages/ok.html", 200),
    failing("/err/answer", "/exact", "answer"),
    failing("/err/to200", "/exact", null),
    route(exact("/err/redirect"), nothing, {
      rules: [give(404)],
      errors: [{ statuses: [404], answer: { kind: "redirect", to: "https://example.net/lost" }, status: null }],
    }),
    failing("/err/redirect301", "/exact", 301),
    failing("/err/missing", "/pages/none.html", null),
    failing("/err/twice", "/err/inner", "answer"),
    failing("/err/inner", "/pages/ok.html", null, 410),
    failing("/err/args", "/prefix/e?was={arg_x}", "answer"),
    route(exact("/err/403"), disk, {
      access: [{ allow: false, range: "all" }],
      errors: [{ statuses: [403], answer: { kind: "path", to: "/pages/404.html" }, status: null }],
    }),
    route(exact("/err/301"), nothing, {
      rules: [give(301, "/exact")],
      errors: [{ statuses: [301, 302], answer: { kind: "path", to: "/pages/404.html" }, status: null }],
    }),
    route(exact("/err/302"), nothing, {
      rules: [give(302, "https://example.net/x")],
      errors: [{ statuses: [302], answer: { kind: "path", to: "/pages/ok.html" }, status: 200 }],
    }),
    route(exact("/err/308"), nothing, {
      rules: [give(308, "/exact")],
      errors: [{ statuses: [308], answer: { kind: "route", name: "proxy" }, status: null }],
    }),
    route(exact("/err/303"), nothing, {
      rules: [give(303, "/prefix")],
      errors: [{ statuses: [303], answer: { kind: "path", to: "/exact" }, status: "answer" }],
    }),
    route(exact("/err/307"), nothing, {
      rules: [give(307, "/prefix")],
      errors: [{ statuses: [307], answer: { kind: "redirect", to: "https://example.net/other" }, status: null }],
    }),
    route(exact("/err/moved"), nothing, {
      rules: [rewrite("^", "/prefix", "permanent")],
      errors: [{ statuses: [301], answer: { kind: "route", name: "proxy" }, status: 302 }],
    }),
    route(prefix("/err/folder/"), disk, {
      errors: [{ statuses: [301], answer: { kind: "path", to: "/pages/404.html" }, status: 410 }],
    }),
    route(
      exact("/err/there"),
      { ...proxyTo("behind"), path: { strip: "/err/there", to: "/redirects" } },
      {
        intercept: true,
        errors: [{ statuses: [302], answer: { kind: "route", name: "followed" }, status: "answer" }],
      },
    ),
    route(NONE, nothing, { name: "followed", rules: [give(200, "led to {upstream_http_location}")] }),
    route(
      exact("/err/passed"),
      { ...proxyTo("behind"), path: { strip: "/err/passed", to: "/redirects" } },
      {
        errors: [{ statuses: [302], answer: { kind: "route", name: "followed" }, status: "answer" }],
      },
    ),
    failing("/err/ret", "/ret/301", "answer"),
    route(prefix("/err/file/"), disk, {
      errors: [{ statuses: [404], answer: { kind: "path", to: "/pages/ok.html" }, status: "answer" }],
    }),
    route(prefix("/pages/"), disk),

    route(prefix("/app/"), proxyTo("behind")),
  ];
}
