import { setTimeout as pause } from "node:timers/promises";
import type { Benchmark, Context, Outcome } from "./context.ts";
import type { Peer, Task } from "./peers/peer.ts";
import { RunningPeer } from "./running-peer.ts";
import { median } from "./statistics.ts";
import { figure, formatTable, verdict } from "./table.ts";
import { type LoadResult, wrk } from "./wrk.ts";

const TASK: Task = { module: "sleepy", processes: 1, threads: 8 };
const FAST = { target: "/", connections: 16 };

/** What goes on beside the fast requests, on four connections. */
export interface Beside {
  readonly name: string;
  readonly target: string;
  /** In words. */
  readonly what: string;
  /** Whether the bound on p99 is wanted of us. */
  readonly judged: boolean;
}

export const BESIDE: readonly Beside[] = [
  { name: "mixed", target: "/200", what: "4 of 200 ms", judged: true },
  // One interpreter runs one of them at a time: what is possible is in docs/deadlines.md.
  {
    name: "mixed-busy",
    target: "/busy/5",
    what: "4 that compute for 5 ms and hold the interpreter's lock",
    judged: false,
  },
];
/** The slow ones begin so much earlier and end so much later than the fast ones, in seconds. */
const MARGIN = 1;

interface Pair {
  readonly alone: LoadResult;
  readonly beside: LoadResult;
}

/** Fast requests alone, and beside slow ones, in one process of eight threads. */
export function mixed(peers: readonly Peer[], beside: Beside): Benchmark {
  return {
    name: beside.name,
    title: `fast requests (16 connections) alone and beside ${beside.what}, 1 process x 8 threads`,
    peers,
    run: (context) => runMixed(peers, beside, context),
  };
}

async function runMixed(peers: readonly Peer[], slow: Beside, context: Context): Promise<Outcome> {
  const repeats = context.repeats ?? 7;
  const running: RunningPeer[] = [];
  const samples: Record<string, Pair[]> = {};
  try {
    for (const peer of peers) running.push(await RunningPeer.start(peer, TASK, context.surroundings, FAST.target));
    for (const peer of running) await load(peer, FAST, 1);
    for (let repeat = 1; repeat <= repeats; repeat++) {
      for (const peer of running) {
        const alone = await load(peer, FAST, context.seconds);
        const beside = await loadBesideSlow(peer, slow.target, context.seconds);
        samples[peer.peer.name] = [...(samples[peer.peer.name] ?? []), { alone, beside }];
        const p99 = `p99 ${figure(alone.p99)} ms alone, ${figure(beside.p99)} ms beside`;
        context.progress(`${slow.name} ${repeat}/${repeats} ${peer.peer.name}: ${p99}`);
      }
    }
  } finally {
    for (const peer of running) await peer.stop();
  }
  return { table: format(peers, samples, slow.judged), samples };
}

async function loadBesideSlow(peer: RunningPeer, target: string, seconds: number): Promise<LoadResult> {
  const slow = load(peer, { target, connections: 4 }, seconds + 2 * MARGIN);
  // A failure is thrown where it is awaited below, not before.
  slow.catch(() => {});
  await pause(MARGIN * 1000);
  const fast = await load(peer, FAST, seconds);
  await slow;
  return fast;
}

function load(peer: RunningPeer, kind: typeof FAST, seconds: number): Promise<LoadResult> {
  return wrk({ url: peer.url(kind.target), headers: [], connections: kind.connections, seconds });
}

function format(peers: readonly Peer[], samples: Readonly<Record<string, readonly Pair[]>>, isJudged: boolean): string {
  const rows = peers.map(({ name }) => {
    const middle = (kind: keyof Pair, key: keyof LoadResult) => median(samples[name]!.map((pair) => pair[kind][key]));
    const [alone, beside] = [middle("alone", "p99"), middle("beside", "p99")];
    const limit = Math.max(1.5 * alone, alone + 1);
    const judged = `wanted <= ${figure(limit)} ms: ${verdict(beside <= limit)}`;
    const rates = [figure(middle("alone", "perSecond")), figure(middle("beside", "perSecond"))];
    return [name, ...rates, figure(alone), figure(beside), isJudged && name === peers[0]!.name ? judged : ""];
  });
  return formatTable(["peer", "alone/s", "beside/s", "p99 ms alone", "p99 ms beside", ""], rows);
}
