import type { Place } from "../../base/errors.ts";

/** An option as it stands in a file or on a command line, before variables are put in. */
export interface WrittenOption {
  readonly name: string;
  /** null: nothing was given. */
  readonly value: string | null;
  readonly place: Place;
  /** It stands for a word that was given without an option. */
  readonly implied?: boolean;
}
