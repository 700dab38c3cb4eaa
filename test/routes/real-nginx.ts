import { spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { until } from "../static/site.ts";

/** Where Debian and others put it; undefined: it is not installed. */
export const NGINX = ["/usr/sbin/nginx", "/usr/local/sbin/nginx"].find((path) => existsSync(path));

export interface RealNginx {
  readonly port: number;
  stop(): Promise<void>;
}

/** Runs NGINX with what `http` gives for its port, its files in `folder`. Resolves once it listens. */
export async function startNginx(folder: string, http: (port: number) => string): Promise<RealNginx> {
  const port = await freePort();
  const conf = join(folder, "nginx.conf");
  mkdirSync(join(folder, "logs"));
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  writeFileSync(
    conf,
    `daemon off; master_process off; error_log ${folder}/error.log; pid ${folder}/nginx.pid;
events { worker_connections 64; }
http {
  access_log off;
  default_type text/plain;
  types { text/html html; text/css css; }
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(" ")}
  ${http(port)}
}
`,
  );
  const child = spawn(NGINX!, ["-c", conf, "-p", folder], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (piece: Buffer) => {
    said += piece.toString();
  });
  const ended = new Promise<void>((done) => child.once("exit", () => done()));
  await until("nginx listens", () => {
    if (child.exitCode !== null) throw new Error(`nginx ended: ${said}`);
    return listens(port);
  });
  return {
    port,
    stop: () => {
      child.kill("SIGTERM");
      return ended;
    },
  };
}

function listens(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = net.connect(port, "127.0.0.1", () => {
      socket.destroy();
      done(true);
    });
    socket.on("error", () => done(false));
  });
}

function freePort(): Promise<number> {
  return new Promise((done) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => done(port));
    });
  });
}
