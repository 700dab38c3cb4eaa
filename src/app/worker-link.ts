import { ResponseHead } from "../http/response-head.ts";
import { AnswerBody } from "../spool/answer-body.ts";
import type { AppRequest } from "./app-request.ts";
import type { Channel } from "./channel.ts";
import {
  ABORT,
  BODY,
  decodeAnswerHead,
  decodeFigures,
  END,
  FOLLOW,
  FREE,
  HEAD,
  HELP,
  PULL,
  RESPONSE,
  RESPONSE_PREFIX,
} from "./frames.ts";
import { responseHead } from "./response-block.ts";
import { readStartedPage, type StartedPage } from "./started-page.ts";

/** Exchanges sent ahead to a worker that is fast: what keeps it busy while answers travel (1 ahead: 15.8k/s, 8: 56-68k/s). */
const DEPTH = 8;
/** Service time in ms below which a worker is fast. */
const FAST = 0.5;
/** Silence in ms while answers are owed, after which a follower is asked to lead. */
const SILENCE = 2;
/** Share of service time spent waiting above which requests are dealt to lanes one by one, and the least service time in ms for it. */
const WAITS = 0.4;
const WAITS_FROM = 0.05;
/** Largest piece of a request body given at once. */
const PIECE = 256 * 1024;

/** What a link tells its pool. */
export interface LinkOwner {
  /** An exchange is over, answered or dropped. */
  finished(): void;
  /** An exchange is over or a lane is free: there may be room for more. */
  roomChanged(): void;
  /** An inactive worker has nothing left. */
  idle(link: WorkerLink): void;
  /** All of its connections are open. */
  connected(link: WorkerLink): void;
  warn(message: string): void;
  readonly memoryLimit: number;
  readonly fileLimit: number;
}

/** The edge's view of one worker process: its connections, what it owes, and who of its lanes leads, follows or is stuck. */
export class WorkerLink {
  readonly id: number;
  readonly lanes: number;
  /** May be given exchanges: main lists it as active, and its connections are open. */
  active = false;
  requests = 0;
  readonly inFlight = new Map<number, AppRequest>();
  readonly #owner: LinkOwner;
  #page: string | null = null;
  #takenBefore = 0;
  #sent = 0;
  #data: Channel | null = null;
  readonly #own: (Channel | null)[];
  /** Lanes that wait on their own connection. */
  readonly #free: Channel[] = [];
  /** Answers owed by way of the data connection. */
  #open = 0;
  /** Lanes that led when help was called and have not come back. */
  #stuck = 0;
  #lastHeard = 0;
  #service = 0.1;
  #waits = 0;
  #reportedConnected = false;
  #attached = 0;
  #closed = 0;

  constructor(id: number, lanes: number, owner: LinkOwner) {
    this.id = id;
    this.lanes = lanes;
    this.#owner = owner;
    this.#own = new Array<Channel | null>(lanes).fill(null);
  }

  get complete(): boolean {
    return this.#closed === 0 && this.#data !== null && !this.#own.includes(null);
  }

  get open(): number {
    return this.inFlight.size;
  }

  /** Main has named the page; it is read before anything is sent, so that counts of an earlier edge don't mislead. */
  usePage(file: string): void {
    if (this.#page === file) return;
    this.#page = file;
    this.#takenBefore = this.#sent === 0 ? (readStartedPage(file)?.taken ?? 0) : 0;
  }

  /** One of its connections has closed: it is given nothing more. */
  get broken(): boolean {
    return this.#closed > 0;
  }

  /** Everything that it wrote has been read. */
  get silent(): boolean {
    return this.#closed === this.#attached;
  }

  attach(channel: Channel, first: Buffer, onClose: () => void): void {
    this.#attached++;
    if (channel.lane < 0) this.#data = channel;
    else {
      this.#own[channel.lane] = channel;
      if (channel.lane !== 0) this.#free.push(channel);
    }
    channel.start(
      first,
      (type, stream, payload) => this.#heard(channel, type, stream, payload),
      () => {
        this.#closed++;
        onClose();
      },
    );
    if (this.complete && !this.#reportedConnected) {
      this.#reportedConnected = true;
      this.#owner.connected(this);
    }
  }

  /** How many more exchanges it can take now. */
  room(): number {
    if (this.#deals()) return this.#free.length + (this.#open > this.#stuck ? 0 : 1);
    const able = this.#free.length + 1;
    return this.#stuck + (this.#service < FAST ? DEPTH : able) - this.#open;
  }

  send(list: readonly AppRequest[], now: number): void {
    this.requests += list.length;
    for (const request of list) this.inFlight.set(request.stream, request);
    if (!this.#deals()) return this.#batch(list, now);
    for (const request of list) {
      const lane = this.#free.pop();
      if (lane === undefined) this.#batch([request], now);
      else {
        request.order = 0;
        lane.request(request);
      }
    }
  }

  /** Called about each millisecond while answers are owed: hands the lead to a follower when the leader is busy with something slow. */
  watch(now: number): void {
    if (this.#open <= this.#stuck || now - this.#lastHeard <= SILENCE || this.#free.length === 0) return;
    const lane = this.#free.pop()!;
    this.#stuck++;
    this.#lastHeard = now;
    lane.send(HELP, 0);
  }

  /** Tells the started exchanges of a worker that has ended from those that no lane took. Call before `destroy`. */
  started(): (request: AppRequest) => boolean {
    const page: StartedPage | null = this.#page === null ? null : readStartedPage(this.#page);
    if (page === null) return () => true;
    const taken = (page.taken - this.#takenBefore) >>> 0;
    return (request) => request.order === 0 || request.order <= taken || page.running.has(request.stream);
  }

  destroy(): void {
    this.active = false;
    this.#data?.destroy();
    for (const lane of this.#own) lane?.destroy();
  }

  // --- internal ---

  #deals(): boolean {
    return this.lanes > 1 && this.#waits > WAITS && this.#service > WAITS_FROM;
  }

  #batch(list: readonly AppRequest[], now: number): void {
    if (this.#open <= this.#stuck) this.#lastHeard = now;
    this.#open += list.length;
    for (const request of list) request.order = ++this.#sent;
    this.#data!.requests(list);
  }

  #heard(channel: Channel, type: number, stream: number, payload: Buffer): void {
    switch (type) {
      case RESPONSE:
        return this.#response(channel, stream, payload);
      case HEAD:
        return this.#head(channel, stream, payload);
      case BODY:
        this.inFlight.get(stream)?.answer?.write(payload);
        return;
      case END:
        return this.#end(stream, payload);
      case ABORT:
        return this.#abort(stream, payload);
      case PULL:
        return this.#pull(channel, stream, payload);
      case FOLLOW: {
        const figures = decodeFigures(payload);
        this.#learn(figures.service, figures.waited);
        this.#stuck--;
        this.#free.push(channel);
        return this.#owner.roomChanged();
      }
      case FREE: {
        const figures = decodeFigures(payload);
        this.#learn(figures.service, figures.waited);
        this.#free.push(channel);
        return this.#owner.roomChanged();
      }
      default:
        this.#owner.warn(`worker ${this.id} sent a frame of unknown type ${type}`);
        channel.destroy();
    }
  }

  #response(channel: Channel, stream: number, payload: Buffer): void {
    if (channel.lane < 0) {
      this.#open--;
      this.#lastHeard = performance.now();
    } else this.#free.push(channel);
    if (payload.length < RESPONSE_PREFIX) return channel.destroy();
    const service = payload.readUInt32LE(0);
    if (service !== 0) this.#learn(service, payload[4]!);
    const request = this.inFlight.get(stream);
    if (request !== undefined) {
      this.inFlight.delete(stream);
      this.#owner.finished();
      const headEnd = RESPONSE_PREFIX + payload.readUInt16LE(6);
      this.#answer(request, payload.latin1Slice(RESPONSE_PREFIX, headEnd), payload, headEnd);
    }
    this.#owner.roomChanged();
    if (!this.active && this.inFlight.size === 0) this.#owner.idle(this);
  }

  #answer(request: AppRequest, headText: string, payload: Buffer, headEnd: number): void {
    request.body?.close();
    if (request.gone) return;
    const head = responseHead(headText);
    request.exchange.onAbort = null;
    if (head instanceof ResponseHead) request.exchange.respond(head, headEnd === payload.length ? null : payload.subarray(headEnd));
    else this.#refuse(request, head.refused);
  }

  #refuse(request: AppRequest, reason: string): void {
    this.#owner.warn(`${reason}; the client got 502 (${request.exchange.method} ${request.exchange.path})`);
    request.exchange.fail(502, "The application's answer is not valid HTTP");
  }

  #head(channel: Channel, stream: number, payload: Buffer): void {
    const request = this.inFlight.get(stream);
    const begins = decodeAnswerHead(payload);
    if (begins === null) return channel.destroy();
    if (request === undefined) return;
    const head = responseHead(begins.head);
    const answer = new AnswerBody(begins.length, this.#owner.memoryLimit, this.#owner.fileLimit, {
      pause: () => channel.pause(),
      resume: () => channel.resume(),
      abandon: () => {
        channel.resume();
        channel.send(ABORT, stream);
      },
    });
    request.answer = answer;
    if (request.gone) return answer.cancel();
    if (head instanceof ResponseHead) return request.exchange.respond(head, answer);
    answer.cancel();
    this.#refuse(request, head.refused);
  }

  #end(stream: number, payload: Buffer): void {
    const request = this.#finished(stream);
    if (request === undefined) return;
    request.answer?.end(payload.length === 0 ? undefined : pairs(payload.latin1Slice(0, payload.length)));
    this.#over(request);
  }

  #abort(stream: number, payload: Buffer): void {
    const request = this.#finished(stream);
    if (request === undefined) return;
    const reason = payload.latin1Slice(0, payload.length) || "the app failed";
    if (request.answer !== null) request.answer.fail(reason);
    else if (!request.gone) request.exchange.fail(502, reason);
    this.#over(request);
  }

  #finished(stream: number): AppRequest | undefined {
    const request = this.inFlight.get(stream);
    if (request === undefined) return undefined;
    this.inFlight.delete(stream);
    this.#owner.finished();
    if (request.order > 0) {
      this.#open--;
      this.#lastHeard = performance.now();
    }
    return request;
  }

  #over(request: AppRequest): void {
    request.body?.close();
    this.#owner.roomChanged();
    if (!this.active && this.inFlight.size === 0) this.#owner.idle(this);
  }

  #pull(channel: Channel, stream: number, payload: Buffer): void {
    const request = this.inFlight.get(stream);
    if (request === undefined || request.body === null || payload.length !== 4) {
      channel.send(ABORT, stream, Buffer.from("no such body"));
      return;
    }
    const limit = Math.min(PIECE, payload.readUInt32LE(0));
    request.body.next(limit, (piece) => channel.send(piece.length === 0 ? END : BODY, stream, piece));
  }

  #learn(microseconds: number, waited: number): void {
    if (microseconds === 0) return;
    this.#service += 0.2 * (microseconds / 1000 - this.#service);
    this.#waits += 0.2 * (waited / 255 - this.#waits);
  }
}

function pairs(text: string): [string, string][] {
  const parts = text.split("\0");
  const list: [string, string][] = [];
  for (let i = 0; i + 1 < parts.length; i += 2) list.push([parts[i]!, parts[i + 1]!]);
  return list;
}
