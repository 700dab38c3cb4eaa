import type { SyslogConfig } from "../config/log-model.ts";

/** Longest message text in bytes; what is more is cut, since receivers cut it anyway (RFC 5424 §6.1 asks for 2048 at least). */
const LONGEST = 8192;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Who sends: what is the same in all messages. */
export interface SyslogSender {
  readonly hostname: string;
  readonly pid: number;
}

/**
 * One message without framing. RFC 5424 §6: `<PRI>1 TIME HOST APP PROCID - - TEXT`, time in UTC. RFC 3164 §4.1: `<PRI>Mmm dd
 * hh:mm:ss HOST TAG[PID]: TEXT`, local time, the host left out for a local daemon, the number where it is not wanted.
 *
 * @param line latin-1, with or without its line feed
 */
export function syslogMessage(
  config: Pick<SyslogConfig, "facility" | "severity" | "tag" | "format" | "hostname" | "pid">,
  sender: SyslogSender,
  line: string,
  now: Date,
  severity: number = config.severity,
): string {
  const text = (line.endsWith("\n") ? line.slice(0, -1) : line).slice(0, LONGEST);
  const priority = `<${config.facility * 8 + severity}>`;
  if (config.format === "rfc5424") {
    const host = config.hostname ? sender.hostname : "-";
    return `${priority}1 ${now.toISOString()} ${host} ${config.tag} ${config.pid ? sender.pid : "-"} - - ${text}`;
  }
  const host = config.hostname ? `${sender.hostname} ` : "";
  return `${priority}${oldTime(now)} ${host}${config.tag}${config.pid ? `[${sender.pid}]` : ""}: ${text}`;
}

function oldTime(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${MONTHS[date.getMonth()]} ${String(date.getDate()).padStart(2, " ")} ${clock}`;
}
