import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import path from "node:path";
import { parseArgs } from "node:util";
import { parseResponses } from "../test/http/client.ts";
import { conversation } from "./fuzz/frames.ts";
import { cut, mutate } from "./fuzz/mutate.ts";
import { Random } from "./fuzz/random.ts";
import { seeds } from "./fuzz/seeds.ts";
import type { Figures, FromVictim, ToVictim } from "./fuzz/victim.ts";

/**
 * Feeds mutated messages to the engines, in process and through sockets: `npm run fuzz -- --seconds N [--seed S]`. Case I of seed S
 * is the same in every run; `--seed S --case I` repeats one. Fails when the engine ends, throws, hangs for a second, answers with what is no
 * message, lets through what a handler may not see, or grows.
 */

const { values } = parseArgs({
  options: { seconds: { type: "string" }, seed: { type: "string" }, case: { type: "string" } },
});
const seconds = Number(values.seconds ?? 60);
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const only = values.case === undefined ? null : Number(values.case);
/** Cases at a time. */
const LANES = 8;
/** A case that is not over by then hangs; an engine that answers nothing by then is stuck, ms. */
const HANG = 1000;
const STUCK = 15_000;
const LOOKS = 10;
/** Growth that is allowed after the first cases: caches fill, the heap breathes. */
const RSS_GROWTH = 64 * 1024 * 1024;
const HEAP_GROWTH = 12 * 1024 * 1024;

const messages = seeds();
const failures: string[] = [];
const fed = new Map<number, (said: string) => void>();
const measured: ((figures: Figures) => void)[] = [];
const pinged: (() => void)[] = [];
let port = 0;

const victim: ChildProcess = fork(path.join(import.meta.dirname, "fuzz/victim.ts"), { execArgv: ["--expose-gc"] });
victim.on("message", (message: FromVictim) => {
  if ("port" in message) {
    port = message.port;
    victim.emit("listening");
  } else if ("fed" in message) fed.get(message.fed)?.(message.said);
  else if ("pong" in message) for (const told of pinged.splice(0)) told();
  else if ("figures" in message) for (const told of measured.splice(0)) told(message.figures);
  else failures.push(`a handler saw ${message.violation}`);
});
victim.once("exit", (code, signal) => {
  failures.push(`the engine ended with ${code ?? signal}`);
  report(0);
  process.exit(1);
});
await once(victim, "listening");
console.log(`seed ${seed}: ${messages.length} messages, ${seconds} s`);

const begun = performance.now();
let next = only ?? 0;
let done = 0;
let before = await measure();
await Promise.all(Array.from({ length: only === null ? LANES : 1 }, lane));
victim.removeAllListeners("exit");
const after = await settled();
report(done);
if (only === null) {
  if (after.connections !== 0) failures.push(`${after.connections} connections are left`);
  if (after.handles > before.handles) failures.push(`${after.handles} sockets are open, ${before.handles} at first`);
  if (after.rss - before.rss > RSS_GROWTH) failures.push(`memory grew from ${before.rss} to ${after.rss} bytes`);
  if (after.heap - before.heap > HEAP_GROWTH) failures.push(`the heap grew from ${before.heap} to ${after.heap} bytes`);
}
victim.disconnect();
for (const failure of failures) console.error(failure);
process.exitCode = failures.length === 0 ? 0 : 1;

// --- internal ---

async function lane(): Promise<void> {
  while (failures.length < 10 && (only === null ? performance.now() - begun < seconds * 1000 : next === only)) {
    const number = next++;
    await run(number);
    done++;
    // The first tenth fills caches.
    if (done === 5000) before = await measure();
  }
}

async function run(number: number): Promise<void> {
  const random = new Random(Math.imul(number + 1, 0x9e3779b1) ^ seed);
  const kind = random.below(3);
  const two = kind === 2 || random.once(8);
  let text = two ? conversation(random) : mutate(random.pick(messages), messages, random);
  if (two && random.once(2)) text = mutate(text, messages, random);
  const pieces = cut(text, random);
  const said = await inTime(kind === 0 ? feed(number, pieces) : talk(pieces));
  const wrong = said === null ? "hangs" : two || text.startsWith("PRI") ? null : faultOf(said, text);
  if (wrong === null) return;
  failures.push(`--seed ${seed} --case ${number}: ${wrong}; ${JSON.stringify(text.slice(0, 300))}`);
}

/** The answer, or null when there is none after a second in which the engine has answered other things. */
async function inTime(answer: Promise<Buffer>): Promise<Buffer | null> {
  for (let looks = 0; looks < LOOKS; looks++) {
    const said = await Promise.race([answer, pause(HANG / LOOKS)]);
    if (said !== null) return said;
    // On a busy machine a second says little: each part of it counts once the engine has had a turn.
    if (!(await turns())) return null;
  }
  return Promise.race([answer, pause(HANG)]);
}

function feed(number: number, pieces: readonly string[]): Promise<Buffer> {
  return new Promise((resolve) => {
    fed.set(number, (said) => {
      fed.delete(number);
      resolve(Buffer.from(said, "base64"));
    });
    tell({ feed: number, pieces });
  });
}

/** Sends the pieces, closes our side, and reads to the end. */
function talk(pieces: readonly string[]): Promise<Buffer> {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: "127.0.0.1", noDelay: true });
    const said: Buffer[] = [];
    socket.on("data", (piece: Buffer) => said.push(piece));
    socket.on("error", () => {});
    socket.on("close", () => resolve(Buffer.concat(said)));
    for (const piece of pieces) socket.write(Buffer.from(piece, "latin1"));
    socket.end();
  });
}

/** What is wrong with an answer of HTTP/1.1: something in it is no response. */
function faultOf(said: Buffer, text: string): string | null {
  // What answers a HEAD has no body; which of several requests was one is for the tests to know.
  if (/HEAD/.test(text) || said.includes("HTTP/1.1 101 ")) return null;
  const { rest } = parseResponses(said, [], true);
  return rest.length === 0 ? null : `what it said is no response: ${JSON.stringify(rest.toString("latin1", 0, 200))}`;
}

async function settled(): Promise<Figures> {
  for (let tries = 0; ; tries++) {
    const figures = await measure();
    if ((figures.connections === 0 && tries >= 3) || tries === 50) return figures;
    await pause(100);
  }
}

/** Whether the engine's process has a turn in time. */
async function turns(): Promise<boolean> {
  const turn = new Promise<boolean>((resolve) => {
    pinged.push(() => resolve(true));
    tell({ ping: true });
  });
  return (await Promise.race([turn, pause(STUCK)])) === true;
}

/** The engine's figures after a collection of garbage. */
function measure(): Promise<Figures> {
  return new Promise((resolve) => {
    measured.push(resolve);
    tell({ measure: true });
  });
}

function pause(time: number): Promise<null> {
  return new Promise((resolve) => setTimeout(() => resolve(null), time).unref());
}

function tell(message: ToVictim): void {
  victim.send(message);
}

function report(cases: number): void {
  console.log(`${cases} cases, ${failures.length} failures`);
}
