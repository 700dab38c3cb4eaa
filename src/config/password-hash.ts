/** Why a hash can't be used, and what to do. */
export interface HashProblem {
  readonly reason: string;
  readonly remedy: string;
}

export interface UserLines {
  /** Name -> hash, both latin-1; of a name that stands twice the first counts, as for NGINX and Apache. */
  readonly users: ReadonlyMap<string, string>;
  readonly refused: readonly { readonly line: number; readonly problem: HashProblem }[];
}

const REMEDY = "make it anew with htpasswd -B";

/** What is wrong with a password's hash, or null: bcrypt, apr1 and MD5, SHA-crypt, {SHA} and {SSHA} are known. */
export function hashProblem(hash: string): HashProblem | null {
  if (KNOWN.some((form) => form.test(hash))) return null;
  if (/^(?:\$2[abxy]?\$|\$apr1\$|\$1\$|\$[56]\$|\{S?SHA\})/i.test(hash))
    return { reason: "the hash is cut short or malformed", remedy: REMEDY };
  if (/^[./0-9A-Za-z]{13}$/.test(hash) || hash.startsWith("_"))
    return { reason: "this is DES crypt, which compares eight characters and is broken in minutes", remedy: REMEDY };
  if (/^\$(?:y|7|argon2\w*)\$/.test(hash))
    return {
      reason: `hashes of this kind (${hash.slice(0, hash.indexOf("$", 1) + 1)}) are not known here`,
      remedy: REMEDY,
    };
  return { reason: "the password is written as it is, for whoever reads the file", remedy: REMEDY };
}

/** Reads the lines of an htpasswd file: `name:hash`, with `:comment` behind it as NGINX allows; empty lines and those with `#`. */
export function parseUsers(text: string): UserLines {
  const users = new Map<string, string>();
  const refused: { line: number; problem: HashProblem }[] = [];
  for (const [index, written] of text.split("\n").entries()) {
    const line = written.replace(/\r$/, "");
    if (line.trim() === "" || line.startsWith("#")) continue;
    const [name, hash] = line.split(":");
    const problem =
      hash === undefined || name === ""
        ? { reason: "a line is a name, a colon and a hash", remedy: REMEDY }
        : hashProblem(hash.trim());
    if (problem !== null) refused.push({ line: index + 1, problem });
    else if (!users.has(name!)) users.set(name!, hash!.trim());
  }
  return { users, refused };
}

// --- internal ---

const KNOWN = [
  /^\$2[aby]\$(?:0[4-9]|1[0-9]|2[0-9]|3[01])\$[./0-9A-Za-z]{53}$/,
  /^\$(?:apr1|1)\$[^$]{1,8}\$[./0-9A-Za-z]{22}$/,
  /^\$5\$(?:rounds=\d{1,9}\$)?[^$]{0,16}\$[./0-9A-Za-z]{43}$/,
  /^\$6\$(?:rounds=\d{1,9}\$)?[^$]{0,16}\$[./0-9A-Za-z]{86}$/,
  /^\{SHA\}[A-Za-z0-9+/]{27}=$/,
  /^\{SSHA\}[A-Za-z0-9+/]{28,}={0,2}$/,
];
