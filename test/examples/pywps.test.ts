import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { ask, type Instance, run, until } from "../support/instance.ts";
import { type Example, example } from "./example.ts";

/** As clients see it, had they a name for it. */
const PUBLIC = "http://wps.example";

interface Service {
  readonly place: Example;
  readonly instance: Instance;
  /** The body of what a WPS request gets. */
  request(parameters: Readonly<Record<string, string>>): Promise<string>;
  /** What is behind one of the service's own absolute URLs. */
  fetch(url: string): Promise<{ readonly status: number; readonly body: string }>;
}

async function service(t: TestContext, mode = "detachprocessing"): Promise<Service> {
  const place = await example(t, "pywps");
  const settings = path.join(place.cwd, "pywps.cfg");
  fs.writeFileSync(settings, fs.readFileSync(settings, "utf8").replace(/^mode = .*$/m, `mode = ${mode}`));
  const instance = place.serve(["run"], { PYWPS_URL: PUBLIC });
  return {
    place,
    instance,
    request: async (parameters) => {
      const query = new URLSearchParams({ service: "WPS", version: "1.0.0", ...parameters });
      const answer = await instance.get(`/wps?${query}`);
      assert.equal(answer.status, 200, answer.body);
      return answer.body;
    },
    fetch: async (url) => {
      assert.ok(url.startsWith(`${PUBLIC}/outputs/`), url);
      return ask((await instance.url) + url.slice(PUBLIC.length));
    },
  };
}

/** Starts a grid in the background; the URL of its status. */
async function begin({ request }: Service, inputs: string): Promise<string> {
  const accepted = await request({
    request: "Execute",
    identifier: "grid",
    datainputs: inputs,
    storeExecuteResponse: "true",
    status: "true",
  });
  assert.match(accepted, /ProcessAccepted/);
  return /statusLocation="([^"]+)"/.exec(accepted)![1]!;
}

/** The stored status, once the pattern is in it. */
async function reaching({ fetch }: Service, status: string, pattern: RegExp): Promise<string> {
  let text = "";
  await until(async () => {
    text = (await fetch(status)).body;
    return pattern.test(text) || /ProcessFailed/.test(text);
  });
  assert.match(text, pattern);
  return text;
}

test("the service answers", async (t) => {
  const wps = await service(t);
  const { request, instance } = wps;
  await t.test(
    "GetCapabilities and DescribeProcess tell of the processes, at the service's public address",
    async () => {
      const capabilities = await request({ request: "GetCapabilities" });
      for (const name of ["distance", "grid"])
        assert.match(capabilities, new RegExp(`<ows:Identifier>${name}</ows:Identifier>`));
      assert.ok(capabilities.includes(`xlink:href="${PUBLIC}/wps"`));
      const described = await request({ request: "DescribeProcess", identifier: "distance" });
      assert.match(described, /<ows:Identifier>lat1<\/ows:Identifier>/);
      const unknown = await instance.get("/wps?service=WPS&version=1.0.0&request=DescribeProcess&identifier=nothing");
      assert.equal(unknown.status, 400);
      assert.match(unknown.body, /InvalidParameterValue/);
      assert.equal((await instance.get("/")).status, 404);
    },
  );

  await t.test("Execute answers at once with the result, by GET and by POST", async () => {
    const berlinToParis = /<wps:LiteralData[^>]*>(87\d\.\d+)<\/wps:LiteralData>/;
    const datainputs = "lat1=52.52;lon1=13.405;lat2=48.8566;lon2=2.3522";
    assert.match(await request({ request: "Execute", identifier: "distance", datainputs }), berlinToParis);
    const inputs = datainputs.split(";").map((pair) => {
      const [name, value] = pair.split("=");
      return `<wps:Input><ows:Identifier>${name}</ows:Identifier><wps:Data><wps:LiteralData>${value}</wps:LiteralData></wps:Data></wps:Input>`;
    });
    const posted = await instance.get("/wps", {
      method: "POST",
      headers: { "content-type": "text/xml" },
      body: `<wps:Execute service="WPS" version="1.0.0" xmlns:wps="http://www.opengis.net/wps/1.0.0" xmlns:ows="http://www.opengis.net/ows/1.1">
      <ows:Identifier>distance</ows:Identifier><wps:DataInputs>${inputs.join("")}</wps:DataInputs></wps:Execute>`,
    });
    assert.match(posted.body, berlinToParis);
    const missing = await instance.get("/wps?service=WPS&version=1.0.0&request=Execute&identifier=distance");
    assert.equal(missing.status, 400);
    assert.match(missing.body, /MissingParameterValue/);
  });

  await t.test(
    "an asynchronous Execute is accepted, tells its status, and leaves a file that the front serves",
    async () => {
      const status = await begin(wps, "rows=10");
      const done = await reaching(wps, status, /ProcessSucceeded/);
      const result = await wps.fetch(/href="([^"]+\.geojson)"/.exec(done)![1]!);
      assert.equal((JSON.parse(result.body) as { features: unknown[] }).features.length, 100);
      // Nothing but what was stored is to be seen.
      for (const target of ["/outputs/", "/outputs/.gitignore", "/work/jobs.sqlite3", "/outputs/..%2fpywps.cfg"])
        assert.notEqual((await wps.instance.get(target)).status, 200, target);
    },
  );
});

test("an asynchronous job lives on when its worker is reloaded, and when it is killed", async (t) => {
  const wps = await service(t);
  const { cwd, python } = wps.place;
  const workers = async (): Promise<number[]> => {
    const { code, out, err } = await run(["status", "--json"], cwd);
    assert.equal(code, 0, err);
    const { processes } = JSON.parse(out) as { processes: { name: string; pid: number; state: string }[] };
    return processes.filter(({ name }) => name.startsWith("pywps/")).map(({ pid }) => pid);
  };
  const status = await begin(wps, "rows=20;pause=0.05");
  await reaching(wps, status, /percentCompleted="[1-9]/);
  const pid = Number(
    execFileSync(
      python,
      [
        "-c",
        "import sqlite3, sys; print(*sqlite3.connect('work/jobs.sqlite3').execute('SELECT pid FROM pywps_requests WHERE uuid = ?', sys.argv[1:]).fetchone())",
        /([^/]+)\.xml$/.exec(status)![1]!,
      ],
      { cwd, encoding: "utf8" },
    ),
  );
  process.kill(pid, "SIGSTOP"); // it can't be done before the workers are
  try {
    for (const replace of [
      async () => assert.equal((await run(["reload"], cwd)).code, 0),
      async (old: readonly number[]) => {
        for (const worker of old) process.kill(worker, "SIGKILL");
      },
    ]) {
      const old = await workers();
      assert.ok(old.length >= 2 && !old.includes(pid));
      await replace(old);
      await until(() => old.every((worker) => !lives(worker)));
      assert.ok(lives(pid));
      await until(async () => (await workers()).filter((worker) => worker !== 0).length === 2);
    }
  } finally {
    process.kill(pid, "SIGCONT");
  }
  await reaching(wps, status, /ProcessSucceeded/);
});

test("in PyWPS's default mode, too, an asynchronous job lives on when its worker is replaced", async (t) => {
  const wps = await service(t, "default");
  const { cwd } = wps.place;
  const shown = async (): Promise<{ name: string; pid: number; state: string; reason: string | null }[]> => {
    const { code, out, err } = await run(["status", "--json"], cwd);
    assert.equal(code, 0, err);
    const { processes } = JSON.parse(out) as { processes: Awaited<ReturnType<typeof shown>> };
    return processes.filter(({ name }) => name.startsWith("pywps/"));
  };
  const status = await begin(wps, "rows=10;pause=1");
  const old = (await shown()).map(({ pid }) => pid);
  const [job, ...others] = old.flatMap(childrenOf);
  assert.deepEqual(others, []);
  process.kill(job!, "SIGSTOP"); // it can't be done before the workers are
  try {
    assert.equal((await run(["reload"], cwd)).code, 0);
    await until(async () => {
      const left = (await shown()).filter(({ pid }) => old.includes(pid));
      return left.length === 1 && left[0]!.state === "draining" && left[0]!.reason === "waits for 1 process of its own";
    });
  } finally {
    process.kill(job!, "SIGCONT");
  }
  await reaching(wps, status, /ProcessSucceeded/);
  await until(() => old.every((worker) => !lives(worker)));
});

// --- internal ---

function childrenOf(pid: number): number[] {
  return fs
    .readdirSync(`/proc/${pid}/task`)
    .flatMap((thread) => fs.readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").split(" "))
    .flatMap((text) => (text === "" ? [] : [Number(text)]));
}

/** Whether there is a process that has not ended. */
function lives(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(fs.readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
