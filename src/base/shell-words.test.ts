import assert from "node:assert/strict";
import { test } from "node:test";
import { joinShellWords, splitShellWords } from "./shell-words.ts";

for (const [text, words] of [
  ["", []],
  ["  gunicorn   app:app ", ["gunicorn", "app:app"]],
  [`a 'b c' "d e" f\\ g`, ["a", "b c", "d e", "f g"]],
  [`--x="1 2"'3'4`, ["--x=1 23" + "4"]],
  [`"a \\"b\\" \\$c \\d"`, [`a "b" $c \\d`]],
  ["''", [""]],
  ["a \\\n b", ["a", "b"]],
  ["sh -c 'echo \"x\"'", ["sh", "-c", 'echo "x"']],
  ["'open", null],
  ['"open', null],
] as const) {
  test(`${JSON.stringify(text)} is split as a shell does`, () => {
    assert.deepEqual(splitShellWords(text), words);
  });
}

test("joined words are read back as they were", () => {
  const words = ["a", "", "it's", 'say "x"', "$HOME", "a b", "x=y;z", "*"];
  assert.deepEqual(splitShellWords(joinShellWords(words)), words);
});
