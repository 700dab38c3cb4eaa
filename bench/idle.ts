import net from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { Benchmark, Context, Outcome } from "./context.ts";
import { FILES } from "./files.ts";
import type { Peer, Task } from "./peers/peer.ts";
import { proportionalBytes } from "./process-tree.ts";
import { RunningPeer } from "./running-peer.ts";
import { median } from "./statistics.ts";
import { figure, formatTable, verdict } from "./table.ts";
import { wrk } from "./wrk.ts";

const TASK: Task = { module: null, processes: 0, threads: 0 };
const TARGET = `/${FILES.small.name}`;
/** Below the 10,000 connections that are allowed by default, for some are active. */
const CONNECTIONS = 9900;
const AT_ONCE = 100;
const KILOBYTES_LIMIT = 10;
const SLOWER_LIMIT = 0.85;

interface Sample {
  /** Bytes of memory of each idle connection, in all processes. */
  readonly each: number;
  /** Requests a second of 64 active connections, alone and beside the idle ones. */
  readonly alone: number;
  readonly beside: number;
}

/** Memory of connections that have asked once and are kept, and what they cost others. */
export function idle(peers: readonly Peer[]): Benchmark {
  return {
    name: "idle",
    title: `${CONNECTIONS} idle connections: memory of each (PSS), and 64 active ones alone and beside them`,
    peers,
    run: (context) => runIdle(peers, context),
  };
}

async function runIdle(peers: readonly Peer[], context: Context): Promise<Outcome> {
  const repeats = context.repeats ?? 3;
  const samples: Record<string, Sample[]> = {};
  for (let repeat = 1; repeat <= repeats; repeat++) {
    for (const peer of peers) {
      const running = await RunningPeer.start(peer, TASK, context.surroundings, TARGET);
      try {
        const sample = await measure(running, context.seconds);
        samples[peer.name] = [...(samples[peer.name] ?? []), sample];
        const rates = `${figure(sample.alone)}/s alone, ${figure(sample.beside)}/s beside`;
        context.progress(`idle ${repeat}/${repeats} ${peer.name}: ${figure(sample.each / 1000)} KB each, ${rates}`);
      } finally {
        await running.stop();
      }
    }
  }
  return { table: format(peers, samples), samples };
}

async function measure(running: RunningPeer, seconds: number): Promise<Sample> {
  const load = () => wrk({ url: running.url(TARGET), headers: [], connections: 64, seconds });
  await load(); // warm
  const alone = (await load()).perSecond;
  const before = await settledMemory(running);
  const sockets = await openAll(running.port);
  try {
    const each = ((await settledMemory(running)) - before) / CONNECTIONS;
    return { each, alone, beside: (await load()).perSecond };
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

/** Connections that have each had one answer. */
async function openAll(port: number): Promise<net.Socket[]> {
  const sockets: net.Socket[] = [];
  while (sockets.length < CONNECTIONS)
    sockets.push(
      ...(await Promise.all(Array.from({ length: Math.min(AT_ONCE, CONNECTIONS - sockets.length) }, () => open(port)))),
    );
  return sockets;
}

function open(port: number): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host: "127.0.0.1" }, () => {
      socket.write(`GET ${TARGET} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
    });
    let received = 0;
    socket.on("data", (piece) => {
      received += piece.length;
      if (received >= FILES.small.content.length) resolve(socket);
    });
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("a connection was closed")));
  });
}

/** The least of some looks: the heap breathes. */
async function settledMemory(running: RunningPeer): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let look = 0; look < 8; look++) {
    await pause(500);
    least = Math.min(least, proportionalBytes(running.pids()));
  }
  return least;
}

function format(peers: readonly Peer[], samples: Readonly<Record<string, readonly Sample[]>>): string {
  const rows = peers.map(({ name }, i) => {
    const middle = (key: keyof Sample) => median(samples[name]!.map((sample) => sample[key]));
    const [kilobytes, part] = [middle("each") / 1000, middle("beside") / middle("alone")];
    const judge = (met: boolean, text: string) => (i === 0 ? `wanted ${text}: ${verdict(met)}` : "");
    const memory = [`${figure(kilobytes)} KB`, judge(kilobytes < KILOBYTES_LIMIT, `< ${KILOBYTES_LIMIT} KB`)];
    const rates = [figure(middle("alone")), figure(middle("beside"))];
    return [name, ...memory, ...rates, `${part.toFixed(2)}x`, judge(part > SLOWER_LIMIT, `> ${SLOWER_LIMIT}x`)];
  });
  return formatTable(["peer", "each", "", "alone/s", "beside/s", "beside : alone", ""], rows);
}
