import { setTimeout as pause } from "node:timers/promises";
import type { Benchmark, Context, Outcome } from "./context.ts";
import type { Peer, Task } from "./peers/peer.ts";
import { programName, proportionalBytes } from "./process-tree.ts";
import { RunningPeer } from "./running-peer.ts";
import { median } from "./statistics.ts";
import { figure, formatTable, megabytes, verdict } from "./table.ts";

const TASK: Task = { module: "hello", processes: 2, threads: 1 };
/** Programs that run the app; what is left is the front: main and edge, or nginx. */
const RUNS_THE_APP = /^(?:python|uwsgi)/;
const FRONT_LIMIT = 120e6;
const READY_LIMIT = 1000;

interface Sample {
  /** Milliseconds from start to the first answer. */
  readonly ready: number;
  /** Proportional bytes when idle, of the front and of all processes. */
  readonly front: number;
  readonly all: number;
}

/** Time from start to the first answer, and idle memory. */
export function footprint(peers: readonly Peer[]): Benchmark {
  return {
    name: "footprint",
    title: "time from start to the first answer, memory when idle (PSS): hello WSGI, 2 processes",
    peers,
    run: (context) => runFootprint(peers, context),
  };
}

async function runFootprint(peers: readonly Peer[], context: Context): Promise<Outcome> {
  const repeats = context.repeats ?? 5;
  const samples: Record<string, Sample[]> = {};
  for (let repeat = 1; repeat <= repeats; repeat++) {
    for (const peer of peers) {
      const running = await RunningPeer.start(peer, TASK, context.surroundings, "/");
      try {
        const sample = { ready: running.readyAfter, ...(await idleMemory(running)) };
        samples[peer.name] = [...(samples[peer.name] ?? []), sample];
        const memory = `front ${megabytes(sample.front)}, all ${megabytes(sample.all)}`;
        context.progress(
          `footprint ${repeat}/${repeats} ${peer.name}: ready after ${figure(sample.ready)} ms, ${memory}`,
        );
      } finally {
        await running.stop();
      }
    }
  }
  return { table: format(peers, samples), samples };
}

/** Memory once it has settled: two looks, half a second apart, within a percent. */
async function idleMemory(running: RunningPeer): Promise<{ front: number; all: number }> {
  let before = 0;
  for (let look = 0; look < 20; look++) {
    const pids = running.pids();
    const all = proportionalBytes(pids);
    const front = proportionalBytes(pids.filter((pid) => !RUNS_THE_APP.test(programName(pid))));
    if (Math.abs(all - before) < all / 100) return { front, all };
    before = all;
    await pause(500);
  }
  throw new Error(`${running.peer.name}: its memory does not settle`);
}

function format(peers: readonly Peer[], samples: Readonly<Record<string, readonly Sample[]>>): string {
  const rows = peers.map(({ name }, i) => {
    const middle = (key: keyof Sample) => median(samples[name]!.map((sample) => sample[key]));
    const judge = (value: number, limit: number, text: string) =>
      i === 0 ? `wanted <= ${text}: ${verdict(value <= limit)}` : "";
    const ready = [`${figure(middle("ready"))} ms`, judge(middle("ready"), READY_LIMIT, "1000 ms")];
    const front = [megabytes(middle("front")), judge(middle("front"), FRONT_LIMIT, "120 MB")];
    return [name, ...ready, ...front, megabytes(middle("all"))];
  });
  return formatTable(["peer", "ready after", "", "front", "", "all processes"], rows);
}
