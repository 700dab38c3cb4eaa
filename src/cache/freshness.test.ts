import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../test/support/property.ts";
import { parseDirectives, secondsOf } from "./directives.ts";
import { explicitLifetime, guessedLifetime, initialAge } from "./freshness.ts";

const NOW = Date.UTC(2026, 0, 1, 12);
const seconds = fc.integer({ min: 0, max: 10_000_000 });

test("an answer is never younger than its Age says, nor than the time since its Date, nor than it was on its way", () => {
  fc.assert(
    fc.property(seconds, fc.integer({ min: -1000, max: 10_000_000 }), seconds, (age, sinceDate, delay) => {
      const times = { received: NOW, delay };
      const old = initialAge(NOW - sinceDate * 1000, String(age), times);
      assert.ok(old >= age * 1000 + delay);
      assert.ok(old >= sinceDate * 1000);
      assert.ok(old === age * 1000 + delay || old === sinceDate * 1000, "and no older than one of them says");
    }),
  );
});

test("a longer way makes an answer older by just that", () => {
  fc.assert(
    fc.property(seconds, seconds, (age, delay) => {
      const at = (more: number) => initialAge(null, String(age), { received: NOW, delay: delay + more });
      assert.equal(at(500) - at(0), 500);
    }),
  );
});

test("an Age that is no number of seconds counts as none; of several the first counts", () => {
  const times = { received: NOW, delay: 0 };
  for (const age of ["", "-1", "1.5", "x", "1e3", " "]) assert.equal(initialAge(NOW, age, times), 0, age);
  assert.equal(initialAge(NOW, "5, 7", times), 5000);
  assert.equal(initialAge(NOW, "99999999999999999999", times), 2 ** 31 * 1000);
});

test("s-maxage goes before max-age, and max-age before Expires", () => {
  fc.assert(
    fc.property(fc.option(seconds), fc.option(seconds), fc.option(seconds), (shared, max, expires) => {
      const parts = [...(shared === null ? [] : [`s-maxage=${shared}`]), ...(max === null ? [] : [`max-age=${max}`])];
      const until = expires === null ? undefined : new Date(NOW + expires * 1000).toUTCString();
      const expected = shared ?? max ?? expires;
      const got = explicitLifetime(parseDirectives(parts.join(", ")), until, NOW, NOW);
      assert.equal(got, expected === null ? null : expected * 1000);
    }),
  );
});

test("an answer is fresh for as long before Expires as after Date, whatever our clock says", () => {
  fc.assert(
    fc.property(seconds, fc.integer({ min: -1_000_000, max: 1_000_000 }), (lifetime, skew) => {
      const date = NOW + skew * 1000;
      const expires = new Date(date + lifetime * 1000).toUTCString();
      assert.equal(explicitLifetime(parseDirectives(""), expires, date, NOW), lifetime * 1000);
    }),
  );
});

test("a guess is a tenth of the time since the last change, a day at most, and none for a change to come", () => {
  fc.assert(
    fc.property(fc.integer({ min: -1000, max: 100_000_000 }), (since) => {
      const guess = guessedLifetime(NOW / 1000 - since, NOW);
      if (since < 0) assert.equal(guess, null);
      else assert.equal(guess, Math.min(86_400_000, since * 100));
    }),
  );
  assert.equal(guessedLifetime(null, NOW), null);
});

test("directives are read whatever stands between, before and after them", () => {
  const junk = fc.constantFrom("", " ", ",", ", ,", ' x="a, b", ', " y=1 ,", ' "odd" , ', " z = 2,", "=,", "\t,");
  fc.assert(
    fc.property(junk, junk, junk, (before, between, after) => {
      const field = `${before} no-store ,${between} max-age=5 ,${after}`;
      const directives = parseDirectives(field);
      assert.ok(directives.has("no-store"), field);
      assert.equal(secondsOf(directives, "max-age"), 5, field);
    }),
  );
});

test("no text makes the reader fail or find what is not there", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'ab,="\\ -1') }), (field) => {
      for (const [name, value] of parseDirectives(field)) {
        assert.ok(field.toLowerCase().includes(name));
        assert.ok(value === null || value.length <= field.length);
      }
    }),
  );
});

test("a long field is read in time proportional to its length", () => {
  for (const piece of [" ", "a", "=", '"', "\\", ",", 'a="'])
    assert.ok(parseDirectives(piece.repeat(30_000)).size <= 1, piece);
});
