import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { examine } from "./requirements.ts";

const PACKAGES = fs.mkdtempSync(path.join(os.tmpdir(), "propylon-test-"));
const INFO = path.join(PACKAGES, "Sample.Package-1.10.0.dist-info");
fs.mkdirSync(INFO);
fs.writeFileSync(path.join(INFO, "METADATA"), "Metadata-Version: 2.1\nName: Sample.Package\nVersion: 1.10.0\n");
process.env["PYTHONPATH"] = PACKAGES;
after(() => fs.rmSync(PACKAGES, { recursive: true }));

for (const [text, verdict, detail] of [
  ["", "satisfied", ""],
  ["# nothing\n\n", "satisfied", ""],
  ["Sample.Package", "satisfied", ""],
  ["sample-package # in another spelling", "satisfied", ""],
  ["sample-package==1.10.0", "satisfied", ""],
  ["sample-package==1.10", "satisfied", ""],
  ["sample-package == 1.10.0 \\\n    --hash=sha256:00 --hash=sha256:11", "satisfied", ""],
  ["sample-package>=1.9,<2", "satisfied", ""],
  ["sample-package>=1.0.0, !=1.1", "satisfied", ""],
  ["sample-package<1.10", "missing", "it lacks sample-package<1.10"],
  ["sample-package==1.1", "missing", "it lacks sample-package==1.1"],
  ["nobody-has-this==1", "missing", "it lacks nobody-has-this==1"],
  ['nobody-has-this==1; python_version < "3.0"', "satisfied", ""],
  ['nobody-has-this==1; python_version >= "3" and python_version < "3.0"', "satisfied", ""],
  ['nobody-has-this==1; python_version >= "3.0"', "missing", "it lacks nobody-has-this==1"],
  ['nobody-has-this==1; sys_platform == "win32"', "unknown", 'nobody-has-this==1; sys_platform == "win32"'],
  ['sample-package; sys_platform == "win32"', "satisfied", ""],
  ["sample-package[extra]", "unknown", "sample-package[extra]"],
  ["sample-package~=1.2", "unknown", "sample-package~=1.2"],
  ["sample-package>=1.0rc1", "unknown", "sample-package>=1.0rc1"],
  ["-r other.txt\nnobody-has-this", "missing", "it lacks nobody-has-this"],
] as const) {
  test(`${JSON.stringify(text)} is ${verdict}`, (t) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "propylon-test-"));
    t.after(() => fs.rmSync(folder, { recursive: true }));
    const file = path.join(folder, "requirements.txt");
    fs.writeFileSync(file, text);
    assert.deepEqual(examine("python3", file), { verdict, detail });
  });
}

test("an interpreter that is not there is told from one that does not work", () => {
  assert.deepEqual(examine("/nowhere/python3", "x"), { verdict: "broken", detail: "there is no /nowhere/python3" });
  assert.deepEqual(examine("/bin/false", "x"), { verdict: "broken", detail: "/bin/false does not work" });
});
