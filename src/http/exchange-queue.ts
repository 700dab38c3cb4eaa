import type { Http1Exchange } from "./http1-exchange.ts";

/** The exchanges of a connection that are not over, in the order of their requests: a linked list, without an array to shift. */
export class ExchangeQueue {
  first: Http1Exchange | null = null;
  last: Http1Exchange | null = null;
  count = 0;

  append(exchange: Http1Exchange): void {
    if (this.last === null) this.first = exchange;
    else this.last.next = exchange;
    this.last = exchange;
    this.count++;
  }

  removeFirst(): void {
    this.first = this.first!.next;
    if (this.first === null) this.last = null;
    this.count--;
  }

  clear(): void {
    this.first = null;
    this.last = null;
    this.count = 0;
  }
}
