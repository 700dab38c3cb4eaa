import assert from "node:assert/strict";
import { type SpawnOptions, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { prepareEnvironment } from "../../src/process/environment.ts";
import { folder, start, until } from "../support/instance.ts";

const EXAMPLE = path.join(import.meta.dirname, "..", "..", "examples", "person");
const PROGRAMS = findPrograms();

/** The folder of initdb and postgres: on PATH, or where Debian keeps them, one folder a version. */
function findPrograms(): string | null {
  const debian = "/usr/lib/postgresql";
  const versions = fs.existsSync(debian) ? fs.readdirSync(debian).map((name) => path.join(debian, name, "bin")) : [];
  const folders = [...versions, ...(process.env["PATH"] ?? "").split(path.delimiter)];
  return folders.find((name) => fs.existsSync(path.join(name, "initdb"))) ?? null;
}

/** A PostgreSQL of its own, on a Unix socket alone; the URL of its database. It refuses to run as root. */
async function postgresql(t: TestContext, programs: string): Promise<string> {
  const directory = folder(t);
  const as: SpawnOptions = { cwd: directory };
  if (process.getuid?.() === 0) {
    const id = (flag: string): number => Number(spawnSync("id", [flag, "nobody"], { encoding: "utf8" }).stdout);
    Object.assign(as, { uid: id("-u"), gid: id("-g") });
    fs.chownSync(directory, as.uid!, as.gid!);
  }
  const data = path.join(directory, "data");
  const made = spawnSync(path.join(programs, "initdb"), ["-D", data, "-U", "person", "-A", "trust", "--no-sync"], {
    ...as,
    encoding: "utf8",
  } as const);
  assert.equal(made.status, 0, String(made.stderr));
  const words = ["-D", data, "-k", directory, "-c", "listen_addresses=", "-c", "fsync=off"];
  const server = spawn(path.join(programs, "postgres"), words, { ...as, stdio: "ignore" });
  const closed = once(server, "close");
  t.after(async () => {
    server.kill("SIGINT"); // the fast way: open connections are closed
    await closed;
  });
  await until(() => fs.existsSync(path.join(directory, ".s.PGSQL.5432")));
  return `postgresql:///postgres?host=${directory}&user=person`;
}

test("the person example keeps people in PostgreSQL when DATABASE_URL says so, with several workers at once", {
  skip: PROGRAMS === null ? "PostgreSQL is not installed" : false,
}, async (t) => {
  const cwd = folder(t);
  fs.cpSync(EXAMPLE, cwd, { recursive: true, filter: (name) => !/\.venv|\.db|__pycache__/.test(name) });
  fs.appendFileSync(path.join(cwd, "requirements.txt"), "psycopg[binary]>=3.1\n");
  const prepared = await prepareEnvironment(cwd, (line) => t.diagnostic(line));
  const env = { DATABASE_URL: await postgresql(t, PROGRAMS!) };
  const app = start(t, ["run", "--listen", "127.0.0.1:0", "--workers", "4", "--python", prepared!.python], {
    cwd,
    env,
  });
  const send = (method: string, body: unknown) =>
    app.get("/api/person", {
      method,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  const all = async (): Promise<{ id: number; name: string; phone: string }[]> =>
    JSON.parse((await app.get("/api/all/")).body);

  assert.equal((await all()).length, 3);
  const added = await Promise.all(Array.from({ length: 200 }, (_, i) => send("POST", { name: `Person ${i}` })));
  const ids = added.map(({ status, body }) => {
    assert.equal(status, 201, body);
    return (JSON.parse(body) as { id: number }).id;
  });
  await Promise.all(ids.map((id, i) => send("PUT", { id, phone: `${i}` })));
  const people = await all();
  assert.equal(people.length, 203);
  for (const [i, id] of ids.entries()) {
    const person = people.find((one) => one.id === id)!;
    assert.deepEqual([person.name, person.phone], [`Person ${i}`, `${i}`]);
  }
  assert.equal((await app.get(`/api/person/${ids[0]}`, { method: "DELETE" })).status, 204);
  assert.equal((await app.get(`/api/person/${ids[0]}`)).status, 404);
  assert.equal((await send("PUT", { id: 2 ** 40 })).status, 404);
  assert.ok(!fs.existsSync(path.join(cwd, "person.db")));
});
