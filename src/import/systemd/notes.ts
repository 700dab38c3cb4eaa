import { approximated, ignored, type Outcome } from "../ledger.ts";

const BOOT = approximated(
  "started with propylon, which a unit of its own starts at boot: what this unit waits for, that one has to",
);
const SANDBOX = approximated(
  "not enforced for this program alone: set it in the unit that starts propylon, where it covers all that propylon runs",
);
const ACCOUNTING = approximated(
  "control groups are the unit's that starts propylon: set there, it covers all that propylon runs",
);
const DOCUMENTATION = ignored("it says something to people");

const UNIT = [
  "After",
  "Before",
  "Requires",
  "Wants",
  "Requisite",
  "BindsTo",
  "PartOf",
  "PropagatesReloadTo",
  "ReloadPropagatedFrom",
  "PropagatesStopTo",
  "StopPropagatedFrom",
  "Upholds",
  "Conflicts",
  "DefaultDependencies",
  "RequiresMountsFor",
  "WantedBy",
  "RequiredBy",
  "UpheldBy",
  "Alias",
  "Also",
  "OnFailure",
  "OnSuccess",
  "PropagatesReloadTo",
  "JoinsNamespaceOf",
  "StopWhenUnneeded",
  "RefuseManualStart",
  "RefuseManualStop",
  "AllowIsolate",
  "IgnoreOnIsolate",
  "DefaultInstance",
  "SourcePath",
  "Sockets",
];

const SANDBOXING =
  /^(?:Protect|Private|Restrict|ReadOnly|ReadWrite|Inaccessible|Exec(?:Paths|Search)|NoExec|Bind|TemporaryFileSystem|NoNewPrivileges|SystemCall|CapabilityBoundingSet|AmbientCapabilities|SecureBits|LockPersonality|MemoryDenyWriteExecute|MountFlags|MountAPIVFS|Root(?:Directory|Image|Hash)|DevicePolicy|DeviceAllow|RemoveIPC|KeyringMode|DynamicUser|NetworkNamespacePath|IPAddress(?:Allow|Deny)|SELinuxContext|AppArmorProfile|ProcSubset|Personality|SocketBind)/;

const RESOURCES =
  /^(?:CPU|Memory|Tasks|IO|BlockIO|Startup|Slice$|Delegate$|Nice$|OOM|IOScheduling|NUMA|TimerSlack|AllowedCPUs|ManagedOOM)/;

const OTHERS: Readonly<Record<string, Outcome>> = {
  Description: DOCUMENTATION,
  Documentation: DOCUMENTATION,
  PIDFile: ignored("the process that is started is the one that is kept; no pid file is needed to find it"),
  NotifyAccess: approximated(
    "readiness messages are not listened for: the program counts as running after its start_time",
  ),
  SyslogIdentifier: approximated("records in our log are named after the program"),
  SyslogFacility: ignored("our log knows no facilities"),
  SyslogLevel: ignored("output has the level info in our log"),
  SyslogLevelPrefix: ignored("output is logged as it is written"),
  LogLevelMax: approximated("all output is logged: say log.level for our own"),
  LogsDirectoryMode: ignored("it goes with LogsDirectory"),
  GuessMainPID: ignored("the process that is started is the one that is kept"),
  RemainAfterExit: approximated("a step that has ended well stays done until it is started again"),
  SendSIGKILL: approximated("what does not end in its time is always killed"),
  SendSIGHUP: approximated("only the stop signal is sent"),
  FinalKillSignal: approximated("what does not end in its time gets KILL"),
  IgnoreSIGPIPE: approximated("SIGPIPE is as in a shell, which most programs expect"),
  RuntimeDirectoryPreserve: approximated("folders stay when the program stops"),
  WatchdogSec: approximated("there are no watchdog messages: give the program a health check"),
  StandardInput: approximated("programs read from /dev/null"),
  TTYPath: ignored("programs have no terminal"),
  OnCalendar: approximated("there are no timers here: keep it in a timer of systemd"),
  PassEnvironment: approximated("programs see the whole environment of propylon"),
  UnsetEnvironment: approximated("programs see the whole environment of propylon"),
};

/** What becomes of options that need no value to be judged; null: the option is read elsewhere, or not known. */
export function noteFor(name: string): Outcome | null {
  if (Object.hasOwn(OTHERS, name)) return OTHERS[name]!;
  if (UNIT.includes(name) || /^(?:Condition|Assert)[A-Z]/.test(name) || /^JobTimeout/.test(name)) return BOOT;
  if (SANDBOXING.test(name)) return SANDBOX;
  return RESOURCES.test(name) ? ACCOUNTING : null;
}
