/** The release of NGINX whose configuration and command line are understood; what `{nginx_version}` and `-v` say. */
export const NGINX_VERSION = "1.22.1";

/** What isn't there, as `nginx -V` says it of a build that leaves modules out, so that scripts which look find the truth. */
const WITHOUT: readonly string[] = [
  "browser",
  "empty_gif",
  "grpc",
  "memcached",
  "mirror",
  "referer",
  "split_clients",
  "ssi",
  "upstream_least_time",
  "userid",
];

/** What a build of NGINX has only when asked for, and is here. */
const WITH: readonly string[] = ["auth_request", "gzip_static", "realip", "ssl", "stub_status", "v2"];

/** The lines of `-v` and `-V`; `version` is Propylon's own. */
export function versionText(version: string, long: boolean): string {
  const first = `nginx version: nginx/${NGINX_VERSION} (Propylon ${version})\n`;
  if (!long) return first;
  const modules = [
    ...WITHOUT.map((name) => `--without-http_${name}_module`),
    ...WITH.map((name) => `--with-http_${name}_module`),
  ];
  return `${first}TLS SNI support enabled\nconfigure arguments: ${modules.join(" ")}\n`;
}

/** The lines of `-h`. */
export const HELP = `Usage: propylon nginx [-?hvVtTq] [-s signal] [-p prefix] [-e filename] [-c filename] [-g directives]

Options:
  -?,-h         : this help
  -v            : show version and exit
  -V            : show version and configure options then exit
  -t            : test configuration and exit
  -T            : test configuration, dump it and exit
  -q            : suppress non-error messages during configuration testing
  -s signal     : send signal to a master process: stop, quit, reopen, reload
  -p prefix     : set prefix path (default: the folder of the configuration file)
  -e filename   : accepted; the log goes to stderr
  -c filename   : set configuration file (default: /etc/nginx/nginx.conf)
  -g directives : set global directives out of configuration file

`;
