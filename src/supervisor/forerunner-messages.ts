/** What a forerunner says of the workers that it forks (docs/worker-protocol.md); the rest is as a worker's. */
export type ForerunnerMessage =
  | { readonly type: "forked"; readonly key: string; readonly pid: number }
  | { readonly type: "unforked"; readonly key: string; readonly reason: string }
  | { readonly type: "exited"; readonly pid: number; readonly code: number | null; readonly signal: string | null };

/** Checks one line; null when it is none of these. The forerunner has imported code that isn't ours: nothing is trusted. */
export function parseForerunnerMessage(line: string): ForerunnerMessage | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const [type, details] = Object.entries(value)[0] ?? [];
  if (typeof details !== "object" || details === null) return null;
  const { key, pid, reason, code, signal } = details as Readonly<Record<string, unknown>>;
  if (type === "forked" && typeof key === "string" && isPid(pid)) return { type, key, pid };
  if (type === "unforked" && typeof key === "string" && typeof reason === "string") return { type, key, reason };
  if (type === "exited" && isPid(pid))
    return {
      type,
      pid,
      code: typeof code === "number" ? code : null,
      signal: typeof signal === "string" ? signal : null,
    };
  return null;
}

function isPid(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value > 1;
}
