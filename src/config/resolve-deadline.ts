import type { DeadlineConfig, ShareConfig } from "./deadline-model.ts";
import type { DeadlineSettings, ShareSettings } from "./deadline-schema.ts";
import type { Problems } from "./problems.ts";
import type { Path } from "./sourced.ts";

/** Between the soft deadline and the hard one where nobody says it, ms. */
export const HARD_AFTER = 10_000;

/** Both limits; the hard one follows the soft one where it is not given. */
export function resolveDeadline(
  settings: DeadlineSettings | undefined,
  at: Path,
  problems: Problems,
): DeadlineConfig | null {
  if (settings === undefined) return null;
  const soft = settings.soft ?? 0;
  const hard = settings.hard ?? (soft === 0 ? 0 : soft + HARD_AFTER);
  if (hard !== 0 && hard < soft)
    problems.error([...at, "hard"], "the hard deadline comes before the soft one", {
      remedy: "make it as long or longer, or leave soft out",
    });
  return { soft, hard };
}

/** A route's part; problems where it says neither how much nor how many. */
export function resolveShare(settings: ShareSettings, route: string, at: Path, problems: Problems): ShareConfig {
  if (settings.share === undefined && settings.lanes === undefined)
    problems.error(at, "neither share nor lanes says how much of the app the route may use", {
      at: "key",
      remedy: "write share: 25%, or lanes: 2",
    });
  return {
    route,
    part: settings.share === undefined ? null : Number.parseInt(settings.share, 10) / 100,
    lanes: settings.lanes ?? null,
    size: settings.size ?? null,
    timeout: settings.timeout ?? null,
  };
}
