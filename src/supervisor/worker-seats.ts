import { type LaneEntry, readLanes } from "../base/lane-page.ts";
import type { EdgeSnapshot, WorkerSnapshot } from "../edge/messages.ts";
import type { WorkerRun } from "./worker-run.ts";

/** What workers have done, in figures that only grow. */
export interface SeatSums {
  /** Requests by lane, without those that run. */
  readonly lanes: readonly number[];
  /** Microseconds. */
  readonly ran: number;
  /** Bytes. */
  readonly sent: number;
  readonly exceptions: number;
}

/** One of an app's N workers: a number that stays, however often its process is replaced. */
export interface SeatFigures {
  /** All of its processes together. */
  readonly all: SeatSums;
  /** The process that is in it now; null: none is ready. */
  readonly now: {
    readonly run: WorkerRun;
    readonly since: Date;
    readonly sums: SeatSums;
    /** What its lanes run at this moment. */
    readonly lanes: readonly LaneEntry[];
    readonly edge: WorkerSnapshot | null;
  } | null;
  /** Processes that it has had. */
  readonly spawned: number;
  /** Those of them that were killed since a request was past its hard deadline. */
  readonly overdue: number;
}

interface Seat {
  /** Of processes that have ended. */
  before: SeatSums;
  /** Those that are or were in it and live: a worker that is drained, and the one that takes its place. */
  readonly runs: Map<WorkerRun, SeatSums>;
  current: WorkerRun | null;
  since: Date;
  spawned: number;
  overdue: number;
}

/** What a worker's pool and the edge know of it. */
interface Surroundings {
  /** The workers of its app that are given requests. */
  readonly active: () => readonly WorkerRun[];
  /** The last figures of the edge. */
  readonly edge: () => EdgeSnapshot | null;
}

/** Numbers the workers of each app as uWSGI does: from 1, a replacement taking the number of the one that it replaces. */
export class WorkerSeats {
  readonly #seats = new Map<string, Seat[]>();
  /** Counted to the end; their pools may not have heard of it yet. */
  readonly #buried = new WeakSet<WorkerRun>();

  /** A worker is being started. */
  follow(run: WorkerRun, { active, edge }: Surroundings): void {
    const { name, workers } = run.app;
    // In the next turn, when its pool has heard of it too.
    const sit = (): void => void setImmediate(() => this.#sit(name, workers, active()));
    void run.ready.then(sit);
    void run.ended.then(({ kind }) => {
      this.#bury(run, edge(), kind === "deadline");
      sit();
    });
  }

  /** The seats of an app, in order. @param active its workers that are given requests */
  figures(app: string, count: number, active: readonly WorkerRun[], edge: EdgeSnapshot | null): readonly SeatFigures[] {
    this.#sit(app, count, active);
    return (this.#seats.get(app) ?? []).slice(0, count).map((seat) => {
      for (const [run, before] of seat.runs) seat.runs.set(run, look(run, edge, before));
      const { current, since, spawned, overdue } = seat;
      const all = [...seat.runs.values()].reduce(sum, seat.before);
      if (current === null) return { all, now: null, spawned, overdue };
      const lanes = readLanes(current.page) ?? [];
      const now = { run: current, since, sums: seat.runs.get(current)!, lanes, edge: workerOf(current, edge) };
      return { all, now, spawned, overdue };
    });
  }

  /** Who is given nothing more leaves its seat; who has none takes the first that is free, if there is one. */
  #sit(app: string, count: number, active: readonly WorkerRun[]): void {
    const seats = this.#seats.get(app) ?? [];
    this.#seats.set(app, seats);
    for (const seat of seats) if (seat.current !== null && !active.includes(seat.current)) seat.current = null;
    for (const run of active) {
      if (this.#buried.has(run) || seats.some(({ runs }) => runs.has(run))) continue;
      const free = seats.find(({ current }) => current === null);
      if (free === undefined && seats.length >= count) return;
      const seat = free ?? newSeat();
      if (free === undefined) seats.push(seat);
      seat.current = run;
      seat.since = new Date();
      seat.spawned++;
      seat.runs.set(run, NOTHING);
    }
  }

  #bury(run: WorkerRun, edge: EdgeSnapshot | null, overdue: boolean): void {
    this.#buried.add(run);
    const seat = this.#seats.get(run.app.name)?.find(({ runs }) => runs.has(run));
    if (seat === undefined) return;
    seat.before = sum(seat.before, look(run, edge, seat.runs.get(run)!)); // its page is still there
    seat.runs.delete(run);
    if (overdue) seat.overdue++;
    if (seat.current === run) seat.current = null;
  }
}

// --- internal ---

function newSeat(): Seat {
  return { before: NOTHING, runs: new Map(), current: null, since: new Date(), spawned: 0, overdue: 0 };
}

const NOTHING: SeatSums = { lanes: [], ran: 0, sent: 0, exceptions: 0 };

/** Its figures now; where one can't be had any more, as it was. */
function look(run: WorkerRun, edge: EdgeSnapshot | null, before: SeatSums): SeatSums {
  const seen = workerOf(run, edge);
  const loop = run.interface?.kind === "asgi";
  const unfinished = (stream: number): number => (loop ? (seen?.open ?? 0) : stream === 0 ? 0 : 1);
  const lanes =
    readLanes(run.page)?.map(({ taken, stream }) => Math.max(0, taken - unfinished(stream))) ?? before.lanes;
  return {
    lanes,
    ran: Math.max(before.ran, seen?.ran ?? 0),
    sent: Math.max(before.sent, seen?.sent ?? 0),
    exceptions: run.reports.latest?.exceptions ?? before.exceptions,
  };
}

function workerOf(run: WorkerRun, edge: EdgeSnapshot | null): WorkerSnapshot | null {
  return edge?.apps[run.app.name]?.workers[run.id] ?? null;
}

function sum(a: SeatSums, b: SeatSums): SeatSums {
  const lanes = Array.from(
    { length: Math.max(a.lanes.length, b.lanes.length) },
    (_, lane) => (a.lanes[lane] ?? 0) + (b.lanes[lane] ?? 0),
  );
  return { lanes, ran: a.ran + b.ran, sent: a.sent + b.sent, exceptions: a.exceptions + b.exceptions };
}
