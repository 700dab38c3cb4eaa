import assert from "node:assert/strict";
import { it } from "node:test";
import { expressionConditions, negated } from "./expression.ts";

const NAMES = { documentRoot: "/srv", file: "{request_filename}", lookUp: () => null };
const read = (text: string) => expressionConditions(text, NAMES);

it("an expression is a list of ways, each of conditions that all have to hold", () => {
  assert.deepEqual(read("%{REQUEST_METHOD} == 'GET' && -n %{QUERY_STRING} || %{HTTP_HOST} =~ /^a(b)/i"), [
    [
      { value: "{request_method}", equals: "GET" },
      { value: "{args}", matches: "[^]" },
    ],
    [{ value: "{http_host}", matches: "^a(?:b)", ignore_case: true }],
  ]);
  assert.deepEqual(read("req('X-A') in { 'a', 'b' }"), [
    [{ value: "{http_x_a}", equals: "a" }],
    [{ value: "{http_x_a}", equals: "b" }],
  ]);
  assert.deepEqual(read("-R '10.0.0.0/8'"), [[{ client: ["10.0.0.0/8"] }]]);
  assert.deepEqual(read("-f '%{DOCUMENT_ROOT}/off'"), [[{ file: "/srv/off" }]]);
});

it("what is not so is each way's failure", () => {
  assert.deepEqual(read("!(%{HTTPS} == 'on' || -z %{REMOTE_ADDR})"), [
    [
      { value: "{https}", equals: "on", not: true },
      { value: "{remote_addr}", equals: "", not: true },
    ],
  ]);
  assert.deepEqual(negated(read("%{HTTPS} == 'off' && %{HTTP_HOST} != 'x'")!), [
    [{ value: "{https}", equals: "", not: true }],
    [{ value: "{http_host}", equals: "x" }],
  ]);
});

it("what conditions can't say is no condition, least of all one that holds", () => {
  for (const text of [
    "%{TIME_HOUR} -lt 8",
    "%{REMOTE_USER} == 'a'",
    "file('/x') == ''",
    "'a' == ",
    "(",
    "%{HTTP_HOST}",
  ])
    assert.equal(read(text), null, text);
});
