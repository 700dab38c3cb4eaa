import http from "node:http";

/** What a load of requests came to. `failed`: no answer, or another status than 200; `wrong`: a 200 with another body. */
export interface Tally {
  sent: number;
  answered: number;
  failed: number;
  wrong: number;
  /** How often each status came; 0 stands for a connection that broke. */
  readonly statuses: Map<number, number>;
}

/** Asks the same thing over and over on so many kept-alive connections, until it is stopped. */
export class Load {
  readonly tally: Tally = { sent: 0, answered: 0, failed: 0, wrong: 0, statuses: new Map() };
  readonly #url: string;
  readonly #method: string;
  readonly #body: string;
  readonly #agent: http.Agent;
  #running: Promise<unknown> = Promise.resolve();
  #stopped = false;

  constructor(url: string, options: { readonly connections: number; readonly method?: string; readonly body: string }) {
    this.#url = url;
    this.#method = options.method ?? "GET";
    this.#body = options.body;
    this.#agent = new http.Agent({ keepAlive: true, maxSockets: options.connections });
  }

  start(): void {
    const lanes = Array.from({ length: this.#agent.maxSockets }, async () => {
      while (!this.#stopped) await this.#ask();
    });
    this.#running = Promise.all(lanes);
  }

  async stop(): Promise<Tally> {
    this.#stopped = true;
    await this.#running;
    this.#agent.destroy();
    return this.tally;
  }

  #ask(): Promise<void> {
    this.tally.sent++;
    return new Promise((resolve) => {
      const done = (status: number, body: string): void => {
        const { tally } = this;
        tally.statuses.set(status, (tally.statuses.get(status) ?? 0) + 1);
        if (status !== 200) tally.failed++;
        else if (body !== this.#body) tally.wrong++;
        else tally.answered++;
        resolve();
      };
      const request = http.request(this.#url, { method: this.#method, agent: this.#agent }, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("end", () => done(response.statusCode!, text));
        response.on("error", () => done(0, ""));
      });
      request.on("error", () => done(0, ""));
      request.end();
    });
  }
}

/** `sent 120, answered 119, failed 1 (502: 1), wrong 0` */
export function describeTally(tally: Tally): string {
  const statuses = [...tally.statuses]
    .filter(([status]) => status !== 200)
    .map(([status, count]) => `${status}: ${count}`);
  return `sent ${tally.sent}, answered ${tally.answered}, failed ${tally.failed}${statuses.length === 0 ? "" : ` (${statuses.join(", ")})`}, wrong ${tally.wrong}`;
}
