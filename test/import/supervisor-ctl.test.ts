import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PropylonError } from "../../src/base/errors.ts";
import { type Instance, runAction, type Session } from "../../src/cli/supervisor/actions.ts";
import { uptime } from "../../src/cli/supervisor/process-info.ts";
import { readSupervisordWords } from "../../src/cli/supervisor/supervisord.ts";
import { parseWords } from "../../src/cli/supervisor/words.ts";
import type { ProgramStatus, StatusReport } from "../../src/control/operations.ts";
import type { SupervisedProcess } from "../../src/import/supervisor/layout.ts";
import { machine } from "./machine.ts";

const NOW = new Date("2026-03-05T09:07:10Z");

function program(name: string, state: string, more: Partial<ProgramStatus> = {}): ProgramStatus {
  const [key = "", number = "0"] = name.split(":");
  return {
    name,
    program: key,
    instance: Number(number),
    state,
    pid: state === "running" ? 123 : null,
    since: "2026-03-05T09:07:05Z",
    started: state === "running" ? "2026-03-05T09:07:05Z" : null,
    ended: null,
    restarts: 0,
    exitCode: null,
    exitSignal: null,
    spawnError: null,
    stoppedByUser: false,
    reason: null,
    health: null,
    memory: null,
    cpu: null,
    stdout: null,
    stderr: null,
    ...more,
  };
}

const PROGRAMS = [
  program("gmBlog", "running"),
  program("w:0", "running"),
  program("w:1", "running"),
  program("off", "stopped"),
  program("bad", "failed", { spawnError: "no command '/no/such/thing'" }),
  program("a", "exited", { started: "2026-03-05T01:00:00", ended: "2026-03-05T14:03:00" }),
];
const LAYOUT: readonly SupervisedProcess[] = [
  { group: "w", name: "w_00", program: "w", instance: 0 },
  { group: "w", name: "w_01", program: "w", instance: 1 },
  { group: "g", name: "a", program: "a", instance: null },
];

/** An instance that has these programs, and does what it is told. */
class FakeInstance {
  readonly calls: string[] = [];
  readonly refused: Readonly<Record<string, string>>;
  constructor(refused: Readonly<Record<string, string>> = {}) {
    this.refused = refused;
  }
  async status(): Promise<StatusReport> {
    return {
      version: "0",
      pid: 77,
      directory: "/",
      profile: "",
      since: "",
      ready: true,
      listeners: [],
      processes: [],
      apps: [],
      programs: PROGRAMS,
    };
  }
  async start({ name }: { readonly name: string }): Promise<void> {
    this.#do("start", name);
  }
  async stop({ name }: { readonly name?: string } = {}): Promise<void> {
    this.#do("stop", name ?? "everything");
  }
  async signal({ name, signal }: { readonly name: string; readonly signal: string }): Promise<void> {
    this.#do(signal, name);
  }
  async changes() {
    return { changes: [], programs: { added: ["new"], changed: ["w"], removed: ["off"] } };
  }
  async reload(): Promise<never> {
    this.#do("reload", "programs");
    return undefined as never;
  }
  #do(verb: string, name: string): void {
    const why = this.refused[name];
    if (why !== undefined) throw new PropylonError("user", why);
    this.calls.push(`${verb} ${name}`);
  }
}

async function act(line: string, instance = new FakeInstance()) {
  let text = "";
  const session: Session = {
    instance: instance as unknown as Instance,
    layout: LAYOUT,
    version: "9",
    interrupted: new AbortController().signal,
    write: (more) => {
      text += more;
    },
    now: () => NOW,
  };
  const [name = "", ...args] = line.split(" ");
  const code = await runAction(name, args, session);
  return { text, code, calls: instance.calls };
}

// Texts and exit codes are those of supervisorctl 4.2.5 for the same programs.
describe("supervisorctl", () => {
  it("shows processes in supervisor's columns and order, and exits with 3 when one is not up", async () => {
    const { text, code } = await act("status");
    assert.equal(
      text,
      `${[
        "bad                              FATAL     can't find command '/no/such/thing'",
        "g:a                              EXITED    Mar 05 02:03 PM",
        "gmBlog                           RUNNING   pid 123, uptime 0:00:05",
        "off                              STOPPED   Not started",
        "w:w_00                           RUNNING   pid 123, uptime 0:00:05",
        "w:w_01                           RUNNING   pid 123, uptime 0:00:05",
      ].join("\n")}\n`,
    );
    assert.equal(code, 3);
  });

  it("says which names there are not, and exits with 4", async () => {
    assert.deepEqual(
      await act("status nope w:* nog:*").then(({ text, code }) => [text.split("\n").slice(0, 2), code]),
      [["nope: ERROR (no such process)", "nog: ERROR (no such group)"], 4],
    );
    assert.equal((await act("status gmBlog")).code, 0);
  });

  it("starts what is not up, and passes over what is", async () => {
    const started = await act("start off gmBlog g:a");
    assert.equal(started.text, "off: started\ngmBlog: ERROR (already started)\ng:a: started\n");
    assert.deepEqual([started.code, started.calls], [0, ["start off", "start a"]]);
    assert.deepEqual((await act("start all")).calls.sort(), ["start a", "start bad", "start off"]);
  });

  it("tells why a start failed, by supervisor's words and codes", async () => {
    const result = await act("start bad off nope", new FakeInstance({ bad: "no command", off: "exited with 1" }));
    assert.equal(result.text, "bad: ERROR (no such file)\noff: ERROR (spawn error)\nnope: ERROR (no such process)\n");
    assert.equal(result.code, 1);
    assert.equal((await act("start off", new FakeInstance({ off: "exited" }))).code, 7);
    assert.equal((await act("start nog:*")).code, 2);
    assert.equal((await act("start")).code, 2);
  });

  it("stops and restarts by name, group or all", async () => {
    assert.equal((await act("stop gmBlog off")).text, "gmBlog: stopped\noff: ERROR (not running)\n");
    assert.deepEqual((await act("stop all")).calls.sort(), ["stop gmBlog", "stop w:0", "stop w:1"]);
    assert.deepEqual((await act("stop w:*")).calls, ["stop w:0", "stop w:1"]);
    assert.equal((await act("restart off")).text, "off: ERROR (not running)\noff: started\n");
  });

  it("sends signals to what runs", async () => {
    assert.deepEqual((await act("signal SIGhup gmBlog")).calls, ["HUP gmBlog"]);
    assert.deepEqual(await act("signal HUP off").then(({ text, code }) => [text, code]), [
      "off: ERROR (not running)\n",
      7,
    ]);
    assert.deepEqual(await act("signal FOO gmBlog").then(({ text, code }) => [text, code]), [
      "gmBlog: ERROR (bad signal name)\n",
      1,
    ]);
  });

  it("tells pids, and 7 for what has none", async () => {
    assert.equal((await act("pid")).text, "77\n");
    assert.deepEqual(await act("pid off").then(({ text, code }) => [text, code]), ["0\n", 7]);
    assert.deepEqual(await act("pid nope").then(({ text, code }) => [text, code]), ["No such process nope\n", 1]);
  });

  it("tells what a reread finds, and updates", async () => {
    assert.equal((await act("reread")).text, "new: available\noff: disappeared\nw: changed\n");
    const updated = await act("update");
    assert.equal(
      updated.text,
      "off: stopped\noff: removed process group\nw: stopped\nw: updated process group\nnew: added process group\n",
    );
    assert.deepEqual(updated.calls, ["reload programs"]);
    assert.equal((await act("update nog")).text, "ERROR: no such group: nog\n");
  });

  it("writes times up as Python does", () => {
    assert.deepEqual([5, 3661, 86_400, 2 * 86_400 + 1].map(uptime), [
      "0:00:05",
      "1:01:01",
      "1 day, 0:00:00",
      "2 days, 0:00:01",
    ]);
  });
});

describe("the words of supervisord", () => {
  const files = { "/srv/s.conf": "[supervisord]\npidfile=%(here)s/s.pid ; mine\n" };
  it("name a configuration, whose pid file is written", () => {
    const asked = readSupervisordWords(["-nc", "s.conf", "-u", "joe"], machine(files, { directory: "/srv" }), "9");
    assert.ok(typeof asked === "object");
    assert.equal(asked.file, "/srv/s.conf");
    assert.equal(asked.pidFile, "/srv/s.pid");
    assert.equal(asked.warnings.length, 1);
  });
  it("are refused as supervisord refuses them", () => {
    assert.throws(
      () => readSupervisordWords(["-c", "no.conf"], machine(files), "9"),
      /could not find config file no\.conf/,
    );
    assert.throws(() => readSupervisordWords(["-X"], machine(files), "9"), /option -X not recognized/);
    assert.throws(() => parseWords(["--user"], { u: "user=" }, "x"), /option --user requires argument/);
    assert.equal(readSupervisordWords(["--version"], machine(files), "9"), "9\n");
  });
});
