import type { Client, Exchange, ExchangeObserver } from "../http/exchange.ts";

/** One observer that tells each of these, in order, without allocating. */
export function combine(observers: readonly ExchangeObserver[]): ExchangeObserver {
  return observers.length === 1 ? observers[0]! : new Combined(observers);
}

class Combined implements ExchangeObserver {
  readonly #observers: readonly ExchangeObserver[];

  constructor(observers: readonly ExchangeObserver[]) {
    this.#observers = observers;
  }

  ended(exchange: Exchange, status: number, bytes: number): void {
    for (let i = 0; i < this.#observers.length; i++) this.#observers[i]!.ended(exchange, status, bytes);
  }

  refused(client: Client, status: number, reason: string, line: string): void {
    for (let i = 0; i < this.#observers.length; i++) this.#observers[i]!.refused(client, status, reason, line);
  }

  connectionOpened(): void {
    for (let i = 0; i < this.#observers.length; i++) this.#observers[i]!.connectionOpened();
  }

  connectionClosed(): void {
    for (let i = 0; i < this.#observers.length; i++) this.#observers[i]!.connectionClosed();
  }
}
