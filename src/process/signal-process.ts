import { hasCode } from "../base/errors.ts";

/** Signals one process, not its group; false when it is gone, or not ours any more. `signal`: a name or a number. */
export function signalProcess(pid: number, signal: NodeJS.Signals | number): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if (!hasCode(error, "ESRCH") && !hasCode(error, "EPERM")) throw error;
    return false;
  }
}
