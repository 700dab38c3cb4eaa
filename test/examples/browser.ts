import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";

/** Command of a Chromium on PATH, or null. */
export const CHROMIUM =
  ["chromium", "chromium-browser", "google-chrome"].find(
    (name) => spawnSync(name, ["--version"], { stdio: "ignore" }).status === 0,
  ) ?? null;

/** A page in a headless Chromium, driven by its DevTools protocol. */
export interface Page {
  /** The value of a JavaScript expression in the page, once it is neither null nor undefined. */
  value(expression: string): Promise<unknown>;
}

/** Opens a URL in a Chromium of its own, which ends with the test. */
export async function openPage(t: TestContext, url: string): Promise<Page> {
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), "propylon-chromium-"));
  const browser = spawn(
    CHROMIUM!,
    [
      "--headless=new",
      "--no-sandbox", // it refuses to run as root with one
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--no-first-run",
      "--remote-debugging-port=0",
      `--user-data-dir=${profile}`,
      "about:blank",
    ],
    { stdio: ["ignore", "ignore", "pipe"], detached: true },
  );
  const closed = once(browser, "close");
  t.after(async () => {
    if (browser.exitCode === null && browser.signalCode === null) process.kill(-browser.pid!, "SIGKILL");
    await closed;
    fs.rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  });
  const devTools = await connect(await devToolsUrl(browser.stderr));
  t.after(() => devTools.close());
  const { targetId } = await devTools.call("Target.createTarget", { url });
  const { sessionId } = await devTools.call("Target.attachToTarget", { targetId, flatten: true });
  return {
    value: async (expression) => {
      for (;;) {
        const { result } = await devTools.call("Runtime.evaluate", { expression, returnByValue: true }, sessionId);
        const { value } = result as { value?: unknown };
        if (value !== null && value !== undefined) return value;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
  };
}

// --- internal ---

interface DevTools {
  call(method: string, params: object, sessionId?: unknown): Promise<Record<string, unknown>>;
  close(): void;
}

async function devToolsUrl(stderr: NodeJS.ReadableStream): Promise<string> {
  let said = "";
  for await (const line of createInterface({ input: stderr })) {
    const url = /^DevTools listening on (ws:\S+)/.exec(line)?.[1];
    if (url !== undefined) {
      stderr.resume();
      return url;
    }
    said += `${line}\n`;
  }
  throw new Error(`Chromium ended before it listened:\n${said}`);
}

async function connect(url: string): Promise<DevTools> {
  const socket = new WebSocket(url);
  const waiting = new Map<number, (answer: Record<string, unknown>) => void>();
  socket.addEventListener("message", ({ data }) => {
    const { id, result, error } = JSON.parse(String(data)) as {
      id?: number;
      result?: Record<string, unknown>;
      error?: object;
    };
    if (id === undefined) return;
    waiting.get(id)?.(result ?? { error });
    waiting.delete(id);
  });
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => resolve());
    socket.addEventListener("error", () => reject(new Error(`cannot connect to ${url}`)));
  });
  let last = 0;
  return {
    call: (method, params, sessionId) =>
      new Promise((resolve) => {
        last += 1;
        waiting.set(last, resolve);
        socket.send(JSON.stringify({ id: last, method, params, sessionId }));
      }),
    close: () => socket.close(),
  };
}
