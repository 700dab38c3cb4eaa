import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readSupervisor, readSupervisorConfig } from "../../src/import/supervisor/read.ts";
import { splitCommand, splitEnvironment } from "../../src/import/supervisor/words.ts";
import { account, corpusFolder, problemsOf, unaccounted } from "./account.ts";
import { machine } from "./machine.ts";

const FILE = "/etc/supervisor/supervisord.conf";

function read(text: string, environment: Record<string, string> = {}, others: Record<string, string> = {}) {
  const context = machine({ ...others, [FILE]: text }, { directory: "/srv", environment });
  const reading = readSupervisorConfig({ kind: "supervisor", form: "file", path: FILE, text }, context);
  const programs = ((reading.settings as Record<string, unknown>)["programs"] ?? {}) as Record<
    string,
    Record<string, unknown>
  >;
  const told = (name: string) => reading.directives.filter((directive) => directive.name === name);
  return { reading, programs, told };
}

describe("a supervisord.conf", () => {
  it("becomes programs with supervisor's own defaults", () => {
    const { programs, reading } = read("[program:a]\ncommand=sleep 5\n");
    assert.deepEqual(programs["a"], {
      command: ["sleep", "5"],
      directory: "/srv",
      restart: "unexpected",
      start_retries: 3,
      stop_group: false,
    });
    assert.deepEqual(problemsOf(reading), []);
  });

  it("is read with comments behind blanks, and values that go on in indented lines", () => {
    const { programs } = read(
      "[program:a] ; mine\ncommand=echo x;y ; not this\n  --more\n# whole line\nuser=joe # him\n",
    );
    assert.deepEqual(programs["a"]?.["command"], ["echo", "x;y", "--more"]);
    assert.equal(programs["a"]?.["user"], "joe");
  });

  it("has its names expanded as Python does", () => {
    const { programs } = read(
      "[program:a]\ncommand=%(here)s/run %(ENV_X)s %(program_name)s 100%%\nstdout_logfile=/l/%(group_name)s.log\n",
      { X: "one two" },
    );
    assert.deepEqual(programs["a"]?.["command"], ["/etc/supervisor/run", "one", "two", "a", "100%"]);
    assert.deepEqual(programs["a"]?.["stdout"], { file: "/l/a.log", rotate_size: "50MB", rotate_keep: 10 });
  });

  it("lets a shell look variables up that are not set yet", () => {
    const { programs, told } = read("[program:a]\ncommand=run 'a b' --port=%(ENV_P)s\n");
    assert.equal(programs["a"]?.["command"], `exec run 'a b' --port=\${P}`);
    assert.equal(programs["a"]?.["shell"], true);
    assert.equal(told("command")[0]?.verdict, "approximated");
  });

  it("passes over a mistyped key with a suggestion", () => {
    const { programs, told } = read("[program:a]\ncommand=x\naurorestart=true\n");
    assert.equal(programs["a"]?.["restart"], "unexpected");
    assert.equal(told("aurorestart")[0]?.verdict, "ignored");
    assert.match(told("aurorestart")[0]?.note ?? "", /did you mean "autorestart"/);
  });

  it("reads a format without its s as Python does, and says so", () => {
    const { programs, told } = read("[program:gm]\ncommand=x\nstdout_logfile=/l/%(program_name)-stdout.log\n");
    assert.deepEqual((programs["gm"]?.["stdout"] as { file: string } | undefined)?.file, "/l/gmtdout.log");
    assert.match(told("stdout_logfile")[0]?.note ?? "", /minus sign/);
  });

  it("tells lines before the first section, and does not fail", () => {
    const { reading, programs } = read("command=x\n[program:a]\ncommand=y\n");
    assert.equal(reading.directives[0]?.verdict, "needs-a-decision");
    assert.equal(reading.directives[0]?.place.line, 1);
    assert.deepEqual(Object.keys(programs), ["a"]);
  });

  it("runs alike processes as instances of one program, others as programs of their own", () => {
    const name = "process_name=%(program_name)s_%(process_num)02d\nnumprocs=2\n";
    const alike = read(`[program:w]\ncommand=work\n${name}`);
    assert.equal(alike.programs["w"]?.["instances"], 2);
    assert.deepEqual(
      alike.reading.processes.map((each) => [each.group, each.name, each.program, each.instance]),
      [
        ["w", "w_00", "w", 0],
        ["w", "w_01", "w", 1],
      ],
    );
    const apart = read(`[program:w]\ncommand=work %(process_num)02d\nnumprocs_start=5\n${name}`);
    assert.deepEqual(Object.keys(apart.programs), ["w-5", "w-6"]);
    assert.deepEqual(apart.programs["w-6"]?.["command"], ["work", "06"]);
    assert.equal(apart.reading.processes[1]?.name, "w_06");
  });

  it("keeps the order of groups and of programs in them", () => {
    const { programs, reading } = read(
      "[program:x]\ncommand=x\npriority=5\n[program:y]\ncommand=y\npriority=1\n[program:z]\ncommand=z\n[group:g]\nprograms=x,y\npriority=2000\n",
    );
    assert.deepEqual(
      ["z", "y", "x"].map((name) => programs[name]?.["priority"]),
      [10, 20, 30],
    );
    assert.equal(reading.processes.find(({ program }) => program === "x")?.group, "g");
  });

  it("reads what it includes, relative to its own folder, with here of the included file", () => {
    const { programs, reading } = read(
      "[include]\nfiles = conf.d/*.conf\n[supervisord]\nnodaemon=true\n",
      {},
      {
        "/etc/supervisor/conf.d/a.conf": "[program:a]\ncommand=%(here)s/a\n",
      },
    );
    assert.deepEqual(programs["a"]?.["command"], ["/etc/supervisor/conf.d/a"]);
    assert.deepEqual(reading.files, [FILE, "/etc/supervisor/conf.d/a.conf"]);
  });

  it("gives programs the environment, user and limits of [supervisord], and theirs over it", () => {
    const { programs } = read(
      '[supervisord]\nenvironment=A="1",B="x,y"\nuser=web\nminfds=4096\n[program:a]\ncommand=x\nenvironment=A=2\n',
    );
    assert.deepEqual(programs["a"]?.["environment"], { A: "2", B: "x,y" });
    assert.equal(programs["a"]?.["user"], "web");
    assert.deepEqual(programs["a"]?.["limits"], { files: 4096 });
  });

  it("sends stderr where stdout goes, and gives each program that shares a file one of its own", () => {
    const log = "stdout_logfile=/l/x.log\n";
    const { programs, told } = read(
      `[program:a]\ncommand=x\n${log}redirect_stderr=true\n[program:b]\ncommand=y\n${log}[program:c]\ncommand=z\nstdout_logfile=NONE\nstderr_logfile=/dev/stderr\n`,
    );
    assert.equal(programs["a"]?.["stderr"], "stdout");
    assert.equal((programs["b"]?.["stdout"] as { file: string } | undefined)?.file, "/l/x-b.log");
    assert.equal(told("stdout_logfile")[1]?.verdict, "approximated");
    assert.equal(programs["c"]?.["stdout"], false);
    assert.deepEqual(programs["c"]?.["stderr"], { file: "/dev/stderr", rotate_size: "0", rotate_keep: 10 });
  });

  it("asks for a decision about event listeners and FastCGI sockets", () => {
    const { told, programs } = read(
      "[eventlistener:e]\ncommand=x\nevents=TICK_5\n[fcgi-program:f]\ncommand=y\nsocket=tcp://localhost:9000\n",
    );
    assert.equal(told("[eventlistener:e]")[0]?.verdict, "needs-a-decision");
    assert.equal(told("socket")[0]?.verdict, "needs-a-decision");
    assert.equal(programs["e"], undefined);
  });

  it("takes a listener that only writes output down for our log, and no other", () => {
    const listener = (command: string, events: string): string | undefined => {
      const { told } = read(`[eventlistener:e]\ncommand=${command}\nevents=${events}\n`);
      return told("[eventlistener:e]")[0]?.verdict;
    };
    for (const command of ["supervisor_stdout", "bin/logger --dev", "/usr/bin/supervisor-stdout"])
      assert.equal(listener(command, "PROCESS_LOG"), "approximated", command);
    assert.equal(listener("rsyslog-4xx-recovery", "PROCESS_LOG_STDERR"), "needs-a-decision");
    assert.equal(listener("bin/logger", "PROCESS_LOG, PROCESS_STATE_EXITED"), "needs-a-decision");
    const { told } = read("[program:a]\ncommand=x\nstdout_events_enabled=true\nstderr_events_enabled=false\n");
    assert.equal(told("stdout_events_enabled")[0]?.verdict, "approximated");
    assert.equal(told("stderr_events_enabled")[0]?.verdict, "mapped");
  });
});

describe("words", () => {
  it("of a command are those of Python's shlex", () => {
    assert.deepEqual(splitCommand(`a "b c\\$" 'd "e' f\\ g ""`), ["a", "b c\\$", 'd "e', "f g", ""]);
    assert.equal(splitCommand(`a "b`), null);
  });
  it("of an environment are pairs, over several lines too", () => {
    assert.deepEqual(splitEnvironment("A=\"1,2\",B='x',\n  C=/p/q"), { A: "1,2", B: "x", C: "/p/q" });
    assert.equal(splitEnvironment("A"), null);
  });
});

describe("public supervisor configurations", {
  skip: corpusFolder() === null && "PROPYLON_CORPORA is not there",
}, () => {
  it("are accounted for line by line, and hardly ask for decisions", () => {
    const measured = account("supervisor", "supervisor", readSupervisor);
    assert.ok(measured.files.length > 30);
    assert.deepEqual(
      unaccounted(measured, (line) => /^[\w.]+\s*=|^\[/.test(line)),
      [],
    );
    assert.ok(measured.settled >= 0.98, `settled ${measured.settled}`);
    assert.ok(measured.used >= 0.94, `used ${measured.used}`);
    assert.deepEqual(measured.invalid, []);
  });
});
