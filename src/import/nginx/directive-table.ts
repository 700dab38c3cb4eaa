/**
 * Where each directive of NGINX may stand and how many arguments it takes, as its documentation says: contexts (M main, E events,
 * H http, S server, L location, U upstream, I `if` in a server, J `if` in a location, X limit_except), then the numbers of
 * arguments (`12`: one or two, `1+`: one or more, `flag`: on or off), `block` for what opens one, `once` for what may stand
 * only once at a level, then the names.
 */
export const DIRECTIVE_TABLE = `
M 0 block:
  events http
M 1:
  env load_module ssl_engine worker_priority worker_processes
M 1 once:
  debug_points lock_file pid timer_resolution worker_rlimit_core worker_rlimit_nofile worker_shutdown_timeout
  working_directory
M 1+:
  error_log worker_cpu_affinity
M 12:
  user
M 23:
  thread_pool
M any block:
  mail stream
M flag once:
  daemon master_process pcre_jit ssl_object_cache_inheritable
E 1:
  debug_connection use worker_connections
E 1 once:
  accept_mutex_delay devpoll_changes devpoll_events epoll_events eventport_events iocp_threads kqueue_changes
  kqueue_events post_acceptex worker_aio_requests
E flag once:
  accept_mutex acceptex_read multi_accept
H 0 block:
  server
H 1:
  degradation geoip_proxy perl_modules perl_require
H 1 once:
  http2_recv_buffer_size map_hash_bucket_size map_hash_max_size server_names_hash_bucket_size
  server_names_hash_max_size variables_hash_bucket_size variables_hash_max_size
H 1 block:
  upstream
H 12:
  geoip_city geoip_country geoip_org
H 12 block:
  geo
H 2:
  limit_conn_zone perl_set
H 2 block:
  charset_map map split_clients
H 2+:
  fastcgi_cache_path log_format proxy_cache_path scgi_cache_path uwsgi_cache_path
H 3:
  limit_req_zone
H flag once:
  geoip_proxy_recursive
HS 1:
  http2_idle_timeout http2_max_concurrent_pushes http2_max_field_size http2_max_header_size http2_max_requests
  http2_recv_timeout quic_host_key ssl_certificate ssl_certificate_key ssl_ech_file ssl_ocsp_cache ssl_password_file
  ssl_session_ticket_key
HS 1 once:
  client_header_buffer_size client_header_timeout connection_pool_size http2_body_preread_size http2_idle_timeout
  http2_max_concurrent_streams http2_max_field_size http2_max_header_size http2_max_requests http2_pool_size
  http2_recv_timeout http2_streams_index_size http3_max_concurrent_streams http3_stream_buffer_size max_headers
  quic_active_connection_id_limit request_pool_size ssl_buffer_size ssl_ciphers ssl_client_certificate ssl_crl
  ssl_dhparam ssl_ecdh_curve ssl_ocsp ssl_ocsp_responder ssl_session_timeout ssl_stapling_file ssl_stapling_responder
  ssl_trusted_certificate ssl_verify_client ssl_verify_depth
HS 1+:
  client_body_early_read ssl_protocols
HS 12:
  ssl_session_cache
HS 123:
  ssl_certificate_cache
HS 2:
  ssl_conf_command
HS 2 once:
  large_client_header_buffers
HS flag once:
  http2 http3 http3_hq ignore_invalid_headers merge_slashes quic_gso quic_retry ssl ssl_certificate_compression
  ssl_early_data ssl_prefer_server_ciphers ssl_reject_handshake ssl_session_tickets ssl_stapling ssl_stapling_verify
  underscores_in_headers
HSL 0 block:
  types
HSL 1:
  aio ancient_browser_value auth_request directio fastcgi_cache fastcgi_cache_key fastcgi_catch_stderr
  fastcgi_hide_header fastcgi_pass_header fastcgi_split_path_info fastcgi_store grpc_hide_header grpc_pass_header
  grpc_ssl_password_file http2_push image_filter_jpeg_quality image_filter_sharpen image_filter_webp_quality mirror
  modern_browser_value proxy_cache proxy_cache_key proxy_hide_header proxy_pass_header proxy_ssl_password_file
  proxy_store real_ip_header scgi_cache scgi_cache_key scgi_hide_header scgi_pass_header scgi_store set_real_ip_from
  userid_expires userid_mark uwsgi_cache uwsgi_cache_key uwsgi_hide_header uwsgi_pass_header uwsgi_ssl_password_file
  uwsgi_store xml_entities
HSL 1 once:
  add_after_body add_before_body auth_delay autoindex_format client_body_buffer_size client_body_in_file_only
  client_body_timeout client_max_body_size default_type degrade directio_alignment fastcgi_buffer_size
  fastcgi_busy_buffers_size fastcgi_cache_lock_age fastcgi_cache_lock_timeout fastcgi_cache_max_range_offset
  fastcgi_cache_min_uses fastcgi_connect_timeout fastcgi_index fastcgi_limit_rate fastcgi_max_temp_file_size
  fastcgi_next_upstream_timeout fastcgi_next_upstream_tries fastcgi_read_timeout fastcgi_send_lowat
  fastcgi_send_timeout fastcgi_socket_rcvbuf fastcgi_socket_sndbuf fastcgi_temp_file_write_size grpc_buffer_size
  grpc_connect_timeout grpc_next_upstream_timeout grpc_next_upstream_tries grpc_read_timeout grpc_send_timeout
  grpc_socket_rcvbuf grpc_socket_sndbuf grpc_ssl_certificate grpc_ssl_certificate_key grpc_ssl_ciphers grpc_ssl_crl
  grpc_ssl_name grpc_ssl_trusted_certificate grpc_ssl_verify_depth gzip_comp_level gzip_hash gzip_http_version
  gzip_min_length gzip_static gzip_window http2_chunk_size if_modified_since image_filter_buffer keepalive_min_timeout
  keepalive_requests keepalive_time limit_conn_log_level limit_conn_status limit_req_log_level limit_req_status
  lingering_close lingering_time lingering_timeout max_ranges memcached_buffer_size memcached_connect_timeout
  memcached_gzip_flag memcached_next_upstream_timeout memcached_next_upstream_tries memcached_read_timeout
  memcached_send_timeout min_delete_depth mp4_buffer_size mp4_max_buffer_size open_file_cache_min_uses
  open_file_cache_valid postpone_gzipping postpone_output proxy_buffer_size proxy_busy_buffers_size
  proxy_cache_lock_age proxy_cache_lock_timeout proxy_cache_max_range_offset proxy_cache_min_uses
  proxy_connect_timeout proxy_headers_hash_bucket_size proxy_headers_hash_max_size proxy_http_version proxy_limit_rate
  proxy_max_temp_file_size proxy_method proxy_next_upstream_timeout proxy_next_upstream_tries proxy_read_timeout
  proxy_send_lowat proxy_send_timeout proxy_set_body proxy_socket_rcvbuf proxy_socket_sndbuf proxy_ssl_certificate
  proxy_ssl_certificate_key proxy_ssl_ciphers proxy_ssl_crl proxy_ssl_name proxy_ssl_trusted_certificate
  proxy_ssl_verify_depth proxy_temp_file_write_size read_ahead resolver_timeout satisfy scgi_buffer_size
  scgi_busy_buffers_size scgi_cache_lock_age scgi_cache_lock_timeout scgi_cache_max_range_offset scgi_cache_min_uses
  scgi_connect_timeout scgi_limit_rate scgi_max_temp_file_size scgi_next_upstream_timeout scgi_next_upstream_tries
  scgi_read_timeout scgi_send_timeout scgi_socket_rcvbuf scgi_socket_sndbuf scgi_temp_file_write_size secure_link
  secure_link_md5 secure_link_secret send_lowat send_timeout sendfile_max_chunk server_tokens slice ssi_min_file_chunk
  ssi_value_length subrequest_output_buffer_size tunnel_buffer_size tunnel_connect_timeout
  tunnel_next_upstream_timeout tunnel_next_upstream_tries tunnel_read_timeout tunnel_send_lowat tunnel_send_timeout
  tunnel_socket_rcvbuf tunnel_socket_sndbuf types_hash_bucket_size types_hash_max_size userid userid_domain
  userid_name userid_p3p userid_path userid_service uwsgi_buffer_size uwsgi_busy_buffers_size
  uwsgi_cache_background_update uwsgi_cache_lock_age uwsgi_cache_lock_timeout uwsgi_cache_max_range_offset
  uwsgi_cache_min_uses uwsgi_connect_timeout uwsgi_limit_rate uwsgi_max_temp_file_size uwsgi_modifier1 uwsgi_modifier2
  uwsgi_next_upstream_timeout uwsgi_next_upstream_tries uwsgi_read_timeout uwsgi_send_timeout uwsgi_socket_rcvbuf
  uwsgi_socket_sndbuf uwsgi_ssl_certificate uwsgi_ssl_certificate_key uwsgi_ssl_ciphers uwsgi_ssl_crl uwsgi_ssl_name
  uwsgi_ssl_trusted_certificate uwsgi_ssl_verify_depth uwsgi_string uwsgi_temp_file_write_size
HSL 1+:
  addition_types ancient_browser charset_types dav_methods early_hints error_log fastcgi_cache_bypass
  fastcgi_cache_methods fastcgi_cache_use_stale fastcgi_cache_valid fastcgi_ignore_headers fastcgi_next_upstream
  fastcgi_no_cache grpc_ignore_headers grpc_next_upstream grpc_ssl_protocols gzip_disable gzip_proxied gzip_types
  index memcached_next_upstream proxy_cache_bypass proxy_cache_methods proxy_cache_use_stale proxy_cache_valid
  proxy_ignore_headers proxy_next_upstream proxy_no_cache proxy_ssl_protocols resolver scgi_cache_bypass
  scgi_cache_methods scgi_cache_use_stale scgi_cache_valid scgi_ignore_headers scgi_next_upstream scgi_no_cache
  ssi_types sub_filter_types tunnel_next_upstream uwsgi_cache_bypass uwsgi_cache_methods uwsgi_cache_use_stale
  uwsgi_cache_valid uwsgi_ignore_headers uwsgi_next_upstream uwsgi_no_cache uwsgi_ssl_protocols xslt_types
HSL 12:
  disable_symlinks fastcgi_bind grpc_bind keepalive_disable keepalive_timeout memcached_bind modern_browser
  open_file_cache proxy_bind proxy_cookie_domain proxy_cookie_path proxy_redirect scgi_bind tunnel_bind uwsgi_bind
HSL 123:
  dav_access fastcgi_store_access grpc_ssl_certificate_cache limit_req proxy_ssl_certificate_cache proxy_store_access
  scgi_store_access userid_flags uwsgi_ssl_certificate_cache uwsgi_store_access
HSL 1234:
  open_log_file_cache proxy_cookie_flags
HSL 1234 once:
  client_body_temp_path fastcgi_temp_path proxy_temp_path scgi_temp_path uwsgi_temp_path
HSL 2:
  auth_request_set grpc_set_header grpc_ssl_conf_command limit_conn proxy_set_header proxy_ssl_conf_command sub_filter
  uwsgi_ssl_conf_command xslt_param xslt_string_param
HSL 2 once:
  fastcgi_buffers gunzip_buffers gzip_buffers output_buffers proxy_buffers scgi_buffers uwsgi_buffers
HSL 23:
  fastcgi_param scgi_param uwsgi_param
HSL flag:
  http2_push_preload
HSL flag once:
  absolute_redirect aio_write autoindex autoindex_exact_size autoindex_localtime chunked_transfer_encoding
  client_body_in_single_buffer create_full_put_path etag fastcgi_buffering fastcgi_cache_background_update
  fastcgi_cache_lock fastcgi_cache_revalidate fastcgi_force_ranges fastcgi_ignore_client_abort
  fastcgi_intercept_errors fastcgi_keep_conn fastcgi_pass_request_body fastcgi_pass_request_headers
  fastcgi_request_buffering fastcgi_socket_keepalive grpc_intercept_errors grpc_socket_keepalive grpc_ssl_server_name
  grpc_ssl_session_reuse grpc_ssl_verify gunzip gzip_no_buffer gzip_vary image_filter_interlace
  image_filter_transparency limit_conn_dry_run limit_req_dry_run log_not_found log_subrequest
  memcached_socket_keepalive mirror_request_body mp4_start_key_frame msie_padding msie_refresh open_file_cache_errors
  open_file_cache_events port_in_redirect proxy_buffering proxy_cache_background_update proxy_cache_convert_head
  proxy_cache_lock proxy_cache_revalidate proxy_force_ranges proxy_ignore_client_abort proxy_intercept_errors
  proxy_pass_request_body proxy_pass_request_headers proxy_pass_trailers proxy_request_buffering
  proxy_socket_keepalive proxy_ssl_server_name proxy_ssl_session_reuse proxy_ssl_verify real_ip_recursive
  recursive_error_pages reset_timedout_connection scgi_buffering scgi_cache_background_update scgi_cache_lock
  scgi_cache_revalidate scgi_force_ranges scgi_ignore_client_abort scgi_intercept_errors scgi_pass_request_body
  scgi_pass_request_headers scgi_request_buffering scgi_socket_keepalive server_name_in_redirect
  ssi_ignore_recycled_buffers ssi_last_modified ssi_silent_errors sub_filter_last_modified sub_filter_once tcp_nodelay
  tcp_nopush tunnel_socket_keepalive uwsgi_buffering uwsgi_cache_lock uwsgi_cache_revalidate uwsgi_force_ranges
  uwsgi_ignore_client_abort uwsgi_intercept_errors uwsgi_pass_request_body uwsgi_pass_request_headers
  uwsgi_request_buffering uwsgi_socket_keepalive uwsgi_ssl_server_name uwsgi_ssl_session_reuse uwsgi_ssl_verify
  xml_external_entities xslt_last_modified
HSLJ 1:
  charset root source_charset
HSLJ 1 once:
  add_header_inherit add_trailer_inherit limit_rate limit_rate_after post_action
HSLJ 12:
  expires
HSLJ 2+:
  error_page
HSLJ 23:
  add_header add_trailer
HSLJ flag once:
  gzip override_charset sendfile ssi
HSLX 1:
  allow auth_basic_user_file deny
HSLX 1 once:
  auth_basic
HSLIJ flag once:
  rewrite_log uninitialized_variable_warn
HSLJX 1+:
  access_log
S 1+:
  listen server_name
SL 01:
  stub_status
SL 1 once:
  referer_hash_bucket_size referer_hash_max_size
SL 1+:
  valid_referers
SL 1+ block:
  if
SL 12 block:
  location
SL 2+:
  try_files
SLJ 01:
  tunnel_pass
SLIJ 0:
  break
SLIJ 12:
  return
SLIJ 2:
  set
SLIJ 23:
  rewrite
L 0:
  empty_gif flv internal mp4
L 1:
  alias
L 1+:
  xslt_stylesheet
L 1+ block:
  limit_except
L 123:
  image_filter
L flag once:
  random_index
LJ 1:
  fastcgi_pass grpc_pass memcached_pass scgi_pass uwsgi_pass
LX 1:
  perl
LJX 1:
  proxy_pass
U 0:
  ip_hash least_conn
U 012:
  random
U 1 once:
  keepalive_requests keepalive_time keepalive_timeout resolver_timeout
U 1+:
  resolver server
U 12:
  hash keepalive least_time zone
U 2+:
  sticky
`;

/**
 * How directives of modules that are not part of NGINX's source begin, up to a `_` or their end; nothing is known of their
 * arguments.
 */
export const FOREIGN_BEGINNINGS = `
access_by_lua acme api app_protect auth_digest auth_gss auth_jwt auth_ldap auth_pam auth_spnego balancer_by_lua
body_filter_by_lua brotli cache_purge content_by_lua ct drizzle echo encrypted_session exit_worker_by_lua f4f fancyindex
fastcgi_cache_purge geoip geoip2 google_perftools_profiles header_filter_by_lua health_check hls iconv image_filter
init_by_lua init_worker_by_lua js keyval log_by_lua lua match memc modsecurity more_clear_headers more_clear_input_headers
more_set_headers more_set_input_headers nchan ntlm opentelemetry opentracing otel pagespeed passenger perl postgres
proxy_cache_purge push_stream queue random_index redis redis2 rewrite_by_lua rtmp server_rewrite_by_lua session_log
set_by_lua set_md5 set_random set_sha1 srcache ssl_certificate_by_lua state status status_zone sticky subs_filter upload
uwsgi_cache_purge vhost_traffic_status xml_entities xslt zstd
`;
