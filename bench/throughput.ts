import type { Benchmark, Context, Outcome } from "./context.ts";
import type { Peer, Task } from "./peers/peer.ts";
import { cpuSeconds, residentBytes } from "./process-tree.ts";
import { get, RunningPeer } from "./running-peer.ts";
import { median, spread } from "./statistics.ts";
import { figure, formatTable, megabytes, ratio } from "./table.ts";
import { type Load, type LoadResult, wrk } from "./wrk.ts";

const WARM_UP_SECONDS = 1;

/** Requests of one kind against each peer in turn. */
export interface Throughput {
  readonly name: string;
  readonly title: string;
  readonly peers: readonly Peer[];
  readonly task: Task;
  readonly target: string;
  readonly headers: readonly string[];
  /** What each peer must answer, to the byte. */
  readonly body: Buffer;
  /** With this status; 200 when left out. */
  readonly status?: number;
  /** Bytes that each request sends, as a POST; left out: a GET without any. */
  readonly upload?: number;
  readonly connections: number;
  /** What asks; `wrk` when left out. */
  readonly load?: (load: Load) => Promise<LoadResult>;
  readonly repeats: number;
  /** Ratios wanted of the first peer, by the other's name: requests a second at least, p99 at most. */
  readonly wanted: Readonly<Record<string, { readonly rps: number; readonly p99?: number }>>;
}

export interface Measurement {
  readonly rps: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Seconds of processor time per 1000 requests, of all the peer's processes. */
  readonly cpu: number;
  /** Bytes, of all its processes after the load. */
  readonly rss: number;
}

export function throughput(definition: Throughput): Benchmark {
  const { name, title, peers } = definition;
  return { name, title, peers, run: (context) => runThroughput(definition, context) };
}

async function runThroughput(definition: Throughput, context: Context): Promise<Outcome> {
  const { name, peers, task, target } = definition;
  const repeats = context.repeats ?? definition.repeats;
  const running: RunningPeer[] = [];
  const samples: Record<string, Measurement[]> = {};
  try {
    for (const peer of peers) running.push(await RunningPeer.start(peer, task, context.surroundings, target));
    for (const peer of running) {
      await checkAnswer(peer, definition);
      await measure(peer, definition, WARM_UP_SECONDS);
    }
    // A B A B ...: what the machine does besides falls on all alike.
    for (let repeat = 1; repeat <= repeats; repeat++) {
      for (const peer of running) {
        const sample = await measure(peer, definition, context.seconds);
        samples[peer.peer.name] = [...(samples[peer.peer.name] ?? []), sample];
        context.progress(
          `${name} ${repeat}/${repeats} ${peer.peer.name}: ${figure(sample.rps)}/s, p99 ${figure(sample.p99)} ms`,
        );
      }
    }
  } finally {
    for (const peer of running) await peer.stop();
  }
  return { table: format(definition, samples), samples };
}

/** wrk counts answers of 400 and above as errors; this makes sure that the rest is the right answer. */
async function checkAnswer(peer: RunningPeer, definition: Throughput): Promise<void> {
  const { target, headers, body, status = 200, upload = 0 } = definition;
  const answer = await get(peer.port, target, headers, upload, peer.peer.secure);
  if (answer.status === status && answer.body.equals(body)) return;
  throw new Error(
    `${peer.peer.name}: ${target}: status ${answer.status}, ${answer.body.length} bytes; wanted ${status}, ${body.length} bytes`,
  );
}

async function measure(peer: RunningPeer, definition: Throughput, seconds: number): Promise<Measurement> {
  const { target, headers, connections, upload = 0, load: ask = wrk } = definition;
  const pids = peer.pids();
  const before = cpuSeconds(pids);
  try {
    const load = await ask({ url: peer.url(target), headers, connections, seconds, upload });
    const cpu = ((cpuSeconds(pids) - before) * 1000) / load.requests;
    return { rps: load.perSecond, p50: load.p50, p99: load.p99, cpu, rss: residentBytes(pids) };
  } catch (error) {
    throw new Error(`${peer.peer.name}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}

function format({ wanted, peers }: Throughput, samples: Readonly<Record<string, readonly Measurement[]>>): string {
  const middle = (name: string, key: keyof Measurement) => median(samples[name]!.map((sample) => sample[key]));
  const first = peers[0]!.name;
  const rows = peers.map(({ name }) => {
    const other = name !== first;
    const compared = (key: "rps" | "p99") => middle(first, key) / middle(name, key);
    const { rps, p99 } = wanted[name] ?? {};
    return [
      name,
      figure(middle(name, "rps")),
      `${Math.round(spread(samples[name]!.map((sample) => sample.rps)) * 100)}%`,
      figure(middle(name, "p50")),
      figure(middle(name, "p99")),
      figure(middle(name, "cpu")),
      megabytes(middle(name, "rss")),
      other ? ratio(compared("rps"), rps === undefined ? {} : { atLeast: rps }) : "",
      other ? ratio(compared("p99"), p99 === undefined ? {} : { atMost: p99 }) : "",
    ];
  });
  const head = [
    "peer",
    "requests/s",
    "spread",
    "p50 ms",
    "p99 ms",
    "CPU s/1000",
    "RSS",
    `${first}: rps ratio`,
    "p99 ratio",
  ];
  return formatTable(head, rows);
}
