import { PropylonError } from "../base/errors.ts";
import type { Config } from "../config/model.ts";
import { type RunsAs, runsAs } from "./accounts.ts";
import {
  isWithin,
  logFolders,
  needsLowPort,
  needsNetwork,
  pathsIn,
  socketFolders,
  startTime,
  stopTime,
  workFolders,
} from "./needs.ts";

export interface UnitOptions {
  /** The unit's name, without `.service`. */
  readonly name: string;
  /** Absolute path of `bin/propylon`. */
  readonly command: string;
  /** Absolute path of the propylon.yaml. */
  readonly file: string;
  /** Whom to run as where the configuration names nobody. */
  readonly user: string;
  /** Further folders that may be written in, absolute. */
  readonly writable: readonly string[];
}

/** Folders that are never made writable as a whole, though an app may start in one. */
const SYSTEM = /^\/(?:bin|boot|dev|etc|lib\w*|opt|proc|root|run|sbin|srv|sys|tmp|usr|usr\/\w+|var|var\/\w+|home)?$/;
/** What becoming other users, and giving sockets and files to them, takes (capabilities(7)). */
const ROOT_CAPABILITIES =
  "CAP_SETUID CAP_SETGID CAP_KILL CAP_CHOWN CAP_FOWNER CAP_DAC_OVERRIDE CAP_SYS_RESOURCE CAP_NET_BIND_SERVICE";

/**
 * A hardened unit (systemd.exec(5), systemd.service(5)) for `propylon run FILE`, for systemd 240 and newer. Throws a PropylonError
 * for a path that a unit can't name.
 */
export function systemdUnit(config: Config, options: UnitOptions): string {
  const account = runsAs(config, options.user);
  const profile = config.profile === "" ? [] : ["--profile", config.profile];
  const network = needsNetwork(config);
  const sections = {
    Unit: [
      `Description=${plain(`${options.name}, served by Propylon`)}`,
      `After=${network ? "network-online.target" : "network.target"}`,
      ...(network ? ["Wants=network-online.target"] : []),
    ],
    Service: [...service(config, options, account, profile), "", ...hardening(config, options, account)],
    Install: ["WantedBy=multi-user.target"],
  };
  return Object.entries(sections)
    .map(([name, lines]) => `[${name}]\n${lines.join("\n")}\n`)
    .join("\n");
}

// --- internal ---

function service(
  config: Config,
  { name, command, file }: UnitOptions,
  { user, group }: RunsAs,
  profile: readonly string[],
): readonly string[] {
  const start = startTime(config);
  // root's instances have /run/propylon together; another user's are in its own folder, found by XDG_RUNTIME_DIR.
  const runtime =
    user === null
      ? ["RuntimeDirectory=propylon", "RuntimeDirectoryMode=0711", "RuntimeDirectoryPreserve=yes"]
      : [
          `RuntimeDirectory=propylon-${name}`,
          "RuntimeDirectoryMode=0700",
          `Environment=${quoted(`XDG_RUNTIME_DIR=/run/propylon-${name}`)}`,
        ];
  return [
    "Type=notify",
    `ExecStart=${commandLine([command, "run", file, ...profile])}`,
    `ExecReload=${commandLine([command, "reload", "--directory", config.directory])}`,
    `WorkingDirectory=${plain(config.directory)}`,
    ...(user === null
      ? ["# Main is root: the configuration names accounts that only root can become."]
      : [`User=${plain(user)}`]),
    ...(group === null ? [] : [`Group=${plain(group)}`]),
    ...runtime,
    "Restart=on-failure",
    "RestartSec=2",
    "# A wrong command line does not get better by itself.",
    "RestartPreventExitStatus=2",
    "WatchdogSec=30",
    "# TERM goes to the main process alone, which lets requests in flight finish.",
    "KillMode=mixed",
    `TimeoutStartSec=${start === null ? "infinity" : seconds(start)}`,
    `TimeoutStopSec=${seconds(stopTime(config))}`,
    "StandardOutput=journal",
    "StandardError=journal",
    `SyslogIdentifier=${plain(name)}`,
  ];
}

function hardening(config: Config, options: UnitOptions, { user }: RunsAs): readonly string[] {
  const lowPort = needsLowPort(config);
  const shared = pathsIn(config).some((file) => isWithin(file, "/tmp") || isWithin(file, "/var/tmp"));
  const writable = writableFolders(config, options, shared);
  const capabilities = lowPort ? "CAP_NET_BIND_SERVICE" : "";
  return [
    "NoNewPrivileges=yes",
    ...(user === null
      ? [`CapabilityBoundingSet=${ROOT_CAPABILITIES}`]
      : [`CapabilityBoundingSet=${capabilities}`, ...(lowPort ? [`AmbientCapabilities=${capabilities}`] : [])]),
    ...(shared ? ["# The configuration names a path below /tmp or /var/tmp.", "PrivateTmp=no"] : ["PrivateTmp=yes"]),
    "ProtectSystem=strict",
    ...writable.map((folder) => `ReadWritePaths=-${quoted(folder)}`),
    "ProtectHome=read-only",
    "PrivateDevices=yes",
    "ProtectClock=yes",
    "ProtectControlGroups=yes",
    "ProtectHostname=yes",
    "ProtectKernelLogs=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelTunables=yes",
    "LockPersonality=yes",
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
    "RestrictNamespaces=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "SystemCallArchitectures=native",
  ];
}

/** Each folder once, without those in another. `strict` takes /tmp with it where that is not the service's own. */
function writableFolders(config: Config, { writable }: UnitOptions, shared: boolean): readonly string[] {
  const work = workFolders(config).filter((folder) => !SYSTEM.test(folder));
  const temporary = shared ? ["/tmp", "/var/tmp"] : [];
  const all = [
    ...new Set([...logFolders(config), ...socketFolders(config), ...work, ...temporary, ...writable]),
  ].sort();
  return all.filter((folder) => !all.some((other) => other !== folder && isWithin(folder, other)));
}

/**
 * systemd.service(5), "Command lines": `$` is doubled in arguments; the command itself is taken without expansion, and may hold
 * neither quotes nor backslashes.
 */
function commandLine([command, ...words]: readonly string[]): string {
  if (/["'\\]/.test(command!)) throw unnameable(command!);
  return [quoted(command!), ...words.map((word) => quoted(word).replaceAll("$", "$$$$"))].join(" ");
}

/** One word for settings that hold several (systemd.syntax(7), "Quoting"; systemd.unit(5), "Specifiers"). */
function quoted(text: string): string {
  const safe = checked(text).replaceAll("%", "%%");
  return /^[\w./:=@%+,-]+$/.test(safe) ? safe : `"${safe.replace(/["\\]/g, "\\$&")}"`;
}

/** The whole value of a setting that knows no quotes. */
function plain(text: string): string {
  if (text !== text.trim() || text.endsWith("\\")) throw unnameable(text);
  return checked(text).replaceAll("%", "%%");
}

function checked(text: string): string {
  // A unit's lines are text; what ends a line ends the setting.
  if (/\p{Cc}|\u2028|\u2029/u.test(text)) throw unnameable(text);
  return text;
}

function unnameable(text: string): PropylonError {
  return new PropylonError("user", `A unit can't name ${JSON.stringify(text)}`, {
    remedy:
      "rename it: without control characters, blanks at its ends, or a backslash at its end; a command without quotes",
  });
}

function seconds(ms: number): string {
  return String(Math.ceil(ms / 1000));
}
