import { type ChildProcess, spawn } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";

export const NGINX = ["/usr/sbin/nginx", "/usr/local/sbin/nginx"].find((file) => fs.existsSync(file));
export const APACHE = ["/usr/sbin/apache2", "/usr/sbin/httpd"].find((file) => fs.existsSync(file));
const APACHE_MODULES = "/usr/lib/apache2/modules";

/** A program that runs for a test, in a folder of its own. */
export interface TestProgram extends AsyncDisposable {
  readonly folder: string;
  readonly port: number;
}

/** NGINX in the foreground. `server` is the inside of its one server; `http` stands before it. */
export function startNginx(server: string, options: { http?: string; listen?: string } = {}): Promise<TestProgram> {
  return start((folder, port) => {
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    fs.writeFileSync(
      path.join(folder, "nginx.conf"),
      `daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;
${process.getuid?.() === 0 ? "user root;" : ""}
events { worker_connections 256; }
http { access_log off; default_type text/plain;
${temporary.map((kind) => `${kind}_temp_path ${folder}/${kind};`).join("\n")}
${options.http ?? ""}
server { listen 127.0.0.1:${port}${options.listen ?? ""}; ${server.replaceAll("FOLDER", folder)} } }`,
    );
    return [NGINX!, ["-e", `${folder}/error.log`, "-p", folder, "-c", `${folder}/nginx.conf`]];
  });
}

/** Apache in the foreground, serving files of its folder `www`, with the directives given; `@PORT@` in them is its port. */
export function startApache(directives: string): Promise<TestProgram> {
  return start((folder, port) => {
    fs.mkdirSync(path.join(folder, "www"));
    const modules = ["mpm_event", "authz_core", "dir", "mime", "headers", "alias", "deflate", "filter", "reqtimeout"];
    fs.writeFileSync(
      path.join(folder, "apache.conf"),
      `${modules.map((name) => `LoadModule ${name}_module ${APACHE_MODULES}/mod_${name}.so`).join("\n")}
ServerRoot ${folder}
ServerName localhost
Listen 127.0.0.1:${port}
PidFile ${folder}/pid
ErrorLog ${folder}/error.log
DocumentRoot ${folder}/www
TypesConfig /dev/null
StartServers 1
ServerLimit 1
ThreadsPerChild 8
MaxRequestWorkers 8
${directives.replaceAll("@PORT@", String(port))}
`,
    );
    return [APACHE!, ["-D", "FOREGROUND", "-f", `${folder}/apache.conf`]];
  });
}

/** `python3 -m http.server` in a folder. */
export function startPythonServer(): Promise<TestProgram> {
  return start((folder, port) => [
    "python3",
    ["-m", "http.server", String(port), "--bind", "127.0.0.1", "--directory", folder],
  ]);
}

// --- internal ---

async function start(prepare: (folder: string, port: number) => [string, string[]]): Promise<TestProgram> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "propylon-proxy-"));
  const port = await freePort();
  const [command, args] = prepare(folder, port);
  const child = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk) => {
    said += String(chunk);
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  await listening(port, child, () => said);
  return {
    folder,
    port,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM");
      await ended;
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Waits until the port takes connections. */
async function listening(port: number, child: ChildProcess, said: () => string): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the program ended with ${child.exitCode}: ${said()}`);
    const open = await new Promise<boolean>((resolve) => {
      const socket = net.connect(port, "127.0.0.1");
      socket.once("connect", () => {
        socket.destroy();
        resolve(true);
      });
      socket.once("error", () => resolve(false));
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
