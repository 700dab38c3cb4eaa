import type { Http1Exchange } from "./http1-exchange.ts";
import { readAhead } from "./read-ahead.ts";

/** Requests read ahead of the answers; then the kernel holds the client back, until half of them are answered. */
export const AHEAD = 64;

/** The exchanges of a connection that are not over, in the order of their requests: a linked list, without an array to shift. */
export class ExchangeQueue {
  first: Http1Exchange | null = null;
  last: Http1Exchange | null = null;
  count = 0;

  /** No request may be read now: there are enough, or what follows the last may belong to another protocol. */
  get full(): boolean {
    const { count } = this;
    if (count === 0) return false;
    return count >= AHEAD || readAhead.isMuch || this.last!.upgradable;
  }

  append(exchange: Http1Exchange): void {
    if (this.last === null) this.first = exchange;
    else {
      this.last.next = exchange;
      readAhead.requests++;
    }
    this.last = exchange;
    this.count++;
  }

  removeFirst(): void {
    this.first = this.first!.next;
    if (this.first === null) this.last = null;
    else readAhead.requests--;
    this.count--;
  }

  /** The client has closed its side. */
  inputEnded(): void {
    for (let exchange = this.first; exchange !== null; exchange = exchange.next) exchange.onInputEnd?.();
  }

  clear(): void {
    readAhead.requests -= Math.max(0, this.count - 1);
    this.first = null;
    this.last = null;
    this.count = 0;
  }
}
