import http from "node:http";

/** Requests that are sent over and over, counted. */
export interface Load {
  sent: number;
  answered: number;
  failed: string[];
  wrong: string[];
  stop(): Promise<void>;
}

/** Keeps `clients` requests for `target` going until it is stopped. */
export function load(url: string, target: string, clients: number, expected: string, method = "GET"): Load {
  const agent = new http.Agent({ keepAlive: true });
  let stopped = false;
  const result: Load = {
    sent: 0,
    answered: 0,
    failed: [],
    wrong: [],
    async stop() {
      stopped = true;
      await Promise.all(running);
      agent.destroy();
    },
  };
  const once = (): Promise<void> =>
    new Promise((resolve) => {
      result.sent++;
      const request = http.request(new URL(target, url), { agent, method }, (response) => {
        let body = "";
        response.setEncoding("latin1").on("data", (chunk: string) => {
          body += chunk;
        });
        response.on("end", () => {
          if (response.statusCode === 200 && body === expected) result.answered++;
          else if (response.statusCode === 200) result.wrong.push(body);
          else result.failed.push(`${response.statusCode} ${body.replace(/<[^>]*>/g, "").slice(-100)}`);
          resolve();
        });
        response.on("error", (error) => {
          result.failed.push(error.message);
          resolve();
        });
      });
      request.on("error", (error) => {
        result.failed.push(error.message);
        resolve();
      });
      request.end();
    });
  const running = Array.from({ length: clients }, async () => {
    while (!stopped) await once();
  });
  return result;
}
