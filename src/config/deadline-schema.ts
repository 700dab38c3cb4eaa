import type { z } from "zod";
import { count, duration, pattern } from "./kinds.ts";
import { optional, section, shorthand } from "./sections.ts";

/** How long an exchange may run on a lane: the soft limit alone, or both. */
export const deadlineSchema = shorthand(
  duration,
  (soft) => ({ soft }),
  section({
    soft: optional(
      duration,
      "After this time on a lane the client gets 504, and the app is interrupted by an exception where that is possible; 0 for never.",
      "never",
    ),
    hard: optional(
      duration,
      "A worker with an exchange that has run for so long is killed and replaced; 0 for never.",
      "`soft` and 10s",
    ),
  }),
).meta({ id: "deadline" });

/** A route's own part of an app's lanes and queue. */
export const shareSchema = section({
  share: optional(
    pattern("percentage", "25%", /^([1-9]\d?|100)%$/),
    "Part of all lanes of the app that the route may use at a time, and of the app's queue that may wait for them.",
    "none: give `lanes`",
  ),
  lanes: optional(count(1), "Requests of the route that are with the app at a time.", "by `share`"),
  size: optional(
    count(0),
    "Requests of the route that may wait for that; more are answered 503 at once.",
    "by `share`, else as many as may wait for the app",
  ),
  timeout: optional(duration, "Longest wait for that before a 503; 0 for no limit.", "that of the app's queue"),
}).meta({ id: "share" });

export type DeadlineSettings = z.output<typeof deadlineSchema>;
export type ShareSettings = z.output<typeof shareSchema>;
