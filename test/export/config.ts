import type { Disk } from "../../src/config/disk.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { Config } from "../../src/config/model.ts";

const DISK: Disk = { isFile: () => true, isDirectory: () => true, read: () => "" };

/** The effective configuration of a document, as if its propylon.yaml were in `directory` and every file that it names were there. */
export function configOf(document: Readonly<Record<string, unknown>>, directory = "/srv/shop"): Config {
  return loadConfig({ file: null, document, profile: null, environment: {}, flags: {}, directory, disk: DISK }).config;
}
