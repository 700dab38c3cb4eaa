import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { PropylonError } from "../base/errors.ts";

/**
 * The numbers of a user, as the system's databases have them (`getent` asks LDAP and the like too). A number is taken as it is, with the
 * same one for its group where nobody has it, as the launcher takes it.
 */
export function findUser(name: string): { readonly uid: number; readonly gid: number } {
  const isNumber = /^\d+$/.test(name);
  const fields = lookUp("passwd", name, isNumber ? 2 : 0);
  if (fields === null && isNumber) return { uid: Number(name), gid: Number(name) };
  if (fields === null) {
    throw new PropylonError("user", `No user "${name}" on this machine`, { remedy: "create it, or name another" });
  }
  return { uid: Number(fields[2]), gid: Number(fields[3]) };
}

/** A number is taken as it is. */
export function findGroup(name: string): number {
  if (/^\d+$/.test(name)) return Number(name);
  const fields = lookUp("group", name, 0);
  if (fields === null) {
    throw new PropylonError("user", `No group "${name}" on this machine`, { remedy: "create it, or name another" });
  }
  return Number(fields[2]);
}

/** Who owns what is made for this user and group: our own numbers where nothing is named. */
export function accountOf(user: string | null, group: string | null): { readonly uid: number; readonly gid: number } {
  const own = { uid: process.getuid!(), gid: process.getgid!() };
  const account = user === null ? own : findUser(user);
  return group === null ? account : { uid: account.uid, gid: findGroup(group) };
}

/** @param column which field is to be `name` */
function lookUp(database: "passwd" | "group", name: string, column: 0 | 2): readonly string[] | null {
  for (const line of readFileSync(`/etc/${database}`, "utf8").split("\n")) {
    const fields = line.split(":");
    if (fields[column] === name && fields.length >= 4) return fields;
  }
  try {
    const line = execFileSync("getent", [database, name], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    const fields = line.trim().split(":");
    return fields[column] === name && fields.length >= 4 ? fields : null;
  } catch {
    return null; // no such entry, or no getent: the file was all there is
  }
}
