import type { ResponseSink, StreamBody } from "../http/exchange.ts";
import type { Operations } from "./operations.ts";

/** Between two looks at the state, ms. */
const LOOK_INTERVAL = 1000;
/** A comment after so many looks without news, so that whoever stands between does not take it for dead. */
const QUIET_LOOKS = 15;

/**
 * The live state as server-sent events (HTML Living Standard §9.2): `event: status` with what `GET /status` answers, at once and
 * whenever it has changed.
 */
export class EventStream implements StreamBody {
  readonly kind = "stream";
  readonly length = -1;
  readonly #operations: Operations;
  #timer: NodeJS.Timeout | null = null;
  #last = "";
  #quiet = 0;
  #number = 0;
  #blocked = false;
  #looking = false;

  constructor(operations: Operations) {
    this.#operations = operations;
  }

  start(sink: ResponseSink): void {
    const look = (): void => void this.#look(sink);
    this.#timer = setInterval(look, LOOK_INTERVAL);
    look();
  }

  resume(): void {
    this.#blocked = false;
  }

  cancel(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  // --- internal ---

  async #look(sink: ResponseSink): Promise<void> {
    // A client that does not read gets the state of when it reads again, not all in between.
    if (this.#blocked || this.#looking) return;
    this.#looking = true;
    try {
      const text = JSON.stringify(await this.#operations.status());
      if (this.#timer === null) return;
      const changed = withoutMeasures(text) !== this.#last;
      if (changed) this.#blocked = !sink.write(Buffer.from(`id: ${++this.#number}\nevent: status\ndata: ${text}\n\n`));
      else if (++this.#quiet >= QUIET_LOOKS) this.#blocked = !sink.write(Buffer.from(": no news\n\n"));
      if (changed || this.#quiet >= QUIET_LOOKS) this.#quiet = 0;
      this.#last = withoutMeasures(text);
    } catch (error) {
      // Main is ending: so does the stream.
      this.cancel();
      sink.fail(error instanceof Error ? error.message : String(error));
    } finally {
      this.#looking = false;
    }
  }
}

/** Memory and CPU change all the time; by themselves they are no news. */
function withoutMeasures(text: string): string {
  return text.replace(/"(?:memory|cpu|rss)":[\d.]+/g, "");
}
