import { spawn } from "node:child_process";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import type { Writable } from "node:stream";
import type { LogDestination, SyslogConfig } from "../config/log-model.ts";
import { launcherPython, PYTHON_FOLDER } from "../process/launcher.ts";
import { DatagramWriter } from "./datagram-writer.ts";
import { LineWriter, plainFile } from "./line-writer.ts";
import type { LogWriter } from "./log-writer.ts";
import { StreamWriter } from "./stream-writer.ts";
import { syslogMessage } from "./syslog-message.ts";
import { VariedFiles } from "./varied-files.ts";

/** Where systemd takes the output of services (systemd-journald.service(8)). */
const JOURNAL = "/run/systemd/journal/stdout";

export interface OpenOptions {
  readonly warn: (message: string) => void;
  /** The descriptor that `/dev/stderr` means. */
  readonly stderr?: number;
  /** Where the journal takes lines; its usual place when left out. */
  readonly journal?: string;
}

/** A writer for a destination, not started yet. */
export function openWriter(
  destination: LogDestination,
  { warn, stderr = 2, journal = JOURNAL }: OpenOptions,
): LogWriter {
  switch (destination.kind) {
    case "file": {
      const fd = destination.path === "/dev/stderr" ? { fd: stderr } : {};
      return new LineWriter({ ...destination, ...fd, warn });
    }
    case "files": {
      const open = (path: string): LogWriter => new LineWriter(plainFile(path, warn));
      return new VariedFiles(open, destination.path.replace(/\{\w+\}/g, "other"), warn);
    }
    case "syslog":
      return openSyslog(destination, warn);
    case "journald":
      return new StreamWriter({
        name: "journal",
        connect: (ready) => net.connect(journal, ready).unref(),
        // Identifier, unit, priority 6 (info), priorities stand before lines, nothing is forwarded (sd_journal_stream_fd(3)).
        greeting: `${destination.tag}\n\n6\n1\n0\n0\n0\n`,
        frame: (line, severity) => (severity === undefined ? line : `<${severity}>${line}`),
        warn,
      });
  }
}

function openSyslog(config: SyslogConfig, warn: (message: string) => void): LogWriter {
  const sender = { hostname: os.hostname(), pid: process.pid };
  const message = (line: string, severity?: number): string =>
    syslogMessage(config, sender, line, new Date(), severity);
  const { to } = config;
  if (to.kind === "udp") {
    const { host, port } = to;
    return new DatagramWriter({ name: `syslog udp:${host}:${port}`, host, port, frame: message, warn });
  }
  const name = to.kind === "unix" ? `syslog unix:${to.path}` : `syslog tcp:${to.host}:${to.port}`;
  const counted = to.kind === "tcp" && config.format === "rfc5424";
  return new StreamWriter({
    name,
    connect: (ready) => (to.kind === "unix" ? relay(to.path, ready) : net.connect(to.port, to.host, ready).unref()),
    greeting: "",
    // RFC 6587 §3.4.1 octet counting; the older form is known to end with a line feed (§3.4.2), and so does the relay's.
    frame: (line, severity) => {
      const text = message(line, severity);
      return counted ? `${text.length} ${text}` : `${text}\n`;
    },
    warn,
  });
}

/** Node has no datagram sockets of the Unix kind, which is what local daemons listen on: a small program sends for us. */
function relay(socket: string, ready: () => void): Writable {
  const program = path.join(PYTHON_FOLDER, "propylon_syslog.py");
  const child = spawn(launcherPython(), ["-I", "-S", program, socket], { stdio: ["pipe", "ignore", "inherit"] });
  child.on("error", (error) => child.stdin.destroy(error));
  child.on("exit", () => child.stdin.destroy());
  child.on("spawn", ready);
  child.unref();
  (child.stdin as net.Socket).unref();
  return child.stdin;
}
