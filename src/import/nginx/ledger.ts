import type { DirectiveReport, Verdict } from "../reading.ts";
import type { Directive } from "./tree.ts";

/** What became of each directive: notes are collected while the configuration is translated, and settled at the end. */
export class Ledger {
  readonly #entries = new Map<Directive, { verdict: Verdict; readonly notes: Set<string> }>();

  /** Says that a directive has had its effect; the gravest verdict of several counts, and all notes. */
  claim(directive: Directive, verdict: Verdict = "mapped", note = ""): void {
    const entry = this.#entries.get(directive);
    if (entry === undefined) {
      this.#entries.set(directive, { verdict, notes: new Set(note === "" ? [] : [note]) });
      return;
    }
    if (GRAVITY[verdict] > GRAVITY[entry.verdict]) entry.verdict = verdict;
    if (note !== "") entry.notes.add(note);
  }

  claimAll(directives: readonly Directive[], verdict: Verdict = "mapped", note = ""): void {
    for (const directive of directives) this.claim(directive, verdict, note);
  }

  isClaimed(directive: Directive): boolean {
    return this.#entries.has(directive);
  }

  /** The line for one directive; `otherwise` says what becomes of one that nothing claimed. */
  report(directive: Directive, otherwise: () => { readonly verdict: Verdict; readonly note: string }): DirectiveReport {
    const entry = this.#entries.get(directive);
    const { verdict, note } =
      directive.fate ??
      (entry === undefined ? otherwise() : { verdict: entry.verdict, note: [...entry.notes].join("; ") });
    return { place: directive.place, name: directive.name, verdict, note };
  }
}

// --- internal ---

const GRAVITY: Readonly<Record<Verdict, number>> = { ignored: 0, mapped: 1, approximated: 2, "needs-a-decision": 3 };
