import path from "node:path";
import type { Image } from "./dockerfile.ts";

export interface ComposeOptions {
  /** The service's name. */
  readonly name: string;
  /** Absolute path of the Propylon checkout, the build context `propylon`. */
  readonly propylon: string;
}

/** What is added to a port below 1024 on the host's side: 80 is reached at 8080. */
const OFFSET = 8000;

/** A compose.yaml (Compose Specification) that builds the image of the Dockerfile beside it and runs it. */
export function composeFile(image: Image, { name, propylon }: ComposeOptions): string {
  const service = serviceName(name);
  const volumes = image.volumes.map((folder, index) => ({ folder, volume: volumeName(folder, index) }));
  return [
    "services:",
    `  ${service}:`,
    "    build:",
    "      context: .",
    "      additional_contexts:",
    `        propylon: ${text(propylon)}`,
    "    restart: unless-stopped",
    `    stop_grace_period: ${Math.ceil(image.stopTime / 1000)}s`,
    '    security_opt: ["no-new-privileges:true"]',
    ...(image.lowPort ? ["    sysctls: { net.ipv4.ip_unprivileged_port_start: 0 }"] : []),
    ...list(
      "ports",
      image.ports.map((port) => text(`${hostPort(port)}:${port}`)),
    ),
    ...list(
      "volumes",
      volumes.map(({ folder, volume }) => text(`${volume}:${folder}`)),
    ),
    ...(volumes.length === 0 ? [] : ["volumes:", ...volumes.map(({ volume }) => `  ${volume}: {}`)]),
    "",
  ].join("\n");
}

// --- internal ---

function list(key: string, items: readonly string[]): readonly string[] {
  return items.length === 0 ? [] : [`    ${key}:`, ...items.map((item) => `      - ${item}`)];
}

function hostPort(port: number): number {
  return port < 1024 ? port + OFFSET : port;
}

/** JSON's strings are YAML's double-quoted ones; Compose puts variables in for `$`, and `$$` is a dollar. */
function text(value: string): string {
  return JSON.stringify(value).replaceAll("$", "$$$$");
}

/** Compose takes `[a-zA-Z0-9._-]+`; a number alone would be no string in YAML, and no name begins with a dot or a dash. */
function serviceName(name: string): string {
  const cleaned = name.replace(/[^\w.-]+/g, "-").replace(/^[^a-z]+/i, "");
  return cleaned === "" || /^(?:y|n|yes|no|on|off|true|false|null)$/i.test(cleaned) ? "app" : cleaned;
}

function volumeName(folder: string, index: number): string {
  const name = path
    .basename(folder)
    .replace(/[^\w.-]+/g, "-")
    .replace(/^[^a-z]+/i, "");
  return `${name === "" ? "logs" : name}-${index}`;
}
