import type { Place } from "../../base/errors.ts";
import type { Ledger } from "../ledger.ts";
import type { ReadContext } from "../reading.ts";
import type { OptionsContext, OptionsDraft } from "./options.ts";
import type { ScriptAlias } from "./scope.ts";

/** What routes are made with. */
export interface RouteContext extends OptionsContext {
  readonly server: OptionsDraft;
  /** Told of lines that ask for what can't be had here. */
  readonly undecided: (line: { readonly place: Place; readonly name: string }, note: string) => void;
  /** Name of the app that runs a script. */
  app(script: ScriptAlias, options: readonly OptionsDraft[]): string;
  readonly machine: ReadContext;
  readonly ledger: Ledger;
}
