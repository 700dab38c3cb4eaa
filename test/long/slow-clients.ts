import net from "node:net";

/**
 * Keeps so many connections that cost a server as much as they can: `node slow-clients.ts MODE PORT COUNT`. Whichever is closed is opened
 * again. Says `open` once all are, and how many it has now whenever it is asked.
 */

type Mode = "head" | "body" | "read" | "idle";

const [mode, port, count] = [process.argv[2] as Mode, Number(process.argv[3]), Number(process.argv[4])];
const open = new Set<net.Socket>();
/** Connections begun in one turn: a backlog is finite. */
const AT_ONCE = 50;
let connecting = 0;
let told = false;

const BEGINNINGS: Readonly<Record<Mode, string>> = {
  head: "GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ",
  body: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n",
  read: "GET /large.txt HTTP/1.1\r\nHost: a\r\n\r\n",
  idle: "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
};

function connect(): void {
  connecting++;
  const socket = net.connect({ port, host: "127.0.0.1" });
  let isOpen = false;
  socket.on("connect", () => {
    isOpen = true;
    connecting--;
    open.add(socket);
    socket.write(BEGINNINGS[mode]);
    if (mode === "read") socket.pause();
    else socket.resume();
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    if (!isOpen) connecting--;
    open.delete(socket);
  });
}

setInterval(() => {
  for (let i = 0; i < AT_ONCE && connecting < AT_ONCE && open.size + connecting < count; i++) connect();
  if (!told && open.size === count) {
    told = true;
    process.send!("open");
  }
}, 5);

// Each says a little every second or two: enough to be no dead client, too little to be of use.
let turn = 0;
setInterval(() => {
  turn = (turn + 1) % 8;
  let at = 0;
  for (const socket of open) if (at++ % 8 === turn && (mode === "head" || mode === "body")) socket.write("x");
}, 200);

process.on("message", () => process.send!(open.size));
process.on("disconnect", () => process.exit(0));
