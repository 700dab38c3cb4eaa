import { randomBytes } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { hasCode, PropylonError } from "../base/errors.ts";

/** Where the token is kept when no file is named: of root for the machine, of others in their own state folder (XDG). */
export function defaultTokenFile(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  if (process.getuid?.() === 0) return "/var/lib/propylon/admin-token";
  const state = environment["XDG_STATE_HOME"] || path.join(os.homedir(), ".local", "state");
  return path.join(state, "propylon", "admin-token");
}

/**
 * The token that the TCP control API asks for: of the file, which is made with a new one (256 bits, readable by us alone) when it
 * is not there. Throws a PropylonError for a file that others can read, or that can't be made.
 */
export function readAdminToken(file: string): string {
  try {
    const found = readToken(file);
    if (found !== null) return found;
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    const token = randomBytes(32).toString("base64url");
    // Of two that make it at once the first wins, and both use its token.
    const made = `${file}.${process.pid}`;
    fs.writeFileSync(made, `${token}\n`, { mode: 0o600, flag: "wx" });
    try {
      fs.linkSync(made, file);
    } catch (error) {
      if (!hasCode(error, "EEXIST")) throw error;
    } finally {
      fs.rmSync(made, { force: true });
    }
    return readToken(file) ?? token;
  } catch (cause) {
    if (cause instanceof PropylonError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new PropylonError("user", `Cannot keep the token of the control API in ${file}: ${why}`, {
      remedy: "name another file with admin_token",
      cause,
    });
  }
}

function readToken(file: string): string | null {
  let text: string;
  try {
    const { mode } = fs.statSync(file);
    if ((mode & 0o077) !== 0)
      throw new PropylonError("user", `Others can read the token of the control API in ${file}`, {
        remedy: `chmod 600 ${file}, and better make a new one: rm ${file}`,
      });
    text = fs.readFileSync(file, "utf8").trim();
  } catch (error) {
    if (hasCode(error, "ENOENT")) return null;
    throw error;
  }
  if (text.length < 16)
    throw new PropylonError("user", `The token of the control API in ${file} is too short to keep anybody out`, {
      remedy: "remove the file: a new one is made",
    });
  return text;
}
