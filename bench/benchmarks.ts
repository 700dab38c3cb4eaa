import path from "node:path";
import type { Benchmark } from "./context.ts";
import { CHANGED, FILES } from "./files.ts";
import { footprint } from "./footprint.ts";
import { h2load } from "./h2load.ts";
import { idle } from "./idle.ts";
import { BESIDE, mixed } from "./mixed.ts";
import { granian } from "./peers/granian.ts";
import { nginxCache } from "./peers/nginx-cache.ts";
import { nginxGunicorn } from "./peers/nginx-gunicorn.ts";
import { nginxProxy } from "./peers/nginx-proxy.ts";
import { nginxStatic } from "./peers/nginx-static.ts";
import { nginxUvicorn } from "./peers/nginx-uvicorn.ts";
import { nginxUwsgi } from "./peers/nginx-uwsgi.ts";
import { nginxWaitress } from "./peers/nginx-waitress.ts";
import type { Peer } from "./peers/peer.ts";
import { propylon } from "./peers/propylon.ts";
import { propylonCache } from "./peers/propylon-cache.ts";
import { propylonProxy } from "./peers/propylon-proxy.ts";
import { propylonRoutes } from "./peers/propylon-routes.ts";
import { propylonPuwsgi, propylonUwsgi } from "./peers/propylon-uwsgi.ts";
import { prototype } from "./peers/prototype.ts";
import { PROXIED } from "./peers/proxied.ts";
import { nginxSecure, propylonSecure } from "./peers/secure-files.ts";
import { type Throughput, throughput } from "./throughput.ts";
import { pythonWith, withPackages } from "./with-packages.ts";

/** Where the packages of the ASGI benchmarks are listed, and installed. */
const ASGI_PACKAGES = path.join(import.meta.dirname, "asgi");

export interface Choice {
  readonly python: string;
  readonly nginxWorkers: number;
  /** Folder of a prototype that takes part, or null. */
  readonly prototype: string | null;
  /** Names of the peers that take part; null: all. */
  readonly peers: readonly string[] | null;
}

const HELLO = Buffer.from("Hello, World!");

/** Bytes of the large transfers. */
const TRANSFER = 10 * 1024 * 1024;

const DJANGO_PAGE = Buffer.from(
  `<h1>A list</h1><ul>${Array.from({ length: 20 }, (_, row) => `<li>${row}: ROW ${row}</li>`).join("")}</ul>`,
);

const BROWSER = [
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
  "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
  "Accept-Language: en-US,en;q=0.7,de;q=0.3",
  "Accept-Encoding: gzip, deflate, br, zstd",
  "Referer: http://127.0.0.1/some/page?with=query",
  "Cookie: session=eyJfcGVybWFuZW50Ijp0cnVlfQ.aR8fXw.x2tYp3b0zJm1; theme=dark",
  "Upgrade-Insecure-Requests: 1",
  "Sec-Fetch-Dest: document",
  "Sec-Fetch-Mode: navigate",
  "Sec-Fetch-Site: same-origin",
  "Priority: u=0, i",
];

/** Milliseconds that the app sleeps, and the share of nginx+uwsgi's requests a second that is wanted. */
const SLEEPS = [
  [0.1, 0.9],
  [0.3, 0.9],
  [1, 0.9],
  [3, 0.9],
  [5, 0.9],
  [10, 0.9],
] as const;

/** All benchmarks, in the order in which they run. */
export function benchmarks(choice: Choice): Benchmark[] {
  const { nginxWorkers, python } = choice;
  const uwsgi = nginxUwsgi(nginxWorkers);
  const take = (...peers: Peer[]) => peers.filter((peer) => choice.peers === null || choice.peers.includes(peer.name));
  const ours = [propylon(), ...(choice.prototype === null ? [] : [prototype(choice.prototype)])];
  const like = granian(python);
  const stacks = [
    uwsgi,
    nginxGunicorn(nginxWorkers, python),
    nginxWaitress(nginxWorkers, python),
    ...(like === null ? [] : [like]),
  ];

  const hello: Throughput = {
    name: "hello",
    title: "hello WSGI, only a Host header, 64 connections, 2 processes",
    peers: take(...ours, ...stacks),
    task: { module: "hello", processes: 2, threads: 1 },
    target: "/",
    headers: [],
    body: HELLO,
    connections: 64,
    repeats: 5,
    wanted: { "nginx+uwsgi": { rps: 2 }, "nginx+gunicorn": { rps: 3 }, "nginx+waitress": { rps: 8 } },
  };
  const browser: Throughput = {
    ...hello,
    name: "hello-browser",
    title: "hello WSGI, the 11 headers of a browser, 64 connections, 2 processes",
    headers: BROWSER,
  };
  const flask: Throughput = {
    ...hello,
    name: "flask",
    title: "hello Flask, 64 connections, 2 processes",
    task: { module: "flask_hello", processes: 2, threads: 1 },
    // A p99 is noisier than a rate.
    repeats: 7,
    wanted: { "nginx+uwsgi": { rps: 1.3, p99: 1 } },
  };
  const asgi: Throughput = {
    ...hello,
    name: "asgi",
    title: "hello Starlette (ASGI), 64 connections, 2 processes",
    peers: take(propylon(), nginxUvicorn(nginxWorkers, pythonWith(ASGI_PACKAGES))),
    task: { module: "starlette_hello", processes: 2, threads: 1 },
    repeats: 7,
    wanted: { "nginx+uvicorn": { rps: 1.5 } },
  };
  const sleeps = SLEEPS.map(([milliseconds, rps]) => ({
    ...hello,
    name: `sleep-${milliseconds}`,
    title: `an app that sleeps ${milliseconds} ms, 16 connections, 1 process x 8 threads`,
    peers: take(...ours, uwsgi),
    task: { module: "sleepy", processes: 1, threads: 8 },
    target: `/${milliseconds}`,
    connections: 16,
    wanted: { "nginx+uwsgi": { rps } },
  }));
  const files: Throughput = {
    ...hello,
    name: "static",
    title: "a static file of 1 KB, 64 connections",
    peers: take(propylon(), nginxStatic(nginxWorkers)),
    task: { module: null, processes: 0, threads: 0 },
    target: `/${FILES.small.name}`,
    body: FILES.small.content,
    wanted: { nginx: { rps: 1 } },
  };
  const larger: Throughput[] = [
    {
      ...files,
      name: "static-27k",
      title: "a static file of 27 KB, 64 connections",
      target: `/${FILES.page.name}`,
      body: FILES.page.content,
    },
    {
      ...files,
      name: "static-1m",
      title: "a static file of 1 MB, 16 connections",
      target: `/${FILES.large.name}`,
      body: FILES.large.content,
      connections: 16,
    },
    {
      ...files,
      name: "static-304",
      title: "a static file that the client has, 64 connections",
      headers: [`If-Modified-Since: ${CHANGED.toUTCString()}`],
      body: Buffer.alloc(0),
      status: 304,
      wanted: { nginx: { rps: 0.9 } },
    },
  ];
  const fronts: Throughput[] = [
    {
      ...files,
      name: "connections",
      title: "a static file of 1 KB, a new connection for each request, 64 at once",
      // One edge against as many nginx workers.
      peers: take(propylon(), nginxStatic(1)),
      headers: ["Connection: close"],
      wanted: { nginx: { rps: 0.85 } },
    },
    {
      ...files,
      name: "https",
      title: "a static file of 1 KB over TLS, 64 kept connections",
      peers: take(propylonSecure(), nginxSecure(1)),
      wanted: { nginx: { rps: 0.75 } },
    },
    {
      ...files,
      name: "http2",
      title: "a static file of 1 KB by HTTP/2 over TLS, 16 connections of 16 streams",
      peers: take(propylonSecure(), nginxSecure(1)),
      load: h2load,
      connections: 16,
      wanted: { nginx: { rps: 0.5 } },
    },
    {
      ...files,
      name: "handshakes",
      title: "a static file of 1 KB, a new TLS connection for each request, 64 at once",
      peers: take(propylonSecure(), nginxSecure(1)),
      headers: ["Connection: close"],
      wanted: {},
    },
  ];
  const django: Throughput = {
    ...hello,
    name: "django",
    title: "a page of Django's, 64 connections, 2 processes",
    peers: take(...ours, uwsgi),
    task: { module: "django_page", processes: 2, threads: 1 },
    body: DJANGO_PAGE,
    wanted: { "nginx+uwsgi": { rps: 1.15 } },
  };
  const transfers: Throughput[] = [
    {
      ...hello,
      name: "download",
      title: "10 MB from an app in pieces of 64 KB, 8 connections, 2 processes",
      peers: take(...ours, uwsgi),
      task: { module: "transfer", processes: 2, threads: 1 },
      target: "/down",
      body: Buffer.alloc(TRANSFER, "0123456789abcde\n"),
      connections: 8,
      wanted: { "nginx+uwsgi": { rps: 1 } },
    },
    {
      ...hello,
      name: "upload",
      title: "10 MB to an app that reads them, 8 connections, 2 processes",
      peers: take(...ours, uwsgi),
      task: { module: "transfer", processes: 2, threads: 1 },
      target: "/up",
      body: Buffer.from(String(TRANSFER)),
      upload: TRANSFER,
      connections: 8,
      wanted: { "nginx+uwsgi": { rps: 1 } },
    },
  ];
  const gateway: Throughput = {
    ...hello,
    name: "proxy-uwsgi",
    title: "the hello app on uWSGI behind the front, 64 connections, 2 processes",
    // One edge against as many nginx workers.
    peers: take(propylonPuwsgi(), propylonUwsgi(), nginxUwsgi(1)),
    wanted: { "nginx+uwsgi": { rps: 1.2 } },
  };
  const routes: Throughput = {
    ...files,
    name: "routes",
    title: "a fixed answer behind 10 and behind 10,000 routes, 64 connections",
    peers: take(propylonRoutes(10_000), propylonRoutes(10)),
    target: "/asked/for",
    body: Buffer.from("found"),
    wanted: { "propylon, 10 routes": { rps: 0.95 } },
  };
  const proxy: Throughput = {
    ...files,
    name: "proxy",
    title: "a proxied answer of 13 bytes, kept connections, 64 connections",
    // One edge against as many nginx workers.
    peers: take(propylonProxy(), nginxProxy(1)),
    target: PROXIED.small.target,
    body: PROXIED.small.content,
    wanted: { nginx: { rps: 0.9 } },
  };
  const proxies: Throughput[] = [
    proxy,
    {
      ...proxy,
      name: "proxy-64k",
      title: "a proxied answer of 64 KB, kept connections, 64 connections",
      target: PROXIED.large.target,
      body: PROXIED.large.content,
      wanted: { nginx: { rps: 0.7 } },
    },
  ];
  const caches: Throughput[] = [PROXIED.small, PROXIED.large].map(({ target, content }, at) => ({
    ...proxy,
    name: at === 0 ? "cache" : "cache-64k",
    title: `a cached answer of ${at === 0 ? "13 bytes" : "64 KB"} of an upstream, 64 connections`,
    peers: take(propylonCache(), nginxCache(1)),
    target,
    body: content,
    wanted: { nginx: { rps: 0.9 } },
  }));
  return [
    ...[hello, browser, flask, django, ...sleeps].map(throughput),
    withPackages(throughput(asgi), ASGI_PACKAGES),
    ...BESIDE.map((beside) => mixed(take(...ours, uwsgi), beside)),
    ...transfers.map(throughput),
    ...[files, ...larger, ...fronts].map(throughput),
    idle(take(propylon(), nginxStatic(1))),
    ...[...proxies, gateway, ...caches].map(throughput),
    throughput(routes),
    footprint(take(propylon(), uwsgi)),
  ].filter((benchmark) => benchmark.peers.length > 0);
}
