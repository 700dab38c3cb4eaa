import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { createRecorder } from "../http/recorder.ts";
import { serve } from "./serve.ts";

/** `h2spec` on PATH, or where `go install` puts it; null: nowhere. */
function find(): string | null {
  const candidates = ["h2spec", path.join(process.env["GOBIN"] ?? path.join(os.homedir(), "go", "bin"), "h2spec")];
  for (const candidate of candidates) {
    try {
      execFileSync(candidate, ["--version"], { stdio: "pipe" });
      return candidate;
    } catch {
      // The next place.
    }
  }
  return null;
}

const h2spec = find();

test("h2spec finds nothing to object to: 146 of 146", {
  skip: h2spec === null ? "no h2spec: go install github.com/summerwind/h2spec/cmd/h2spec@latest" : false,
}, async (t) => {
  const server = await serve(createRecorder().handle);
  t.after(() => server[Symbol.asyncDispose]());
  const words = ["-h", "127.0.0.1", "-p", String(server.port), "-o", "5", "--strict"];
  const said = await new Promise<string>((resolve) =>
    execFile(h2spec!, words, { maxBuffer: 16 * 1024 * 1024 }, (_error, out) => resolve(out)),
  );
  const failures = said.split("Failures:")[1] ?? "";
  assert.match(said, /\b146 passed, 0 skipped, 0 failed/, failures.slice(0, 4000));
});
