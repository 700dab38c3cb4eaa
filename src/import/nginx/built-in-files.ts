/** What the packages of NGINX put beside nginx.conf; read where a configuration includes a file that isn't there. */
const CGI = (directive: string, lines: readonly (readonly [string, string])[]): string =>
  lines.map(([name, value]) => `${directive} ${name} ${value};`).join("\n");

const COMMON: readonly (readonly [string, string])[] = [
  ["QUERY_STRING", "$query_string"],
  ["REQUEST_METHOD", "$request_method"],
  ["CONTENT_TYPE", "$content_type"],
  ["CONTENT_LENGTH", "$content_length"],
  ["REQUEST_URI", "$request_uri"],
  ["DOCUMENT_ROOT", "$document_root"],
  ["SERVER_PROTOCOL", "$server_protocol"],
  ["REQUEST_SCHEME", "$scheme"],
  ["HTTPS", "$https if_not_empty"],
  ["REMOTE_ADDR", "$remote_addr"],
  ["REMOTE_PORT", "$remote_port"],
  ["SERVER_PORT", "$server_port"],
  ["SERVER_NAME", "$server_name"],
];

const FASTCGI: readonly (readonly [string, string])[] = [
  ...COMMON,
  ["SCRIPT_NAME", "$fastcgi_script_name"],
  ["DOCUMENT_URI", "$document_uri"],
  ["GATEWAY_INTERFACE", "CGI/1.1"],
  ["SERVER_SOFTWARE", "nginx/$nginx_version"],
  ["SERVER_ADDR", "$server_addr"],
  ["REDIRECT_STATUS", "200"],
];

/** By file name. The media types are Propylon's own, so that file is empty here. */
export const BUILT_IN_FILES: Readonly<Record<string, string>> = {
  "mime.types": "",
  uwsgi_params: CGI("uwsgi_param", [...COMMON, ["PATH_INFO", "$document_uri"]]),
  scgi_params: CGI("scgi_param", [...COMMON, ["SCGI", "1"], ["DOCUMENT_URI", "$document_uri"]]),
  fastcgi_params: CGI("fastcgi_param", FASTCGI),
  "fastcgi.conf": CGI("fastcgi_param", [["SCRIPT_FILENAME", "$document_root$fastcgi_script_name"], ...FASTCGI]),
  // What certbot writes, and Debian's example: settings of TLS alone.
  "options-ssl-nginx.conf": "ssl_session_cache shared:le_nginx_SSL:10m;",
  "snakeoil.conf": "ssl_certificate /etc/ssl/certs/ssl-cert-snakeoil.pem;",
  proxy_params: [
    "proxy_set_header Host $http_host;",
    "proxy_set_header X-Real-IP $remote_addr;",
    "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
    "proxy_set_header X-Forwarded-Proto $scheme;",
  ].join("\n"),
};
