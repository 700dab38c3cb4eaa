import fs from "node:fs";
import path from "node:path";
import type { TestContext } from "node:test";
import { type Answer, ask, folder, freePort, type Instance, start } from "../support/instance.ts";

/** A propylon with an admin address, and what its `/metrics` says. */
export interface Scraped {
  readonly instance: Instance;
  readonly cwd: string;
  /** `127.0.0.1:PORT` of the admin listener. */
  readonly admin: string;
  scrape(headers?: Record<string, string>): Promise<Answer>;
  /** Values by series, `name{label="value"}` as written. */
  series(): Promise<Map<string, number>>;
}

/** Serves these files with this configuration, JSON being YAML; `listeners` and `admin` are added. */
export async function serve(
  t: TestContext,
  config: Readonly<Record<string, unknown>>,
  files: Readonly<Record<string, string>>,
): Promise<Scraped> {
  const cwd = folder(t, files);
  const admin = `127.0.0.1:${await freePort()}`;
  writeConfig(cwd, { listeners: ["127.0.0.1:0"], admin, ...config });
  const instance = start(t, ["run"], { cwd });
  const scrape = (headers: Record<string, string> = {}): Promise<Answer> => ask(`http://${admin}/metrics`, { headers });
  await instance.url;
  return { instance, cwd, admin, scrape, series: async () => seriesOf((await scrape()).body) };
}

export function writeConfig(cwd: string, config: Readonly<Record<string, unknown>>): void {
  fs.writeFileSync(path.join(cwd, "propylon.yaml"), JSON.stringify(config));
}

export function seriesOf(text: string): Map<string, number> {
  return new Map(
    text
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => {
        const at = line.lastIndexOf(" ");
        return [line.slice(0, at), Number(line.slice(at + 1).replace("Inf", "Infinity"))];
      }),
  );
}
