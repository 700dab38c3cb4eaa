import { PropylonError } from "../../base/errors.ts";
import type { ControlClient } from "../../control/client.ts";
import { fullName, type SupervisedProcess } from "../../import/supervisor/layout.ts";
import { HELP } from "./help.ts";
import { matching, parseName } from "./names.ts";
import { isStopped, type ProcessInfo, processInfos, statusLines } from "./process-info.ts";

/** Exit codes of supervisorctl, which it has from the init scripts of the LSB. */
export const EXIT = { ok: 0, generic: 1, invalid: 2, stopped: 3, unknown: 4, notRunning: 7 } as const;

/** What supervisorctl asks of an instance. */
export type Instance = Pick<
  ControlClient,
  "status" | "start" | "stop" | "signal" | "clear" | "output" | "logs" | "reload" | "changes" | "config"
>;

export interface Session {
  readonly instance: Instance;
  readonly layout: readonly SupervisedProcess[];
  readonly version: string;
  /** Ends what follows an output. */
  readonly interrupted: AbortSignal;
  write(text: string): void;
  now(): Date;
}

/** Does one action; resolves with its exit code. null: there is no such action. */
export function runAction(name: string, args: readonly string[], session: Session): Promise<number> | null {
  return Object.hasOwn(ACTIONS, name) ? ACTIONS[name]!(args, session) : null;
}

export const ACTION_NAMES = [
  "add",
  "avail",
  "clear",
  "exit",
  "help",
  "maintail",
  "pid",
  "quit",
  "reload",
  "remove",
  "reread",
  "restart",
  "shutdown",
  "signal",
  "start",
  "status",
  "stop",
  "tail",
  "update",
  "version",
] as const;

// --- internal ---

type Action = (args: readonly string[], session: Session) => Promise<number>;

const TAIL_BYTES = 1600;

const ACTIONS: Readonly<Record<string, Action>> = {
  status,
  start: (args, session) => each("start", args, session, startOne),
  stop: (args, session) => each("stop", args, session, stopOne),
  restart,
  signal,
  clear: (args, session) => each("clear", args, session, clearOne),
  tail,
  maintail,
  pid,
  reread,
  update,
  add,
  remove,
  avail,
  shutdown: async (args, session) => {
    if (args.length > 0) return failed(session, "Error: shutdown accepts no arguments");
    await session.instance.stop();
    return say(session, "Shut down");
  },
  reload: async (args, session) => {
    if (args.length > 0) return failed(session, "Error: reload accepts no arguments");
    await session.instance.reload();
    return say(session, "Restarted supervisord");
  },
  version: async (_args, session) => say(session, session.version),
};

function say({ write }: Session, text: string, code: number = EXIT.ok): number {
  write(`${text}\n`);
  return code;
}

function failed(session: Session, text: string): number {
  return say(session, text, EXIT.generic);
}

async function list({ instance, layout }: Session): Promise<readonly ProcessInfo[]> {
  return processInfos(await instance.status(), layout);
}

async function status(args: readonly string[], session: Session): Promise<number> {
  const infos = await list(session);
  let code: number = EXIT.ok;
  let shown = infos;
  if (args.length > 0 && !args.includes("all")) {
    shown = args.flatMap((name) => {
      const spec = parseName(name);
      const found = matching(infos, spec);
      if (found.length > 0) return found;
      const what = spec.process === null ? `${spec.group}: ERROR (no such group)` : `${name}: ERROR (no such process)`;
      code = say(session, what, EXIT.unknown);
      return [];
    });
  }
  for (const line of statusLines(shown, session.now())) session.write(`${line}\n`);
  return shown.some(isStopped) ? EXIT.stopped : code;
}

type One = (info: ProcessInfo, session: Session) => Promise<number>;

/** Does the same to all that the names mean. The last failure gives the exit code, as with supervisorctl. */
async function each(verb: string, args: readonly string[], session: Session, one: One): Promise<number> {
  const infos = await list(session);
  if (args.length === 0) {
    say(session, `Error: ${verb} requires a process name`);
    for (const line of HELP[verb] ?? []) say(session, line);
    return verb === "start" ? EXIT.invalid : EXIT.generic;
  }
  let code: number = EXIT.ok;
  const note = (result: number): void => {
    if (result !== EXIT.ok) code = result;
  };
  if (args.includes("all")) {
    for (const result of await Promise.all(fitting(verb, infos).map((info) => one(info, session)))) note(result);
    return code;
  }
  for (const name of args) {
    const spec = parseName(name);
    const found = matching(infos, spec);
    const chosen = spec.process === null ? fitting(verb, found) : found;
    if (found.length > 0)
      for (const result of await Promise.all(chosen.map((info) => one(info, session)))) note(result);
    else if (spec.process === null)
      note(say(session, `${spec.group}: ERROR (no such group)`, verb === "start" ? EXIT.invalid : EXIT.generic));
    else note(failed(session, `${fullName({ group: spec.group, name: spec.process })}: ERROR (no such process)`));
  }
  return code;
}

/** Of a group, or of all, those that the action is for. */
function fitting(verb: string, infos: readonly ProcessInfo[]): readonly ProcessInfo[] {
  if (verb === "start") return infos.filter(isStartable);
  return verb === "stop" || verb === "signal" ? infos.filter(isUp) : infos;
}

function isStartable(info: ProcessInfo): boolean {
  return isStopped(info) || info.state === "BACKOFF";
}

function isUp({ state }: ProcessInfo): boolean {
  return state === "RUNNING" || state === "STARTING" || state === "BACKOFF";
}

async function startOne(info: ProcessInfo, session: Session): Promise<number> {
  const name = fullName(info);
  if (!isStartable(info)) return say(session, `${name}: ERROR (already started)`);
  try {
    await session.instance.start({ name: info.target });
    return say(session, `${name}: started`);
  } catch (error) {
    if (!(error instanceof PropylonError)) throw error;
    const after = (await list(session)).find(({ target }) => target === info.target);
    const why = `${after?.spawnError ?? ""} ${error.message}`;
    if (/ENOENT|no such file|not found|can't find/i.test(why)) return failed(session, `${name}: ERROR (no such file)`);
    if (/EACCES|not executable|permission denied/i.test(why))
      return failed(session, `${name}: ERROR (file is not executable)`);
    return say(session, `${name}: ERROR (spawn error)`, EXIT.notRunning);
  }
}

async function stopOne(info: ProcessInfo, session: Session): Promise<number> {
  const name = fullName(info);
  if (!isUp(info)) return say(session, `${name}: ERROR (not running)`);
  await session.instance.stop({ name: info.target });
  return say(session, `${name}: stopped`);
}

async function clearOne(info: ProcessInfo, session: Session): Promise<number> {
  const name = fullName(info);
  if (info.kind === "app") return failed(session, `${name}: ERROR (failed)`);
  await session.instance.clear({ name: info.target });
  return say(session, `${name}: cleared`);
}

async function restart(args: readonly string[], session: Session): Promise<number> {
  if (args.length === 0) return each("restart", args, session, startOne);
  const stopped = await each("stop", args, session, stopOne);
  const started = await each("start", args, session, startOne);
  return started === EXIT.ok ? stopped : started;
}

async function signal(args: readonly string[], session: Session): Promise<number> {
  const [name, ...names] = args;
  if (name === undefined || names.length === 0) {
    say(session, "Error: signal requires a signal name and a process name");
    for (const line of HELP["signal"]!) say(session, line);
    return EXIT.generic;
  }
  return each("signal", names, session, async (info) => {
    const full = fullName(info);
    if (!SIGNAL.test(name)) return failed(session, `${full}: ERROR (bad signal name)`);
    if (info.kind === "app" || info.pid === 0) return say(session, `${full}: ERROR (not running)`, EXIT.notRunning);
    await session.instance.signal({ name: info.target, signal: name.toUpperCase().replace(/^SIG/, "") });
    return say(session, `${full}: signalled`);
  });
}

const SIGNAL =
  /^(?:SIG)?(?:HUP|INT|QUIT|ILL|TRAP|ABRT|BUS|FPE|KILL|USR1|SEGV|USR2|PIPE|ALRM|TERM|CHLD|CONT|STOP|TSTP|TTIN|TTOU|URG|XCPU|XFSZ|VTALRM|PROF|WINCH|IO|SYS|[1-9]|[12]\d|3[01])$/i;

async function tail(args: readonly string[], session: Session): Promise<number> {
  const modifier = args[0]?.startsWith("-") ? args[0].slice(1) : null;
  const rest = modifier === null ? args : args.slice(1);
  if (args.length === 0) return failed(session, "Error: too few arguments");
  if (args.length > 3) return failed(session, "Error: too many arguments");
  const [name, written = "stdout"] = rest;
  if (name === undefined) return failed(session, "Error: tail requires process name");
  const stream = written.toLowerCase();
  if (stream !== "stdout" && stream !== "stderr") return failed(session, `Error: bad channel '${stream}'`);
  const follow = modifier === "f";
  if (modifier !== null && !follow && !/^\d+$/.test(modifier))
    return failed(session, `Error: bad argument -${modifier}`);
  const [info] = matching(await list(session), parseName(name));
  if (info === undefined) return failed(session, `${name}: ERROR (no such process name)`);
  if (info.kind === "app") return failed(session, `${name}: ERROR (no log file)`);
  if (follow) say(session, "==> Press Ctrl-C to exit <==");
  const bytes = modifier === null || follow ? TAIL_BYTES : Number(modifier);
  const options = { name: info.target, stream, bytes, follow, signal: session.interrupted } as const;
  for await (const chunk of session.instance.output(options)) session.write(chunk.toString("utf8"));
  if (!follow) session.write("\n");
  return EXIT.ok;
}

async function maintail(args: readonly string[], session: Session): Promise<number> {
  if (args.length > 1) return failed(session, "Error: too many arguments");
  const follow = args[0] === "-f";
  if (args[0] !== undefined && !follow && !/^-\d+$/.test(args[0]))
    return failed(session, `Error: bad argument ${args[0]}`);
  if (follow) say(session, "==> Press Ctrl-C to exit <==");
  for await (const record of session.instance.logs({ name: "main", follow, signal: session.interrupted }))
    session.write(`${record.time} ${record.level} ${record.message}\n`);
  return EXIT.ok;
}

async function pid(args: readonly string[], session: Session): Promise<number> {
  const report = await session.instance.status();
  if (args.length === 0) return say(session, String(report.pid));
  const infos = processInfos(report, session.layout);
  if (args.includes("all")) {
    for (const info of infos) say(session, String(info.pid));
    return EXIT.ok;
  }
  let code: number = EXIT.ok;
  for (const name of args) {
    const spec = parseName(name);
    const [info] = spec.process === null ? [] : matching(infos, spec);
    if (info === undefined) code = failed(session, `No such process ${name}`);
    else if (say(session, String(info.pid)) === EXIT.ok && info.pid === 0) code = EXIT.notRunning;
  }
  return code;
}

/** Groups that a reload would add, change and remove. */
async function changedGroups({
  instance,
  layout,
}: Session): Promise<Readonly<Record<"added" | "changed" | "removed", readonly string[]>>> {
  const { programs } = await instance.changes();
  const groups = (names: readonly string[]): readonly string[] => [
    ...new Set(names.map((name) => layout.find(({ program }) => program === name)?.group ?? name)),
  ];
  return { added: groups(programs.added), changed: groups(programs.changed), removed: groups(programs.removed) };
}

async function reread(args: readonly string[], session: Session): Promise<number> {
  if (args.length > 0) return failed(session, "Error: reread accepts no arguments");
  let changes: Awaited<ReturnType<typeof changedGroups>>;
  try {
    changes = await changedGroups(session);
  } catch (error) {
    if (!(error instanceof PropylonError)) throw error;
    return failed(session, `ERROR: CANT_REREAD: ${error.message}`);
  }
  const lines = [
    ...changes.added.map((name) => `${name}: available`),
    ...changes.changed.map((name) => `${name}: changed`),
    ...changes.removed.map((name) => `${name}: disappeared`),
  ].sort();
  for (const line of lines) say(session, line);
  return lines.length === 0 ? say(session, "No config updates to processes") : EXIT.ok;
}

async function update(args: readonly string[], session: Session): Promise<number> {
  const changes = await changedGroups(session);
  const wanted = args.includes("all") ? [] : args;
  const known = new Set([...(await list(session)).map(({ group }) => group), ...changes.added]);
  let code: number = EXIT.ok;
  for (const name of wanted) if (!known.has(name)) code = failed(session, `ERROR: no such group: ${name}`);
  const chosen = (names: readonly string[]): readonly string[] =>
    names.filter((name) => wanted.length === 0 || wanted.includes(name));
  const removed = chosen(changes.removed);
  const changed = chosen(changes.changed);
  const added = chosen(changes.added);
  if (removed.length + changed.length + added.length === 0) return code;
  await session.instance.reload({ programs: true });
  for (const name of removed) {
    say(session, `${name}: stopped`);
    say(session, `${name}: removed process group`);
  }
  for (const name of changed) {
    say(session, `${name}: stopped`);
    say(session, `${name}: updated process group`);
  }
  for (const name of added) say(session, `${name}: added process group`);
  return code;
}

/** The programs of a configuration change together: what is new besides comes with it. */
async function add(args: readonly string[], session: Session): Promise<number> {
  const active = new Set((await list(session)).map(({ group }) => group));
  const { added } = await changedGroups(session);
  let code: number = EXIT.ok;
  for (const name of args) {
    if (active.has(name)) say(session, "ERROR: process group already active");
    else if (!added.includes(name)) code = failed(session, `ERROR: no such process/group: ${name}`);
    else {
      await session.instance.reload({ programs: true });
      say(session, `${name}: added process group`);
    }
  }
  return code;
}

async function remove(args: readonly string[], session: Session): Promise<number> {
  let code: number = EXIT.ok;
  for (const name of args) {
    const infos = (await list(session)).filter(({ group }) => group === name);
    const { removed } = await changedGroups(session);
    if (infos.length === 0) code = failed(session, `ERROR: no such process/group: ${name}`);
    else if (!infos.every(isStopped)) code = failed(session, `ERROR: process/group still running: ${name}`);
    else {
      // What the configuration still has stays known, and stays stopped.
      if (removed.includes(name)) await session.instance.reload({ programs: true });
      say(session, `${name}: removed process group`);
    }
  }
  return code;
}

async function avail(args: readonly string[], session: Session): Promise<number> {
  if (args.length > 0) return failed(session, "Error: avail accepts no arguments");
  const { programs } = await session.instance.config();
  const inGroup = ({ group, target }: ProcessInfo): boolean => group !== target.split(":")[0];
  const infos = await list(session);
  for (const info of [...infos.filter(inGroup), ...infos.filter((each) => !inGroup(each))]) {
    const program = programs[info.target.split(":")[0]!];
    const start = program?.autostart === false ? "manual" : "auto";
    const priority = program?.priority ?? 999;
    say(session, `${fullName(info).padEnd(32)} ${"in use".padEnd(9)} ${start.padEnd(9)} ${priority}:${priority}`);
  }
  return EXIT.ok;
}

/** What follows the message that a name is missing. */
