import type { Place } from "../base/errors.ts";
import type { DirectiveReport, Verdict } from "./reading.ts";

/** What a reader says of one directive. */
export interface Outcome {
  readonly verdict: Verdict;
  readonly note: string;
}

export function mapped(note = ""): Outcome {
  return { verdict: "mapped", note };
}

export function approximated(note: string): Outcome {
  return { verdict: "approximated", note };
}

export function ignored(note: string): Outcome {
  return { verdict: "ignored", note };
}

export function undecided(note: string): Outcome {
  return { verdict: "needs-a-decision", note };
}

/** The report of one source as it grows: at most one line for each directive that stands there. */
export class Ledger {
  readonly #lines = new Map<string, DirectiveReport>();

  /** The last word on a directive counts: what a section says of it replaces what was said when it was met. */
  say(place: Place, name: string, outcome: Outcome): void {
    const key = `${place.file}\0${place.line ?? 0}\0${place.column ?? 0}\0${name}`;
    this.#lines.set(key, { place, name, ...outcome });
  }

  has(place: Place, name: string): boolean {
    return this.#lines.has(`${place.file}\0${place.line ?? 0}\0${place.column ?? 0}\0${name}`);
  }

  /** In the order of the text, the files in the order in which they were first met. */
  all(): readonly DirectiveReport[] {
    const lines = [...this.#lines.values()];
    const files = [...new Set(lines.map(({ place }) => place.file))];
    return lines.sort(
      ({ place: a }, { place: b }) =>
        files.indexOf(a.file) - files.indexOf(b.file) ||
        (a.line ?? 0) - (b.line ?? 0) ||
        (a.column ?? 0) - (b.column ?? 0),
    );
  }
}
