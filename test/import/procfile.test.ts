import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readProcfile } from "../../src/import/procfile/read.ts";
import { account, corpusFolder, problemsOf } from "./account.ts";
import { machine } from "./machine.ts";

type Programs = Record<string, Record<string, unknown>>;

function read(text: string, environment: Record<string, string> = {}, others: Record<string, string> = {}) {
  const file = "/srv/site/Procfile";
  const context = machine({ ...others, [file]: text }, { environment });
  const reading = readProcfile({ kind: "procfile", form: "file", path: file, text }, context);
  return { reading, programs: ((reading.settings as Record<string, unknown>)["programs"] ?? {}) as Programs };
}

describe("a Procfile", () => {
  it("has a program for each line, in its own folder, with ports as Foreman gives them", () => {
    const { programs, reading } = read("web: gunicorn 'app:make()' -b 0.0.0.0:$PORT\nworker: rq worker\n");
    assert.deepEqual(programs["web"], {
      command: ["gunicorn", "app:make()", "-b", "0.0.0.0:5000"],
      directory: "/srv/site",
      environment: { PORT: "5000" },
      restart: "always",
    });
    assert.deepEqual(programs["worker"]?.["environment"], { PORT: "5100" });
    assert.deepEqual(problemsOf(reading), []);
  });

  it("takes PORT and other variables from where it runs, and from .env beside it", () => {
    const env = { "/srv/site/.env": "LEVEL=debug\n" };
    const { programs } = read(`web: serve \${PORT:-1} $LEVEL \${MORE:-x}\n`, { PORT: "8080" }, env);
    assert.deepEqual(programs["web"]?.["command"], ["serve", "8080", "debug", "x"]);
    assert.equal(programs["web"]?.["env_file"], "/srv/site/.env");
  });

  it("runs release to its end before the others", () => {
    const { programs } = read("release: python manage.py migrate\nweb: gunicorn app\n");
    assert.equal(programs["release"]?.["once"], true);
    assert.deepEqual(programs["web"]?.["after"], ["release"]);
  });

  it("makes steps of commands before the last, whose failure counts with && alone", () => {
    const { programs } = read("web: one && two; cd three && gunicorn app\n");
    assert.equal(programs["web"]?.["shell"], true, "a shell has to change its folder in the middle");
    const steps = read("web: one && two; gunicorn app\n").programs;
    assert.deepEqual(steps["web-step"]?.["command"], ["one"]);
    assert.deepEqual(steps["web-step-2"]?.["command"], ["/bin/sh", "-c", '"$@"; true', "sh", "two"]);
    assert.deepEqual(steps["web"]?.["after"], ["web-step-2"]);
    assert.deepEqual(steps["web"]?.["command"], ["gunicorn", "app"]);
  });

  it("runs in the folder that its command goes to first", () => {
    assert.equal(read("web: cd src && gunicorn app\n").programs["web"]?.["directory"], "/srv/site/src");
  });

  it("sets variables that stand before a command", () => {
    assert.deepEqual(read("web: A=1 gunicorn app\n").programs["web"]?.["command"], ["env", "A=1", "gunicorn", "app"]);
  });

  it("leaves pipes, background jobs and unknown variables to a shell", () => {
    for (const command of ["a | b", "a & wait", "a > out", "a $UNKNOWN", "a $(b)"]) {
      const { programs } = read(`web: ${command}\n`);
      assert.deepEqual([programs["web"]?.["command"], programs["web"]?.["shell"]], [command, true], command);
    }
  });
});

describe("public Procfiles", { skip: corpusFolder() === null && "PROPYLON_CORPORA is not there" }, () => {
  it("are accounted for and settled", () => {
    const measured = account("gunicorn", "procfile", readProcfile, (name) => name.endsWith("Procfile"));
    assert.ok(measured.files.length > 5);
    assert.equal(measured.used, 1);
    assert.deepEqual(measured.invalid, []);
  });
});
