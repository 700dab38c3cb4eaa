import { spawnSync } from "node:child_process";
import { hasCode, PropylonError } from "../base/errors.ts";

/** What an interpreter is to a requirements file; `unknown`: nothing is missing as far as we can read the file. */
export type Verdict = (typeof VERDICTS)[number] | "broken";

/**
 * Whether this interpreter has the packages that the file asks for, in the versions it asks for; `detail` says what is
 * missing, not understood, or broken, to follow a name and a colon. Runs the interpreter, for about 50 ms.
 */
export function examine(python: string, requirements: string): { readonly verdict: Verdict; readonly detail: string } {
  const { stdout, error } = spawnSync(python, ["-c", EXAMINE, requirements], { encoding: "utf8" });
  if (hasCode(error, "ENOENT") && python === "python3")
    throw new PropylonError("user", "No python3 on PATH to prepare the Python packages", {
      remedy: "install Python 3.8 or newer",
    });
  const [first, detail = ""] = (stdout ?? "").split("\n");
  const verdict = VERDICTS.find((known) => known === first);
  if (verdict !== undefined) return { verdict, detail };
  return { verdict: "broken", detail: error === undefined ? `${python} does not work` : `there is no ${python}` };
}

// --- internal ---

const VERDICTS = ["satisfied", "missing", "unknown", "too old"] as const;

// Names with version bounds, markers about Python's version, hashes: what such files hold. For any other line it is
// "unknown" whether it is met, unless an earlier one is plainly missing.
const EXAMINE = `
import re, sys
def say(*words):
    print("\\n".join(words))
    sys.exit()
if sys.version_info < (3, 8): say("too old", "it is Python %d.%d, and 3.8 is needed" % sys.version_info[:2])
from importlib.metadata import version, PackageNotFoundError
def key(text):
    if not re.fullmatch(r"[0-9]+([.][0-9]+)*", text): raise ValueError(text)
    return [int(part) for part in re.sub(r"([.]0+)+$", "", text).split(".")]
COMPARE = {"==": lambda a, b: a == b, "!=": lambda a, b: a != b, ">=": lambda a, b: a >= b, "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b, "<": lambda a, b: a < b}
def applies(marker):
    def clause(text):
        match = re.fullmatch(r"python_version *(==|!=|>=|<=|>|<) *['\\"]([0-9.]+)['\\"]", text.strip())
        return None if match is None else COMPARE[match[1]](list(sys.version_info[:2]), [*key(match[2]), 0][:2])
    found = [clause(text) for text in marker.split(" and ")] if marker else []
    return False if False in found else None if None in found else True
def met(line):
    line, _, marker = line.partition(";")
    wanted = applies(marker.strip())
    if wanted is False: return True
    match = re.fullmatch(r"([A-Za-z0-9][A-Za-z0-9._-]*)((?:\\s*,?\\s*(?:==|!=|>=|<=|>|<)\\s*[0-9A-Za-z.+]+)*)", line.strip())
    if match is None: return None
    try: found = version(match[1])
    except PackageNotFoundError: return wanted and False
    for operator, bound in re.findall(r"(==|!=|>=|<=|>|<)\\s*([0-9A-Za-z.+]+)", match[2]):
        if operator == "==" and found == bound: continue
        try: good = COMPARE[operator](key(found), key(bound))
        except ValueError: return None
        if not good: return wanted and False
    return True
unknown = None
with open(sys.argv[1], encoding="utf-8") as file: text = file.read().replace("\\\\\\n", " ")
for line in text.splitlines():
    line = re.sub(r"(^|\\s)(#.*|--hash=\\S+)", "", line).strip()
    verdict = met(line) if line else True
    if verdict is False: say("missing", "it lacks " + line.partition(";")[0].strip())
    if verdict is None: unknown = line
if unknown: say("unknown", unknown)
say("satisfied")
`;
