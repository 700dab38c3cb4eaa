import type { MetricFamily } from "./family.ts";
import { type Counter, type Gauge, type Labelled, Registry } from "./registry.ts";

/** What is counted of a connection: a `net.Socket` has it. Bytes are those of the wire, TLS included. */
export interface CountedSocket {
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

/** What is counted of one listener. */
export class ListenerCounts {
  readonly accepted: Counter;
  /** Connections refused because there were as many as there may be. */
  readonly turnedAway: Counter;
  readonly #families: ListenerFamilies;
  readonly #listener: string;
  readonly #open: Gauge;
  readonly #received: Counter;
  readonly #sent: Counter;
  readonly #sockets = new Set<CountedSocket>();
  #receivedBefore = 0;
  #sentBefore = 0;

  constructor(families: ListenerFamilies, listener: string) {
    this.accepted = families.accepted.with(listener);
    this.turnedAway = families.turnedAway.with(listener);
    this.#families = families;
    this.#listener = listener;
    this.#open = families.open.with(listener);
    this.#received = families.received.with(listener);
    this.#sent = families.sent.with(listener);
  }

  /** A TLS handshake has ended. */
  handshake(result: "ok" | "failed"): void {
    this.#families.handshakes.with(this.#listener, result).value++;
  }

  opened(socket: CountedSocket): void {
    this.accepted.value++;
    this.#sockets.add(socket);
  }

  closed(socket: CountedSocket): void {
    if (!this.#sockets.delete(socket)) return;
    this.#receivedBefore += socket.bytesRead;
    this.#sentBefore += socket.bytesWritten;
  }

  /** Brings the figures of open connections up to now. */
  look(): void {
    let received = this.#receivedBefore;
    let sent = this.#sentBefore;
    for (const { bytesRead, bytesWritten } of this.#sockets) {
      received += bytesRead;
      sent += bytesWritten;
    }
    this.#open.value = this.#sockets.size;
    // A socket that is being closed tells nothing more for a moment.
    this.#received.value = Math.max(this.#received.value, received);
    this.#sent.value = Math.max(this.#sent.value, sent);
  }
}

interface ListenerFamilies {
  readonly accepted: Labelled<Counter>;
  readonly turnedAway: Labelled<Counter>;
  readonly handshakes: Labelled<Counter>;
  readonly open: Labelled<Gauge>;
  readonly received: Labelled<Counter>;
  readonly sent: Labelled<Counter>;
}

/** Figures of the listeners of an edge, by their address in the configuration. */
export class ListenerMetrics {
  readonly #registry = new Registry();
  readonly #families: ListenerFamilies;
  readonly #listeners = new Map<string, ListenerCounts>();

  constructor() {
    const registry = this.#registry;
    const labels = ["listener"];
    const counter = (name: string, help: string, more: readonly string[] = []): Labelled<Counter> =>
      registry.counter(`propylon_listener_${name}_total`, help, [...labels, ...more]);
    this.#families = {
      accepted: counter("connections", "Connections accepted."),
      open: registry.gauge("propylon_listener_connections_open", "Connections open now.", labels),
      turnedAway: counter("connections_turned_away", "Connections refused because there were as many as there may be."),
      received: counter("received_bytes", "Bytes received, TLS included."),
      sent: counter("sent_bytes", "Bytes sent, TLS included."),
      handshakes: registry.counter("propylon_tls_handshakes_total", "TLS handshakes by how they ended.", [
        ...labels,
        "result",
      ]),
    };
  }

  /** The same address gives the same counts, before and after a reload. */
  listener(address: string): ListenerCounts {
    let counts = this.#listeners.get(address);
    if (counts === undefined) {
      counts = new ListenerCounts(this.#families, address);
      this.#listeners.set(address, counts);
    }
    return counts;
  }

  /** Connections accepted so far. */
  get accepted(): number {
    return this.#sum(({ accepted }) => accepted.value);
  }

  /** Connections refused so far because there were as many as there may be. */
  get turnedAway(): number {
    return this.#sum(({ turnedAway }) => turnedAway.value);
  }

  families(): MetricFamily[] {
    for (const counts of this.#listeners.values()) counts.look();
    return this.#registry.families();
  }

  #sum(figure: (counts: ListenerCounts) => number): number {
    let total = 0;
    for (const counts of this.#listeners.values()) total += figure(counts);
    return total;
  }
}
