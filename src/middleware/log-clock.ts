const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

/** Times as logs write them, formatted once a second: a date costs more than the rest of a line. */
export class LogClock {
  #commonSecond = -1;
  #common = "";
  #isoSecond = -1;
  #iso = "";

  /** `21/Nov/2026:05:00:08 +0100`, local time, of the common log format. `now`: milliseconds since 1970. */
  common(now: number): string {
    const second = Math.floor(now / 1000);
    if (second !== this.#commonSecond) {
      this.#commonSecond = second;
      this.#common = formatCommon(new Date(now));
    }
    return this.#common;
  }

  /** `2026-11-21T04:00:08.123Z` (RFC 3339). */
  iso(now: number): string {
    const second = Math.floor(now / 1000);
    if (second !== this.#isoSecond) {
      this.#isoSecond = second;
      this.#iso = new Date(now).toISOString().slice(0, 20);
    }
    return `${this.#iso}${String(Math.floor(now - second * 1000)).padStart(3, "0")}Z`;
  }
}

function formatCommon(date: Date): string {
  const day = `${two(date.getDate())}/${MONTHS[date.getMonth()]}/${date.getFullYear()}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  const east = -date.getTimezoneOffset();
  const zone = `${east < 0 ? "-" : "+"}${two(Math.floor(Math.abs(east) / 60))}${two(Math.abs(east) % 60)}`;
  return `${day}:${time} ${zone}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
