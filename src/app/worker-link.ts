import type { StreamBody } from "../http/exchange.ts";
import { ResponseHead } from "../http/response-head.ts";
import { AnswerBody } from "../spool/answer-body.ts";
import type { AppAnswer, AppRequest } from "./app-request.ts";
import type { Channel } from "./channel.ts";
import {
  ABORT,
  BODY,
  CLOSE,
  DATA,
  decodeAnswerHead,
  END,
  FOLLOW,
  HEAD,
  HELP,
  HELPLINE,
  INTERRUPT,
  LOOP,
  MESSAGE,
  PULL,
  RESPONSE,
  RESPONSE_PREFIX,
  STREAM,
} from "./frames.ts";
import {
  acceptWebSocket,
  closeWebSockets,
  type LoopSurroundings,
  producerOf,
  watchClient,
  webSocketFrame,
} from "./loop-answers.ts";
import { requestBlock } from "./request-block.ts";
import { responseHead } from "./response-block.ts";
import { readStartedPage, type StartedPage } from "./started-page.ts";
import { StreamedAnswer } from "./streamed-answer.ts";
import { WorkerTally } from "./worker-tally.ts";

/**
 * Exchanges sent ahead to a fast worker: as many as it runs in about a millisecond, within these bounds. Batches are what keeps it busy
 * while answers travel, and what spares system calls on both sides (hello, 2 workers x 1: 1 ahead 15.8k/s, 8: 59k, 16: 66k, 32: 76k).
 */
const AHEAD_MS = 1;
const LEAST_AHEAD = 8;
const MOST_AHEAD = 32;
/** Service time in ms below which a worker is fast. */
const FAST = 0.5;
/** Silence in ms while answers are owed, after which a follower is asked to lead. */
const SILENCE = 2;
/** Service time in ms up to which a worker whose lanes share is given as many again as it has lanes: a lane that is done goes on at once. */
const SHORT = 20;
/** Largest piece of a request body given at once. */
const PIECE = 256 * 1024;

/** What a link tells its pool. */
export interface LinkOwner extends LoopSurroundings {
  /** An exchange is over, answered or dropped. */
  finished(request: AppRequest): void;
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
  /** Of a worker with an event loop: exchanges that it may be given at once. */
  readonly lanes: number;
  readonly loop: boolean;
  /** May be given exchanges: main lists it as active, and its connections are open. */
  active = false;
  /** Takes nothing new, since something in it is about to be past its hard deadline. */
  closed = false;
  /** Main was asked to kill it. */
  condemned = false;
  requests = 0;
  readonly inFlight = new Map<number, AppRequest>();
  readonly tally = new WorkerTally();
  readonly #owner: LinkOwner;
  #page: string | null = null;
  #takenBefore = 0;
  #sent = 0;
  #data: Channel | null = null;
  #help: Channel | null = null;
  readonly #own: (Channel | null)[];
  /** Connections of exchanges, which open and close as these need them. */
  readonly #streams = new Set<Channel>();
  /** Answers owed. */
  #open = 0;
  /** Lanes that led when help was called and have not come back. */
  #stuck = 0;
  /** The worker's lanes share what waits in it, since its exchanges mostly wait (docs/worker-protocol.md). */
  #shares = false;
  #lastHeard = 0;
  #service = 0.1;
  #reportedConnected = false;
  #attached = 0;
  #closed = 0;

  constructor(id: number, lanes: number, owner: LinkOwner, loop = false) {
    this.id = id;
    this.lanes = lanes;
    this.loop = loop;
    this.#owner = owner;
    this.#own = new Array<Channel | null>(loop ? 0 : lanes).fill(null);
  }

  get complete(): boolean {
    if (this.#closed > 0 || this.#data === null) return false;
    return this.loop || (this.#help !== null && !this.#own.includes(null));
  }

  get open(): number {
    return this.inFlight.size;
  }

  /** Its page of started exchanges; null before main has named it. */
  get page(): string | null {
    return this.#page;
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
    if (channel.kind === STREAM) return this.#attachStream(channel, first);
    this.#attached++;
    if (channel.kind === DATA || channel.kind === LOOP) this.#data = channel;
    else if (channel.kind === HELPLINE) this.#help = channel;
    else this.#own[channel.lane] = channel;
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
    if (this.loop) return this.lanes - this.#open;
    if (this.#shares) return (this.#service < SHORT ? 2 * this.lanes : this.lanes) - this.#open;
    const free = this.lanes - 1 - this.#stuck;
    if (this.#service >= FAST) return this.#stuck + free + 1 - this.#open;
    // What is sent ahead can get stuck behind something slow: less of it as fewer followers are left to help.
    const ahead = Math.min(MOST_AHEAD, Math.max(LEAST_AHEAD, AHEAD_MS / this.#service));
    return Math.floor(this.#stuck + (this.lanes === 1 ? ahead : Math.min(ahead, 1 + (ahead / 4) * free)) - this.#open);
  }

  send(list: readonly AppRequest[], now: number): void {
    if (this.#open <= this.#stuck) this.#lastHeard = now;
    this.requests += list.length;
    this.#open += list.length;
    for (const request of list) {
      // Modulo 2^32, as the worker counts.
      this.#sent = (this.#sent + 1) >>> 0;
      request.order = this.#sent;
      request.sentAt = now;
      this.inFlight.set(request.stream, request);
      if (request.block.scope !== this.loop) request.block = requestBlock(request.exchange, request.context, this.loop);
      if (this.loop)
        watchClient(request, (reason) => {
          if (this.inFlight.get(request.stream) === request) this.#data!.send(ABORT, request.stream, reason);
        });
    }
    this.#data!.requests(list);
  }

  /** It owes answers, and a follower could take over if the leader is stuck. */
  get mayNeedHelp(): boolean {
    return !this.loop && !this.#shares && this.#open > this.#stuck && this.#stuck < this.lanes - 1;
  }

  /** Called about each millisecond while it may need help: hands the lead to a follower when the leader is busy with something slow. */
  watch(now: number): void {
    if (!this.mayNeedHelp || now - this.#lastHeard <= SILENCE) return;
    this.#stuck++;
    this.#lastHeard = now;
    this.#help?.send(HELP, 0);
  }

  /** Asks the lane that runs this exchange to interrupt it. */
  interrupt(stream: number): void {
    (this.loop ? this.#data : this.#help)?.send(INTERRUPT, stream);
  }

  /** Whether no lane had taken this request when the page was read. */
  untaken(request: AppRequest, page: StartedPage): boolean {
    const taken = (page.taken - this.#takenBefore) >>> 0;
    return ((taken - request.order) | 0) < 0 && !page.running.has(request.stream);
  }

  destroy(): void {
    this.active = false;
    this.#data?.destroy();
    this.#help?.destroy();
    for (const lane of this.#own) lane?.destroy();
    for (const stream of this.#streams) stream.destroy();
  }

  /** The edge stops: its WebSockets are closed. */
  goAway(): void {
    closeWebSockets(this.inFlight.values());
  }

  // --- internal ---

  // A connection that breaks breaks its exchange; the worker's others go on.
  #attachStream(channel: Channel, first: Buffer): void {
    this.#streams.add(channel);
    channel.start(
      first,
      (type, stream, payload) => this.#heard(channel, type, stream, payload),
      () => this.#streams.delete(channel),
    );
  }

  #heard(channel: Channel, type: number, stream: number, payload: Buffer): void {
    switch (type) {
      case RESPONSE:
        return this.#response(stream, payload);
      case HEAD:
        return this.#head(channel, stream, payload);
      case BODY:
        this.tally.passed(payload.length);
        this.inFlight.get(stream)?.answer?.write(payload);
        return;
      case END:
        return this.#end(channel, stream, payload);
      case ABORT:
        return this.#abort(channel, stream, payload);
      case PULL:
        return this.#pull(channel, stream, payload);
      case MESSAGE:
      case CLOSE:
        return webSocketFrame(this.inFlight.get(stream), type, payload);
      case FOLLOW:
        this.#stuck--;
        return this.#owner.roomChanged();
      default:
        this.#owner.warn(`worker ${this.id} sent a frame of unknown type ${type}`);
        channel.destroy();
    }
  }

  #response(stream: number, payload: Buffer): void {
    this.#open--;
    this.#lastHeard = performance.now();
    if (payload.length < RESPONSE_PREFIX) return this.#data!.destroy();
    this.#learn(payload.readUInt32LE(0));
    this.#shares = payload[5] === 1;
    const request = this.inFlight.get(stream);
    const since = this.loop ? (request?.sentAt ?? performance.now()) : null;
    this.tally.answered(payload.length - RESPONSE_PREFIX, payload.readUInt32LE(0), since);
    if (request !== undefined) {
      this.inFlight.delete(stream);
      this.#owner.finished(request);
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
    if (head instanceof ResponseHead)
      request.exchange.respond(head, headEnd === payload.length ? null : payload.subarray(headEnd));
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
    if (request.handshake !== null && begins.head.startsWith("101")) {
      const refused = acceptWebSocket(request, channel, begins.head, this.#owner);
      if (refused !== null) this.#refuse(request, refused);
      return;
    }
    const head = responseHead(begins.head);
    const answer = this.#answerBody(begins.length, channel, stream);
    request.answer = answer;
    if (request.gone) return answer.cancel();
    if (head instanceof ResponseHead) return request.exchange.respond(head, answer);
    answer.cancel();
    this.#refuse(request, head.refused);
  }

  #answerBody(length: number, channel: Channel, stream: number): AppAnswer & StreamBody {
    const producer = producerOf(channel, stream);
    if (this.loop) return new StreamedAnswer(length, producer);
    return new AnswerBody(length, this.#owner.memoryLimit, this.#owner.fileLimit, producer);
  }

  #end(channel: Channel, stream: number, payload: Buffer): void {
    if (channel.kind === STREAM) channel.send(END, stream);
    const request = this.#finished(stream);
    if (request === undefined) return;
    if (channel.kind === LOOP) {
      // Over without an end: what has begun must not look complete.
      if (request.answer !== null) request.answer.fail("the app did not complete its answer");
      else if (!request.gone) request.exchange.fail(502, "the app did not answer");
    } else request.answer?.end(payload.length === 0 ? undefined : pairs(payload.latin1Slice(0, payload.length)));
    this.#over(request);
  }

  #abort(channel: Channel, stream: number, payload: Buffer): void {
    if (channel.kind === STREAM) channel.send(END, stream);
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
    this.tally.ended(request.sentAt);
    this.#owner.finished(request);
    this.#open--;
    this.#lastHeard = performance.now();
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
    const send = (piece: Buffer | null, release?: () => void): void => {
      if (piece === null) channel.send(ABORT, stream);
      else if (piece.length === 0) channel.send(END, stream);
      else channel.body(stream, piece, release);
    };
    request.body.next(limit, send, true);
  }

  #learn(microseconds: number): void {
    if (microseconds !== 0) this.#service += 0.2 * (microseconds / 1000 - this.#service);
  }
}

function pairs(text: string): [string, string][] {
  const parts = text.split("\0");
  const list: [string, string][] = [];
  for (let i = 0; i + 1 < parts.length; i += 2) list.push([parts[i]!, parts[i + 1]!]);
  return list;
}
