import fs from "node:fs";

/**
 * Makes files that are to be appended to by another account, where they are not there, and gives them to it, as NGINX does with its logs:
 * the folders of logs mostly are root's. Does nothing unless we are root. What can't be done is left to whoever opens the file to tell.
 */
export function giveFiles(paths: readonly string[], account: { readonly uid: number; readonly gid: number }): void {
  if (process.getuid!() !== 0 || account.uid === 0) return;
  for (const path of paths) giveFile(path, account);
}

function giveFile(path: string, { uid, gid }: { readonly uid: number; readonly gid: number }): void {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
  let fd: number;
  try {
    // O_NONBLOCK: a pipe that nobody reads is no reason to wait.
    fd = fs.openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o640);
  } catch {
    return; // the edge says why it can't be opened
  }
  try {
    const stat = fs.fstatSync(fd);
    // A folder that others write to could hold another name of any file (CWE-62).
    if (stat.isFile() && stat.nlink === 1 && stat.uid !== uid) fs.fchownSync(fd, uid, gid);
  } finally {
    fs.closeSync(fd);
  }
}
