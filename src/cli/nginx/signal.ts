import fs from "node:fs";
import os from "node:os";
import { hasCode } from "../../base/errors.ts";
import { NGINX_SIGNALS, type NginxSignal } from "./options.ts";

/** Sends what `nginx -s` names to the process of a pid file. Returns nginx's complaint, or null when it was sent. */
export function signalNginx(name: NginxSignal, pidFile: string): string | null {
  let text: string;
  try {
    text = fs.readFileSync(pidFile, "utf8").trim();
  } catch (error) {
    return `[error] open() "${pidFile}" failed (${describe(error)})`;
  }
  const pid = /^\d+$/.test(text) ? Number(text) : 0;
  if (pid <= 1) return `[error] invalid PID number "${text}" in "${pidFile}"`;
  const signal = NGINX_SIGNALS[name];
  try {
    process.kill(pid, signal);
    return null;
  } catch (error) {
    return `[alert] kill(${pid}, ${os.constants.signals[signal]}) failed (${describe(error)})`;
  }
}

// --- internal ---

/** `2: No such file or directory`, as the C library says it. */
function describe(error: unknown): string {
  const words: Readonly<Record<string, string>> = {
    ENOENT: "2: No such file or directory",
    EACCES: "13: Permission denied",
    EPERM: "1: Operation not permitted",
    ESRCH: "3: No such process",
    EISDIR: "21: Is a directory",
  };
  for (const [code, text] of Object.entries(words)) if (hasCode(error, code)) return text;
  return error instanceof Error ? error.message : String(error);
}
