import type { Verdict } from "../reading.ts";
import { isForeign } from "./directives.ts";
import { type Directive, firstOf } from "./tree.ts";

interface Fate {
  readonly verdict: Verdict;
  readonly note: string;
}

/** Names by what becomes of them, whatever their arguments. */
const GROUPS: readonly (readonly [Verdict, string, RegExp])[] = [
  [
    "ignored",
    "how NGINX's own processes work; Propylon has its own",
    /^(?:events|worker_\w+|use|multi_accept|accept_mutex\w*|acceptex_read|pcre_jit|thread_pool|timer_resolution|debug_\w+|master_process|lock_file|env|working_directory|ssl_engine|ssl_object_cache_inheritable|epoll_events|kqueue_\w+|devpoll_\w+|eventport_events|post_acceptex|iocp_threads|rewrite_log|uninitialized_variable_warn)$/,
  ],
  ["approximated", "Propylon stays in the foreground", /^daemon$/],
  [
    "approximated",
    "`propylon nginx` writes this file; `propylon run` has its process id in its own runtime folder",
    /^pid$/,
  ],
  ["ignored", "no modules are loaded; directives of one are named where they stand", /^load_module$/],
  ["ignored", "the size of a table inside of NGINX", /_hash_(?:max|bucket)_size$|^variables_hash/],
  [
    "ignored",
    "how NGINX moves bytes and remembers open files; clients see no difference",
    /^(?:sendfile\w*|tcp_nopush|tcp_nodelay|aio\w*|directio\w*|output_buffers|postpone_output|read_ahead|open_file_cache\w*|open_log_file_cache|connection_pool_size|request_pool_size|subrequest_output_buffer_size|reset_timedout_connection|lingering_\w+|log_subrequest|log_not_found|msie_\w+|client_body_in_single_buffer|keepalive_time|keepalive_disable|keepalive_min_timeout|min_delete_depth)$/,
  ],
  [
    "ignored",
    "how much is kept in memory and where files wait is set by Propylon's own limits",
    /^(?:client_body_buffer_size|client_body_temp_path|client_header_buffer_size|(?:proxy|uwsgi|fastcgi|scgi)_(?:buffers|buffer_size|busy_buffers_size|temp_path|temp_file_write_size|max_temp_file_size|headers_hash_\w+|socket_keepalive|socket_rcvbuf|socket_sndbuf|send_lowat))$/,
  ],
  ["approximated", "bodies are kept in memory and files as needed, not always in a file", /^client_body_in_file_only$/],
  [
    "ignored",
    "no name here is found out by variables or with `resolve`: the system knows the addresses",
    /^resolver(?:_timeout)?$/,
  ],
  ["ignored", "no listener here speaks TLS", /^(?:ssl_|quic_|http3)\w*$/],
  ["mapped", "HTTP/2 is spoken with clients that ask for it", /^http2$/],
  ["ignored", "bounds on HTTP/2 are Propylon's own (limits.http2)", /^http2_\w+$/],
  [
    "ignored",
    "how much is compressed at once is Propylon's own choice",
    /^(?:gzip|brotli)_(?:buffers|window|hash|no_buffer)$/,
  ],
  ["ignored", "compression is off where it stands", /^(?:gzip|brotli)_(?!static)\w+$/],
  ["approximated", "compressed answers of upstreams go on as they are", /^gunzip\w*$/],
  ["approximated", "files are compressed by gzip and brotli alone", /^zstd\w*$/],
  ["approximated", "answers are fetched and kept whole", /^slice$/],
  ["approximated", "Propylon's own log goes to stderr", /^error_log$/],
  ["approximated", "the name and version of the server are never sent", /^server_tokens$/],
  ["ignored", "what sub_filter does is decided where it stands", /^sub_filter_\w+$/],
  [
    "needs-a-decision",
    "bodies are not rewritten on the way, which would break their lengths, validators and compression: let the application write what it means",
    /^sub_filter\w*$/,
  ],
  ["approximated", "an error on the way to an error page gets our own page", /^recursive_error_pages$/],
  ["approximated", "up to 32 ranges of one request are answered", /^max_ranges$/],
  ["approximated", "the framing is chosen by what the client speaks", /^chunked_transfer_encoding$/],
  [
    "approximated",
    "If-Modified-Since is compared as RFC 9110 says: not modified when it is not older",
    /^if_modified_since$/,
  ],
  ["approximated", "103 of upstreams is not passed on", /^early_hints$/],
  ["approximated", "requests with invalid header names are refused", /^ignore_invalid_headers$/],
  ["approximated", "ranges of answers that are not kept go on as the upstream made them", /^\w+_force_ranges$/],
  [
    "approximated",
    "texts are not recoded: the charset is named alone",
    /^(?:source_charset|override_charset|charset_map)$/,
  ],
  ["approximated", "slashes side by side are one in the path that locations are compared with", /^merge_slashes$/],
  ["approximated", "apps never see header names with underscores", /^underscores_in_headers$/],
  ["approximated", "there is no counter on the admin listener for it", /^status_zone$/],
  ["ignored", "how a limit writes to NGINX's log", /^limit_(?:req|conn)_log_level$/],
  ["needs-a-decision", "TCP and mail are not proxied here; keep NGINX for it", /^(?:stream|mail)$/],
];

/** What is translated where something uses it. */
const TRANSLATED =
  /^(?:http|server|location|if|gzip|gzip_static|brotli|more_set_headers|limit_except|upstream|map|geo|types|listen|server_name|root|alias|index|try_files|error_page|return|rewrite|set|break|allow|deny|satisfy|internal|expires|etag|autoindex\w*|default_type|charset|source_charset|override_charset|charset_types|add_header|disable_symlinks|access_log|user|client_\w+|keepalive_timeout|keepalive_requests|send_timeout|large_client_header_buffers|absolute_redirect|port_in_redirect|server_name_in_redirect|(?:proxy|uwsgi|fastcgi|scgi)_\w+|auth_(?:basic|request|delay)\w*|limit_\w+|set_real_ip_from|real_ip_\w+|stub_status|ssl)$/;

/** The fate of a directive that nothing has used. */
export function fateOf(directive: Directive, isWhole: boolean): Fate {
  const { name } = directive;
  if (/^(?:gzip|daemon)$/.test(name) && firstOf(directive) === "off") return { verdict: "mapped", note: "" };
  if (name === "http2" && firstOf(directive) === "off")
    return {
      verdict: "approximated",
      note: "HTTP/2 is spoken with clients that ask; http2: false at the listener ends that",
    };
  for (const [verdict, note, names] of GROUPS) if (names.test(name)) return { verdict, note };
  if (TRANSLATED.test(name))
    return { verdict: "ignored", note: `nothing ${isWhole ? "at this level or below" : "in what was given"} uses it` };
  if (isForeign(name))
    return {
      verdict: "needs-a-decision",
      note: "a directive of a module that NGINX is not built with by itself; it has no counterpart",
    };
  return { verdict: "needs-a-decision", note: "it has no counterpart in Propylon yet" };
}
