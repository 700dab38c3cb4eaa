import { Edge } from "./edge.ts";
import type { FromEdge, ToEdge } from "./messages.ts";

// The edge process: started by main with an IPC channel, ends with it. Signals are main's business: a Ctrl-C goes to the whole
// foreground group, and an edge that ended at once would cut what main is about to drain.
const number = process.argv[2] ?? "0";
process.title = `propylon: edge ${number}`;
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});
process.on("SIGHUP", () => {});
process.on("SIGUSR1", () => {});
process.on("disconnect", () => process.exit(0));

const send = (message: FromEdge): void => {
  if (process.connected) process.send!(message);
};
const edge = new Edge(number, send);
process.on("message", (message: ToEdge, handle: unknown) => edge.receive(message, handle));
send({ type: "started" });
