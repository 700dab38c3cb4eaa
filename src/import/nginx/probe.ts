import type { Place } from "../../base/errors.ts";
import { answerAt } from "./location.ts";
import { optionsAt } from "./options.ts";
import { PASSES } from "./proxy.ts";
import { rulesOf } from "./rules.ts";
import { Scope } from "./scope.ts";
import type { Translation } from "./translation.ts";
import type { Directive } from "./tree.ts";

/**
 * Translates directives without a server around them as if each kind of handler stood beside them, to say what would become of
 * them in the file that includes them.
 */
export function probe(directives: readonly Directive[], t: Translation): void {
  const place: Place = directives[0]?.place ?? { file: "" };
  const passes = Object.entries(PASSES).map(([name, { protocol }]) => {
    const url = name === "proxy_pass" ? "http://127.0.0.1" : `${protocol}://127.0.0.1:1`;
    const args = [{ text: url, quoted: false, place }];
    return { name, args, place, block: null, builtIn: true, fate: null } satisfies Directive;
  });
  for (const pass of [null, ...passes]) {
    const scope = new Scope("location", pass === null ? directives : [...directives, pass], null);
    optionsAt(scope, t);
    const rules = rulesOf(scope, t, () => null);
    answerAt(scope, t, { ...rules, answer: null });
  }
}
