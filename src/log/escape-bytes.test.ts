import assert from "node:assert/strict";
import { test } from "node:test";
import { escapeForJson, escapeForLog } from "./escape-bytes.ts";

const EVERY_BYTE = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));

test("of all bytes, exactly quote, backslash, controls and those beyond ASCII are escaped in a log field", () => {
  for (const [byte, c] of EVERY_BYTE.entries()) {
    const plain = byte >= 0x20 && byte < 0x7f && c !== '"' && c !== "\\";
    const hex = byte.toString(16).toUpperCase().padStart(2, "0");
    assert.equal(escapeForLog(c), plain ? c : `\\x${hex}`, `byte ${byte}`);
  }
});

test("an empty log field is a dash", () => {
  assert.equal(escapeForLog(""), "-");
});

test("every byte comes back from its JSON string, which is printable ASCII", () => {
  for (const text of [...EVERY_BYTE, EVERY_BYTE.join(""), ""]) {
    const json = escapeForJson(text);
    assert.match(json, /^[\x20-\x7e]*$/);
    assert.equal(JSON.parse(json), text);
  }
});
