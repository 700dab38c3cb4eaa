import { choice, count, duration, flag, path, pattern, percentage, size, text } from "./kinds.ts";
import { oneOrMore, optional, section, withDefault } from "./sections.ts";

const urlPath = pattern("path of a URL", "/healthz", /^\/[^\s#\0]*$/);

/** Settings of an app that say how its workers begin, are replaced, and end. */
export const poolLife = {
  preload: withDefault(
    flag,
    false,
    "Import the app once, in a forerunner, and fork the workers from it: they start at once and share its memory. What the import leaves open (threads, sockets, databases) is warned about.",
  ),
  recycle: optional(
    section({
      requests: optional(count(1), "After so many requests.", "never"),
      age: optional(duration, "After so long.", "never"),
      memory: optional(size, "Once its resident memory (RSS) is more than this.", "never"),
      jitter: withDefault(
        percentage,
        "10%",
        "Up to this share is taken off each limit, at random for each worker, so that workers that began together don't end together.",
      ),
    }),
    "Workers are replaced, one at a time and their replacement ready first, when they reach one of these limits.",
  ),
  ready: optional(
    section({
      path: urlPath.describe("What is asked of the app with GET, such as `/healthz`."),
      host: withDefault(text, "localhost", "The host that is named, for apps that answer to their own names alone."),
      status: withDefault(count(100, 599), 200, "The answer that it has to give."),
      timeout: withDefault(duration, "10s", "It is asked again and again for so long; then the start has failed."),
    }),
    "A request that each new worker has to answer before it is given those of clients.",
    "the app being imported is enough",
  ),
  reload_mode: withDefault(
    choice("all-at-once", "one-by-one"),
    "all-at-once",
    "How workers are replaced: all new ones start beside all old ones and take over together; or each new one, when it is ready, takes the place of an old one, which needs the memory of one worker more, and old and new code answer side by side meanwhile.",
  ),
  touch_reload: optional(
    oneOrMore(path),
    "Files, folders or symbolic links: the app is reloaded when one of them is touched, written, made or replaced.",
    "none",
  ),
  children_timeout: withDefault(
    duration,
    "1h",
    "A worker that was replaced may stay so long for the processes that it has started (`multiprocessing`, `subprocess`); then they are ended.",
  ),
};
