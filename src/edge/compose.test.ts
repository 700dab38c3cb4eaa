import assert from "node:assert/strict";
import { test } from "node:test";
import type { Config } from "../config/model.ts";
import { engineBodyLimit } from "./compose.ts";
import { givenNames } from "./given-names.ts";

const config = (body: number, sites: unknown): Config =>
  ({ limits: { body }, sites, variables: {} }) as unknown as Config;

test("the protocol lets through the largest body that a route takes, and all where one has no limit", () => {
  const site = (...limits: (number | null)[]) => [
    { bodyLimit: null, routes: limits.map((bodyLimit) => ({ bodyLimit })) },
  ];
  assert.equal(engineBodyLimit(config(10, site(null, 5))), 10);
  assert.equal(engineBodyLimit(config(10, site(5, 20))), 20);
  assert.equal(engineBodyLimit(config(10, site(5, 0))), 0);
  assert.equal(engineBodyLimit(config(0, site(5))), 0);
});

test("names come from rules that set and from groups of patterns and hosts, wherever they stand", () => {
  const rules = [{ kind: "when", rules: [{ kind: "set", name: "x" }], condition: { pattern: "(?<y>.)(?<!z)(?:q)" } }];
  const { set, captured } = givenNames(config(0, [{ hosts: ["a", "~^(?<user>.+)$"], routes: [{ rules }] }]));
  assert.deepEqual([...set], ["x"]);
  assert.deepEqual([...captured], ["y", "user"]);
});
