const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

/** Times as logs write them, formatted once a second: a date costs more than the rest of a line. */
export class LogClock {
  #commonSecond = -1;
  #common = "";
  #isoSecond = -1;
  #iso = "";
  #localSecond = -1;
  #local = "";

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

  /** `2026-11-21T05:00:08+01:00`, local time (ISO 8601), as NGINX writes it. */
  localIso(now: number): string {
    const second = Math.floor(now / 1000);
    if (second !== this.#localSecond) {
      this.#localSecond = second;
      this.#local = formatLocal(new Date(now));
    }
    return this.#local;
  }
}

function formatLocal(date: Date): string {
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${clockOf(date)}${zoneOf(date, ":")}`;
}

function formatCommon(date: Date): string {
  const day = `${two(date.getDate())}/${MONTHS[date.getMonth()]}/${date.getFullYear()}`;
  return `${day}:${clockOf(date)} ${zoneOf(date, "")}`;
}

function clockOf(date: Date): string {
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function zoneOf(date: Date, between: string): string {
  const east = -date.getTimezoneOffset();
  return `${east < 0 ? "-" : "+"}${two(Math.floor(Math.abs(east) / 60))}${between}${two(Math.abs(east) % 60)}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
