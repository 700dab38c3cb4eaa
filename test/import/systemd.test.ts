import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readSystemd } from "../../src/import/systemd/read.ts";
import { expandVariables, splitUnitWords } from "../../src/import/systemd/words.ts";
import { account, corpusFolder, problemsOf, unaccounted } from "./account.ts";
import { machine } from "./machine.ts";

type Programs = Record<string, Record<string, unknown>>;

function read(text: string, file = "/etc/systemd/system/site.service", others: Record<string, string> = {}) {
  const reading = readSystemd(
    { kind: "systemd", form: "file", path: file, text },
    machine({ ...others, [file]: text }),
  );
  const programs = ((reading.settings as Record<string, unknown>)["programs"] ?? {}) as Programs;
  return {
    reading,
    programs,
    verdict: (name: string) => reading.directives.find((each) => each.name === name)?.verdict,
  };
}

describe("a service unit", () => {
  it("becomes a program that is called like it and runs as it says", () => {
    const { programs, reading } = read(
      "[Service]\nUser=web\nGroup=www\nWorkingDirectory=/srv/site\nExecStart=/venv/bin/gunicorn -w 2 \\\n  app:app\nRestart=always\nRestartSec=3\nKillSignal=SIGQUIT\nTimeoutStopSec=1min 30s\nLimitNOFILE=4096\nUMask=0027\n",
    );
    assert.deepEqual(programs["site"], {
      command: ["/venv/bin/gunicorn", "-w", "2", "app:app"],
      directory: "/srv/site",
      user: "web",
      group: "www",
      restart: "always",
      start_time: "0s",
      stop_timeout: "90s",
      backoff: { first: "3s", longest: "3s" },
      stop_signal: "QUIT",
      limits: { files: 4096 },
      umask: "027",
    });
    assert.deepEqual(problemsOf(reading), []);
  });

  it("runs in / and is not restarted where it says nothing else", () => {
    const { programs } = read("[Service]\nExecStart=/bin/x\n");
    assert.equal(programs["site"]?.["directory"], "/");
    assert.equal(programs["site"]?.["restart"], "never");
  });

  it("has steps before it, folders made, and each waits for the one before", () => {
    const { programs } = read(
      "[Service]\nUser=web\nRuntimeDirectory=site\nExecStartPre=-/bin/migrate now\nExecStartPre=+/bin/prepare\nExecStart=/bin/x\n",
    );
    assert.deepEqual(programs["site-folders"]?.["command"], ["install", "-d", "-m", "0755", "-o", "web", "/run/site"]);
    assert.deepEqual(programs["site-pre"]?.["command"], ["/bin/sh", "-c", '"$@"; true', "sh", "/bin/migrate", "now"]);
    assert.equal(programs["site-pre"]?.["user"], "web");
    assert.equal(programs["site-pre-2"]?.["user"], undefined);
    assert.deepEqual(programs["site-pre-2"]?.["after"], ["site-pre"]);
    assert.deepEqual(programs["site"]?.["after"], ["site-pre-2"]);
    assert.deepEqual(programs["site"]?.["environment"], { RUNTIME_DIRECTORY: "/run/site" });
  });

  it("takes a kill of its main process for the stop signal", () => {
    const { programs, verdict } = read("[Service]\nExecStart=/bin/x\nExecStop=/bin/kill -s INT $MAINPID\n");
    assert.equal(programs["site"]?.["stop_signal"], "INT");
    assert.equal(verdict("ExecStop"), "mapped");
  });

  it("lets environment files win over Environment, as systemd does", () => {
    const { programs } = read(
      `Environment=X=0\n[Service]\nEnvironment="A=1 2" B=3\nEnvironmentFile=/etc/site.env\nEnvironmentFile=-/etc/none\nExecStart=/bin/x \${A} $C $$\n`,
      undefined,
      { "/etc/site.env": "B=4\nC=c d\n" },
    );
    assert.deepEqual(programs["site"]?.["environment"], { A: "1 2" });
    assert.deepEqual(programs["site"]?.["env_file"], ["/etc/site.env"]);
    assert.deepEqual(programs["site"]?.["command"], ["/bin/x", "1 2", "c", "d", "$"]);
  });

  it("gives Gunicorn the sockets of the socket unit beside it", () => {
    const { programs } = read("[Service]\nExecStart=/usr/bin/gunicorn app\n", undefined, {
      "/etc/systemd/system/site.socket": "[Socket]\nListenStream=/run/site.sock\n",
    });
    assert.deepEqual(programs["site"]?.["command"], ["/usr/bin/gunicorn", "app", "--bind", "unix:/run/site.sock"]);
  });

  it("takes back lists at an empty value, and expands specifiers", () => {
    const { programs } = read(
      "[Service]\nExecStart=/bin/a\nExecStart=\nExecStart=/bin/b %n %i %%\n",
      "/u/web@one.service",
    );
    assert.deepEqual(programs["web"]?.["command"], ["/bin/b", "web@one.service", "one", "%"]);
  });

  it("asks for a decision about programs that go to the background", () => {
    assert.equal(read("[Service]\nType=forking\nExecStart=/bin/x\n").verdict("Type"), "needs-a-decision");
  });
});

describe("words of a unit", () => {
  it("have quotes and C escapes taken off, in the middle of a word too", () => {
    assert.deepEqual(splitUnitWords(`a "b c" X='d\\x41' \\s`), ["a", "b c", "X=dA", " "]);
    assert.equal(splitUnitWords('"a'), null);
  });
  it("lose what is not set, and say it", () => {
    assert.deepEqual(expandVariables(["$NO", `a\${NO}`], {}), { words: ["a"], missing: ["NO"] });
  });
});

describe("public units", { skip: corpusFolder() === null && "PROPYLON_CORPORA is not there" }, () => {
  it("are accounted for line by line, and hardly ask for decisions", () => {
    const measured = account("systemd", "systemd", readSystemd);
    assert.ok(measured.files.length > 15);
    assert.deepEqual(
      unaccounted(measured, (line) => /^[A-Z]\w+=/.test(line)),
      [],
    );
    assert.ok(measured.settled >= 0.98, `settled ${measured.settled}`);
    assert.ok(measured.used >= 0.88, `used ${measured.used}`);
    assert.deepEqual(measured.invalid, []);
  });
});
