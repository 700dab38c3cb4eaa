import assert from "node:assert/strict";
import { test } from "node:test";
import { COMBINED, fromApache, fromGunicorn, fromUwsgi } from "./log-format.ts";

test("Apache's combined format is ours", () => {
  assert.deepEqual(fromApache('%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"'), {
    text: COMBINED,
    unknown: [],
  });
});

test("Apache's directives with braces, conditions and times become variables", () => {
  const { text, unknown } = fromApache(
    "%v:%p %{c}a %400,501{X-Kind}i %{Content-Type}o %D %{ms}T %T %O %I %% %{a}C {status} %{%F}t %X",
  );
  assert.equal(
    text,
    "{server_name}:{server_port} {remote_addr} {http_x_kind} {sent_http_content_type} {request_microseconds} {request_milliseconds} {request_seconds} {bytes_sent} {request_length} % {cookie_a} {{status}} - -",
  );
  assert.deepEqual(unknown, ["%{%F}t", "%X"]);
});

test("gunicorn's default format is the combined one", () => {
  const { text, unknown } = fromGunicorn('%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"');
  assert.deepEqual([text, unknown], [COMBINED, []]);
  assert.equal(
    fromGunicorn("%({x-request-id}i)s %({server}o)s %({REMOTE_USER}e)s %(L)s %(p)s %(x)s").text,
    "{http_x_request_id} {sent_http_server} {remote_user} {request_time} <{pid}> -",
  );
});

test("uWSGI's variables are ours", () => {
  const { text, unknown } = fromUwsgi(
    '%(addr) [%(ltime)] "%(method) %(uri) %(proto)" %(status) %(size) %(var.HTTP_X_KIND) %(msecs) %(wid)\\n',
  );
  assert.equal(
    text,
    '{remote_addr} [{time_local}] "{request_method} {request_uri} {server_protocol}" {status} {bytes_sent} {http_x_kind} {request_milliseconds} -',
  );
  assert.deepEqual(unknown, ["%(wid)"]);
});
