import type { Place } from "../../base/errors.ts";

/** An option as it stands in a file or on a command line, before variables are put in. */
export interface WrittenOption {
  readonly name: string;
  /** null: nothing was given. */
  readonly value: string | null;
  readonly place: Place;
}
